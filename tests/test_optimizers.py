import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan.layers import column_norm
from tfgan.optimizers import EpochRamp, FlooredDecay, MomentumSGD, published_sgd


@pytest.mark.parametrize("step", [0, 1, 12_345, 500_000, 3_000_000])
@pytest.mark.parametrize("factor", [1.000004, 1.00004])
def test_decay_in_float64(step, factor):
    schedule = FlooredDecay(0.1, factor=factor, minimum=1e-6)
    expected = max(1e-6, 0.1 / np.float64(factor) ** step)
    np.testing.assert_allclose(schedule(step), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("step", "expected"), [(0, 0.5), (9, 0.5), (10, 0.5 + 0.2 / 249), (2490, 0.7), (9999, 0.7)]
)
def test_momentum_by_epoch(step, expected):
    ramp = EpochRamp(0.5, 0.7, last_epoch=250, steps_per_epoch=10)
    np.testing.assert_allclose(ramp(step), expected, rtol=1e-6)


def test_update_by_hand():
    """v <- m v - lr g, w <- w + v, with the momentum of the step."""
    w = keras.Variable(1.0)
    ramp = EpochRamp(0.5, 0.7, last_epoch=3, steps_per_epoch=1)
    optimizer = MomentumSGD(0.1, ramp)
    expected, velocity = 1.0, 0.0
    for momentum, gradient in zip([0.5, 0.6, 0.7, 0.7], [1.0, -2.0, 3.0, 0.5], strict=True):
        optimizer.apply([np.float32(gradient)], [w])
        velocity = momentum * velocity - 0.1 * gradient
        expected += velocity
        np.testing.assert_allclose(w.numpy(), expected, rtol=1e-6)


def test_equals_keras_at_constant_momentum():
    ours, theirs = keras.Variable([1.0, -2.0]), keras.Variable([1.0, -2.0])
    a, b = MomentumSGD(0.03, 0.9), keras.optimizers.SGD(0.03, momentum=0.9)
    for seed in range(5):
        gradient = np.random.default_rng(seed).normal(size=2).astype("float32")
        a.apply([gradient], [ours])
        b.apply([gradient], [theirs])
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_constraints_act_after_each_update(jit_compile):
    """Columns that an update makes too long are cut to the norm, shorter ones are left."""
    start = np.array([[3.0, 0.3, 0.0], [4.0, 0.4, 1.0]], "float32")
    gradient = np.array([[0.0, 0.0, -20.0], [1.0, 0.0, 0.0]], "float32")
    w = keras.Variable(start)
    w.constraint = column_norm(2.0)  # as `add_weight` does
    free = keras.Variable(start)
    optimizer = MomentumSGD(0.1, 0.5)
    optimizer.build([w, free])

    @tf.function(jit_compile=jit_compile)
    def step():
        optimizer.apply([tf.constant(gradient)] * 2, [w, free])

    expected, velocity = start, 0.0
    for _ in range(2):
        step()
        velocity = 0.5 * velocity - 0.1 * gradient
        expected = expected + velocity
        expected = expected * np.minimum(1, 2.0 / np.linalg.norm(expected, axis=0))
        np.testing.assert_allclose(w.numpy(), expected, rtol=1e-5)
    assert np.linalg.norm(free.numpy(), axis=0).max() > 4


def test_round_trip():
    optimizer = published_sgd(decay=1.00004, steps_per_epoch=500)
    config = keras.saving.serialize_keras_object(optimizer)
    copy = keras.saving.deserialize_keras_object(config)
    assert keras.saving.serialize_keras_object(copy) == config
    np.testing.assert_allclose(copy.momentum(250 * 500), 0.7, rtol=1e-6)
