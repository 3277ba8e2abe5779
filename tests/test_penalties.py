"""Gradient penalties against closed forms and finite differences."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import SHAPE, one_line, small_cgan, small_gan

from tfgan import penalties, steps
from tfgan.errors import InputError
from tfgan.penalties import PENALTIES

RNG = np.random.default_rng(3)
REAL, FAKE = RNG.random((2, 5, 3, 3, 2))
W = RNG.normal(size=18)
SEED = tf.constant([1, 2], tf.int64)


def linear(images):
    return tf.reshape(images, (-1, 18)) @ W[:, None] + 0.7


def quadratic(images):
    """Half the squared norm, whose gradient is the image."""
    return 0.5 * tf.reduce_sum(tf.reshape(images, (-1, 18)) ** 2, axis=1, keepdims=True)


def squares(images):
    return (images.reshape(len(images), -1) ** 2).sum(axis=1)


def value(name, discriminate, real=REAL, fake=FAKE):
    arguments = tf.constant(real), tf.constant(fake)
    return float(PENALTIES[name](discriminate, *arguments, SEED))


def test_of_a_linear_critic():
    """Its gradient is w everywhere."""
    norm = np.linalg.norm(W)
    np.testing.assert_allclose(value("r1", linear), norm**2 / 2, rtol=1e-12)
    np.testing.assert_allclose(value("r2", linear), norm**2 / 2, rtol=1e-12)
    np.testing.assert_allclose(value("gradient_penalty", linear), (norm - 1) ** 2, rtol=1e-12)


def test_of_a_quadratic():
    """Its gradient at an image is the image."""
    np.testing.assert_allclose(value("r1", quadratic), squares(REAL).mean() / 2, rtol=1e-12)
    np.testing.assert_allclose(value("r2", quadratic), squares(FAKE).mean() / 2, rtol=1e-12)
    expected = (np.sqrt(squares(REAL)) - 1) ** 2
    np.testing.assert_allclose(
        value("gradient_penalty", quadratic, fake=REAL), expected.mean(), rtol=1e-12
    )


def test_mixes_pairs_by_one_uniform_number_each():
    """Where all fakes are 0, the gradient of the quadratic is a x: a is read off its norm."""
    count = 4000
    real = np.ones((count, 3, 3, 2)) / np.sqrt(18)  # of norm 1
    norms = []

    def spy(images):
        norms.append(np.sqrt(squares(images.numpy())))
        np.testing.assert_allclose(images, images[:, :1, :1, :1] * np.ones((3, 3, 2)), rtol=1e-12)
        return quadratic(images)

    value("gradient_penalty", spy, real, np.zeros_like(real))
    a = norms[0]
    assert len(np.unique(a)) > 0.99 * count
    np.testing.assert_allclose(a.mean(), 0.5, atol=0.02)
    np.testing.assert_allclose(a.std(), 12**-0.5, atol=0.01)
    np.testing.assert_allclose([a.min(), a.max()], [0, 1], atol=0.01)


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("jit_compile", [False, True])
def test_weights_gradient_by_finite_differences(name, jit_compile):
    w = tf.Variable(RNG.normal(size=(18, 4)))

    def discriminate(images):
        return tf.reduce_sum(tf.sin(tf.reshape(images, (-1, 18)) @ w), axis=1, keepdims=True)

    @tf.function(jit_compile=jit_compile)
    def gradient():
        with tf.GradientTape() as tape:
            total = penalties.total(
                {name: 3.0}, 0, discriminate, tf.constant(REAL), tf.constant(FAKE), SEED
            )
        return total, tape.gradient(total, w)

    _, found = gradient()
    step = np.zeros(w.shape)
    step[7, 2] = 1e-5
    start = w.numpy()
    sides = []
    for sign in (1, -1):
        w.assign(start + sign * step)
        sides.append(gradient()[0].numpy())
    np.testing.assert_allclose(found[7, 2], (sides[0] - sides[1]) / 2e-5, rtol=1e-5)


@pytest.mark.parametrize("name", PENALTIES)
def test_finite_where_the_gradient_is_zero(name):
    w = tf.Variable(np.zeros((18, 1)))
    with tf.GradientTape() as tape:
        penalty = penalties.total(
            {name: 1.0},
            0,
            lambda images: tf.reshape(images, (-1, 18)) @ w,
            tf.constant(REAL),
            tf.constant(FAKE),
            SEED,
        )
    assert np.isfinite(tape.gradient(penalty, w)).all()
    np.testing.assert_allclose(penalty, 1.0 if name == "gradient_penalty" else 0.0)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"r3": 1.0}, "r1, r2, gradient_penalty"),
        ("r1", "dict of weights"),
        ({"r1": -1}, "weight of r1"),
        ({"r1": float("nan")}, "weight of r1"),
        ({"r1": True}, "weight of r1"),
    ],
)
def test_wrong_penalties(weights, words):
    with pytest.raises(InputError, match=words) as error:
        small_gan().compile(penalties=weights)
    one_line(error)


# In training.


def slopes_of_a_step(gan, images, labels, step):
    """What SGD at rate 1 takes from the discriminator's weights in one of its steps."""
    before = [v.numpy() for v in gan.discriminator.trainable_variables]
    gan.train_steps.assign(step)
    condition = tf.constant(labels) if gan.conditional else None
    steps.d_step(gan, tf.constant(images), condition, tf.constant(step, tf.int64))
    after = [v.numpy() for v in gan.discriminator.trainable_variables]
    for variable, value in zip(gan.discriminator.trainable_variables, before, strict=True):
        variable.assign(value)
    return [a - b for a, b in zip(before, after, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("make", [small_gan, small_cgan])
def test_lazy_penalties_count_as_often_as_they_are_left_out(make, images, labels):
    def slopes(step, **options):
        gan = make()
        keras.utils.set_random_seed(4)
        for variable in gan.trainable_variables:
            variable.assign(np.random.default_rng(variable.shape[0]).normal(size=variable.shape) / 4)
        gan.compile(d_optimizer=keras.optimizers.SGD(1.0), run_eagerly=True, **options)
        return slopes_of_a_step(gan, images, labels, step)

    weights = {"r1": 2.0, "r2": 1.0, "gradient_penalty": 0.5}
    falling = {  # as strong at step 1
        name: keras.optimizers.schedules.PiecewiseConstantDecay([0, 1], [3 * weight, weight, 0.0])
        for name, weight in weights.items()
    }
    assert all(
        np.array_equal(*pair)
        for pair in zip(slopes(1, penalties=falling), slopes(1, penalties=weights), strict=True)
    )
    for step in (0, 1, 4):
        bare, every = slopes(step), slopes(step, penalties=weights)
        lazy = slopes(step, penalties=weights, penalty_every=4)
        assert any(np.abs(a - b).max() > 1e-3 for a, b in zip(bare, every, strict=True))
        factor = 4 if step % 4 == 0 else 0
        for one, all_, some in zip(bare, every, lazy, strict=True):
            np.testing.assert_allclose(some, one + factor * (all_ - one), rtol=1e-4, atol=1e-5)


def test_a_weighted_sum_of_the_logs(images):
    gan = small_gan()
    gan.compile(penalties={"r1": 2.0}, penalty_every=3, jit_compile=False)
    history = gan.fit(images, batch_size=5, epochs=1, shuffle=False, verbose=0).history
    assert history["penalty"][0] >= 0
    assert "penalty" not in small_history(images)


def small_history(images):
    gan = small_gan()
    gan.compile(jit_compile=False)
    return gan.fit(images, batch_size=15, verbose=0).history


class Spy(keras.layers.Layer):
    """Says in which precision it is traced."""

    seen: list = []

    def call(self, x):
        Spy.seen.append(self.compute_dtype)
        return x


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policy", "jit_compile"),
    [
        ("mixed_float16", False),
        ("mixed_bfloat16", True),
        ("mixed_bfloat16", False),
        ("mixed_float16", True),
    ],
)
def test_penalties_are_float32_in_mixed_precision(policy, jit_compile, images):
    keras.config.set_dtype_policy(policy)
    try:
        discriminator = keras.Sequential(
            [keras.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(4, "tanh"), Spy()]
        )
        discriminator.add(keras.layers.Dense(1))
    finally:
        keras.config.set_dtype_policy("float32")
    weights = [v.numpy() for v in discriminator.trainable_variables]
    exact = keras.Sequential(
        [
            keras.Input(SHAPE),
            keras.layers.Flatten(),
            keras.layers.Dense(4, "tanh"),
            keras.layers.Dense(1),
        ]
    )
    exact.set_weights(weights)
    logs = []
    for network in (discriminator, exact):
        gan = type(small_gan())(small_gan().generator, network, seed=0)
        gan.compile(penalties={"r1": 2.0}, jit_compile=jit_compile)
        Spy.seen = []
        logs.append(gan.fit(images, batch_size=30, verbose=0).history["penalty"][0])
        if network is discriminator:
            assert set(Spy.seen) == {"float32", policy.removeprefix("mixed_")}
            assert {layer.dtype_policy.name for layer in network.layers} == {policy}
    np.testing.assert_allclose(*logs, rtol=1e-5)
