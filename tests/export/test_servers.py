"""Exports behind real servers, asked by HTTP and gRPC.

KServe's serves in the slow set. TensorFlow Serving does where `tensorflow_model_server` is on the PATH,
or one runs already: TFGAN_SERVING_URL=http://HOST:8501/v1/models/NAME, its gRPC at TFGAN_SERVING_GRPC
(HOST:8500), and TFGAN_SERVING_EXPORT, the folder of the version that it serves.
"""

import base64
import contextlib
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from makers import small_cgan, varied

import tfgan

CLIENTS, REQUESTS = 8, 200
PATIENCE = 90  # seconds until a server answers


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    base = tmp_path_factory.mktemp("served") / "digits"
    return Path(tfgan.export.saved_model(varied(small_cgan()), base).path)


def free_port():
    with socket.socket() as listening:
        listening.bind(("localhost", 0))
        return listening.getsockname()[1]


def post(url, body):
    """(HTTP status, JSON) of an answer."""
    request = urllib.request.Request(url, json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


@contextlib.contextmanager
def running(command, url, log):
    """A server's process, once its model answers."""
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        for _ in range(PATIENCE):
            assert process.poll() is None, f"{command[0]} stopped: {log.read_text()[-2000:]}"
            with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
                break
            time.sleep(1)
        else:
            pytest.fail(f"no answer in {PATIENCE} s: {log.read_text()[-2000:]}")
        yield
    finally:
        process.terminate()
        process.wait(20)


class Reference:
    """What Keras made when the export was written."""

    def __init__(self, folder):
        with np.load(folder / "verification.npz") as file:
            self.latents, self.seeds = file["input/latents"], file["input/seeds"]
            self.condition = file.get("input/condition")
            self.of_latents, self.of_seeds = file["images/latents"], file["images/seeds"]

    def rows(self, first, indices):
        """Instances of `latents` or `seeds`."""
        found = []
        for i in indices:
            row = {first: getattr(self, first)[i].tolist()}
            if self.condition is not None:
                row["condition"] = self.condition[i].tolist()
            found.append(row)
        return found

    def columns(self, first, indices):
        columns = {first: getattr(self, first)[indices]}
        return columns | ({} if self.condition is None else {"condition": self.condition[indices]})


def ask_by_rest(url, reference, number):
    """One of many different requests; checks its images."""
    rng = np.random.default_rng(number)
    rows = rng.permutation(len(reference.seeds))[: rng.integers(1, 9)]
    signature = ("serving_default", "uint8", "sample", "sample_png")[number % 4]
    first = "seeds" if signature.startswith("sample") else "latents"
    wanted = reference.of_seeds[rows] if first == "seeds" else reference.of_latents[rows]
    if number % 8 < 4:
        body = {"instances": reference.rows(first, rows)}
    else:
        body = {"inputs": {k: v.tolist() for k, v in reference.columns(first, rows).items()}}
    status, answer = post(f"{url}:predict", {"signature_name": signature, **body})
    assert status == 200, answer
    made = answer.get("predictions", answer.get("outputs"))
    if signature == "sample_png":
        files = [base64.b64decode(row["b64"], validate=True) for row in made]
        made = np.array([matplotlib.image.imread(io.BytesIO(f), format="png") for f in files])
        made = made.reshape(wanted.shape)
    made = np.array(made) / (255 if signature == "uint8" else 1)
    atol = 1e-5 if signature in ("serving_default", "sample") else 0.51 / 255
    np.testing.assert_allclose(made, wanted, atol=atol)


def ask_under_load(url, reference):
    with ThreadPoolExecutor(CLIENTS) as clients:
        asked = [clients.submit(ask_by_rest, url, reference, i) for i in range(REQUESTS)]
        for one in asked:
            one.result()


@pytest.mark.slow
def test_kserve(exported, tmp_path):
    """Needs `tfgan[kserve]`, which `make test-slow` installs."""
    port = free_port()
    url = f"http://localhost:{port}/v1/models/digits"
    script = Path(__file__).with_name("kserve_server.py")
    command = [sys.executable, str(script), str(exported), "digits", str(port)]
    with running(command, url, tmp_path / "log"):
        with urllib.request.urlopen(url) as answer:
            assert json.load(answer)["ready"] in (True, "True")
        ask_under_load(url, Reference(exported))
        body = {"signature_name": "sample", "instances": [{"seeds": 1, "condition": 3}]}
        status, answer = post(f"{url}:predict", body)
        assert status == 400
        assert "labels must lie in [0, 3)" in json.dumps(answer)
        client = ["sh", str(exported.parent / "serving/client.sh")]
        client += [str(tmp_path / "sample.png"), f"localhost:{port}"]
        if shutil.which("curl"):
            subprocess.run(client, check=True)
            assert matplotlib.image.imread(tmp_path / "sample.png").shape[:2] == (4, 4)


@pytest.fixture
def tensorflow_serving(exported, tmp_path):
    """(URL, gRPC address, `Reference`) of a running server."""
    if url := os.environ.get("TFGAN_SERVING_URL"):
        folder = os.environ.get("TFGAN_SERVING_EXPORT")
        if not folder:
            pytest.fail("TFGAN_SERVING_URL needs TFGAN_SERVING_EXPORT, the version's folder")
        yield url.rstrip("/"), os.environ.get("TFGAN_SERVING_GRPC"), Reference(Path(folder))
        return
    program = shutil.which("tensorflow_model_server")
    if not program:
        pytest.skip("no tensorflow_model_server on the PATH, and no TFGAN_SERVING_URL")
    rest, grpc = free_port(), free_port()
    url = f"http://localhost:{rest}/v1/models/digits"
    serving = exported.parent / "serving"
    command = [
        program,
        f"--rest_api_port={rest}",
        f"--port={grpc}",
        "--model_name=digits",
        f"--model_base_path={exported.parent}",
        "--enable_batching",
        f"--batching_parameters_file={serving / 'batching.config'}",
    ]
    with running(command, url, tmp_path / "log"):
        yield url, f"localhost:{grpc}", Reference(exported)


def test_tensorflow_serving(tensorflow_serving):
    url, grpc_address, reference = tensorflow_serving
    with urllib.request.urlopen(url) as answer:
        assert json.load(answer)["model_version_status"][0]["state"] == "AVAILABLE"
    with urllib.request.urlopen(f"{url}/metadata") as answer:
        metadata = json.load(answer)["metadata"]["signature_def"]["signature_def"]
    assert {"serving_default", "uint8", "sample", "sample_png"} <= set(metadata)
    ask_under_load(url, reference)
    if reference.condition is not None and reference.condition.ndim == 1:
        row = {"seeds": 1, "condition": 2**31 - 1}
        status, answer = post(f"{url}:predict", {"signature_name": "sample", "instances": [row]})
        assert status == 400
        assert "labels must lie" in json.dumps(answer)
    if grpc_address:
        ask_by_grpc(grpc_address, url.rpartition("/")[2], reference)


def ask_by_grpc(address, name, reference):
    grpc = pytest.importorskip("grpc")
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    stub = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(address))

    def ask(number):
        rows = np.random.default_rng(number).permutation(len(reference.seeds))[: 1 + number % 8]
        request = predict_pb2.PredictRequest()
        request.model_spec.name = name
        request.model_spec.signature_name = "sample"
        for key, value in reference.columns("seeds", rows).items():
            request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
        images = tf.make_ndarray(stub.Predict(request, timeout=30).outputs["images"])
        np.testing.assert_allclose(images, reference.of_seeds[rows], atol=1e-5)

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(ask, range(REQUESTS)))
