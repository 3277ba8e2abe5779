"""Recipes of baselines: trained, drawn, measured and refused by the command like any run."""

import json

import numpy as np
import pytest
from makers import stripes

from tfgan import runs
from tfgan.baselines import CAE, DBN, GSN

KINDS = {"dbn-mnist": DBN, "cae-mnist": CAE, "gsn-mnist": GSN}
SMALL = ["units=6", "batch_size=10", "burn_in=5", "sample_every=2", "jit_compile=false"]


@pytest.fixture
def source(tmp_path):
    images, labels = stripes(60)
    np.savez(tmp_path / "stripes.npz", images=images, labels=labels)
    return f"npz:{tmp_path / 'stripes.npz'}"


@pytest.mark.parametrize(
    "name",
    ["dbn-mnist", *(pytest.param(name, marks=pytest.mark.slow) for name in ("cae-mnist", "gsn-mnist"))],
)
def test_train_sample_evaluate(name, source, command, tmp_path):
    run = tmp_path / "run"
    changes = [part for change in SMALL for part in ("--set", change)]
    code, _, error = command("train", name, "--data", source, "--epochs", 4, "--out", run, *changes)
    assert code == 0, error
    assert (run / "samples" / "epoch-0004.png").is_file()
    model = runs.load(run)
    assert type(model) is KINDS[name]
    code, _, error = command("sample", run, "--count", 12, "--out", tmp_path / "a.png")
    assert code == 0, error
    code, _, error = command("evaluate", run, "--samples", 50, "--json", tmp_path / "n.json")
    assert code == 0, error
    found = json.loads((tmp_path / "n.json").read_text())
    assert found["parzen"]["protocol"]["n_fake"] == 50
    assert "frechet" in found
    for words, given in {
        "has no latents to go between": ("sample", run, "--interpolate"),
        "has no latents to change, got truncation": ("sample", run, "--truncation", 0.5),
        "got smoothing": ("evaluate", run, "--smoothing", 0.5),
        "no generator to export": ("export", run, "--to", "tflite", "--out", tmp_path / "a.tflite"),
        "no classes to choose from": ("sample", run, "--condition", "1"),
    }.items():
        code, _, error = command(*given)
        assert code == 2, words
        assert words in error
        assert error.count("\n") == 1
    assert not (tmp_path / "a.tflite").exists()


def test_what_a_baseline_does_not_have(source, command, tmp_path):
    out = ("--data", source, "--out", tmp_path / "run")
    code, _, error = command("train", "gsn-mnist", *out, "--set", "augment=flip")
    assert code == 2
    assert "no setting is called 'augment'" in error
    code, _, error = command("train", "gsn-mnist", *out, "--strategy", "mirrored")
    assert code == 2
    assert "gsn-mnist trains on one device: leave --strategy out" in error
    assert not (tmp_path / "run").exists() or not any((tmp_path / "run").iterdir())
    code, text, _ = command("train", "gsn-mnist", *out, "--set", "units=6", "--dry-run")
    assert code == 0
    assert "gsn" in text
    assert not (tmp_path / "run" / "config.json").exists()


def test_gsn_mnist_is_the_published_network(source):
    """PAPERS, section 3: its network and its noise; what trains it is another."""
    config = runs.plan("gsn-mnist", source=source)
    gsn = runs.build(config, runs.load_data(config))
    assert (gsn.hidden, gsn.walkbacks, gsn.salt_and_pepper, gsn.noise) == ((1500, 1500), 4, 0.4, 2.0)
    mean = np.clip(runs.load_data(config).mean_image().reshape(-1).astype("float64"), 1e-7, 1 - 1e-7)
    np.testing.assert_allclose(gsn.biases[0], np.log(mean / (1 - mean)), rtol=1e-4, atol=1e-5)


def planned(name, source):
    """A model of 7 epochs, its schedule, and the number of its steps."""
    config = runs.plan(name, source=source, changes=["epochs=7", "batch_size=15", "units=4"])
    model = runs.build(config, runs.load_data(config))
    return model, model.optimizer._learning_rate, 7 * runs.steps_of(config, runs.load_data(config))[1]


@pytest.mark.parametrize("name", KINDS)
def test_the_rate_falls_to_nothing(name, source):
    _, rate, steps = planned(name, source)
    first = float(rate(0))
    expected = [first / 2 * (1 + np.cos(np.pi * step / steps)) for step in range(steps)]
    np.testing.assert_allclose([rate(step) for step in range(steps)], expected, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("name", ["dbn-mnist", "cae-mnist"])
def test_layers_share_the_epochs(name, source):
    model, _, steps = planned(name, source)
    assert steps % 2 == 1
    assert model.steps_per_layer == (steps + 1) // 2
