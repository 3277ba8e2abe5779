import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan.errors import InputError
from tfgan.layers import (
    ContrastNormalization,
    Dropout,
    Maxout,
    MaxoutConv2D,
    PixelBias,
    SparseNormal,
    column_norm,
)


def test_maxout_by_hand():
    layer = Maxout(2, pieces=2)
    layer.build((None, 1))
    # unit 0: max(x, -x) = |x|; unit 1: max(2x + 1, 3)
    layer.set_weights([np.array([[1.0, -1.0, 2.0, 0.0]]), np.array([0.0, 0.0, 1.0, 3.0])])
    np.testing.assert_allclose(layer(np.array([[-2.0], [5.0]])), [[2, 3], [5, 11]])


def test_maxout_is_the_maximum_of_its_affine_maps():
    layer = Maxout(7, pieces=4, bias_initializer="random_normal")
    x = np.random.default_rng(0).normal(size=(3, 5, 6)).astype("float32")
    out = layer(x).numpy()
    kernel, bias = (v.numpy() for v in layer.trainable_variables)
    affine = np.einsum("abf,fup->abup", x, kernel.reshape(6, 7, 4)) + bias.reshape(7, 4)
    np.testing.assert_allclose(out, affine.max(-1), rtol=1e-5, atol=1e-6)
    assert layer.compute_output_shape(x.shape) == out.shape


def test_maxout_is_convex():
    layer = Maxout(3, pieces=5)
    a, b = np.random.default_rng(1).normal(size=(2, 20, 4)).astype("float32")
    assert np.all(layer((a + b) / 2) <= (layer(a) + layer(b)) / 2 + 1e-6)


def test_maxout_config_round_trip():
    layer = Maxout(2, pieces=3, kernel_initializer=keras.initializers.RandomUniform(-0.1, 0.1))
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert copy.get_config() == layer.get_config()
    copy(np.zeros((1, 4)))
    assert np.abs(copy.kernel.numpy()).max() <= 0.1


@pytest.mark.parametrize(("units", "pieces"), [(0, 2), (3, 0)])
def test_maxout_refuses_nothing(units, pieces):
    with pytest.raises(InputError, match="at least 1"):
        Maxout(units, pieces=pieces)


def test_maxout_symbolic():
    inputs = keras.Input((6,))
    assert Maxout(4, pieces=2)(inputs).shape == (None, 4)


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("rate", [0.2, 0.5, 0.9])
def test_dropout_drops_and_scales(rate, jit_compile):
    layer = Dropout(rate, seed=3)
    call = tf.function(lambda x: layer(x, training=True), jit_compile=jit_compile, autograph=False)
    first, second = (call(tf.ones((200, 500))).numpy() for _ in range(2))
    kept = first != 0
    np.testing.assert_allclose(first[kept], 1 / (1 - rate), rtol=1e-6)
    deviation = np.sqrt(rate * (1 - rate) / kept.size)
    assert abs(kept.mean() - (1 - rate)) < 5 * deviation
    assert abs(((first != 0) & (second != 0)).mean() - (1 - rate) ** 2) < 5 * deviation  # independent
    columns = kept.mean(axis=0)
    assert columns.std() < 1.3 * np.sqrt(rate * (1 - rate) / 200)


def test_dropout_drops_the_same_by_xla_and_without():
    """Also where the number of rows is known only when it runs."""

    layer = Dropout(0.3, seed=3)
    seed = layer.seed_generator.state.value.numpy()

    def call(x):
        layer.seed_generator.state.assign(seed)
        return layer(x, training=True)

    x = tf.ones((7, 5, 3))
    eagerly = call(x).numpy()
    spec = [tf.TensorSpec((None, 5, 3))]
    for jit_compile in (False, True):
        for signature in (None, spec):
            compiled = tf.function(call, signature, jit_compile=jit_compile, autograph=False)
            np.testing.assert_array_equal(compiled(x).numpy(), eagerly)


def test_dropout_otherwise_is_kerass():
    layer = Dropout(0.5, noise_shape=(None, 1), seed=1)
    x = np.ones((50, 4), "float32")
    np.testing.assert_array_equal(layer(x, training=False), x)
    rows = layer(x, training=True).numpy()
    assert {tuple(row) for row in rows} == {(0.0,) * 4, (2.0,) * 4}
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert isinstance(again, Dropout)
    np.testing.assert_array_equal(again(x, training=True), rows)


