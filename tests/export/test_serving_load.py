"""An export under load: no wrong image, no crash, wrong requests refused, memory bounded."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from makers import small_cgan, varied

import tfgan

pytest.importorskip("tensorflow_serving")
import serving_load
import serving_requests
from rest import Rest

CLIENTS, SECONDS = 32, 20
# Bytes of the server's peak beyond what it had; measured are 0.14e9. A body of 16 MB may be 0.3e9 in
# Python, a single one of 100 MB would be more.
MOST_GROWTH = 0.6e9


@pytest.fixture
def gan():
    return varied(small_cgan())


@pytest.fixture
def folder(gan, tmp_path, quick):
    return Path(tfgan.export.saved_model(gan, tmp_path / "digits").path)


def test_each_request_is_what_it_says(gan, folder):
    """By the protocol alone, without a server: right ones give right images, wrong ones errors."""
    rest, truth = Rest(folder), serving_requests.truth(gan, rows=40)
    right = list(serving_requests.valid(truth, 48))
    assert {request.name.split(",")[0] for request in right} == set(serving_requests.SIGNATURES)
    for request in right:
        answer = rest.predict(json.loads(request.body))
        assert request.check(answer) <= 1
        assert len(next(iter(answer.values()))) == request.images
    others = [*right[4:], *right[:4]]
    assert any(
        request.check(rest.predict(json.loads(o.body))) > 1
        for request, o in zip(right, others, strict=True)
    )
    plain = [r for r in serving_requests.invalid(truth) if r == r._replace(**_defaults())]
    assert len(plain) > 25
    for request in plain:
        with pytest.raises((ValueError, tf.errors.InvalidArgumentError, OverflowError)):
            rest.predict(json.loads(request.body))


def _defaults():
    names = ("method", "action", "headers", "sent", "model")
    return {name: serving_requests.Request._field_defaults[name] for name in names}


def test_wrong_images_and_refused_or_answered_requests_are_told(gan):
    truth = serving_requests.truth(gan, rows=40)
    (request,) = serving_requests.valid(truth, 1)
    asked = [row["latents"] for row in json.loads(request.body)["instances"]]
    rows = [int(np.abs(truth.latents - latents).sum(axis=1).argmin()) for latents in asked]
    wanted = truth.of_latents[rows]
    assert request.check({"predictions": wanted.tolist()}) == 0
    assert request.check({"predictions": (wanted + 2e-5).tolist()}) == pytest.approx(2, rel=0.05)
    for wrong in (wanted[:, :2].tolist(), [[float("nan")] * 16], []):
        assert request.check({"predictions": wrong}) > 1

    def outcome(kind, status, *, name="", error=0.0, text=""):
        return serving_load.Outcome(name, kind, status, 0.1, 1, error, text)

    fine = [
        outcome("valid", 200, error=0.9),
        outcome("invalid", 400, text="labels must lie in [0, 3)"),
        outcome("invalid", serving_load.CLOSED, name="hung up amid the body"),
        outcome("huge", serving_load.CLOSED),
        outcome("huge", 413),
    ]
    assert serving_load.faults(fine) == []
    for one in (
        outcome("valid", 200, error=1.1),
        outcome("valid", 503),
        outcome("valid", serving_load.CLOSED),
        outcome("invalid", 200),
        outcome("invalid", 500),
        outcome("invalid", serving_load.CLOSED),
        outcome("invalid", "timeout"),
        outcome("invalid", 400, text="Traceback (most recent call last)"),
        outcome("huge", 200),
        outcome("huge", 500),
        outcome("huge", "timeout"),
    ):
        assert len(serving_load.faults([one, *fine])) == 1
    said = serving_load.summary([*fine, outcome("valid", 200)._replace(seconds=0.3, images=4)], 2.0)
    assert said["statuses"]["huge"] == {serving_load.CLOSED: 1, "413": 1}
    assert (said["valid_per_s"], said["images_per_s"]) == (1, 2.5)
    assert said["p50_ms"] == pytest.approx(200)


@pytest.mark.slow
def test_32_clients(gan, tmp_path):
    """Needs `tfgan[kserve]`, which `make test-slow` installs."""
    pytest.importorskip("kserve")
    folder = Path(tfgan.export.saved_model(gan, tmp_path / "digits").path)
    truth = serving_requests.truth(gan)
    phases = serving_load.measure(
        folder, truth, clients=CLIENTS, seconds=SECONDS, log=tmp_path / "log", keep=True
    )
    for phase in phases.values():
        print({key: value for key, value in phase.items() if key != "outcomes"})
        assert phase["faults"] == []
        assert phase["statuses"]["valid"].keys() == {"200"}
        assert phase["requests"] > 10 * CLIENTS
        assert phase["peak_bytes"] - phase["before_bytes"] < MOST_GROWTH
    asked = {one.name for one in phases["mixed"]["outcomes"]}
    for make in (serving_requests.invalid, serving_requests.huge):
        assert {request.name for request in make(truth)} <= asked
    refused = {one.name: one.text for one in phases["mixed"]["outcomes"] if one.kind != "valid"}
    assert "labels must lie in [0, 3)" in refused["a label too large"]
    assert "at most 4096 rows" in refused["1,000,000 rows"]
    assert "latents must be finite" in refused["a latent of 1e39"]
    assert "a condition a row" in refused["more seeds than conditions"]
    # Of these the mix holds what stays: a server that has answered huge requests is no larger for it.
    assert phases["mixed"]["after_bytes"] - phases["mixed"]["before_bytes"] < MOST_GROWTH / 1.5
    assert "Traceback" not in json.dumps(refused)
