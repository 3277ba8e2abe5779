"""What TensorFlow Serving sees of an export: by its tool, its REST formats and its protos."""

import base64
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
import tensorflow as tf
from makers import SHAPE, small_cgan, varied

import tfgan

pytest.importorskip("tensorflow_serving")
from rest import Rest


@pytest.fixture
def exported(gan, tmp_path, quick):
    return gan, tfgan.export.saved_model(gan, tmp_path / "digits")


def body_of_client(folder):
    """What `serving/client.sh` sends."""
    text = (folder / "serving/client.sh").read_text()
    return json.loads(re.search(r"--data '(.*)'", text)[1])


def png(answer):
    data = base64.b64decode(answer["b64"], validate=True)
    return matplotlib.image.imread(io.BytesIO(data), format="png")


@pytest.mark.slow
def test_the_tool_shows_every_signature(tmp_path, quick):
    report = tfgan.export.saved_model(small_cgan(), tmp_path / "digits")
    command = [sys.executable, "-m", "tensorflow.python.tools.saved_model_cli"]
    command += ["show", "--dir", report.path, "--all"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for name, first, dtype, shape in (
        ("serving_default", "latents", "DT_FLOAT", "(-1, 5)"),
        ("uint8", "latents", "DT_FLOAT", "(-1, 5)"),
        ("sample", "seeds", "DT_INT64", "(-1)"),
        ("sample_png", "seeds", "DT_INT64", "(-1)"),
    ):
        part = shown.partition(f"signature_def['{name}']")[2].partition("Method name")[0]
        for key, kind, size in ((first, dtype, shape), ("condition", "DT_INT32", "(-1)")):
            given = part.partition(f"inputs['{key}']")[2].partition("puts[")[0]
            assert f"dtype: {kind}" in given
            assert f"shape: {size}" in given


def test_rows_and_columns(exported):
    gan, report = exported
    rest = Rest(report.path)
    z, seeds = gan.draw_latents(3, seed=5), [7, 0, 2**40]
    labels = gan.example_condition(3).numpy() if gan.conditional else None
    condition = {} if labels is None else {"condition": labels.tolist()}

    def rows(**columns):
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    given = {"latents": z.tolist(), **condition}
    wanted = gan.images_of(z, labels)
    for answer in (
        rest.predict({"instances": rows(**given)})["predictions"],
        rest.predict({"inputs": given})["outputs"],
    ):
        np.testing.assert_allclose(answer, wanted, atol=1e-5)
    answer = rest.predict({"signature_name": "uint8", "inputs": given})["outputs"]
    assert all(isinstance(value, int) for value in np.ravel(answer).tolist())
    np.testing.assert_allclose(answer, np.rint(255 * wanted), atol=1)
    given = {"seeds": seeds, **condition}
    drawn = rest.predict({"signature_name": "sample", "instances": rows(**given)})["predictions"]
    assert np.shape(drawn) == (3, *SHAPE)
    by_row = rest.predict({"signature_name": "sample_png", "instances": rows(**given)})
    by_column = rest.predict({"signature_name": "sample_png", "inputs": given})
    assert by_row["predictions"] == by_column["outputs"]
    for answer, image in zip(by_row["predictions"], drawn, strict=True):
        np.testing.assert_allclose(png(answer), np.array(image)[..., 0], atol=0.51 / 255)
    if not gan.conditional:  # a single input may go without its name
        answer = rest.predict({"signature_name": "sample", "instances": seeds})
        np.testing.assert_allclose(answer["predictions"], drawn, atol=1e-6)


def test_what_the_clients_send_is_answered(exported):
    gan, report = exported
    base = Path(report.path).parent
    rest = Rest(report.path)
    body = body_of_client(base)
    (answer,) = rest.predict(body)["predictions"]
    label = [body["instances"][0]["condition"]] if gan.conditional else None
    wanted = gan.sample(1, label, seed=body["instances"][0]["seeds"])
    np.testing.assert_allclose(png(answer), wanted[0, ..., 0], atol=0.51 / 255)
    code = (base / "serving/client_grpc.py").read_text()
    columns = re.search(r"in (\[.*\]):", code)[1]
    request = Rest(report.path).request(
        {
            "signature_name": "sample",
            "inputs": {key: value for key, value, _ in eval(columns)},
        }
    )
    assert tf.make_ndarray(rest.run(request).outputs["images"]).shape == (2, *SHAPE)


def test_a_wrong_request_is_an_error_and_no_image(tmp_path, quick):
    rest = Rest(tfgan.export.saved_model(varied(small_cgan()), tmp_path / "digits").path)
    for row in (
        {"seeds": 1},
        {"seeds": [1], "condition": 0},
        {"seeds": 1, "condition": [0]},
        {"latents": 1, "condition": 0},
    ):
        with pytest.raises(ValueError, match=r"must have|has shape"):
            rest.predict({"signature_name": "sample", "instances": [row]})
    with pytest.raises(tf.errors.InvalidArgumentError, match="labels must lie"):
        rest.predict({"signature_name": "sample", "instances": [{"seeds": 1, "condition": 3}]})


def test_the_composed_server_is_described_whole(exported):
    """docker-compose.yml as YAML: the volume, ports and files it names are those that are there."""
    yaml = pytest.importorskip("yaml")
    _, report = exported
    serving = Path(report.path).parent / "serving"
    (service,) = yaml.safe_load((serving / "docker-compose.yml").read_text())["services"].values()
    assert service["volumes"] == ["..:/models/digits:ro"]
    for option in service["command"]:
        if "file=" in option:
            inside = option.partition("=")[2]
            assert (serving / inside.removeprefix("/models/digits/serving/")).is_file()
    ports = {option.partition("=")[2] for option in service["command"] if "port=" in option}
    assert {mapping.partition(":")[0] for mapping in service["ports"]} == ports
    assert service["healthcheck"]["test"][0] == "CMD"
    subprocess.run(["bash", "-n", "-c", service["healthcheck"]["test"][-1]], check=True)
