"""What `serving_load.py` asks a server: right requests with their images, wrong ones, and huge ones.

The protocol is TensorFlow Serving's REST, version 1: https://www.tensorflow.org/tfx/serving/api_rest
"""

import base64
import io
import json
from collections.abc import Callable
from typing import NamedTuple

import matplotlib.image
import numpy as np

ROWS = 200  # different images that are asked for
SIGNATURES = ("serving_default", "uint8", "sample", "sample_png")
EXACT, ROUNDED = 1e-5, 0.51 / 255  # how far a pixel may be: of floats, and of 256 steps
JSON = {"Content-Type": "application/json"}


class Request(NamedTuple):
    """One request.

    Attributes:
        name: str, the same for all of its sort.
        kind: "valid", "invalid" or "huge".
        body: bytes.
        check: of valid ones, function of the answer's JSON that returns the largest error of a pixel
            over what is allowed: at most 1 where the images are right.
        images: int, that are asked for.
        method, action, headers: of HTTP; `action` follows the model's address.
        sent: int or None. Bytes of the body after which the client hangs up.
        model: str or None, in place of the one that is served.
    """

    name: str
    kind: str
    body: bytes
    check: Callable | None = None
    images: int = 0
    method: str = "POST"
    action: str = ":predict"
    headers: dict = JSON
    sent: int | None = None
    model: str | None = None


class Truth(NamedTuple):
    """Rows to ask for, and the images that the GAN in Keras makes of them.

    Attributes:
        latents: float32 `(n, latent_dim)`.
        seeds: int64 `(n,)`.
        labels: int32 `(n,)`.
        num_classes: int.
        of_latents, of_seeds: float32 `(n, H, W, C)`; of a seed what `gan.sample(1, label, seed=seed)`
            gives.
    """

    latents: np.ndarray
    seeds: np.ndarray
    labels: np.ndarray
    num_classes: int
    of_latents: np.ndarray
    of_seeds: np.ndarray


def truth(gan, rows=ROWS):
    """Returns the `Truth` of a `tfgan.CGAN` of labels."""
    seeds = np.arange(rows, dtype="int64") ** 5  # small ones and large ones
    labels = gan.condition.example(rows)
    latents = gan.draw_latents(rows, seed=0)
    pairs = zip(seeds.tolist(), labels, strict=True)
    of_seeds = np.concatenate([gan.sample(1, [label], seed=seed) for seed, label in pairs])
    of_latents = gan.images_of(latents, labels)
    return Truth(latents, seeds, labels, gan.condition.num_classes, of_latents, of_seeds)


def valid(truth, count=240):
    """Requests of every signature, in rows and in columns, of one image and of up to 16."""
    rng = np.random.default_rng(0)
    for number in range(count):
        size = 1 if number % 3 else int(rng.integers(2, 17))
        rows = rng.choice(len(truth.seeds), size, replace=False)
        signature = SIGNATURES[number % 4]
        first = "seeds" if signature.startswith("sample") else "latents"
        given = {first: getattr(truth, first)[rows].tolist(), "condition": truth.labels[rows].tolist()}
        by_rows = number % 8 < 4
        if by_rows:
            pairs = zip(*given.values(), strict=True)
            body = {"instances": [dict(zip(given, pair, strict=True)) for pair in pairs]}
        else:
            body = {"inputs": given}
        images = (truth.of_seeds if first == "seeds" else truth.of_latents)[rows]
        yield Request(
            f"{signature}, {'one' if size == 1 else 'several'}",
            "valid",
            json.dumps({"signature_name": signature, **body}).encode(),
            _check(signature, images),
            size,
        )


def _check(signature, images):
    def check(answer):
        made = answer["predictions"] if "predictions" in answer else answer["outputs"]
        if signature == "sample_png":
            files = [base64.b64decode(one["b64"], validate=True) for one in made]
            made = [matplotlib.image.imread(io.BytesIO(file), format="png") for file in files]
        made = np.array(made, "float64") / (255 if signature == "uint8" else 1)
        if made.shape != images.shape:  # PNG files of one channel have no axis for it
            made = made.reshape(len(made), *images.shape[1:]) if made.size == images.size else made
        if made.shape != images.shape:
            return np.inf
        allowed = EXACT if signature in ("serving_default", "sample") else ROUNDED
        error = np.abs(made - images).max() / allowed
        return float(error) if np.isfinite(error) else np.inf

    return check