def test_dropout_at_its_ends():
    x = np.ones((4, 3), "float32")
    np.testing.assert_array_equal(Dropout(1.0)(x, training=True), 0 * x)
    columns = Dropout(0.5, noise_shape=(3,), seed=2)(x, training=True).numpy()
    assert (columns == columns[0]).all()


def direct_maxout_convolution(x, kernel, bias, *, pieces, padding, size, stride):
    """By loops over pixels and windows: nothing is padded but the image."""
    x = np.pad(x, [(0, 0), (padding, padding), (padding, padding), (0, 0)])
    k = kernel.shape[0]
    side = x.shape[1] - k + 1
    maps = np.empty((len(x), side, side, kernel.shape[-1]))
    for i in range(side):
        for j in range(side):
            maps[:, i, j] = np.tensordot(x[:, i : i + k, j : j + k], kernel, 3) + bias
    maps = maps.reshape(*maps.shape[:3], -1, pieces).max(-1)
    starts = [0]
    while starts[-1] + size < side:
        starts.append(starts[-1] + stride)
    rows = [maps[:, i : i + size].max(1) for i in starts]
    columns = [np.stack([row[:, j : j + size].max(1) for j in starts], 1) for row in rows]
    return np.stack(columns, 1)


PUBLISHED_CONVOLUTIONS = [  # side in, kernel, padding, window, stride, side out
    (32, 8, 4, 4, 2, 16),
    (16, 8, 3, 4, 2, 7),
    (7, 5, 3, 2, 2, 5),
    (2, 2, 0, 4, 2, 1),  # a window larger than the image
    (6, 3, 0, 1, 1, 4),  # no pooling
]


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("case", PUBLISHED_CONVOLUTIONS, ids=str)
def test_maxout_convolution(case, jit_compile):
    side, kernel, padding, size, stride, out = case
    layer = MaxoutConv2D(
        3,
        pieces=2,
        kernel_size=kernel,
        padding=padding,
        pool_size=size,
        pool_stride=stride,
        bias_initializer="random_normal",
    )
    x = np.random.default_rng(0).normal(size=(2, side, side, 4)).astype("float32")
    call = tf.function(layer, jit_compile=jit_compile)
    got = call(x).numpy()
    assert got.shape == layer.compute_output_shape(x.shape) == (2, out, out, 3)
    expected = direct_maxout_convolution(
        x, *layer.get_weights(), pieces=2, padding=padding, size=size, stride=stride
    )
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)


def test_maxout_convolution_learns_by_the_largest():
    """Gradients, also of the pixels padded with -inf, are those of finite differences."""
    layer = MaxoutConv2D(2, pieces=2, kernel_size=2, pool_size=2, pool_stride=2)
    x = tf.constant(np.random.default_rng(1).normal(size=(2, 4, 4, 1)).astype("float32"))
    layer(x)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(x) ** 2)
    gradient = tape.gradient(total, layer.kernel.value).numpy()
    kernel = layer.kernel.numpy()
    direction = np.random.default_rng(2).normal(size=kernel.shape).astype("float32")
    values = []
    for shift in (1e-3, -1e-3):
        layer.kernel.assign(kernel + shift * direction)
        values.append(float(tf.reduce_sum(layer(x) ** 2)))
    np.testing.assert_allclose((gradient * direction).sum(), (values[0] - values[1]) / 2e-3, rtol=1e-2)


def test_maxout_convolution_round_trip():
    layer = MaxoutConv2D(4, pieces=2, kernel_size=3, padding=1, pool_size=2, pool_stride=1)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert copy.get_config() == layer.get_config()
    assert copy(keras.Input((6, 5, 3))).shape == (None, 5, 4, 4)
    assert [w.shape for w in copy.get_weights()] == [(3, 3, 3, 8), (8,)]


def test_maxout_convolution_of_too_small_images():
    with pytest.raises(InputError, match="2 x 9 pixels with 1 more"):
        MaxoutConv2D(4, pieces=2, kernel_size=5, padding=1)(np.zeros((1, 2, 9, 1)))


