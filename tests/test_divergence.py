"""Training that diverges ends at its first bad step, names it, and leaves the state of before."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import CLASSES, SHAPE, one_line, small_cgan, small_gan

import tfgan
from tfgan import callbacks, checkpoints, finite, programs, rewind
from tfgan.errors import DivergedError

BATCH = 5
NEVER = 10**6


@tf.custom_gradient
def bad_on_the_way_back(x, bad):
    return tf.identity(x), lambda slope: (tf.where(bad, slope * math.inf, slope), None)


@keras.saving.register_keras_serializable(package="tests")
class Poison(keras.layers.Layer):
    """x -> x, until in step `at` the discriminator judges fake images.

    It counts its calls in a weight: two a step, real images and fake ones; what other passes count is
    undone. `how`: "nan" or "inf" from then on; "gradient", which is infinite then; "silent": a weight
    that nobody uses becomes infinite.
    """

    def __init__(self, how="nan", at=NEVER, **kwargs):
        super().__init__(**kwargs)
        self.how, self.at = how, at

    def build(self, shape):
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")
        self.unused = self.add_weight(shape=(3,), initializer="zeros", trainable=False, name="unused")

    def call(self, x, training=False):
        if not training:
            return x
        bad = self.calls >= 2 * self.at - 1
        self.calls.assign_add(1.0)
        if self.how == "silent":
            self.unused.assign(tf.where(bad, tf.constant([0.0, math.inf, 0.0]), tf.zeros(3)))
            return x
        if self.how == "gradient":
            return bad_on_the_way_back(x, bad)
        return tf.where(bad, tf.cast(float(self.how), x.dtype), x)


def poisoned(how, at, maker=small_gan):
    keras.utils.set_random_seed(1)
    gan = maker()
    images, labels = keras.Input(SHAPE), keras.Input((), dtype="int32")
    if gan.conditional:
        judged = gan.discriminator([images, labels])
        network = keras.Model([images, labels], Poison(how, at)(judged))
        return tfgan.CGAN(gan.generator, network, condition=gan.condition, seed=7)
    network = keras.Model(images, Poison(how, at)(gan.discriminator(images)))
    return tfgan.GAN(gan.generator, network, seed=7)


def data(steps, maker=small_gan):
    rng = np.random.default_rng(2)
    images = rng.random((steps * BATCH, *SHAPE), "float32")
    labels = np.arange(steps * BATCH, dtype="int32") % CLASSES
    return (images, labels) if maker is small_cgan else (images,)


def compiled(gan, *, rate=1e-2, **options):
    adam = keras.optimizers.Adam
    gan.compile(
        **{
            "g_optimizer": adam(rate, beta_1=0.5),
            "d_optimizer": adam(rate, beta_1=0.5),
            "jit_compile": False,
            **options,
        }
    )
    return gan


def fitted(gan, given, **options):
    kwargs = {"batch_size": BATCH, "shuffle": False, "verbose": 0, "check": False, **options}
    return gan.fit(*given, **kwargs)


def everything(gan):
    metrics = {id(v) for metric in gan.metrics for v in metric.variables}
    variables = [v for v in gan.variables if id(v) not in metrics]
    return [*variables, *gan.g_optimizer.variables, *gan.d_optimizer.variables]


def assert_alike(gan, other):
    for a, b in zip(everything(gan), everything(other), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=a.path)


def check_diverges(how, at, steps, *, maker=small_gan, epochs=1, **options):
    """Trains to the error and, undisturbed, to the step before it; returns the error's line."""
    gan = compiled(poisoned(how, at, maker), **options)
    given = data(steps, maker)
    with pytest.raises(DivergedError) as error:
        fitted(gan, given, epochs=epochs)
    other = compiled(poisoned(how, NEVER, maker), **{**options, "check_finite": False})
    before = int(other.train_steps.numpy())
    for first in range(0, at - 1, steps):
        fitted(other, [part[: BATCH * min(steps, at - 1 - first)] for part in given])
    assert gan.train_steps.numpy() == other.train_steps.numpy() == before + at - 1
    assert finite.is_state(gan)
    assert_alike(gan, other)
    message = one_line(error)
    assert f"training diverged at step {at} (epoch {(at - 1) // steps + 1}): " in message
    assert f"the GAN is as it was after step {at - 1}" in message
    return message


