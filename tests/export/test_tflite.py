"""TFLite files: equal to Keras in LiteRT, quantised ones near it and small, wrong ones refused."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from makers import convolutional_cgan, one_line, small_cgan, small_gan, varied
from pairs import paired

import tfgan
from tfgan.conditions import Vector
from tfgan.errors import InputError
from tfgan.networks import goodfellow2014, mirza2014

interpreter = pytest.importorskip("ai_edge_litert.interpreter")

RUN_ELSEWHERE = """
import json, sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(model_path=sys.argv[1])
run = interpreter.get_signature_runner("serving_default")
ops = sorted({op["op_name"] for op in interpreter._get_ops_details()})
inputs = json.loads(sys.argv[2])
images = []
for i in range(len(inputs["latents"])):
    row = {"latents": np.array(inputs["latents"][i:i + 1], "float32")}
    if "condition" in inputs:
        row["condition"] = np.array(inputs["condition"][i:i + 1], "int32")
    images.append(run(**row)["images"][0].tolist())
assert "tfgan" not in sys.modules and "tensorflow" not in sys.modules
print(json.dumps([images, ops]))
"""


def made(report, signature, gan, count=24):
    """(what a file makes row by row, Keras's images)."""
    z = gan.draw_latents(count, seed=3)
    labels = gan.example_condition(count).numpy() if gan.conditional else None
    run = interpreter.Interpreter(model_path=report.path).get_signature_runner(signature)
    outputs = []
    for i in range(count):
        given = {"latents": z[i : i + 1]}
        if labels is not None:
            given["condition"] = labels[i : i + 1]
        (output,) = run(**given).values()
        outputs.append(output[0])
    return np.array(outputs), gan.images_of(z, labels)


def test_runs_without_tensorflow(gan, tmp_path):
    file = tmp_path / "gan.tflite"
    report = tfgan.export.tflite(gan, file)
    assert report.path == str(file)
    assert report.size == file.stat().st_size
    z = gan.draw_latents(3, seed=3)
    condition = np.array([0, 2, 1], "int32") if gan.conditional else None
    inputs = {"latents": z.tolist()} | ({"condition": condition.tolist()} if gan.conditional else {})
    done = subprocess.run(
        [sys.executable, "-c", RUN_ELSEWHERE, str(file), json.dumps(inputs)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    images, ops = json.loads(done.stdout)
    np.testing.assert_allclose(images, gan.images_of(z, condition), atol=1e-5)
    assert not any(op.startswith("Flex") or op == "CUSTOM" for op in ops)


def hyperbolic_gan():
    """A GAN whose images come from tanh: without the fixed scale that sigmoid has in int8."""
    generator = keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(16, activation="tanh"),
            keras.layers.Rescaling(0.5, 0.5),
            keras.layers.Reshape((4, 4, 1)),
        ]
    )
    return tfgan.GAN(generator, small_gan().discriminator, seed=0)


@pytest.mark.parametrize("maker", [small_gan, small_cgan, convolutional_cgan, hyperbolic_gan])
@pytest.mark.parametrize(
    "quantize", [*(pytest.param(q, marks=pytest.mark.slow) for q in ("float16", "dynamic")), "int8"]
)
def test_quantised_images_are_near(maker, quantize, tmp_path, quick):
    """Conditions too: LiteRT's converter spoils one-hot vectors that it is not kept from touching."""
    gan = varied(maker())
    report = tfgan.export.tflite(gan, tmp_path / "gan.tflite", quantize=quantize)
    images, wanted = made(report, "serving_default", gan)
    assert np.abs(images - wanted).mean() < {"float16": 1e-3}.get(quantize, 0.02)
    assert np.abs(images - wanted).max() > 0
    pixels, _ = made(report, "uint8", gan)
    assert pixels.dtype == np.uint8
    assert np.abs(pixels / 255 - images).mean() < 0.004


@pytest.mark.parametrize(("label", "quantize"), paired([-1, 3], ["int8", None]))
def test_a_label_out_of_range_is_an_error(label, quantize, tmp_path, quick):
    report = tfgan.export.tflite(small_cgan(), tmp_path / "gan.tflite", quantize=quantize)
    run = interpreter.Interpreter(model_path=report.path).get_signature_runner("uint8")
    with pytest.raises(RuntimeError, match="out of bounds"):
        run(latents=np.zeros((1, 5), "float32"), condition=np.array([label], "int32"))


@pytest.mark.parametrize("batch", [5, None])
def test_batches(gan, tmp_path, batch, quick):
    report = tfgan.export.tflite(gan, tmp_path / "gan.tflite", batch=batch)
    assert report.samples == 32
    assert report.max_error < 1e-5


def test_sizes(tmp_path, quick):
    gan = tfgan.GAN(
        goodfellow2014.Generator((16, 16, 1), units=512),
        goodfellow2014.Discriminator((16, 16, 1), units=4),
    )
    sizes = {
        quantize: tfgan.export.tflite(gan, tmp_path / f"{quantize}.tflite", quantize=quantize).size
        for quantize in (None, "float16", "dynamic", "int8")
    }
    weights = 4 * gan.generator.count_params()
    assert 0.99 * weights < sizes[None] < 1.02 * weights  # once, though two signatures
    assert sizes["float16"] < 0.52 * sizes[None]
    assert sizes["dynamic"] < 0.3 * sizes[None]
    assert sizes["int8"] < 0.3 * sizes[None]


@pytest.mark.parametrize("quantize", [pytest.param("dynamic", marks=pytest.mark.slow), "int8"])
def test_eight_bits_are_small_where_units_have_few_inputs(tmp_path, quantize, quick):
    """As in front of convolutions, where a scale for each of them would take more than its weights."""
    generator = keras.Sequential(
        [
            keras.Input((16,)),
            keras.layers.Dense(32 * 32 * 8, activation="relu"),
            keras.layers.Reshape((32, 32, 8)),
            keras.layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
        ]
    )
    gan = tfgan.GAN(generator, goodfellow2014.Discriminator((32, 32, 1), units=4), seed=0)
    report = tfgan.export.tflite(gan, tmp_path / "gan.tflite", quantize=quantize)
    assert report.size < 0.3 * 4 * generator.count_params()


def test_int8_of_vectors_needs_some(tmp_path, quick):
    condition = Vector(6)
    gan = tfgan.CGAN(
        mirza2014.Generator((4, 4, 1), condition=condition, latent_dim=5, units=8),
        mirza2014.Discriminator((4, 4, 1), condition=condition, image_units=6, units=5),
        seed=7,
    )
    file = tmp_path / "gan.tflite"
    with pytest.raises(InputError, match="calibration") as error:
        tfgan.export.tflite(gan, file, quantize="int8")
    one_line(error)
    with pytest.raises(InputError, match=r"shape \(batch, 6\)"):
        tfgan.export.tflite(gan, file, quantize="int8", calibration=np.zeros((3, 5)))
    assert not file.exists()
    report = tfgan.export.tflite(gan, file, quantize="int8", calibration=condition.example(50))
    assert report.mean_error < 0.02


def test_dynamic_of_any_batch_and_transposed_convolutions(tmp_path):
    with pytest.raises(InputError, match="50 times slower") as error:
        tfgan.export.tflite(
            convolutional_cgan(), tmp_path / "gan.tflite", quantize="dynamic", batch=None
        )
    one_line(error)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("gan.tflite", {"quantize": "int4"}, "quantize"),
        ("gan.tflite", {"batch": 0}, "batch"),
        ("gan.tflite", {"batch": "2"}, "batch"),
        ("gan.bin", {}, r"end in \.tflite"),
    ],
)
def test_refuses(tmp_path, name, arguments, words):
    with pytest.raises(InputError, match=words) as error:
        tfgan.export.tflite(small_gan(), tmp_path / name, **arguments)
    one_line(error)
    assert not list(tmp_path.iterdir())


def test_a_different_export_leaves_the_old_file(tmp_path, monkeypatch, quick):
    gan, file = small_gan(), tmp_path / "gan.tflite"
    file.write_bytes(b"old")
    images_of = gan.images_of
    monkeypatch.setattr(gan, "images_of", lambda *args: images_of(*args) / 2)
    with pytest.raises(InputError, match="differs from Keras"):
        tfgan.export.tflite(gan, file)
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_without_litert(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"tfgan\[edge\]"):
        tfgan.export.tflite(small_gan(), tmp_path / "gan.tflite")
