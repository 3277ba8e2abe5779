"""Resampling layers against the filters written out."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan.layers import BlurDownsampling, BlurUpsampling, NearestUpsampling

TAPS = np.array([1, 3, 3, 1])
LAYERS = [NearestUpsampling, BlurUpsampling, BlurDownsampling]


def smoothed(x, weights):
    """Every window of 4 x 4 of an image with zeros around it, weighed."""
    rows = range(x.shape[1] - 3)
    columns = range(x.shape[2] - 3)
    windows = [[x[:, i : i + 4, j : j + 4] for j in columns] for i in rows]
    return np.einsum("a,b,ijnabc->nijc", weights, weights, windows)


def up(x):
    """Zeros between the pixels and around them, then the filter."""
    batch, height, width, channels = x.shape
    apart = np.zeros((batch, 2 * height + 3, 2 * width + 3, channels))
    apart[:, 2:-1:2, 2:-1:2] = x
    return smoothed(apart, TAPS / 4)


def down(x):
    side = [(1, 1 + n % 2) for n in x.shape[1:3]]
    return smoothed(np.pad(x, [(0, 0), *side, (0, 0)]), TAPS / 8)[:, ::2, ::2]


def nearest(x):
    return x.repeat(2, axis=1).repeat(2, axis=2)


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("shape", [(2, 4, 6, 3), (1, 5, 7, 2), (3, 1, 2, 1)])
@pytest.mark.parametrize(
    ("layer", "expected"), list(zip(LAYERS, [nearest, up, down], strict=True)), ids=lambda x: x.__name__
)
def test_resampling(layer, expected, shape, jit_compile):
    x = np.random.default_rng(0).standard_normal(shape).astype("float32")
    out = tf.function(layer(), jit_compile=jit_compile)(x).numpy()
    np.testing.assert_allclose(out, expected(x), rtol=1e-4, atol=1e-6)
    assert out.shape == layer().compute_output_shape(shape)


def test_blurs_are_adjoint():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((1, 4, 6, 2)), rng.standard_normal((1, 8, 12, 2))
    left = np.sum(BlurUpsampling(dtype="float64")(x) * y)
    np.testing.assert_allclose(left, 4 * np.sum(x * BlurDownsampling(dtype="float64")(y)), rtol=1e-12)


@pytest.mark.parametrize("layer", LAYERS)
def test_in_bfloat16_and_of_any_batch(layer):
    layer = layer(dtype="bfloat16")
    x = keras.Input((4, 4, 2))
    assert layer(x).shape == layer.compute_output_shape((None, 4, 4, 2))
    ones = np.ones((2, 4, 4, 2))

    @tf.function
    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(layer(x))
        return tape.gradient(total, x)

    assert slope(tf.constant(ones, tf.bfloat16)).dtype == tf.bfloat16
