"""Runs repeated from their config.json."""

import json

import numpy as np
import pytest
from makers import assert_same_run, stripes

from tfgan import runs
from tfgan.configs import resumed_differences

SMALL = ["units=8", "latent_dim=4", "batch_size=4", "sample_every=2", "jit_compile=false"]


@pytest.fixture
def source(tmp_path):
    images, labels = stripes(80)
    np.savez(tmp_path / "stripes.npz", images=images, labels=labels)
    return f"npz:{tmp_path / 'stripes.npz'}"


def test_the_config_is_enough(source, tmp_path, command):
    first, second = tmp_path / "first", tmp_path / "second"
    runs.train(first, runs.plan("cgan-digits", source=source, epochs=2, changes=SMALL), verbose=0)
    code, _, error = command("train", "--from", first / "config.json", "--out", second)
    assert code == 0
    assert not [line for line in error.splitlines() if line.startswith("tfgan: ")]
    assert_same_run(first, second)
    one, other = (json.loads((run / "config.json").read_text()) for run in (first, second))
    assert {**one, "created": ""} == {**other, "created": ""}


def test_other_data_and_versions_are_told(source, tmp_path, command):
    first, file = tmp_path / "first", tmp_path / "config.json"
    config = runs.plan("cgan-digits", source=source, epochs=1, changes=SMALL)
    runs.write_config(first, config, runs.load_data(config))
    written = json.loads((first / "config.json").read_text())
    written["versions"]["tensorflow"] = "1.0"
    file.write_text(json.dumps(written))
    images, labels = stripes(80, seed=1)
    np.savez(source.removeprefix("npz:"), images=images, labels=labels)
    dry = ["train", "--from", file, "--out", tmp_path / "second", "--dry-run"]
    code, out, error = command(*dry, "--epochs", 3, "--set", "units=9")
    assert code == 0
    data, versions = error.splitlines()
    assert f"of that run {written['fingerprint']}" in data
    assert "not 1.0" in versions
    settings = json.loads(out[: out.index("\n}\n") + 2])["settings"]
    assert (settings["epochs"], settings["units"], settings["latent_dim"]) == (3, 9, 4)
    assert not (tmp_path / "second").exists()


def test_a_run_of_more_epochs_than_planned_is_told(source, tmp_path, command):
    first = tmp_path / "first"
    for epochs in (1, 2, 2, 3):
        config = runs.plan("cgan-digits", source=source, epochs=epochs, changes=SMALL)
        if (first / "config.json").is_file():
            config = runs.resumed_config(first, config)
        runs.write_config(first, config, runs.load_data(config))
    dry = ["train", "--from", first / "config.json", "--out", tmp_path / "second", "--dry-run"]
    code, out, error = command(*dry)
    assert code == 0
    assert "planned for 1, then 2, then 3 epochs" in error
    assert "earlier_epochs" not in out
    config = runs.resumed_config(first, runs.plan("cgan-digits", epochs=4, resume=True))
    (line,) = resumed_differences(config)
    assert "planned for 3 epochs before and for 4 now" in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cgan-digits", "--from", "CONFIG"], "one of the two"),
        (["--from", "CONFIG", "--resume"], "leave one of them out"),
        (["--from", "nowhere.json"], "nowhere.json"),
        (["--from", "."], "."),
        (["--from", "CONFIG", "--set", "unit=3"], "did you mean units"),
        (["--from", "CONFIG", "--set", "image_size=0"], "image_size"),
        (["--from", "BROKEN"], "damaged"),
    ],
)
def test_refuses(tmp_path, command, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    config = {**runs.plan("cgan-digits"), "fingerprint": "0", "image_shape": [8, 8, 1]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "broken.json").write_text("{")
    names = {"CONFIG": "config.json", "BROKEN": "broken.json"}
    code, _, error = command("train", *(names.get(word, word) for word in arguments))
    assert code == 2
    assert words in error
    assert error.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.json", "config.json"]
