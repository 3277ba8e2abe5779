import keras
import numpy as np
import pytest
from makers import small_cgan, small_gan
from pairs import MOSTLY_CONDITIONAL

from tfgan import callbacks
from tfgan.errors import InputError
from tfgan.files import read_csv
from tfgan.metrics import coverage, parzen


def fit(gan, images, labels, watch, epochs=4, **kwargs):
    gan.compile()
    gan.fit(images, labels, batch_size=10, epochs=epochs, callbacks=watch, verbose=0, **kwargs)


@pytest.mark.parametrize("make_gan", MOSTLY_CONDITIONAL, indirect=True)
def test_sample_grid(make_gan, images, labels, tmp_path):
    watch = callbacks.SampleGrid(tmp_path / "samples", every=3)
    fit(make_gan(), images, labels, [watch], epochs=5)
    names = sorted(p.name for p in (tmp_path / "samples").iterdir())
    assert names == ["animation.gif", "epoch-0003.png", "epoch-0005.png"]


@pytest.mark.slow
def test_sample_grid_does_not_disturb_training(images, labels, tmp_path):
    def weights(watch):
        keras.utils.set_random_seed(0)
        gan = small_cgan(dropout=0.5)
        fit(gan, images, labels, watch, shuffle=False)
        return gan.get_weights()

    for a, b in zip(weights([]), weights([callbacks.SampleGrid(tmp_path)]), strict=True):
        np.testing.assert_array_equal(a, b)


def test_best_parzen_keeps_the_best(images, tmp_path, monkeypatch):
    """The kept model is the one of the epoch with the highest score, not the last."""
    scores = iter([1.0, 3.0, 2.0, 0.0])
    monkeypatch.setattr(parzen, "select_sigma", lambda s, v: (0.1, np.array([-9.0, next(scores)])))
    path = tmp_path / "best.keras"
    gan = small_gan()
    watch = callbacks.BestParzen(path, images, samples=10)
    gan.compile()
    history = gan.fit(images, batch_size=10, epochs=4, callbacks=[watch], verbose=0).history
    assert history["val_parzen"] == [1.0, 3.0, 2.0, 0.0]
    assert keras.saving.load_model(path).train_steps.numpy() == 6
    assert watch.best == 3.0


def test_best_parzen_measures(images, tmp_path):
    gan = small_gan()
    watch = callbacks.BestParzen(tmp_path / "best.keras", images, every=2, samples=20)
    fit(gan, images, None, [watch], epochs=2)
    _, means = parzen.select_sigma(gan.sample(20, seed=0), images)
    assert watch.best == means.max()


def test_metrics_log_goes_on(images, tmp_path):
    path = tmp_path / "metrics.csv"

    def rows():
        return read_csv(path)

    gan = small_gan()
    fit(gan, images, None, [callbacks.MetricsLog(path)], epochs=3)
    first = rows()
    assert [r["epoch"] for r in first] == ["1", "2", "3"]
    assert {"epoch", "d_loss", "g_loss", "d_real", "d_fake"} == set(first[0])
    # The checkpoint was of epoch 2: epoch 3 is done again, with a new column.
    log = callbacks.MetricsLog(path, first_epoch=2)
    best = callbacks.BestParzen(tmp_path / "best.keras", images, samples=10)
    fit(gan, images, None, [best, log], epochs=4, initial_epoch=2)
    again = rows()
    assert [r["epoch"] for r in again] == ["1", "2", "3", "4"]
    times = read_csv(tmp_path / "times.csv")
    assert [r["epoch"] for r in times] == ["1", "2", "3", "4"]
    assert all(float(r["seconds"]) > 0 for r in times)
    assert again[:2] == [{**r, "val_parzen": ""} for r in first[:2]]
    assert callbacks.MetricsLog(path, first_epoch=4).best("val_parzen") == max(
        float(r["val_parzen"]) for r in again[2:]
    )
    assert callbacks.MetricsLog(path).rows == []
    assert callbacks.MetricsLog(path).best("val_parzen") == -np.inf


def test_refuses():
    with pytest.raises(InputError, match="every"):
        callbacks.SampleGrid("x", every=0)


@pytest.mark.slow
def test_profile_traces_steps_but_not_the_first_call(images, tmp_path):
    gan = small_gan()
    gan.compile(jit_compile=False, steps_per_execution=2)
    gan.fit(images, batch_size=5, verbose=0, callbacks=[callbacks.Profile(tmp_path, calls=1)])
    assert len(list(tmp_path.rglob("*.xplane.pb"))) == 1
    short = callbacks.Profile(tmp_path / "short")
    gan.fit(images, batch_size=30, epochs=2, verbose=0, callbacks=[short])  # ends while tracing
    assert len(list((tmp_path / "short").rglob("*.xplane.pb"))) == 1


