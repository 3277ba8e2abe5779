"""ONNX files: equal to Keras in ONNX Runtime, any batch, labels out of range refused."""

import numpy as np
import pytest
from makers import SHAPE, one_line, small_cgan, small_gan

import tfgan
from tfgan.errors import InputError

pytest.importorskip("tf2onnx")
onnxruntime = pytest.importorskip("onnxruntime")


def test_equals_keras_at_any_batch(gan, tmp_path, quick):
    report = tfgan.export.onnx(gan, tmp_path / "gan.onnx")
    assert report.path == str(tmp_path / "gan.onnx")
    assert report.size == (tmp_path / "gan.onnx").stat().st_size
    assert report.max_error < 1e-5
    session = onnxruntime.InferenceSession(report.path)
    for count in (1, 7):
        z = gan.draw_latents(count, seed=3)
        given, labels = {"latents": z}, None
        if gan.conditional:
            labels = given["condition"] = gan.example_condition(count).numpy()
        images, pixels = session.run(["images", "pixels"], given)
        assert images.shape == pixels.shape == (count, *SHAPE)
        assert pixels.dtype == np.uint8
        wanted = gan.images_of(z, labels)
        np.testing.assert_allclose(images, wanted, atol=1e-5)
        np.testing.assert_allclose(pixels / 255, wanted, atol=0.51 / 255)
    if gan.conditional:
        for label in (-1, 3):
            with pytest.raises(Exception, match="out of data bounds"):
                session.run(None, {"latents": z[:1], "condition": np.array([label], "int32")})


def test_verified_later(tmp_path):
    """By ONNX Runtime in a process of its own."""
    report = tfgan.export.onnx(small_cgan(), tmp_path / "gan.onnx")
    assert tfgan.export.verify(tmp_path / "gan.onnx") == report
    data = bytearray((tmp_path / "gan.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "gan.onnx").write_bytes(data)
    with pytest.raises(InputError, match="not the file that was exported") as error:
        tfgan.export.verify(tmp_path / "gan.onnx")
    one_line(error)


def test_refuses(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"end in \.onnx") as error:
        tfgan.export.onnx(small_gan(), tmp_path / "gan.pb")
    one_line(error)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"tfgan\[onnx\]") as error:
        tfgan.export.onnx(small_gan(), tmp_path / "gan.onnx")
    one_line(error)
    assert not list(tmp_path.iterdir())
