"""The report on quantised variants: of files that are there, measured on images that they make."""

import json

import numpy as np
import pytest
from makers import convolutional_cgan, one_line, small_gan, stripes, varied

from tfgan import data
from tfgan.errors import InputError
from tfgan.export import quantization
from tfgan.metrics import classifier

pytest.importorskip("ai_edge_litert")
pytestmark = pytest.mark.filterwarnings("ignore::tfgan.errors.FewSamplesWarning")
NAMES = ["float32", "float16", "dynamic", "int8"]


@pytest.fixture
def stripes_of(tmp_path):
    def load(**arrays):
        np.savez(tmp_path / "stripes.npz", **arrays)
        return data.load(f"npz:{tmp_path}/stripes.npz")

    return load


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(quantization, "ROUNDS", 2)


def test_every_variant_is_measured(tmp_path, monkeypatch, stripes_of, quick):
    def untrained(images, labels, num_classes, *, seed):
        return classifier._build(images.shape[1:], num_classes, seed)

    monkeypatch.setattr(classifier, "trained", untrained)
    images, labels = stripes(90)
    gan = varied(convolutional_cgan())
    rows = quantization.compare(
        gan, tmp_path / "out", stripes_of(images=images, labels=labels), samples=200
    )
    assert [row["quantize"] for row in rows] == NAMES
    for row in rows:
        assert (tmp_path / "out" / f"{row['quantize']}.tflite").stat().st_size == row["bytes"]
        assert row["milliseconds"] > 0
        assert 0 <= row["accuracy"] <= 1
        assert row["frechet"] > 0
    full, half, _, whole = rows
    assert full["max_error"] < 1e-5 < min(half["max_error"], whole["max_error"])
    assert full["frechet_change"] == 0
    assert whole["frechet_change"] == pytest.approx(whole["frechet"] / full["frechet"] - 1)
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert report["variants"] == rows
    assert report["protocol"]["n_fake"] == 200
    table = (tmp_path / "out/report.md").read_text()
    assert all(f"| {name} |" in table for name in NAMES)
    assert "accuracy" in table


def test_without_labels_pixels_are_the_features(tmp_path, stripes_of, quick):
    gan = small_gan()
    images = np.random.default_rng(0).random((60, 4, 4, 1))
    rows = quantization.compare(gan, tmp_path / "out", stripes_of(images=images), samples=50)
    assert "accuracy" not in rows[0]
    assert rows[0]["frechet"] > 0
    assert "averaged" in (tmp_path / "out/report.md").read_text()


def test_other_data_is_refused(tmp_path, stripes_of):
    images, labels = stripes(30)
    with pytest.raises(InputError, match="trained on") as error:
        quantization.compare(small_gan(), tmp_path / "out", stripes_of(images=images, labels=labels))
    one_line(error)
    assert not (tmp_path / "out").exists()
