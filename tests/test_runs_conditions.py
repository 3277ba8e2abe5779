"""Runs, and the command, on data of several labels and of vectors; mixing on the command line."""

import shutil

import numpy as np
import pytest
from makers import stripes
from matplotlib.image import imread

from tfgan import data, runs

SMALL = ["units=8", "latent_dim=4", "batch_size=16", "sample_every=2", "jit_compile=false"]


@pytest.fixture(scope="module", params=["labels", "multi_label", "vector"])
def trained(request, tmp_path_factory):
    """(kind, source, run directory) of two epochs on stripes."""
    images, labels = stripes(80)
    conditions = {
        "labels": np.minimum(labels, 1),  # a third and two thirds
        "multi_label": np.stack([labels == 0, labels < 2, labels == 7], axis=1),
        "vector": np.stack([labels - 0.5, labels**2], axis=1),
    }
    folder = tmp_path_factory.mktemp("conditions")
    path, run = folder / "stripes.npz", folder / "run"
    np.savez(path, images=images, labels=conditions[request.param])
    plan = runs.plan("cgan-digits", source=f"npz:{path}", epochs=2, changes=SMALL)
    runs.train(run, plan, verbose=0)
    return request.param, f"npz:{path}", run


def test_a_run_draws_conditions_as_its_data_have_them(trained, command, tmp_path):
    kind, source, run = trained
    gan, dataset = runs.load(run), data.load(source)
    assert gan.condition == dataset.condition
    known = dataset.conditions("train")
    assert gan.seen_conditions.seen == len(known) == 64
    drawn = gan.check_condition(4000, None, seed=0)
    for value in np.unique(known, axis=0):
        share, wanted = (
            np.mean([np.array_equal(row, value) for row in rows]) for rows in (drawn, known)
        )
        assert abs(share - wanted) < 5 * np.sqrt(0.25 / 4000)
    assert len(list((run / "samples").glob("*.png"))) == 1
    vectors = tmp_path / "rows.npy"
    np.save(vectors, known[:2])
    ends = {"labels": "0,1", "multi_label": "0+1,none"}.get(kind, str(vectors))
    for option in ("--condition", "--mix"):
        out = tmp_path / f"{option}.png"
        code, said, error = command("sample", run, option, ends, "--count", 3, "--out", out)
        assert (code, error) == (0, "")
        assert str(out) in said
    assert imread(tmp_path / "--mix.png").std() > 0
    assert command("sample", run, "--out", tmp_path / "all.png")[0] == 0
    words = {
        "labels": [("--condition", "0,9", "[0, 2)"), ("--condition", "cat", "0,1,2")],
        "multi_label": [("--condition", "0+3", "below 3"), ("--condition", "cat", "0+2,1")],
        "vector": [("--condition", "0,1", "FILE.npy")],
    }
    refused = words[kind]
    if kind != "vector":
        refused.append(("--mix", ends.split(",")[0], "--mix takes two conditions"))
    for option, text, why in refused:
        code, _, error = command("sample", run, option, text, "--out", tmp_path / "no.png")
        assert code == 2
        assert why in error
        assert error.count("\n") == 1
    for options in (["--mix", ends, "--interpolate"], ["--mix", ends, "--condition", "0"]):
        code, _, error = command("sample", run, *options)
        assert code == 2
        assert "--mix goes without" in error


@pytest.mark.slow
@pytest.mark.parametrize("trained", ["vector"], indirect=True)
def test_resume_of_an_older_checkpoint(trained, tmp_path):
    """One that remembers no conditions: they are the data's again."""
    run = tmp_path / "run"
    shutil.copytree(trained[2], run)
    for checkpoint in (run / "checkpoints").iterdir():
        checkpoint.unlink()
    config = runs.read_config(run)
    gan = runs.build(config, runs.load_data(config))
    gan.seen_conditions = gan.no_conditions_seen()
    gan.train_steps.assign(runs.steps_of(config, runs.load_data(config))[1])
    gan.save(run / "checkpoints" / "last.keras")
    plan = runs.plan("cgan-digits", epochs=3, resume=True)
    assert runs.train(run, runs.resumed_config(run, plan), verbose=0).seen_conditions.seen == 64