def test_pixel_bias():
    layer = PixelBias()
    x = np.ones((2, 3, 4, 2), "float32")
    np.testing.assert_array_equal(layer(x), x)
    bias = np.arange(24.0).reshape(3, 4, 2)
    layer.set_weights([bias])
    np.testing.assert_array_equal(layer(x), x + bias)


@pytest.mark.parametrize("scale", [1e-2, 1.0, 100.0])
def test_contrast_normalization(scale):
    x = np.random.default_rng(0).normal(3.0, 1.0, (5, 8, 6, 3)).astype("float32") * scale
    out = ContrastNormalization()(x).numpy()
    np.testing.assert_allclose(out.mean((1, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(np.sqrt((out**2).sum((1, 2, 3))), 55, rtol=1e-5)
    rows = x.astype("float64").reshape(5, -1)
    rows -= rows.mean(1, keepdims=True)
    rows *= 55 / np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(out.reshape(5, -1), rows, atol=1e-3)


def test_contrast_normalization_of_plain_images():
    """Rounding is not blown up, one pixel's smallest step is; gradients are finite."""
    plain = np.stack([np.full((32, 32, 3), value, "float32") for value in (0, 0.1, 0.3, 0.7, 1)])
    assert np.abs(ContrastNormalization()(plain)).max() < 0.1
    plain[:, 4, 4, 1] += 1 / 255
    norms = np.linalg.norm(ContrastNormalization()(plain).numpy().reshape(5, -1), axis=1)
    np.testing.assert_allclose(norms, 55, rtol=1e-3)
    x = tf.zeros((2, 4, 4, 1))
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(ContrastNormalization()(x) ** 2)
    assert np.isfinite(tape.gradient(total, x)).all()


def test_contrast_normalization_round_trip():
    layer = ContrastNormalization(norm=3.0, dtype="mixed_bfloat16")
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert copy.norm == 3.0
    assert copy(np.ones((1, 4))).dtype == tf.bfloat16


def test_sparse_initializer():
    weights = np.asarray(SparseNormal(100, seed=3)((700, 300)))
    assert ((weights != 0).sum(axis=0) == 100).all()
    values = weights[weights != 0]
    np.testing.assert_allclose((values.mean(), values.std()), (0, 1), atol=5 / np.sqrt(values.size))
    by_row = (weights != 0).sum(axis=1)  # each row is chosen with probability 1 / 7
    deviation = np.sqrt(300 / 7 * 6 / 7)
    assert abs(by_row - 300 / 7).max() < 6 * deviation
    np.testing.assert_allclose(by_row.std(), deviation, rtol=0.15)


def test_sparse_initializer_seeds_and_narrow_matrices():
    assert (np.asarray(SparseNormal(100)((8, 5))) != 0).all()
    first, second = (np.asarray(SparseNormal(3, seed=seed)((20, 5))) for seed in (1, 2))
    assert not np.array_equal(first, second)
    copy = keras.initializers.deserialize(keras.initializers.serialize(SparseNormal(3, seed=1)))
    np.testing.assert_array_equal(copy((20, 5)), first)
    keras.utils.set_random_seed(5)
    draws = [np.asarray(SparseNormal(3)((20, 5))) for _ in range(2)]
    keras.utils.set_random_seed(5)
    np.testing.assert_array_equal(SparseNormal(3)((20, 5)), draws[0])
    assert not np.array_equal(*draws)


def test_column_norm_holds_each_piece():
    """The columns of a flat maxout kernel are its pieces, each with a norm of its own."""
    layer = Maxout(2, pieces=3, kernel_constraint=column_norm(2.0))
    layer.build((None, 4))
    kernel = np.random.default_rng(0).normal(size=(4, 6)) * [0.1, 1, 10, 0.5, 5, 3]
    held = np.asarray(layer.kernel.constraint(kernel.astype("float32")))
    norms = np.linalg.norm(kernel, axis=0)
    np.testing.assert_allclose(np.linalg.norm(held, axis=0), np.minimum(norms, 2), rtol=1e-5)
    copy = Maxout.from_config(layer.get_config())
    assert copy.kernel_constraint.max_value == 2.0
