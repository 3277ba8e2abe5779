"""Spectral normalisation: the theorem, that the top singular value is 1, and what must not change."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import one_line

from tfgan.errors import InputError
from tfgan.layers import Maxout, SpectralNormalization

LAYERS = {
    "dense": (lambda: keras.layers.Dense(7), (5,)),
    "convolution": (lambda: keras.layers.Conv2D(6, 3, 2, "same"), (5, 5, 4)),
    "transposed": (lambda: keras.layers.Conv2DTranspose(6, 4, 2, "same"), (3, 3, 4)),
    "depthwise": (lambda: keras.layers.DepthwiseConv2D(3, depth_multiplier=2), (5, 5, 4)),
}


def made(kind):
    make, shape = LAYERS[kind]
    layer = SpectralNormalization(make())
    x = np.random.default_rng(0).standard_normal((3, *shape)).astype("float32")
    layer(x)
    return layer, x


def matrix(layer):
    """The kernel by hand: a column per output."""
    kernel = layer.layer.kernel.numpy()
    if isinstance(layer.layer, keras.layers.Conv2DTranspose):
        kernel = np.moveaxis(kernel, -2, -1)
    if isinstance(layer.layer, keras.layers.DepthwiseConv2D):
        return kernel.reshape(9, -1)
    return kernel.reshape(-1, kernel.shape[-1])


def top(layer):
    return np.linalg.svd(matrix(layer), compute_uv=False)[0]


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("kind", LAYERS)
def test_the_kernel_in_effect_is_divided_by_its_top_singular_value(kind, jit_compile):
    layer, x = made(kind)
    kernel = layer.layer.kernel.numpy()
    out = tf.function(layer, jit_compile=jit_compile)(x).numpy()
    np.testing.assert_array_equal(layer.layer.kernel.numpy(), kernel)
    layer.layer.kernel.assign(kernel / top(layer))
    np.testing.assert_allclose(out, layer.layer(x), rtol=1e-3, atol=1e-4)
    assert out.shape == tuple(layer.compute_output_shape(x.shape))


@pytest.mark.parametrize("kind", LAYERS)
def test_one_iteration_a_step_keeps_up(kind):
    """Also where the kernel starts tripled in one direction: u forgets what it was."""
    layer, x = made(kind)
    optimizer = keras.optimizers.SGD(0.02)
    optimizer.build(layer.trainable_variables)
    kernel = layer.layer.kernel
    rng = np.random.default_rng(1)
    kernel.assign_add(rng.standard_normal(kernel.shape))
    wanted = tf.constant(rng.standard_normal(layer(x).shape), tf.float32)

    @tf.function
    def step():
        layer.power_iteration()
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((layer(x) - wanted) ** 2)
        variables = layer.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)

    before = kernel.numpy()
    for _ in range(60):
        step()
    assert np.abs(kernel.numpy() - before).max() > 1e-3
    sigma = float(layer._sigma(layer._kernel))
    np.testing.assert_allclose(sigma, top(layer), rtol=0.01)
    np.testing.assert_allclose(np.linalg.norm(layer.vector), 1, rtol=1e-5)


def test_an_iteration_by_hand():
    layer, _ = made("dense")
    w, u = layer.layer.kernel.numpy(), np.arange(1.0, 8)
    layer.vector.assign(u)
    layer.power_iteration()
    v = w @ u / np.linalg.norm(w @ u)
    np.testing.assert_allclose(layer.vector, w.T @ v / np.linalg.norm(w.T @ v), rtol=1e-5)


@pytest.mark.parametrize("kind", LAYERS)
def test_calls_do_not_iterate(kind):
    layer, x = made(kind)
    vector = np.random.default_rng(2).standard_normal(layer.vector.shape).astype("float32")
    layer.vector.assign(vector)
    for training in (False, True):
        layer(x, training=training)
    np.testing.assert_array_equal(layer.vector, vector)
    assert [v.name for v in layer.non_trainable_variables] == ["vector"]


def test_gradient_passes_through_sigma():
    """Finite differences at a u that is no singular vector: `d |W u|` has no part by u."""
    layer, x = made("convolution")
    u = np.random.default_rng(3).standard_normal(6)
    layer.vector.assign(u / np.linalg.norm(u))
    kernel = layer.layer.kernel
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tf.sin(layer(x)))
    gradient = tape.gradient(total, kernel.value).numpy()
    direction = np.random.default_rng(4).standard_normal(kernel.shape).astype("float32")
    start, values = kernel.numpy(), []
    for shift in (5e-3, -5e-3):
        kernel.assign(start + shift * direction)
        values.append(float(tf.reduce_sum(tf.sin(layer(x)))))
    slope = (values[0] - values[1]) / 1e-2
    np.testing.assert_allclose((gradient * direction).sum(), slope, rtol=0.01)
    # The output does not know the kernel's scale: nothing is passed back along the kernel itself.
    assert abs((gradient * start).sum()) < 1e-3 * np.linalg.norm(gradient) * np.linalg.norm(start)


def test_kernels_of_zeros_stay_finite():
    layer, x = made("dense")
    layer.layer.kernel.assign(0 * layer.layer.kernel)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(x))
    assert np.isfinite(tape.gradient(total, layer.layer.kernel.value)).all()
    layer.power_iteration()
    assert np.isfinite(layer(x)).all()


def test_mixed_precision_computes_sigma_in_float32():
    x = np.random.default_rng(0).standard_normal((3, 5, 5, 4)).astype("float32")
    inside = keras.layers.Conv2D(6, 3, dtype="mixed_bfloat16")
    layer = SpectralNormalization(inside)
    model = keras.Sequential([keras.layers.Rescaling(1.0, dtype="mixed_bfloat16"), layer])
    model(x)
    out = tf.function(model, jit_compile=True)(x)
    assert out.dtype == tf.bfloat16
    assert layer.vector.dtype == "float32"
    np.testing.assert_allclose(layer._sigma(layer._kernel), top(layer), rtol=1e-3)
    inside.kernel.assign(inside.kernel / top(layer))
    np.testing.assert_allclose(tf.cast(out, tf.float32), tf.cast(inside(x), tf.float32), atol=0.03)


def test_saved_and_loaded(tmp_path):
    layer, x = made("convolution")
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    layer.vector.assign(np.arange(6.0) / np.sqrt(55))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    (again,) = loaded.layers
    assert isinstance(again, SpectralNormalization)
    assert again.layer.get_config() == layer.layer.get_config()
    np.testing.assert_array_equal(again.vector, layer.vector)
    np.testing.assert_array_equal(loaded(x), model(x))


def test_built_while_a_model_is_traced():
    """Values are not known then; the vector still is the kernel's."""
    inputs = keras.Input((5,))
    layer = SpectralNormalization(keras.layers.Dense(7))

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = layer
            self(inputs)

        def call(self, x):
            return self.inner(x)

    Model()
    np.testing.assert_allclose(layer._sigma(layer._kernel), top(layer), rtol=1e-3)


def test_other_layers_are_refused():
    with pytest.raises(InputError, match="Maxout") as error:
        SpectralNormalization(Maxout(3, pieces=2))
    one_line(error)


def test_the_loss_of_an_activity_regularizer_stays():
    layer = SpectralNormalization(keras.layers.Dense(3, activity_regularizer="l2"))
    x = np.random.default_rng(0).standard_normal((5, 4)).astype("float32")
    outputs = layer(x)

    assert len(layer.losses) == 1
    np.testing.assert_allclose(layer.losses[0], 0.01 * np.sum(np.square(outputs)), rtol=1e-5)
