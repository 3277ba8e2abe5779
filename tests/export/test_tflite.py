import json
import subprocess
import sys

import numpy as np
import pytest
from makers import one_line, small_gan

import tfgan
from tfgan.errors import InputError

pytest.importorskip("ai_edge_litert")

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


@pytest.mark.parametrize(("quantize", "tolerance"), [(None, 1e-5), ("float16", 5e-3)])
def test_runs_without_tensorflow(gan, tmp_path, quantize, tolerance):
    file = tmp_path / "gan.tflite"
    report = tfgan.export.tflite(gan, file, quantize=quantize)
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
    np.testing.assert_allclose(images, gan.images_of(z, condition), atol=tolerance)
    assert not any(op.startswith("Flex") or op == "CUSTOM" for op in ops)


@pytest.mark.parametrize("batch", [1, 5, None])
def test_batches(gan, tmp_path, batch):
    report = tfgan.export.tflite(gan, tmp_path / "gan.tflite", batch=batch)
    assert report.samples == 32
    assert report.max_error < 1e-5


def test_float16_halves_the_file(tmp_path):
    gan = tfgan.GAN(
        tfgan.networks.goodfellow2014.Generator((16, 16, 1), units=256),
        tfgan.networks.goodfellow2014.Discriminator((16, 16, 1), units=4),
    )
    full = tfgan.export.tflite(gan, tmp_path / "full.tflite")
    half = tfgan.export.tflite(gan, tmp_path / "half.tflite", quantize="float16")
    assert half.size < 0.55 * full.size


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("gan.tflite", {"quantize": "int4"}, "quantize"),
        ("gan.tflite", {"batch": 0}, "batch"),
        ("gan.bin", {}, r"end in \.tflite"),
    ],
)
def test_refuses(tmp_path, name, arguments, words):
    with pytest.raises(InputError, match=words) as error:
        tfgan.export.tflite(small_gan(), tmp_path / name, **arguments)
    one_line(error)
    assert not list(tmp_path.iterdir())


def test_a_different_export_leaves_the_old_file(tmp_path, monkeypatch):
    gan, file = small_gan(), tmp_path / "gan.tflite"
    file.write_bytes(b"old")
    images_of = gan.images_of
    monkeypatch.setattr(gan, "images_of", lambda *args: images_of(*args) + np.nan)
    with pytest.raises(InputError, match="differs from Keras"):
        tfgan.export.tflite(gan, file)
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_without_litert(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"tfgan\[edge\]"):
        tfgan.export.tflite(small_gan(), tmp_path / "gan.tflite")