def test_profile_of_one_call_says_that_there_is_none(images, tmp_path, capsys):
    gan = small_gan()
    gan.compile(jit_compile=False, steps_per_execution=9)
    gan.fit(images, batch_size=10, verbose=0, callbacks=[callbacks.Profile(tmp_path)])
    assert "no trace was written" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_profile_after_a_fit_that_raised(images, tmp_path):
    class Breaks(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                raise RuntimeError

    gan = small_gan()
    gan.compile(jit_compile=False)
    profile = callbacks.Profile(tmp_path)
    with pytest.raises(RuntimeError):
        gan.fit(images, batch_size=5, verbose=0, callbacks=[Breaks(), profile])
    gan.fit(images, batch_size=5, verbose=0, callbacks=[profile])
    assert list(tmp_path.rglob("*.xplane.pb"))


def watched(capsys, samples, *, real=None, epochs=4, **kwargs):
    """Logs and stderr of ModeCoverage on a GAN that samples what a function of the epoch says."""
    gan = small_gan()
    real = np.random.default_rng(0).random((200, 4, 4, 1), "float32") if real is None else real
    watch = callbacks.ModeCoverage((real, None), samples=100, **kwargs)
    epoch = [0]
    gan.sample = lambda count, conditions, seed: samples(epoch[0])[:count]
    watch.set_model(gan)
    watch.set_params({"epochs": epochs})
    watch.on_train_begin()
    rows = []
    for number in range(epochs):
        epoch[0] = number
        rows.append({})
        watch.on_epoch_end(number, rows[-1])
    return rows, capsys.readouterr().err.strip()


def test_mode_coverage_warns_of_equal_samples_once(capsys):
    rng = np.random.default_rng(1)
    varied = rng.random((100, 4, 4, 1), "float32")
    rows, said = watched(capsys, lambda epoch: varied if epoch < 2 else 0.5 + 0.01 * varied)
    assert [row["spread"] > 0.9 for row in rows] == [True, True, False, False]
    assert said.count("mode collapse") == 1
    assert "in epoch 3" in said
    assert "\n" not in said


def test_mode_coverage_lets_samples_spread_first(capsys):
    varied = np.random.default_rng(1).random((100, 4, 4, 1), "float32")
    rows, said = watched(capsys, lambda epoch: 0.5 + (0.05 * 2**epoch) * (varied - 0.5), epochs=4)
    assert [row["spread"] for row in rows] == pytest.approx([0.05, 0.1, 0.2, 0.4], rel=0.1)
    assert [row["collapsed"] for row in rows] == [0, 0, 0, 1]  # the last epoch tells what there is
    assert "in epoch 4" in said
    rows, said = watched(capsys, lambda epoch: 0.5 + 0.05 * (varied - 0.5), epochs=4)
    assert [row["collapsed"] for row in rows] == [0, 1, 1, 1]
    assert "in epoch 2" in said


def test_mode_coverage_counts_modes_and_waits_for_the_second_half(capsys):
    real = np.repeat(np.eye(4, dtype="float32"), 50, axis=0).reshape(200, 2, 2, 1)

    def judge(images):
        return images.reshape(len(images), -1).argmax(axis=1)

    rows, said = watched(capsys, lambda epoch: real[::3], real=real, judge=judge, num_modes=4)
    assert [row["modes"] for row in rows] == [4] * 4
    assert not said
    rows, said = watched(capsys, lambda epoch: real[:150:2], real=real, judge=judge, num_modes=4)
    assert [row["modes"] for row in rows] == [3] * 4
    assert "in epoch 2: samples reach 3 of 4 modes" in said


def test_mode_coverage_of_a_conditional_gan_is_within_classes(make_gan, images, labels):
    """Three classes apart, each of one image: varied as a whole, collapsed within."""
    gan = small_cgan()
    real_labels = np.arange(90) % 3
    real = np.random.default_rng(0).random((90, 4, 4, 1))
    watch = callbacks.ModeCoverage((real, real_labels), samples=60)
    watch.set_model(gan)
    watch.on_train_begin()
    gan.sample = lambda count, conditions, seed: np.eye(16)[conditions].reshape(-1, 4, 4, 1)
    assert watch.measure()["spread"] == pytest.approx(0, abs=1e-6)
    gan.sample = lambda count, conditions, seed: real[: len(conditions)]
    assert watch.measure()["spread"] == pytest.approx(1, abs=0.05)


def test_mode_coverage_finds_a_true_collapse(capsys):
    """A generator that ignores its latents makes one image."""
    gan = small_gan()
    gan.generator.hidden1.kernel.assign(np.zeros(gan.generator.hidden1.kernel.shape))
    real = np.random.default_rng(0).random((40, 4, 4, 1), "float32")
    gan.compile(g_optimizer=keras.optimizers.SGD(1e-9))
    history = gan.fit(real, batch_size=10, verbose=0, callbacks=[callbacks.ModeCoverage((real, None))])
    assert history.history["spread"][0] < 1e-3
    said = capsys.readouterr().err
    assert "mode collapse in epoch 1" in said
    assert "or more training, of which 4 steps are little" in said
    assert "instead of minimax" not in said
    assert coverage.spread(real) > 0.5


def test_mode_coverage_refused():
    with pytest.raises(InputError, match="real images"):
        callbacks.ModeCoverage((np.zeros((0, 4, 4, 1)), None))
    with pytest.raises(InputError, match="samples"):
        callbacks.ModeCoverage((np.zeros((3, 4, 4, 1)), None), samples=0)
    with pytest.raises(InputError, match="num_modes"):
        callbacks.ModeCoverage((np.zeros((3, 4, 4, 1)), None), judge=len)


def test_samples_of_modes_that_the_real_images_lack(capsys):
    """They stop nothing."""
    real = np.repeat(np.eye(4, dtype="float32")[:3], 50, axis=0).reshape(150, 2, 2, 1)
    fourth = np.repeat(np.eye(4, dtype="float32"), 50, axis=0).reshape(200, 2, 2, 1)

    def judge(images):
        return images.reshape(len(images), -1).argmax(axis=1)

    rows, _ = watched(capsys, lambda epoch: fourth[::2], real=real, judge=judge, num_modes=4)
    assert [row["modes"] for row in rows] == [3] * 4
