"""Proves, when files are exported, that they make Keras's images; and keeps the proof beside them.

`verification.json` says how far each signature is from Keras, and the SHA-256 of every file;
`verification.npz` holds inputs, and Keras's images for them.
"""

import hashlib
import importlib.metadata
import json
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfgan.conditions import Labels
from tfgan.errors import InputError
from tfgan.export import comparison
from tfgan.export.comparison import SAMPLES, sha256
from tfgan.files import replacing, write_json

FORMAT = 1
NUMBERS, REFERENCE = "verification.json", "verification.npz"


def reference(gan):
    """Inputs to compare on, and Keras's images for them.

    Labels run over all classes, or over 32 of them, evenly spread.

    Returns:
        (arrays by input name, {"latents": images of the latents, "seeds": images of the seeds}).
    """
    inputs = {"latents": gan.draw_latents(SAMPLES, seed=0), "seeds": np.arange(SAMPLES)}
    condition = None
    if gan.conditional:
        condition = inputs["condition"] = _conditions(gan)
    drawn = np.concatenate([gan.draw_latents(1, seed=int(seed)) for seed in inputs["seeds"]])
    with tf.device("CPU"):  # products are rounded less than by default on a GPU
        images = [gan.images_of(z, condition) for z in (inputs["latents"], drawn, drawn)]
    _check(gan, *images)
    return inputs, {"latents": images[0], "seeds": images[1]}


def _conditions(gan):
    if not isinstance(gan.condition, Labels) or gan.condition.num_classes <= SAMPLES:
        return gan.example_condition(SAMPLES).numpy()
    return (np.arange(SAMPLES) * gan.condition.num_classes // SAMPLES).astype("int32")


def _check(gan, images, others, again):
    """Refuses a generator that no export can be right of."""
    if not (np.isfinite(images).all() and np.isfinite(others).all()):
        raise InputError("the generator makes NaN or infinite pixels: its training diverged.")
    low, high = float(images.min()), float(images.max())
    if not gan.unbounded and (low < -1e-3 or high > 1 + 1e-3):
        raise InputError(
            f"the generator makes values in [{low:.3g}, {high:.3g}], images are in [0, 1]: end it with "
            "a sigmoid, or rescale inside it (what makes no images says value_range = None)."
        )
    if np.abs(again - others).max() > 1e-5 * max(1.0, float(np.abs(others).max())):
        raise InputError(
            "the generator makes another image of the same latents each time: take the noise out of "
            "its inference, or make it an input."
        )


def prove(gan, path, target, tolerance, *, remedy="report this as a bug"):
    """Compares new files with Keras.

    Args:
        gan: `tfgan.GAN` or `tfgan.CGAN` they were made of.
        path: folder or file that was written.
        target: "saved_model", "tflite" or "onnx".
        tolerance: `Tolerance`.
        remedy: str, what to do where they differ.

    Returns:
        `Proof`.

    Raises:
        InputError: if the files cannot be run, or if images differ by more.
    """
    inputs, expected = reference(gan)
    try:
        found = comparison.compare(comparison.run(path, target, inputs), expected, tolerance)
    except InputError as error:
        raise InputError(f"{error} Nothing was kept: {remedy}.") from None
    versions = {name: importlib.metadata.version(name) for name in ("tfgan", "tensorflow", "keras")}
    numbers = {
        "format": FORMAT,
        "target": target,
        "noise": gan.noise,  # the prior of the latents it takes
        "tolerance": tolerance._asdict(),
        "samples": SAMPLES,
        "signatures": found,
        "versions": versions,
    }
    return Proof(numbers, inputs, expected)


class Proof(NamedTuple):
    """What `prove` found, to be kept beside the files.

    Attributes:
        numbers: dict, of `verification.json`.
        inputs: dict of arrays by input name.
        expected: dict, see `reference`.
    """

    numbers: dict
    inputs: dict
    expected: dict

    def save(self, folder, files, prefix=""):
        """Writes both files into a folder, with the hashes of the `files` there."""
        hashes = {str(file.relative_to(folder)): sha256(file) for file in sorted(files)}
        arrays = {f"input/{name}": value for name, value in self.inputs.items()}
        arrays |= {f"images/{name}": value for name, value in self.expected.items()}
        reference_file = folder / f"{prefix}{REFERENCE}"
        with replacing(reference_file) as temporary:
            np.savez(temporary, **arrays)
        numbers = {**self.numbers, "reference_sha256": sha256(reference_file), "sha256": hashes}
        _write_numbers(folder / f"{prefix}{NUMBERS}", numbers)

    def report(self, path, files):
        """The `Report` of those files, but for the proof's own, called `path`."""
        files = [file for file in files if not file.name.endswith((NUMBERS, REFERENCE))]
        return comparison.report(self.numbers["signatures"], path, files)


def cover(path, files):
    """Adds files to those whose hashes lie beside an exported file, so that `verify` names harmed ones.

    Args:
        path: exported file, with its proof.
        files: others, in its folder or below.
    """
    numbers_file = path.with_name(f"{path.name}.{NUMBERS}")
    numbers = json.loads(numbers_file.read_text(encoding="utf-8"))
    numbers["sha256"] |= {str(f.relative_to(path.parent)): sha256(f) for f in sorted(files)}
    _write_numbers(numbers_file, numbers)


def _write_numbers(file, numbers):
    write_json(file, {**numbers, "seal": seal(numbers)})


def seal(numbers):
    """A hash of all that is said but itself, by which damage is seen."""
    said = {key: value for key, value in numbers.items() if key != "seal"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
