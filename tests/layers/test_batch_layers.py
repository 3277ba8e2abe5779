"""Layers in which the images of a batch meet."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import one_line

from tfgan.errors import InputError
from tfgan.layers import ConditionalBatchNormalization, MinibatchStdDev


def by_hand(x, group_size, features):
    """By loops over groups: image i is in group i mod count; the last are filled by the first."""
    count = len(x)
    size = min(count, group_size)
    groups = -(-count // size)
    filled = np.concatenate([x, x[: groups * size - count]]).astype("float64")
    new = np.empty((groups * size, features))
    width = x.shape[-1] // features
    for group in range(groups):
        members = filled[group::groups]
        deviation = np.sqrt(members.var(axis=0) + 1e-8)
        for f in range(features):
            new[group::groups, f] = deviation[..., f * width : (f + 1) * width].mean()
    return new[:count]


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize(
    ("batch", "group_size", "features"),
    [(8, 4, 1), (8, 4, 3), (7, 4, 1), (3, 4, 2), (1, 4, 1), (5, 1, 1), (9, 2, 6)],
)
def test_minibatch_stddev(batch, group_size, features, jit_compile):
    x = np.random.default_rng(0).standard_normal((batch, 3, 2, 6)).astype("float32")
    layer = MinibatchStdDev(group_size, features)
    out = tf.function(layer, jit_compile=jit_compile)(x).numpy()
    assert out.shape == layer.compute_output_shape(x.shape)
    np.testing.assert_array_equal(out[..., :6], x)
    expected = by_hand(x, group_size, features)[:, None, None]
    np.testing.assert_allclose(out[..., 6:], np.broadcast_to(expected, out[..., 6:].shape), rtol=1e-4)


def test_minibatch_stddev_of_any_batch_in_one_graph():
    call = tf.function(MinibatchStdDev(), input_signature=[tf.TensorSpec((None, 2, 2, 3))])
    for batch in (1, 2, 4, 6, 8):
        x = np.random.default_rng(batch).standard_normal((batch, 2, 2, 3)).astype("float32")
        np.testing.assert_allclose(call(x)[:, 0, 0, 3:], by_hand(x, 4, 1), rtol=1e-4)


def test_minibatch_stddev_has_finite_slopes_where_images_are_equal():
    x = tf.ones((4, 2, 2, 3))
    layer = MinibatchStdDev()
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(layer(x)[..., 3:] ** 2)
        first = tape.gradient(total, x)
        squares = tf.reduce_sum(first**2)
    np.testing.assert_array_equal(first, 0 * x)
    assert np.isfinite(outer.gradient(squares, x)).all()


def test_minibatch_stddev_counts_in_float32():
    """In bfloat16 the differences of images near 100 would be lost."""
    layer = MinibatchStdDev(dtype="bfloat16")
    x = tf.cast(100 + tf.random.normal((4, 4, 4, 8), seed=0), tf.bfloat16)
    out = layer(x)
    assert out.dtype == tf.bfloat16
    expected = by_hand(tf.cast(x, tf.float32).numpy(), 4, 1)
    np.testing.assert_allclose(tf.cast(out[:, 0, 0, 8:], tf.float32), expected, rtol=0.005)


@pytest.mark.parametrize("given", [{"group_size": 0}, {"num_features": True}, {"group_size": 2.0}])
def test_wrong_groups(given):
    with pytest.raises(InputError, match="at least 1") as error:
        MinibatchStdDev(**given)
    one_line(error)


def test_features_must_divide_the_channels():
    with pytest.raises(InputError, match="num_features=4 must divide the 6") as error:
        MinibatchStdDev(num_features=4)(np.zeros((2, 2, 2, 6), "float32"))
    one_line(error)


def test_conditional_batch_normalization_starts_without_condition():
    x = np.random.default_rng(0).normal(3, 2, (6, 4, 4, 5)).astype("float32")
    y = np.random.default_rng(1).normal(size=(6, 3)).astype("float32")
    layer = ConditionalBatchNormalization(3)
    plain = keras.layers.BatchNormalization(momentum=0.9, epsilon=2e-5)
    for training in (True, False):
        np.testing.assert_allclose(
            layer([x, y], training=training), plain(x, training=training), atol=1e-5
        )


def test_conditional_batch_normalization_by_hand():
    rng = np.random.default_rng(0)
    x, y = rng.normal(3, 2, (6, 4, 4, 5)), rng.normal(size=(6, 3))
    scale, shift = rng.normal(size=(3, 5)), rng.normal(size=(3, 5))
    layer = ConditionalBatchNormalization(3, epsilon=1e-3)
    layer.build([x.shape, y.shape])
    layer.scale.kernel.assign(scale)
    layer.shift.kernel.assign(shift)
    out = layer([x.astype("float32"), y.astype("float32")], training=True)
    normalised = (x - x.mean((0, 1, 2))) / np.sqrt(x.var((0, 1, 2)) + 1e-3)
    expected = (1 + y @ scale)[:, None, None] * normalised + (y @ shift)[:, None, None]
    np.testing.assert_allclose(out, expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(layer.normalization.moving_mean, 0.1 * x.mean((0, 1, 2)), rtol=1e-4)
    whole = layer([x, y], training=False)
    np.testing.assert_allclose(whole[:2], layer([x[:2], y[:2]], training=False), rtol=1e-5)
    assert np.abs(out[:2] - layer([x[:2], y[:2]], training=True)).max() > 0.01


@pytest.mark.parametrize(
    "layer", [MinibatchStdDev(2, 3), ConditionalBatchNormalization(3, momentum=0.5, epsilon=1e-4)]
)
def test_round_trip(layer):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()
