import keras
import numpy as np
import pytest
from makers import one_line, small_gan

from tfgan import callbacks, checkpoints
from tfgan.errors import InputError, StoppedError
from tfgan.stopping import Stopping

IMAGES = np.random.default_rng(0).random((30, 4, 4, 1), dtype="float32")


def fit(folder, *, epochs=4, watch=(), compiled=None, **options):
    """Trains three steps an epoch; returns the GAN and the numbers of checkpoints, as they came."""
    seen, gan = [], small_gan()
    gan.compile(jit_compile=False, **(compiled or {}))

    def look(number, logs=None):
        newest = checkpoints.newest(folder)
        if newest and newest.name not in seen:
            seen.append(newest.name)

    keeping = callbacks.Checkpoint(folder, **options)
    looking = keras.callbacks.LambdaCallback(on_train_batch_end=look, on_epoch_end=look)
    gan.fit(IMAGES, batch_size=10, epochs=epochs, callbacks=[*watch, keeping, looking], verbose=0)
    look(0)
    return gan, [int(name.removeprefix("step-").removesuffix(".keras")) for name in seen]


@pytest.mark.parametrize(
    ("options", "compiled", "steps"),
    [
        ({}, {}, [3, 12]),  # the first epoch's end, and the last's
        ({"seconds": 1e-9}, {}, list(range(1, 13))),
        pytest.param({"seconds": 3600, "steps": 2}, {}, [2, 4, 6, 8, 10, 12], marks=pytest.mark.slow),
        ({"steps": 2}, {"steps_per_execution": 3}, [3, 6, 9, 12]),
        pytest.param({"steps": 5}, {}, [3, 8, 12], marks=pytest.mark.slow),
    ],
)
def test_when_it_is_due(tmp_path, options, compiled, steps):
    _, seen = fit(tmp_path / "kept", compiled=compiled, **options)
    assert seen == steps
    kept = checkpoints.files(tmp_path / "kept")
    assert len(kept) == min(3, len(steps))
    assert len(list((tmp_path / "kept").iterdir())) == len(kept)
    loaded = keras.saving.load_model(kept[0])
    assert loaded.train_steps.numpy() == 12
    assert checkpoints.check(kept[0]).epoch == 4


def test_positions(tmp_path):
    fit(tmp_path, seconds=1e-9, keep=12, epochs=2)
    found = [checkpoints.check(path) for path in reversed(checkpoints.files(tmp_path))]
    assert [(p.epoch, p.step) for p in found] == [(0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0)]
    assert found[1].metrics["d_loss"][1] == 20  # images
    assert found[2].metrics == {}


def test_asked_to_stop(tmp_path):
    stopping = Stopping()

    def ask(batch, logs):
        stopping.asked = batch == 1

    watch = [keras.callbacks.LambdaCallback(on_train_batch_end=ask)]
    with pytest.raises(StoppedError, match="stopped after step 2"):
        fit(tmp_path, watch=watch, stopping=stopping)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000002.keras"]
    with pytest.raises(StoppedError, match="before the first step"):
        fit(tmp_path / "other", stopping=stopping)
    assert not (tmp_path / "other").exists()


def test_asked_to_stop_at_the_end_is_the_end(tmp_path):
    stopping = Stopping()

    def ask(epoch, logs):
        stopping.asked = epoch == 3

    _, seen = fit(tmp_path, watch=[keras.callbacks.LambdaCallback(on_epoch_end=ask)], stopping=stopping)
    assert seen[-1] == 12


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"folder": "last.keras"}, "name a folder"),
        ({"seconds": 0}, "positive"),
        ({"seconds": float("nan")}, "positive"),
        ({"steps": 0}, "at least 1"),
        ({"keep": 0}, "at least 1"),
    ],
)
def test_refuses(options, words):
    with pytest.raises(InputError, match=words) as error:
        callbacks.Checkpoint(**{"folder": "kept", **options})
    one_line(error)
