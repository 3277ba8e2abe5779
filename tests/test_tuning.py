"""What "auto" settles, and that measuring leaves no trace in the training."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import gan_with_python, small_cgan, small_gan

import tfgan
from tfgan import tuning
from tfgan.optimizers import MomentumSGD


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch):
    monkeypatch.setattr(tuning, "_fastest", {})


def trained(jit_compile, k=2, *, maker=small_gan, images=None, fits=1, **compile_args):
    keras.utils.set_random_seed(5)
    gan = maker()
    gan.compile(jit_compile=jit_compile, steps_per_execution=k, **compile_args)
    for _ in range(fits):
        gan.fit(images, batch_size=10, shuffle=False, verbose=0)
    return gan


def compiled(gan, **options):
    gan.compile(**options)
    return gan


def state(gan):
    optimizers = (gan.g_optimizer, gan.d_optimizer)
    return [v.numpy() for v in gan.variables + [v for o in optimizers for v in o.variables]]


@pytest.mark.parametrize("faster", [pytest.param(True, marks=pytest.mark.slow), False])
def test_auto_takes_the_faster_and_changes_nothing_else(images, faster, monkeypatch):
    seconds = tuning._seconds

    def rigged(train, stacks, count, repeats=1):
        seconds(train, stacks, count)
        is_xla = train.program._jit_compile
        return 1.0 if is_xla == faster else 2.0

    monkeypatch.setattr(tuning, "_seconds", rigged)
    auto = trained("auto", images=images)
    assert auto.jit_compile is faster
    assert not auto.unsettled
    monkeypatch.setattr(tuning, "_is_faster", None)  # settled once
    fixed = trained(faster, images=images)
    for a, b in zip(state(auto), state(fixed), strict=True):
        np.testing.assert_array_equal(a, b)
    trained("auto", images=images, fits=2)  # nor again for another GAN of this kind


def test_a_real_measurement_settles(images):
    gan = trained("auto", "auto", images=images, update="simultaneous")
    assert gan.jit_compile in (True, False)
    assert 1 <= gan.steps_per_execution <= 3  # batches of an epoch
    assert gan.d_optimizer.iterations == 3


@pytest.mark.parametrize(
    ("call", "step", "expected"),
    [
        (0.0, 1.0, 1),  # long steps: calls cost nothing beside them
        (0.0, 0.12, 64),  # nor do they here, where all are compiled already
        (0.0085, 0.05, 10),
        (0.09, 1e-5, 64),  # as many as there may be
        (0.049, 0.05, 64),  # compiled already for 64, so not for 50
    ],
)
def test_steps_worth_a_call(call, step, expected, monkeypatch):
    monkeypatch.setattr(tuning, "_seconds", lambda train, stacks, count, repeats=1: call + step * count)
    monkeypatch.setattr(tuning, "_everything_kept", lambda train, stacks: pytest.MonkeyPatch.context())
    train = SimpleNamespace(gan=compiled(small_gan()))
    steps, seconds = tuning._steps_worth_a_call(train, None, 64)
    assert steps == expected
    assert seconds == pytest.approx(step, abs=call)


def test_slow_steps_are_measured_over_what_they_do_in_turn(monkeypatch):
    """Every fourth takes 4 s longer than the others' 1 s."""
    gan = compiled(small_gan(), d_steps=2, penalties={"r1": 1.0}, penalty_every=4)
    monkeypatch.setattr(tuning, "_everything_kept", lambda train, stacks: pytest.MonkeyPatch.context())

    def seconds(train, stacks, count, repeats=1):
        assert count == 1
        return 5.0 if int(gan.train_steps) % 4 == 0 else 1.0

    monkeypatch.setattr(tuning, "_seconds", seconds)
    assert tuning._steps_worth_a_call(SimpleNamespace(gan=gan), None, 64) == (1, 2.0)


def test_each_kind_of_step_is_measured_by_itself(monkeypatch):
    """After it was compiled: a step leaves off at the next one, which may be of another kind."""
    gan = small_gan()
    gan.compile(penalties={"r1": 1.0}, penalty_every=4)
    compiled = set()

    def seconds(train, stacks, count):
        kind = int(gan.train_steps.numpy()) % 4 == 0
        gan.train_steps.assign_add(1)
        taken = (3.0 if kind else 1.0) + (0 if kind in compiled else 100.0)
        compiled.add(kind)
        return taken

    monkeypatch.setattr(tuning, "_seconds", seconds)
    assert tuning._one_step(SimpleNamespace(gan=gan), None) == (3 + 3 * 1) / 4


def test_the_batch_size_that_was_seen(images, monkeypatch):
    seen = []
    monkeypatch.setattr(tuning, "settle", lambda gan, batch, most_steps: seen.append(len(batch[0])))
    gan = small_gan()
    gan.compile(steps_per_execution="auto")
    gan.fit(tf.data.Dataset.from_tensor_slices(images).batch(7), verbose=0)
    gan.fit((images[:9] for _ in range(2)), steps_per_epoch=2, verbose=0)  # bare arrays, too
    assert seen == [7, 9]
    assert gan.train_steps == 7


