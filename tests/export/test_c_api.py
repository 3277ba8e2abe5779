"""Every signature by TensorFlow's C API, as TensorFlow Serving loads it, without Python model code."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from makers import small_cgan, varied
from tensorflow.core.protobuf import saved_model_pb2

import tfgan

LIBRARY = Path(tf.sysconfig.get_lib()) / "libtensorflow_cc.so.2"
pytestmark = pytest.mark.skipif(not LIBRARY.is_file(), reason=f"no {LIBRARY.name} in this TensorFlow")


def tensors(folder):
    """{signature: {"inputs": {name: tensor}, "outputs": ...}} of a SavedModel."""
    model = saved_model_pb2.SavedModel.FromString((Path(folder) / "saved_model.pb").read_bytes())
    (graph,) = model.meta_graphs
    return {
        name: {
            kind: {key: info.name for key, info in getattr(signature, kind).items()}
            for kind in ("inputs", "outputs")
        }
        for name, signature in graph.signature_def.items()
        if not name.startswith("__")
    }


def run(folder, tmp_path, **inputs):
    np.savez(tmp_path / "in.npz", **inputs)
    (tmp_path / "signatures.json").write_text(json.dumps(tensors(folder)))
    script = Path(__file__).with_name("c_api.py")
    files = [tmp_path / name for name in ("signatures.json", "in.npz", "out.npz")]
    command = [sys.executable, "-P", str(script), str(LIBRARY), str(folder), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return done.stderr
    with np.load(files[-1]) as file:
        return dict(file)


def test_equals_keras(tmp_path, quick):
    gan = varied(small_cgan())
    report = tfgan.export.saved_model(gan, tmp_path / "served")
    z, seeds = gan.draw_latents(5, seed=3), np.array([4, 1, 4, 0, 9])
    labels = np.array([0, 2, 1, 2, 0], "int32")
    found = run(report.path, tmp_path, latents=z, seeds=seeds, condition=labels)
    images = gan.images_of(z, labels)
    np.testing.assert_allclose(found["serving_default/images"], images, atol=1e-5)
    np.testing.assert_allclose(found["uint8/pixels"] / 255, images, atol=0.51 / 255)
    drawn = np.concatenate([gan.draw_latents(1, seed=int(seed)) for seed in seeds])
    drawn = gan.images_of(drawn, labels)
    np.testing.assert_allclose(found["sample/images"], drawn, atol=1e-5)
    for i, image in enumerate(drawn):
        file = tf.io.decode_png(found[f"sample_png/image_bytes/{i}"].tobytes()).numpy()
        np.testing.assert_allclose(file / 255, image, atol=0.51 / 255)


def test_a_label_out_of_range_is_an_error(tmp_path, quick):
    report = tfgan.export.saved_model(small_cgan(), tmp_path / "served")
    error = run(
        report.path,
        tmp_path,
        latents=np.zeros((2, 5), "float32"),
        seeds=np.zeros((2,), "int64"),
        condition=np.array([0, 3], "int32"),
    )
    assert "labels must lie in [0, 3), got" in error