CASES = {  # update, d_steps, K, maker, how
    "loss": ("alternating", 1, 4, small_gan, "nan"),
    "gradient": ("simultaneous", 1, 1, small_gan, "gradient"),
    "weight": ("alternating", 3, 50, small_cgan, "silent"),
}


@pytest.mark.parametrize(
    "case", ["loss", *(pytest.param(case, marks=pytest.mark.slow) for case in ("gradient", "weight"))]
)
def test_names_the_step_and_the_tensor_and_goes_back(case):
    check_case(*CASES[case], jit_compile=False)


def check_case(update, d_steps, k, maker, how, **options):
    options |= {"update": update, "d_steps": d_steps, "steps_per_execution": k}
    message = check_diverges(how, 6, 4, maker=maker, epochs=2, **options)
    if how in ("nan", "inf"):
        first = f"logits of fake images ({how} in 5 of 5 values)"
        assert f"d_loss is {how}; first bad tensor: {first}" in message
    elif how == "gradient":
        assert "first bad tensor: gradient of discriminator/" in message
        # By turns, the generator's loss feels the discriminator's weights in the same step.
        assert ("g_loss is nan" in message) == (update == "alternating")
    else:
        assert "first bad tensor: weight discriminator/" in message
        assert "unused (inf in 1 of 3 values)" in message
    assert "smaller learning rates" in message


@pytest.mark.slow
def test_of_a_program_by_xla():
    check_case("alternating", 1, 4, small_gan, "inf", jit_compile=True)


@pytest.mark.slow
def test_of_a_program_whose_softplus_of_nan_may_be_a_number():
    check_case("simultaneous", 1, 3, small_gan, "nan", jit_compile=True)


@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("maker", [small_gan, small_cgan])
def test_evaluate_tells_of_nan_logits(maker, jit_compile):
    gan = compiled(poisoned("nan", NEVER, maker), jit_compile=jit_compile)
    kernel = next(v for v in gan.discriminator.trainable_variables if v.path.endswith("kernel"))
    kernel.assign(np.full(kernel.shape, np.nan))
    logs = gan.evaluate(*data(3, maker), batch_size=BATCH, verbose=0, return_dict=True)
    assert math.isnan(logs["d_loss"])
    assert math.isnan(logs["g_loss"])


@pytest.mark.slow
def test_eagerly():
    check_case("alternating", 1, 1, small_gan, "nan", run_eagerly=True)


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("k", [1, 3, 50])
@pytest.mark.parametrize("how", ["nan", "inf", "gradient", "silent"])
@pytest.mark.parametrize(
    "options",
    [
        {"update": "simultaneous"},
        {"update": "alternating"},
        {"update": "alternating", "d_steps": 3, "penalties": {"r1": 0.1}, "penalty_every": 2},
        {"update": "simultaneous", "matmul_precision": "bfloat16", "ema_decay": 0.9},
    ],
    ids=str,
)
@pytest.mark.parametrize("maker", [small_gan, small_cgan])
def test_names_the_step_in_every_mode(maker, options, how, k, jit_compile):
    options = {"d_steps": 1, **options, "jit_compile": jit_compile}
    check_case(options.pop("update"), options.pop("d_steps"), k, maker, how, **options)


def test_a_bad_image_is_named():
    gan = compiled(small_gan(), steps_per_execution=50)
    given = data(4)
    given[0][2 * BATCH + 1, 0, 2] = np.nan
    with pytest.raises(DivergedError) as error:
        fitted(gan, given)
    message = one_line(error)
    assert "at step 3 (epoch 1): d_loss is nan; first bad tensor: images (nan in 1 of 80" in message
    assert message.endswith("after step 2: remove or mend those images.")


@pytest.mark.slow
def test_a_rate_that_explodes():
    rate = keras.optimizers.schedules.PiecewiseConstantDecay([2], [0.01, 1e38])
    gan = compiled(small_gan(), d_optimizer=keras.optimizers.SGD(rate), steps_per_execution=2)
    with pytest.raises(DivergedError) as error:
        fitted(gan, data(5))
    line = one_line(error)
    assert "at step 4 (epoch 1): g_loss is nan; first bad tensor: logits of fake images" in line
    assert gan.train_steps.numpy() == 3