def test_what_is_measured_is_what_is_trained(images):
    """Also of bytes, and of one batch an epoch: a step is traced once, which takes a second."""
    gan = small_gan()
    gan.compile(jit_compile=False)
    for count in (30, 10):
        data = tf.data.Dataset.from_tensor_slices((images[:count] * 255).astype("uint8")).batch(10)
        gan.fit(data, verbose=0)
    assert gan.train_function.program.experimental_get_tracing_count() == 1


def test_k_is_bounded_by_memory(monkeypatch):
    asked = []
    monkeypatch.setattr(
        tuning,
        "_steps_worth_a_call",
        lambda train, stacks, rows: asked.append(rows) or (rows, 0.5),
    )
    gan = small_gan()
    gan.compile(jit_compile=False, steps_per_execution="auto")
    big = np.zeros((2**18, *gan.image_shape), "float32")  # 16 MiB
    tuning.settle(gan, [big])
    assert asked == [4]
    assert (gan.steps_per_execution, gan.seconds_per_step) == (4, 0.5)


def test_the_choice_is_saved(images, tmp_path, monkeypatch):
    """Random numbers depend on it: a run that goes on must not choose anew."""
    monkeypatch.setattr(tuning, "_faster", lambda gan, stacks, rows: (False, None))
    gan = trained("auto", images=images)
    gan.save(tmp_path / "gan.keras")
    monkeypatch.setattr(tuning, "_faster", None)
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert loaded.jit_compile is False
    assert loaded.get_compile_config()["jit_compile"] == "auto"
    for each in (gan, loaded):
        each.fit(images, batch_size=10, shuffle=False, verbose=0)
    for a, b in zip(state(gan), state(loaded), strict=True):
        np.testing.assert_array_equal(a, b)
    again = small_gan()
    again.compile()
    again.load_weights(tmp_path / "gan.keras")
    assert "jit_compile" not in again.unsettled


@pytest.mark.parametrize("kind", ["array", "dataset", "unknown size", "generator"])
def test_every_kind_of_data_can_be_tuned_for(images, labels, kind):
    pairs = tf.data.Dataset.from_tensor_slices((images, labels))
    gan = small_cgan()
    gan.compile(jit_compile=False, steps_per_execution="auto")
    data = {
        "array": (images, labels),
        "dataset": (pairs.batch(6, drop_remainder=True),),
        "unknown size": (pairs.batch(7),),
        "generator": ((batch for batch in [(images[:6], labels[:6])] * 5),),
    }[kind]
    arguments = {"array": {"batch_size": 6}, "generator": {"steps_per_epoch": 5}}.get(kind, {})
    gan.fit(*data, **arguments, verbose=0)
    assert gan.steps_per_execution > 1
    assert gan.d_optimizer.iterations == 5


OPTIMIZERS = {
    "momentum": lambda: MomentumSGD(0.1, 0.9),  # writes its slots without reading them
    "sgd": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "adam": lambda: keras.optimizers.Adam(0.1, use_ema=True),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("jit_compile", [pytest.param(True, marks=pytest.mark.slow), False])
def test_measuring_puts_everything_back(optimizer, jit_compile):
    """Also of convolutions, whose variables lie in a function within the program."""
    layers = keras.layers
    generator = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(16),
            layers.BatchNormalization(),
            layers.Reshape((4, 4, 1)),
            layers.Activation("sigmoid"),
        ]
    )
    discriminator = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            layers.Conv2D(2, 3),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    gan = tfgan.GAN(generator, discriminator, seed=0)
    gan.compile(
        g_optimizer=OPTIMIZERS[optimizer](),
        d_optimizer=OPTIMIZERS[optimizer](),
        jit_compile=jit_compile,
        steps_per_execution="auto",
    )
    before = state(gan)
    tuning.settle(gan, [np.full((6, 4, 4, 1), 0.5, "float32")])
    for a, b in zip(before, state(gan), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_known_choice_does_not_force_xla_on_what_it_cannot_compile(images):
    gan = gan_with_python()
    gan.compile(jit_compile="auto")
    tuning._fastest[tuning._kind(gan, [tf.zeros((1, 10, *gan.image_shape))])] = True
    with pytest.warns(UserWarning, match="without XLA"):
        gan.fit(images, batch_size=10, verbose=0)
    assert gan.jit_compile is False


@pytest.mark.slow
def test_a_batch_before_does_not_decide(images, monkeypatch):
    monkeypatch.setattr(tuning, "_faster", lambda gan, stacks, rows: (True, None))
    gan = small_gan()
    gan.compile(jit_compile="auto")
    gan.train_on_batch(images)
    gan.fit(images, batch_size=10, verbose=0)
    assert gan.jit_compile is True
    assert gan.train_function.jit_compile
