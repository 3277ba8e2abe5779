import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan import latents
from tfgan.errors import InputError
from tfgan.layers import Dropout, Maxout


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
    with latents.bits_for(jit_compile):
        first, second = (call(tf.ones((200, 500))).numpy() for _ in range(2))
    kept = first != 0
    np.testing.assert_allclose(first[kept], 1 / (1 - rate), rtol=1e-6)
    deviation = np.sqrt(rate * (1 - rate) / kept.size)
    assert abs(kept.mean() - (1 - rate)) < 5 * deviation
    assert abs(((first != 0) & (second != 0)).mean() - (1 - rate) ** 2) < 5 * deviation  # independent
    columns = kept.mean(axis=0)
    assert columns.std() < 1.3 * np.sqrt(rate * (1 - rate) / 200)


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
