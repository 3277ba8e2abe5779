"""Generators of several labels at once, and of vectors: every format makes Keras's images of them."""

import json

import numpy as np
import pytest
import tensorflow as tf
from makers import CONDITIONS, SHAPE, one_line, small_cgan, varied

import tfgan
from tfgan.conditions import MultiLabel
from tfgan.errors import InputError
from tfgan.export import card, sampler

KIND = CONDITIONS["multi_label"]
ROWS = np.int32([[0, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]])


@pytest.fixture
def gan():
    gan = varied(small_cgan(kind=KIND))
    gan.remember_conditions(ROWS)
    return gan


def test_saved_model(gan, tmp_path, quick):
    report = tfgan.export.saved_model(gan, tmp_path)
    assert report.max_error < 1e-6
    found = tf.saved_model.load(report.path).signatures
    z = gan.draw_latents(3, seed=3)
    images = found["serving_default"](latents=z, condition=ROWS)["images"]
    np.testing.assert_allclose(images, gan.images_of(z, ROWS), atol=1e-6)
    assert np.abs(gan.images_of(z, ROWS) - gan.images_of(z, ROWS[[1, 2, 0]])).max() > 1e-3
    for wrong in (2, -1):
        with pytest.raises(tf.errors.InvalidArgumentError, match="0 or 1 each"):
            found["serving_default"](latents=z, condition=np.where(ROWS == 1, wrong, 0).astype("int32"))
    classes = json.loads((tmp_path / "1" / card.CLASSES).read_text())
    assert classes == {"num_labels": 4, "class_names": None}
    opened = sampler.open_generator(tmp_path)
    assert opened.condition == MultiLabel(4)


@pytest.mark.parametrize("quantize", [None, "int8"])
def test_tflite(gan, tmp_path, quick, quantize):
    """Calibrated by what it has seen, which is part of the GAN."""
    interpreter = pytest.importorskip("ai_edge_litert.interpreter")
    report = tfgan.export.tflite(gan, tmp_path / "gan.tflite", quantize=quantize)
    run = interpreter.Interpreter(model_path=report.path).get_signature_runner("serving_default")
    z = gan.draw_latents(3, seed=3)
    made = [run(latents=z[i : i + 1], condition=ROWS[i : i + 1])["images"][0] for i in range(3)]
    wanted = gan.images_of(z, ROWS)
    assert np.abs(made - wanted).mean() < (0.02 if quantize else 1e-5)
    for wrong in (2, -1):
        with pytest.raises(RuntimeError, match="out of bounds"):
            run(latents=z[:1], condition=np.int32([[0, wrong, 0, 0]]))


def test_onnx(gan, tmp_path, quick):
    pytest.importorskip("tf2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    report = tfgan.export.onnx(gan, tmp_path / "gan.onnx")
    session = onnxruntime.InferenceSession(report.path)
    z = gan.draw_latents(3, seed=3)
    (images,) = session.run(["images"], {"latents": z, "condition": ROWS})
    np.testing.assert_allclose(images, gan.images_of(z, ROWS), atol=1e-5)
    for wrong in (2, -1):
        with pytest.raises(Exception, match="out of data bounds"):
            session.run(None, {"latents": z[:1], "condition": np.int32([[0, wrong, 0, 0]])})


def test_no_page(gan, tmp_path):
    with pytest.raises(InputError, match=r"classes to choose from.*MultiLabel\(4\)") as error:
        tfgan.export.web(gan, tmp_path / "page", litert_js=tmp_path)
    one_line(error)


def test_a_data_set_of_what_was_seen(gan, tmp_path):
    """In turn; or of what is given, as text or an array."""
    tfgan.export.dataset(gan, tmp_path / "seen", 7, format="npz")
    tfgan.export.dataset(gan, tmp_path / "given", 7, format="npz", condition="1+2,0,none")
    for folder in ("seen", "given"):
        with np.load(next((tmp_path / folder).glob("*.npz"))) as arrays:
            np.testing.assert_array_equal(arrays["conditions"], ROWS[np.arange(7) % 3])
            pixels = arrays["images"]
    seeds = [gan.sample(1, ROWS[i % 3], seed=i) for i in range(7)]
    np.testing.assert_allclose(pixels / 255, np.concatenate(seeds), atol=0.51 / 255)
    fresh = small_cgan(kind=KIND)
    with pytest.raises(InputError, match=r"MultiLabel\(4\) cannot be drawn") as error:
        tfgan.export.dataset(fresh, tmp_path / "none", 7, format="npz")
    one_line(error)
    assert pixels.shape == (7, *SHAPE)