def invalid(truth):
    """Requests that must be refused: of wrong values, types and shapes, and no proper HTTP."""
    latents, row = truth.latents[0].tolist(), {"seeds": 7, "condition": 0}
    good = json.dumps({"signature_name": "sample", "instances": [row]}).encode()

    def request(name, body=good, **more):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Request(name, "invalid", body, **more)

    def rows(name, *instances, signature="sample"):
        return request(name, {"signature_name": signature, "instances": list(instances)})

    def columns(name, signature="sample", **inputs):
        return request(name, {"signature_name": signature, "inputs": inputs})

    classes = truth.num_classes
    yield rows("a label too large", {**row, "condition": classes})
    yield rows("a label below 0", {**row, "condition": -1})
    yield rows("a label of 2 ** 40", {**row, "condition": 2**40})
    yield rows("one wrong label of two", row, {**row, "condition": classes})
    yield rows("a label of 0.5", {**row, "condition": 0.5})
    yield rows("a label as text", {**row, "condition": "0"})
    yield rows("a label true", {**row, "condition": True})
    yield rows("a label null", {**row, "condition": None})
    yield rows("a seed of 1.5", {**row, "seeds": 1.5})
    yield rows("a seed of 2 ** 63", {**row, "seeds": 2**63})
    yield rows("no condition", {"seeds": 7})
    yield rows("no seed", {"condition": 0})
    yield rows("an input too many", {**row, "more": 1})
    yield rows("latents for seeds", {"latents": latents, "condition": 0})
    yield rows("a seed in a list", {**row, "seeds": [7]})
    yield rows("rows of other inputs", row, {"seeds": 7})
    yield rows("no rows")
    named = {"signature": "serving_default"}
    yield rows("latents too short", {"latents": latents[1:], "condition": 0}, **named)
    yield rows("a latent of 1e39", {"latents": [1e39, *latents[1:]], "condition": 0}, **named)
    nan = json.dumps({"instances": [{"latents": [float("nan"), *latents[1:]], "condition": 0}]})
    yield request("a latent NaN", nan.encode())
    yield columns("more seeds than conditions", seeds=[1, 2, 3], condition=[0])
    yield columns("more conditions than seeds", seeds=[1], condition=[0, 1])
    yield columns("a ragged array", "serving_default", latents=[latents, [1.0]], condition=[0, 0])
    yield columns("a matrix of seeds", seeds=[[1, 2]], condition=[0])
    yield request("an unknown signature", {"signature_name": "none", "instances": [row]})
    yield request("neither rows nor columns", {"signature_name": "sample"})
    both = {"instances": [row], "inputs": {"seeds": [7], "condition": [0]}}
    yield request("rows and columns", {"signature_name": "sample", **both})
    yield request("a list", [row])
    yield request("a number", 7)
    yield request("no JSON", b'{"instances": [')
    yield request("bytes that are no text", bytes(range(256)))
    yield request("nothing", b"")
    yield request("an image's content type", headers={"Content-Type": "image/png"})
    yield request("an unknown model", model="none")
    yield request("an unknown action", action=":none")
    yield request("GET", body=b"", method="GET")
    yield request("DELETE", method="DELETE")
    yield request("hung up amid the body", sent=len(good) // 2)
    yield request("hung up before the body", sent=0)


def huge(truth):
    """Requests of more than a server should take, which it must refuse and outlive."""
    million = 1_000_000
    seeds = {"seeds": list(range(million)), "condition": [0] * million}
    body = json.dumps({"signature_name": "sample", "inputs": seeds}, separators=(",", ":"))
    yield Request("1,000,000 rows", "huge", body.encode())
    some = 20_000
    seeds = {"seeds": list(range(some)), "condition": [0] * some}
    body = json.dumps({"signature_name": "sample_png", "inputs": seeds})
    yield Request("20,000 rows", "huge", body.encode())
    yield Request("100 MB", "huge", b'{"instances": [' + b"0," * 50_000_000 + b"0]}")
    deep = 200_000
    yield Request("200,000 nested lists", "huge", b'{"instances": ' + b"[" * deep + b"]" * deep + b"}")
    yield Request("200,000 nested objects", "huge", b'{"a":' * deep + b"1" + b"}" * deep)
    yield Request("a number of 1,000,000 digits", "huge", b'{"inputs": ' + b"9" * million + b"}")
