"""Draws one image with a generator that tfgan exported, by LiteRT alone: no tfgan, no TensorFlow.

    pip install ai-edge-litert
    python generate.py FILE.tflite OUT.png [SEED] [CONDITION] [--prior uniform]

The image is that of `gan.sample(1, condition, seed=SEED)`.
"""

import argparse
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

SAMPLE_STREAM = 3 << 48  # of what is sampled, as opposed to trained on
PRIORS = {"normal": None, "uniform": (-(3**0.5), 3**0.5), "unit_uniform": (0.0, 1.0)}


def philox(key, counters):
    """Philox4x32-10 of counters, uint32 `(count, 4)` and the key `(2,)`: uint32 `(count, 4)`."""
    key = np.array(key, np.uint32)
    x = np.array(counters, np.uint32)
    for _ in range(10):
        products = x[:, [0, 2]].astype(np.uint64) * np.array([0xD2511F53, 0xCD9E8D57], np.uint64)
        high, low = (products >> np.uint64(32)).astype(np.uint32), products.astype(np.uint32)
        x = np.stack(
            [high[:, 1] ^ x[:, 1] ^ key[0], low[:, 1], high[:, 0] ^ x[:, 3] ^ key[1], low[:, 0]], 1
        )
        key = key + np.array([0x9E3779B9, 0xBB67AE85], np.uint32)
    return x


def draw_latents(count, seed, prior="normal"):
    """What `gan.draw_latents` draws, TensorFlow's stateless random numbers: float32 `(count,)`."""
    if not 0 <= seed < 2**63:
        raise ValueError(f"seed must be a whole number from 0 to 2**63 - 1, got {seed}.")
    words = [word >> shift & 0xFFFFFFFF for word in (seed, SAMPLE_STREAM) for shift in (0, 32)]
    mixed = philox([0x3EC8F720, 0x02461E29], [words])[0]
    blocks = np.arange(-(-count // 4), dtype=np.uint32)
    rest = np.zeros_like(blocks)
    bits = philox(mixed[:2], np.stack([blocks, rest, rest + mixed[2], rest + mixed[3]], 1))
    units = (bits & 0x7FFFFF | 0x3F800000).view(np.float32) - np.float32(1)  # (blocks, 4) in [0, 1)
    if PRIORS[prior]:
        low, high = np.float32(PRIORS[prior])
        return (units * (high - low) + low).ravel()[:count]
    pairs = units.reshape(-1, 2)  # (pairs, 2)
    radius = np.sqrt(np.float32(-2) * np.log(np.maximum(pairs[:, 0], np.float32(1e-7))))
    angle = (2 * np.pi * pairs[:, 1].astype(np.float64)).astype(np.float32)
    return np.stack([np.sin(angle) * radius, np.cos(angle) * radius], 1).ravel()[:count]


def generate(file, seed=0, condition=None, prior="normal"):
    """Runs the signature `uint8` of a file.

    Args:
        file: `.tflite` file of images.
        seed: int from 0 to 2**63 - 1.
        condition: a label, or the numbers of a vector; None for a GAN without.
        prior: of latents: "normal", "uniform" or "unit_uniform", `noise` in training.

    Returns:
        uint8 `(H, W, C)`.

    Raises:
        ValueError: if the file makes no images, or the seed or condition does not fit.
        RuntimeError: from LiteRT, for a label out of range.
    """
    interpreter = Interpreter(model_path=str(file))
    if "uint8" not in interpreter.get_signature_list():
        raise ValueError(f"{file} has no signature 'uint8': export a generator of images with tfgan.")
    run = interpreter.get_signature_runner("uint8")
    details = run.get_input_details()
    if ("condition" in details) != (condition is not None):
        needs = "a" if "condition" in details else "no"
        raise ValueError(f"the GAN takes {needs} condition, got {condition}.")
    inputs = {"latents": draw_latents(details["latents"]["shape"][1], seed, prior)}
    if condition is not None:
        inputs["condition"] = _condition(condition, details["condition"])
    batch = details["latents"]["shape"][0]  # 1 where any will do
    return run(**{name: np.stack([row] * batch) for name, row in inputs.items()})["pixels"][0]


def _condition(given, detail):
    shape = detail["shape"][1:]
    row = np.asarray(given, detail["dtype"])
    if row.size != np.prod(shape) or not np.allclose(row, given, rtol=1e-6):
        wanted = f"{shape[0]} numbers" if len(shape) else "one label"
        raise ValueError(f"the condition must be {wanted}, got {given}.")
    return row.reshape(shape)


def png(pixels):
    """The bytes of a PNG file of uint8 `(H, W, C)`, C = 1, 3 or 4."""
    height, width, channels = pixels.shape
    if channels not in (1, 3, 4):
        raise ValueError(f"images must have 1, 3 or 4 channels, got {channels}.")
    kind = {1: 0, 3: 2, 4: 6}[channels]
    lines = np.insert(pixels.reshape(height, -1), 0, 0, axis=1)  # (H, 1 + W * C), unfiltered

    def chunk(name, content):
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def numbers(text):
    """3 of "3", [0.5, 1.0] of "0.5,1"."""
    return int(text) if text.lstrip("-").isdigit() else [float(part) for part in text.split(",")]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("condition", type=numbers, nargs="?", help="a label, or numbers with commas")
    parser.add_argument("--prior", choices=PRIORS, default="normal", help="`noise` in training")
    given = parser.parse_args(arguments)
    try:
        image = png(generate(given.file, given.seed, given.condition, given.prior))
        given.out.write_bytes(image)
    except RuntimeError as error:  # LiteRT's own
        sys.exit(f"generate.py: LiteRT refuses condition {given.condition}: {error}")
    except (ValueError, OverflowError, OSError) as error:
        sys.exit(f"generate.py: {error}")


if __name__ == "__main__":
    main()
