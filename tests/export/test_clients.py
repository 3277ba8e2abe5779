"""Programs of docs/clients: each draws the image that `gan.sample` draws, from the same seed."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import convolutional_cgan, small_cgan, small_gan, varied

import tfgan
from tfgan import latents, steps
from tfgan.conditions import Vector
from tfgan.networks import mirza2014

interpreter = pytest.importorskip("ai_edge_litert.interpreter")

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "docs/clients"
PAGE = (ROOT / "docs/phone.md").read_text()
LITERT = Path(interpreter.__file__).parent


def colour_cgan():
    """A GAN of images 5 x 3 in colour, conditioned on two numbers."""
    networks = {"condition": Vector(2)}
    return tfgan.CGAN(
        mirza2014.Generator((5, 3, 3), latent_dim=9, units=8, **networks),
        mirza2014.Discriminator((5, 3, 3), image_units=6, units=5, **networks),
        noise="normal",
        seed=7,
    )


CASES = {  # the GAN, the condition, and it as an argument
    "gan": (small_gan, None, ""),
    "cgan": (small_cgan, [2], "2"),
    "convolutional": (convolutional_cgan, [1], "1"),
    "colour": (colour_cgan, [[0.1, -2.0]], "0.1,-2"),
}


@pytest.fixture(scope="module")
def client():
    spec = importlib.util.spec_from_file_location("generate", CLIENTS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sampled(gan, condition, seed):
    """uint8 `(H, W, C)`."""
    return np.floor(255 * gan.sample(1, condition=condition, seed=seed)[0] + 0.5).astype("uint8")


def assert_near(pixels, wanted):
    """Up to a rounding of one level."""
    assert pixels.shape == wanted.shape
    assert wanted.std() > 10
    assert np.abs(pixels.astype(int) - wanted).max() <= 1


@pytest.mark.parametrize("prior", latents.NOISES)
@pytest.mark.parametrize("seed", [0, 7, 2**31, 2**40 + 3, 2**63 - 1])
def test_latents_are_tensorflows(client, prior, seed):
    wanted = latents.get(prior)((1, 103), [seed, steps.SAMPLE_STREAM])[0]
    tolerance = 1e-6 if prior == "normal" else 0  # logarithms and sines differ in the last bit
    np.testing.assert_allclose(client.draw_latents(103, seed, prior), wanted, rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("case", "batch"), [("gan", 1), ("cgan", None), ("convolutional", 2), ("colour", 1)]
)
def test_python(case, batch, client, tmp_path, quick):
    maker, condition, argument = CASES[case]
    gan = varied(maker())
    file, out = tmp_path / "gan.tflite", tmp_path / "out.png"
    tfgan.export.tflite(gan, file, batch=batch)
    given = [str(file), str(out), str(2**40 + 3), *([argument] if argument else [])]
    client.main([*given, "--prior", gan.noise])
    pixels = tf.io.decode_png(out.read_bytes()).numpy()
    assert_near(pixels, sampled(gan, condition, 2**40 + 3))


def test_python_refuses(client, tmp_path, quick):
    file, out = tmp_path / "gan.tflite", tmp_path / "out.png"
    tfgan.export.tflite(small_cgan(), file)
    for given, words in [
        (["1", "3"], "refuses condition 3"),
        (["1", "-1"], "refuses condition -1"),
        (["1", str(2**40)], "out of bounds"),
        (["1"], "takes a condition"),
        (["1", "1.5"], "one label"),
        (["1", "1,2"], "one label"),
        ([str(2**63), "1"], "from 0 to"),
    ]:
        with pytest.raises(SystemExit, match=words) as error:
            client.main([str(file), str(out), *given])
        assert "\n" not in str(error.value)
        assert not out.exists()
    for missing in ("none.tflite", Path(__file__).name):
        with pytest.raises(SystemExit, match=r"^generate\.py: "):
            client.main([missing, str(out)])


def test_names_in_kotlin_and_swift(tmp_path, quick):
    """Neither is compiled here: what they call the signatures and tensors at least is so."""
    tfgan.export.tflite(small_cgan(), tmp_path / "gan.tflite")
    signatures = interpreter.Interpreter(str(tmp_path / "gan.tflite")).get_signature_list()
    kotlin, swift = ((CLIENTS / f"Generator.{end}").read_text() for end in ("kt", "swift"))
    called = signatures[re.search(r'SIGNATURE = "(\w+)"', kotlin)[1]]
    names = {*called["inputs"], *called["outputs"]}
    assert set(re.findall(r'putBuffer\("(\w+)", SIG', kotlin)) == names
    called = signatures[re.search(r'signatureRunner\(with: "(\w+)"\)', swift)[1]]
    assert set(re.findall(r'(?:inputs\[|input\(named: )"(\w+)"', swift)) == set(called["inputs"])
    assert re.findall(r'output\(named: "(\w+)"', swift) == called["outputs"]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The C program, built as the page says."""
    if not shutil.which("cc") or not (LITERT / "libLiteRt.so").is_file():
        pytest.skip("needs a C compiler and libLiteRt.so")
    folder = tmp_path_factory.mktemp("c")
    shutil.copy(CLIENTS / "generate.c", folder)
    commands = re.search(r"^LIB=.*\ncc .*", PAGE, re.MULTILINE)[0] + " -Wall -Wextra -Werror"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(commands, shell=True, cwd=folder, check=True, env={**os.environ, "PATH": path})
    return folder / "generate"