@pytest.mark.slow
def test_what_callbacks_set_is_set_again():
    """Rates that change from call to call, and metrics that are reset, are those of the run."""

    class Rates(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.d_optimizer.learning_rate = 0.01 / (batch + 1)

    gan, other = (compiled(poisoned("nan", at)) for at in (7, NEVER))
    with pytest.raises(DivergedError, match=r"at step 7 \(epoch 3\)"):
        fitted(gan, data(3), epochs=5, callbacks=[Rates()])
    fitted(other, data(3), epochs=2, callbacks=[Rates()])
    # The rate of the seventh step was set already.
    other.d_optimizer.learning_rate = 0.01
    assert_alike(gan, other)


@pytest.mark.slow
def test_on_a_gpu_a_call_is_judged_while_the_next_one_runs(monkeypatch):
    monkeypatch.setattr(programs, "on_cpu", lambda: False)
    check_case("alternating", 1, 1, small_gan, "nan")


@pytest.mark.slow
def test_what_is_kept_where_an_epoch_is_judged_in_the_next_one(monkeypatch, tmp_path):
    monkeypatch.setattr(programs, "on_cpu", lambda: False)
    monkeypatch.setattr(rewind, "MOST_SHARE", 0.0)  # no look where an epoch ends
    gan, other = compiled(poisoned("nan", 6)), compiled(poisoned("nan", NEVER))
    with pytest.raises(DivergedError, match=r"at step 6 \(epoch 2\)"):
        fitted(gan, data(3), epochs=4, callbacks=[callbacks.Checkpoint(tmp_path / "kept")])
    position = checkpoints.restore(other, tmp_path / "kept")
    assert (position.epoch, position.step) == (1, 2)
    assert_alike(gan, other)


@pytest.mark.slow
def test_copies_are_made_now_and_then(monkeypatch):
    """Where a copy is due at every call, the step and the state are the same."""
    monkeypatch.setattr(rewind, "SHARE", math.inf)
    check_case("alternating", 1, 3, small_gan, "gradient")


def test_bad_from_the_start():
    gan = compiled(small_gan())
    kernel = gan.generator.trainable_variables[0]
    kernel.assign(np.full(kernel.shape, np.nan))
    with pytest.raises(
        DivergedError, match=r"weight generator/.* is bad before step 1 \(epoch 1\)"
    ) as e:
        fitted(gan, data(2))
    assert "check_finite=False" in one_line(e)
    assert gan.train_steps.numpy() == 0


@pytest.mark.slow
def test_metrics_of_an_evaluation_are_not_training_s_doing():
    gan = compiled(small_gan())
    gan.test_on_batch(np.full((BATCH, *SHAPE), np.nan, "float32"))
    gan.train_on_batch(*data(1))
    assert gan.train_steps.numpy() == 1
    gan.reset_metrics()
    with pytest.raises(DivergedError, match=r"at step 2: .*first bad tensor: images"):
        gan.train_on_batch(np.full((BATCH, *SHAPE), np.nan, "float32"))


def check_changes_nothing(maker=small_gan, **options):
    """Training is the same to the last bit, watched or not."""

    def trained(check_finite):
        keras.utils.set_random_seed(1)
        gan = compiled(maker(), check_finite=check_finite, **options)
        history = fitted(gan, data(5, maker), epochs=2).history
        return gan, history

    one, other = trained(True), trained(False)
    assert_alike(one[0], other[0])
    assert one[1] == other[1]


def test_changes_nothing():
    check_changes_nothing(lambda: small_gan(), steps_per_execution=3, d_steps=2)


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("k", [1, 50])
@pytest.mark.parametrize(
    "options",
    [
        {"update": "simultaneous"},
        {"d_steps": 3, "penalties": {"r1": 0.1}, "penalty_every": 2},
        {"ema_decay": 0.9, "matmul_precision": "bfloat16"},
    ],
    ids=str,
)
@pytest.mark.parametrize("maker", [small_gan, small_cgan])
def test_changes_nothing_in_any_mode(maker, options, k, jit_compile):
    check_changes_nothing(maker, steps_per_execution=k, jit_compile=jit_compile, **options)


# float16, whose scaled gradients may be infinite.


def in_float16(how="nan", at=NEVER, scale=2.0**15, **options):
    with tfgan.precision.policy("mixed_float16"):
        gan = poisoned(how, at)
    inner = [keras.optimizers.Adam(1e-3) for _ in range(2)]
    scaled = [keras.optimizers.LossScaleOptimizer(one, initial_scale=scale) for one in inner]
    return compiled(gan, g_optimizer=scaled[0], d_optimizer=scaled[1], **options)


def test_an_overflow_of_scaled_gradients_is_left_out_and_not_called_divergence():
    gan = in_float16(scale=2.0**60, steps_per_execution=3)
    fitted(gan, data(4))
    assert gan.train_steps.numpy() == 4
    assert gan.d_optimizer.iterations == 0  # each step overflowed
    assert gan.d_optimizer.dynamic_scale == 2.0**56


@pytest.mark.slow
def test_a_scale_that_collapses_is_divergence():
    gan = in_float16("gradient", 1, scale=2.0**-18, steps_per_execution=3)
    with pytest.raises(DivergedError) as error:
        fitted(gan, data(5))
    line = one_line(error)
    assert "at step 3 (epoch 1): the loss scale of d_optimizer fell to 5e-07; first bad" in line
    assert "first bad tensor: scaled gradient of discriminator/" in line
    assert gan.d_optimizer.dynamic_scale == 2.0**-20


@pytest.mark.slow
def test_a_nan_loss_is_divergence_in_float16_too():
    gan = in_float16("inf", 3)
    with pytest.raises(DivergedError, match=r"at step 3 .*: d_loss is inf; first bad tensor: logits"):
        fitted(gan, data(5))


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_convolutions(jit_compile, k):
    """By XLA on a CPU each kind of step is a program of its own."""

    def fresh(at, **options):
        keras.utils.set_random_seed(0)
        widths = {"channels": 4, "max_channels": 8}
        networks = tfgan.networks.FAMILIES["dcgan"]
        images = keras.Input((8, 8, 1))
        judge = networks.Discriminator((8, 8, 1), batch_norm=False, **widths)
        gan = tfgan.GAN(
            networks.Generator((8, 8, 1), latent_dim=4, **widths),
            keras.Model(images, Poison("gradient", at)(judge(images))),
            seed=3,
        )
        lazy = {"d_steps": 2, "penalties": {"r1": 1.0}, "penalty_every": 3}
        return compiled(gan, jit_compile=jit_compile, steps_per_execution=k, **lazy, **options)

    images = np.random.default_rng(0).random((8 * BATCH, 8, 8, 1), "float32")
    gan, other = fresh(6), fresh(NEVER, check_finite=False)
    with pytest.raises(DivergedError, match=r"at step 6 .*first bad tensor: .*gradient of disc"):
        fitted(gan, (images,))
    fitted(other, (images[: 5 * BATCH],))
    assert_alike(gan, other)
    if jit_compile:
        assert not gan.train_function.program._jit_compile  # TensorFlow's own loop


# What compile is told.


def test_check_finite_is_saved_and_older_files_are_read():
    gan = compiled(small_gan(), check_finite=False)
    config = gan.get_compile_config()
    assert config["check_finite"] is False
    other = small_gan()
    other.compile_from_config(config)
    assert other.check_finite is False
    assert other.make_train_function().past is None
    del config["check_finite"]
    other.compile_from_config(config)
    assert other.check_finite is True
    with pytest.raises(tfgan.errors.InputError, match="check_finite must be one of True, False"):
        compiled(small_gan(), check_finite="yes")


@pytest.mark.slow
def test_unwatched_training_goes_on():
    gan = compiled(poisoned("nan", 2), check_finite=False)
    assert math.isnan(fitted(gan, data(3)).history["d_loss"][0])
    assert gan.train_steps.numpy() == 3
