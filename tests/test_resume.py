"""A run that was stopped anywhere and goes on is the run that was not stopped, to the last bit."""

import os
import signal

import keras
import numpy as np
import pytest
from makers import assert_same_run, one_line, small_cgan, state_of, stripes

from tfgan import callbacks, checkpoints, runs, watching
from tfgan.errors import InputError, StoppedError
from tfgan.recipes import RECIPES

SMALL = [
    "units=8",
    "latent_dim=4",
    "batch_size=4",
    "sample_every=2",
    "jit_compile=false",
    "steps_per_execution=1",
]
STEPS = 16  # of an epoch
MORE = ["ema_decay=0.9", "augment=translation,cutout", "r1=0.1", "penalty_every=4", "instance_noise=.1"]
CASES = {
    "all there is": (
        "cgan-digits",
        [*MORE, "augment_strength=adaptive", "ada_images=500", "precision=mixed_bfloat16"],
        21,
    ),
}
SLOW = {
    f"{recipe} {update} d_steps={d} K={k} {precision} {'XLA' if xla else 'graph'}": (
        recipe,
        [
            f"update={update}",
            f"d_steps={d}",
            f"steps_per_execution={k}",
            f"precision={precision}",
            f"jit_compile={str(xla).lower()}",
        ],
        21,
    )
    for recipe in ("gan-digits", "cgan-digits")
    for update, d in (("alternating", 1), ("alternating", 3), ("simultaneous", 1))
    for k in (1, 50)
    for precision in ("float32", "mixed_bfloat16")
    for xla in (True, False)
} | {
    "many steps a call": ("gan-digits", ["steps_per_execution=5", "d_steps=3"], 23),
    "an epoch's last step": ("gan-digits", ["update=simultaneous"], 2 * STEPS),
    "float16": ("gan-digits", ["precision=mixed_float16"], 21),
    "accumulated": ("gan-digits", ["accumulate=3", "clipnorm=1.0"], 20),
    "as many as there are": ("gan-digits", ["steps_per_execution=50"], 7),
    "a stack's first layer": ("dbn-mnist", ["burn_in=3"], 21),
    "a stack's second layer": ("cae-mnist", ["burn_in=3"], 29),
    "persistent chains": ("dbn-mnist", ["burn_in=3", "persistent=true", "layers=1"], 21),
    "walkback": ("gsn-mnist", ["burn_in=3", "steps_per_execution=5"], 21),
    "measured": ("gan-digits", ["steps_per_execution=auto"], 21),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    images, labels = stripes(80)
    path = tmp_path_factory.mktemp("data") / "stripes.npz"
    np.savez(path, images=images, labels=labels)
    return f"npz:{path}"


def terminate(at):
    """A callback that sends this process SIGTERM when so many training steps are done."""

    def look(batch, logs):
        if int(callback.model.train_steps.numpy()) >= at:
            os.kill(os.getpid(), signal.SIGTERM)

    callback = keras.callbacks.LambdaCallback(on_train_batch_end=look)
    return callback


def train_in_parts(run, config, stops, monkeypatch):
    """Trains a run that is stopped after each number of steps and goes on; returns the GAN."""
    made = watching.of_run
    for at in stops:
        with monkeypatch.context() as patch:
            patch.setattr(watching, "of_run", lambda *args, at=at: [terminate(at), *made(*args)])
            with pytest.raises(StoppedError):
                runs.train(run, config, verbose=0)
        config = runs.resumed_config(run, {**config, "overrides": []})
    return runs.train(run, config, verbose=0)


def check_case(case, source, tmp_path, monkeypatch):
    recipe, changes, at = case
    known = [change for change in SMALL if change.partition("=")[0] in RECIPES[recipe].settings]
    config = runs.plan(recipe, source=source, epochs=3, changes=[*known, *changes])
    runs.train(tmp_path / "whole", config, verbose=0)
    train_in_parts(tmp_path / "parts", config, [at], monkeypatch)
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.parametrize("case", CASES)
def test_stopped_amid_an_epoch(case, source, tmp_path, monkeypatch):
    check_case(CASES[case], source, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("case", SLOW)
def test_stopped_amid_an_epoch_whatever_the_settings(case, source, tmp_path, monkeypatch):
    check_case(SLOW[case], source, tmp_path, monkeypatch)


@pytest.mark.slow
def test_stopped_three_times(source, tmp_path, monkeypatch):
    """In the first epoch, twice more in the same one, while batches are left out, and between two."""
    config = runs.plan("cgan-digits", source=source, epochs=2, changes=SMALL)
    runs.train(tmp_path / "whole", config, verbose=0)
    train_in_parts(tmp_path / "parts", config, [3, 5, 5, STEPS], monkeypatch)
    assert_same_run(tmp_path / "whole", tmp_path / "parts")
    kept = [path.name for path in checkpoints.files(tmp_path / "parts" / "checkpoints")]
    assert kept == [f"step-{n:09d}.keras" for n in (2 * STEPS, STEPS, 5)]


@pytest.mark.slow
def test_from_python(tmp_path):
    """`fit` with checkpoints, stopped by what comes; `restore` and `fit` go on."""
    images, labels = stripes(60)
    images = images.reshape(60, 8, 8, 1)[:, 2:6, 2:6] / np.float32(255)

    def compiled():
        keras.utils.set_random_seed(0)
        gan = small_cgan(dropout=0.5)
        gan.compile(jit_compile=False, steps_per_execution=2)
        return gan

    def fit(gan, **more):
        options = {"batch_size": 10, "shuffle": False, "verbose": 0, "epochs": 3}
        return gan.fit(images, labels, **options, **more).history

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.train_steps.numpy() == 10:
                raise KeyboardInterrupt

    whole = compiled()
    history = fit(whole)
    keeping = callbacks.Checkpoint(tmp_path / "kept", steps=4)
    with pytest.raises(KeyboardInterrupt):
        fit(compiled(), callbacks=[keeping, Stop()])
    parts = compiled()
    position = checkpoints.restore(parts, tmp_path / "kept")
    assert (position.epoch, position.step) == (1, 2)
    again = fit(parts, initial_epoch=position.epoch, initial_step=position.step)
    assert {name: values[1:] for name, values in history.items()} == again
    for (name, x), (_, y) in zip(state_of(whole), state_of(parts), strict=True):
        np.testing.assert_array_equal(x, y, err_msg=name)
    with pytest.raises(InputError, match="at most 6, the batches of an epoch, got 7") as error:
        parts.fit(images, labels, batch_size=10, initial_step=7)
    one_line(error)
