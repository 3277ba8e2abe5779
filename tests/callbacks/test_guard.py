import keras
import numpy as np
import pytest
from makers import one_line, small_gan

from tfgan import callbacks, checkpoints, losses
from tfgan.errors import DivergedError, InputError


def guarded(epochs=4, watch=(), *, compiled=None, **kwargs):
    """Trains with a guard; returns the GAN."""
    gan = small_gan()
    gan.compile(**{"jit_compile": False, **(compiled or {})})
    images = np.random.default_rng(0).random((30, 4, 4, 1), dtype="float32")
    guard = callbacks.Guard(**kwargs)
    gan.fit(images, batch_size=10, epochs=epochs, callbacks=[guard, *watch], verbose=0)
    return gan


def spoiled(at, value, weights):
    """Sets a weight at the beginning of an epoch."""

    def spoil(epoch, logs):
        if epoch == at:
            weight = weights(callback.model)
            weight.assign(np.full(weight.shape, value))

    callback = keras.callbacks.LambdaCallback(on_epoch_begin=spoil)
    return callback


@pytest.mark.parametrize(
    ("value", "steps"), [(np.nan, 1), pytest.param(np.inf, 2, marks=pytest.mark.slow)]
)
def test_nan_stops_and_the_checkpoint_stays_good(tmp_path, value, steps):
    path = tmp_path / "kept"
    spoil = spoiled(2, value, lambda gan: gan.discriminator.weights[0])
    batches = []
    watch = [
        callbacks.Checkpoint(path, seconds=1e-9),
        spoil,
        keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: batches.append(batch)),
    ]
    with pytest.raises(DivergedError) as error:
        guarded(watch=watch, checkpoint=path, compiled={"steps_per_execution": steps})
    assert "before step 7 (epoch 3): d_loss is nan" in one_line(error)
    assert "a callback" in one_line(error)
    assert f"the last good state is {path}" in one_line(error)
    assert len(batches) == 2 * -(-3 // steps)  # the third epoch ends within its first call
    gan = keras.saving.load_model(checkpoints.newest(path))
    assert gan.train_steps.numpy() == 6
    assert callbacks.guard.are_finite(gan)


def test_a_huge_rate_is_named(tmp_path):
    compiled = {"d_optimizer": keras.optimizers.SGD(1e38)}
    with pytest.raises(DivergedError, match="no good state was kept") as error:
        guarded(compiled=compiled, checkpoint=tmp_path / "kept")
    assert "at step 1 (epoch 1): g_loss is nan" in one_line(error)
    assert "learning rates" in one_line(error)


def test_the_state_before_is_kept_though_none_was_due(tmp_path):
    path = tmp_path / "kept"
    rate = keras.optimizers.schedules.PiecewiseConstantDecay([6], [0.01, 1e38])
    compiled = {"d_optimizer": keras.optimizers.SGD(rate), "steps_per_execution": 3}
    with pytest.raises(DivergedError, match="at step 8 ") as error:
        guarded(watch=[callbacks.Checkpoint(path)], compiled=compiled, checkpoint=path)
    newest = checkpoints.newest(path)
    assert f"the last good state is {newest}" in one_line(error)
    assert newest == checkpoints.file_of(path, 7)
    position = checkpoints.check(newest)
    assert (position.epoch, position.step) == (2, 1)
    assert position.metrics["d_loss"][1] == 10  # images
    gan = keras.saving.load_model(newest)
    assert gan.train_steps.numpy() == 7
    assert callbacks.guard.are_finite(gan)


def test_a_weight_that_no_loss_has_felt_yet(tmp_path):
    """The last step of an epoch breaks a weight: losses are fine, the state is not."""
    path = tmp_path / "kept"

    class Break(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                weight = self.model.generator.weights[-1]
                weight.assign(np.full(weight.shape, np.inf))

    with pytest.raises(DivergedError, match=r"before step 4 \(epoch 1\): weight generator/.*/bias"):
        guarded(watch=[Break(), callbacks.Checkpoint(path)])
    assert checkpoints.newest(path) == checkpoints.file_of(path, 3)
    position = checkpoints.check(checkpoints.newest(path))
    # Not (1, 0): nothing has logged the epoch.
    assert position == checkpoints.Position(0, 3, position.metrics)
    assert position.metrics["d_loss"][1] == 30  # images
    assert callbacks.guard.are_finite(keras.saving.load_model(checkpoints.newest(path)))


def test_where_fit_does_not_look(tmp_path):
    """As it does not under a strategy: the guard then looks at losses by itself, and at weights."""
    path = tmp_path / "kept"
    compiled = {"check_finite": False}
    watch = [spoiled(1, np.nan, lambda gan: gan.discriminator.weights[0]), callbacks.Checkpoint(path)]
    with pytest.raises(
        DivergedError, match=r"diverged in epoch 2, d_loss is nan: .* last good state is"
    ):
        guarded(watch=watch, checkpoint=path, compiled=compiled)


def test_the_checkpoint_alone_refuses_a_broken_state(tmp_path):
    path = tmp_path / "kept"
    gan = small_gan()
    gan.compile(jit_compile=False)
    keeper = callbacks.Checkpoint(path, seconds=1e-9)
    keeper.set_model(gan)
    keeper.on_train_begin()
    keeper.on_epoch_end(0)
    (file,) = path.iterdir()
    before = file.read_bytes()
    slot = gan.g_optimizer.variables[-1]
    slot.assign(np.full(slot.shape, np.nan))
    keeper.on_epoch_end(1)
    keeper.on_train_end()
    assert [file] == list(path.iterdir())
    assert file.read_bytes() == before


def test_a_sound_run_is_left_alone(capsys):
    gan = guarded(epochs=2)
    assert gan.train_steps.numpy() == 6
    assert not capsys.readouterr().err


def said_of(capsys, rows, *, loss="non_saturating", compiled=None, **kwargs):
    """In which of the epochs, whose logs are given, the guard speaks; whether it then stops."""
    gan = small_gan()
    gan.compile(jit_compile=False, **(compiled or {}))
    gan.loss_pair = loss if isinstance(loss, losses.Loss) else losses.LOSSES[loss]
    gan.stop_training = False
    guard = callbacks.Guard(**kwargs)
    guard.set_model(gan)
    guard.on_train_begin()
    said = []
    for epoch, logs in enumerate(rows):
        guard.on_epoch_end(epoch, {"d_loss": 0.5, **logs})
        said.append("has won" in capsys.readouterr().err)
    return said, gan.stop_training


@pytest.mark.parametrize("stop", [False, True])
def test_a_discriminator_that_has_won_is_named_once(capsys, stop):
    rows = [{"d_loss": loss} for loss in (0.01, 0.5, 0.01, 0.01, 0.001, 0.4, 0.3)]
    said, stopped = said_of(capsys, rows, d_loss=0.02, epochs=2, stop=stop)
    assert said == [False, False, False, True, False, False, False]
    assert stopped == stop


def test_other_losses_are_judged_by_accuracy(capsys):
    """Their values say nothing: hinge's is 0 for any discriminator with a margin."""
    other = losses.Loss(lambda real, fake: real, lambda fake: fake)
    sure = {"d_loss": 0.0, "d_accuracy_real": 1.0, "d_accuracy_held_out": 0.995, "d_accuracy_fake": 1.0}
    learnt_by_heart = {**sure, "d_accuracy_held_out": 0.6}
    rows = [sure, {"d_loss": 0.0}, learnt_by_heart, sure, {"d_loss": 0.0}, sure]
    said, _ = said_of(capsys, rows, loss=other, epochs=2)
    assert said == [False, False, False, False, False, True]


@pytest.mark.parametrize(
    ("loss", "wins"),
    [("hinge", True), ("least_squares", True), ("relativistic_pairing", True), ("wasserstein", False)],
)
def test_a_critic_of_wasserstein_may_tell_all(capsys, loss, wins):
    rows = [{"d_accuracy_real": 1.0, "d_accuracy_held_out": 1.0}] * 3
    said, _ = said_of(capsys, rows, loss=loss, epochs=2)
    assert said == [False, wins, False]


def test_smoothed_labels_are_judged_by_accuracy(capsys):
    """Cross-entropy then is far from 0 at its least, 0.16 for 0.1."""
    rows = [{"d_loss": 0.163, "d_accuracy_real": 1.0, "d_accuracy_held_out": 1.0}] * 3
    said, _ = said_of(capsys, rows, epochs=2, compiled={"label_smoothing": 0.1})
    assert said == [False, True, False]


def test_refuses():
    with pytest.raises(InputError, match="epochs"):
        callbacks.Guard(epochs=0)
