import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from makers import SHAPE, one_line, small_gan

import tfgan
from tfgan.errors import InputError

LOAD_ELSEWHERE = """
import json, sys
import tensorflow as tf
inputs = json.loads(sys.argv[2])
types = {"latents": tf.float32, "condition": tf.int32}
inputs = {name: tf.constant(value, types[name]) for name, value in inputs.items()}
images = tf.saved_model.load(sys.argv[1]).signatures["serving_default"](**inputs)
assert "tfgan" not in sys.modules
print(json.dumps(images["images"].numpy().tolist()))
"""


def test_names_shapes_and_any_batch(gan, tmp_path):
    report = tfgan.export.saved_model(gan, tmp_path / "served")
    assert report.path == str(tmp_path / "served/1")
    signature = tf.saved_model.load(report.path).signatures["serving_default"]
    specs = signature.structured_input_signature[1]
    assert specs["latents"].shape.as_list() == [None, 5]
    assert set(specs) == ({"latents", "condition"} if gan.conditional else {"latents"})
    for count in (1, 7):
        inputs = {"latents": tf.zeros((count, 5))}
        if gan.conditional:
            inputs["condition"] = tf.zeros((count,), tf.int32)
        assert signature(**inputs)["images"].shape == (count, *SHAPE)


def test_loads_without_the_package(gan, tmp_path):
    report = tfgan.export.saved_model(gan, tmp_path)
    z = gan.draw_latents(4, seed=3)
    condition = np.array([0, 2, 1, 2], "int32") if gan.conditional else None
    inputs = {"latents": z.tolist()} | ({"condition": condition.tolist()} if gan.conditional else {})
    done = subprocess.run(
        [sys.executable, "-c", LOAD_ELSEWHERE, report.path, json.dumps(inputs)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    np.testing.assert_allclose(json.loads(done.stdout), gan.images_of(z, condition), atol=1e-6)


def test_versions_count_up_and_are_whole(tmp_path):
    gan = small_gan()
    (tmp_path / "7").mkdir()
    assert tfgan.export.saved_model(gan, tmp_path).path == str(tmp_path / "8")
    assert tfgan.export.saved_model(gan, tmp_path).path == str(tmp_path / "9")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["7", "8", "9"]


def test_weights_are_stored_once(tmp_path):
    gan = tfgan.GAN(
        tfgan.networks.goodfellow2014.Generator((16, 16, 1), units=512),
        tfgan.networks.goodfellow2014.Discriminator((16, 16, 1), units=4),
    )
    report = tfgan.export.saved_model(gan, tmp_path)
    assert report.size < 1.2 * 4 * gan.generator.count_params()


def test_a_different_export_is_refused(tmp_path, monkeypatch):
    gan = small_gan()
    images_of = gan.images_of
    monkeypatch.setattr(gan, "images_of", lambda *args: images_of(*args) + 1e-3)
    with pytest.raises(InputError, match="differs from Keras") as error:
        tfgan.export.saved_model(gan, tmp_path / "served")
    one_line(error)
    assert not list(tmp_path.iterdir())


def test_base_is_a_file(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="folder of versions"):
        tfgan.export.saved_model(small_gan(), tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"
