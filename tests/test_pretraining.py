"""Recipes that begin with another: `gan-tfd`, made small."""

import json

import keras
import numpy as np
import pytest
from makers import one_line, stripes

from tfgan import recipes, runs, watching
from tfgan.errors import InputError

SMALL = [
    "units=16",
    "d_units=8",
    "latent_dim=4",
    "batch_size=16",
    "sample_every=100",
    "jit_compile=false",
    "pretraining_epochs=2",
    "checkpoint_seconds=0.001",  # after each call
]


@pytest.fixture
def source(tmp_path):
    np.savez(tmp_path / "stripes.npz", images=stripes(80)[0])
    return f"npz:{tmp_path / 'stripes.npz'}"


@pytest.fixture
def plan(source):
    return lambda epochs=None, changes=SMALL: runs.plan(
        "gan-tfd", source=source, epochs=epochs, changes=changes
    )


class StopError(Exception):
    pass


@pytest.fixture
def stopping(monkeypatch):
    """Function that lets runs of a recipe stop after an epoch, until it is called with None."""
    original = watching.of_run

    def arrange(recipe, epoch=0):
        def stop(number, logs):
            if number == epoch:
                raise StopError

        def callbacks(path, config, *rest):
            watch = original(path, config, *rest)
            if config["recipe"] == recipe:
                watch.append(keras.callbacks.LambdaCallback(on_epoch_end=stop))
            return watch

        monkeypatch.setattr(watching, "of_run", callbacks)

    return arrange


def same(a, b):
    for x, y in zip(a.variables, b.variables, strict=True):
        np.testing.assert_array_equal(x.numpy(), y.numpy(), err_msg=x.path)


def test_recipes_name_recipes():
    for recipe in recipes.RECIPES.values():
        if recipe.pretraining is not None:
            first = recipes.RECIPES[recipe.pretraining]
            assert first.pretraining is None
            assert set(first.settings) < set(recipe.settings)
            assert recipe.settings["pretraining_epochs"] == first.settings["epochs"]


@pytest.mark.slow
def test_two_stages_and_resuming(plan, tmp_path, stopping, monkeypatch):
    """Stopped in each stage and between them, then resumed: an undisturbed run, to the last bit."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    gan = runs.train(whole, plan(2), verbose=0)
    first = runs.load(whole / "pretraining")
    assert first.train_steps.numpy() == 2 * 4
    assert gan.train_steps.numpy() == 2 * 4
    settings = runs.read_config(whole / "pretraining")["settings"]
    assert (settings["epochs"], settings["units"], settings["seed"]) == (2, 16, 1)
    assert runs.read_config(whole)["settings"]["epochs"] == 2
    # Stage two starts from the generator of stage one, and goes on teaching it.
    again = runs.build(plan(2), runs.load_data(plan(2)), pretrained=first.generator)
    same(again.generator.pretrained, first.generator)
    learned = gan.generator.pretrained.hidden1.kernel.numpy()
    assert not np.array_equal(learned, first.generator.hidden1.kernel.numpy())

    stopping("gan-tfd-pretraining", 0)
    with pytest.raises(StopError):
        runs.train(parts, plan(2), verbose=0)
    assert not (parts / "pretraining/gan.keras").exists()
    build = runs.build
    monkeypatch.setattr(runs, "build", failing_for("gan-tfd", build))
    stopping(None)
    with pytest.raises(StopError):
        go_on(parts, plan)
    finished = (parts / "pretraining/gan.keras").stat().st_mtime_ns
    monkeypatch.setattr(runs, "build", build)
    stopping("gan-tfd", 0)
    with pytest.raises(StopError):
        go_on(parts, plan)
    assert not (parts / "gan.keras").exists()
    stopping(None)
    go_on(parts, plan)
    same(gan, runs.load(parts))
    same(first, runs.load(parts / "pretraining"))
    assert (parts / "pretraining/gan.keras").stat().st_mtime_ns == finished  # read, not repeated


def go_on(run, plan):
    return runs.train(run, runs.resumed_config(run, plan(changes=[])), verbose=0)


def failing_for(recipe, build):
    """A `runs.build` that stops a run of this recipe: between its stages."""

    def failing(config, *args, **kwargs):
        if config["recipe"] == recipe:
            raise StopError
        return build(config, *args, **kwargs)

    return failing


def test_without_the_first_stage(plan):
    """As --dry-run does: the pretrained part is fresh."""
    config = plan()
    gan = runs.build(config, runs.load_data(config))
    assert gan.generator.pretrained.hidden1.kernel.shape == (4, 16)


def test_a_resumed_run_cannot_pretrain_otherwise(plan, tmp_path):
    config = plan(1)
    runs.write_config(tmp_path / "run", config, runs.load_data(config))
    with pytest.raises(InputError, match="pretraining_epochs=2") as error:
        runs.resumed_config(tmp_path / "run", plan(changes=["pretraining_epochs=4"]))
    one_line(error)


def test_images_that_cannot_be_drawn_leave_nothing(tmp_path):
    np.savez(tmp_path / "four.npz", images=np.zeros((40, 4, 4, 4), "uint8"))
    config = runs.plan("gan-tfd", source=f"npz:{tmp_path / 'four.npz'}", changes=SMALL)
    with pytest.raises(InputError, match="4 channels"):
        runs.train(tmp_path / "run", config)
    assert not (tmp_path / "run").exists()


def test_resumed_elsewhere_with_the_recipes_own_source(tmp_path, monkeypatch):
    """`gan-tfd` names a file of the working directory; a run goes on from any."""
    config = runs.plan("gan-tfd", source="tfd:/data/TFD_48x48.mat")
    (tmp_path / "config.json").write_text(json.dumps(config))
    monkeypatch.chdir(tmp_path)
    plan = runs.plan("gan-tfd", resume=True)
    assert runs.resumed_config(tmp_path, plan)["data"] == "tfd:/data/TFD_48x48.mat"