def pnm(path):
    """uint8 `(H, W, C)` of a PGM or PPM file."""
    kind, size, levels, pixels = path.read_bytes().split(b"\n", 3)
    assert levels == b"255"
    width, height = map(int, size.split())
    return np.frombuffer(pixels, "uint8").reshape(height, width, {b"P5": 1, b"P6": 3}[kind])


@pytest.mark.slow
@pytest.mark.parametrize("quantize", [None, "float16", "dynamic", "int8"])
@pytest.mark.parametrize("case", CASES)
def test_c(case, quantize, program, client, tmp_path, quick):
    maker, condition, argument = CASES[case]
    gan = varied(maker())
    file, out = tmp_path / "gan.tflite", tmp_path / "out.pgm"
    calibration = Vector(2).example(50) if case == "colour" else None
    tfgan.export.tflite(gan, file, quantize=quantize, calibration=calibration)
    for seed in (0, 2**40 + 3):
        subprocess.run([program, file, out, str(seed), argument, gan.noise], check=True)
        by_python = client.generate(file, seed, condition and condition[0], gan.noise)
        assert_near(pnm(out), by_python)
        if quantize is None:
            assert_near(pnm(out), sampled(gan, condition, seed))


@pytest.mark.slow
def test_c_refuses(program, tmp_path, quick):
    file, plain, out = tmp_path / "cgan.tflite", tmp_path / "gan.tflite", tmp_path / "out.pgm"
    tfgan.export.tflite(small_cgan(), file)
    tfgan.export.tflite(small_gan(), plain, batch=2)
    for given, words in [
        ([file, out, "1", "3"], 'refuses condition "3"'),
        ([file, out, "1", "-1"], 'refuses condition "-1"'),
        ([file, out, "1", ""], "must be 1 label"),
        ([file, out, "1", "1.5"], "must be 1 label"),
        ([file, out, "1", "1,2"], "must be 1 label"),
        ([file, out, "1", "nan"], "must be 1 label"),
        ([file, out, "x", "1"], "seed"),
        ([file, out, "-5", "1"], "seed"),
        ([file, out, str(2**63), "1"], "seed"),
        ([file, out, "1", "1", "gaussian"], "prior"),
        ([plain, out, "1", "1"], "takes no condition"),
        ([plain, out], "batch must be 1"),
        ([__file__, out], "cannot be read"),
        ([file, tmp_path / "none/out.pgm", "1", "1"], "No such file"),
        ([file], "usage"),
    ]:
        done = subprocess.run([program, *given], capture_output=True, text=True)
        assert done.returncode == 1, given
        assert words in done.stderr.splitlines()[-1]
        assert not out.exists()


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The Python of an environment of ai-edge-litert and what it asks for."""
    folder = tmp_path_factory.mktemp("bare") / "v"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin/python"
    install = [python, "-m", "pip", "install", "-q", "ai-edge-litert"]
    if subprocess.run(install, capture_output=True).returncode:
        pytest.skip("ai-edge-litert cannot be installed here")
    return python


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_bare_environment(case, bare, tmp_path, quick):
    maker, condition, argument = CASES[case]
    gan = varied(maker())
    file, out = tmp_path / "gan.tflite", tmp_path / "out.png"
    tfgan.export.tflite(gan, file)
    run = {"cwd": tmp_path, "check": True, "capture_output": True}
    given = [file, out, "3", *([argument] if argument else []), "--prior", gan.noise]
    subprocess.run([bare, CLIENTS / "generate.py", *given], **run)
    assert_near(tf.io.decode_png(out.read_bytes()).numpy(), sampled(gan, condition, 3))

    inputs = {"latents": gan.draw_latents(1, seed=3)}
    if condition:
        inputs["condition"] = np.array(condition, gan.example_condition(1).dtype.as_numpy_dtype)
    np.savez(tmp_path / "in.npz", **inputs)
    subprocess.run([bare, ROOT / "export/run_tflite.py", file, "in.npz", "out.npz"], **run)
    with np.load(tmp_path / "out.npz") as outputs:
        assert_near(outputs["uint8/pixels"][0], sampled(gan, condition, 3))
        np.testing.assert_allclose(
            outputs["serving_default/images"], gan.sample(1, condition=condition, seed=3), atol=1e-5
        )
    for package in ("tensorflow", "keras", "tfgan"):
        assert subprocess.run([bare, "-c", f"import {package}"], capture_output=True).returncode == 1


@pytest.mark.slow
def test_page(bare, program, tmp_path):
    """What the page says to type, from training to an image, in an empty folder."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    lines = "".join(block for language, block in blocks if not language).splitlines()
    typed = [line for line in lines if "pip install" not in line and "-m venv" not in line]
    assert len(typed) == 7
    script = "\n".join(typed).replace("--out runs/digits", "--out runs/digits --epochs 2")
    for name in ("generate.c", "generate.py"):
        shutil.copy(CLIENTS / name, tmp_path)
    (tmp_path / "v").symlink_to(bare.parents[1])
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    run = {"cwd": tmp_path, "check": True, "env": {**os.environ, "PATH": path}}
    subprocess.run(["bash", "-ec", script], **run)
    pixels = tf.io.decode_png((tmp_path / "seven.png").read_bytes()).numpy()
    assert_near(pnm(tmp_path / "seven.pgm"), pixels)
    gan = keras.saving.load_model(tmp_path / "runs/digits/gan.keras")
    assert_near(pixels, sampled(gan, [7], 3))
