import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import SHAPE, one_line, small_gan

import tfgan
from tfgan import precision
from tfgan.errors import InputError

LAYERS = {
    "dense": (keras.layers.Dense(3), (4,)),
    "einsum": (keras.layers.EinsumDense("ab,bc->ac", 3), (4,)),
    "conv": (keras.layers.Conv2D(3, 3), (5, 5, 2)),
    "transposed": (keras.layers.Conv2DTranspose(3, 3, strides=2), (5, 5, 2)),
    "depthwise": (keras.layers.DepthwiseConv2D(3), (5, 5, 2)),
    "separable": (keras.layers.SeparableConv2D(3, 3), (5, 5, 2)),
    "conv3d": (keras.layers.Conv3D(3, 2), (4, 4, 4, 2)),
    "maxout": (tfgan.layers.Maxout(3, pieces=2), (4,)),
    "attention": (keras.layers.MultiHeadAttention(2, 4), (5, 4)),
}
PRODUCTS = ("MatMul", "Conv", "Einsum")


def with_gradient(layer, shape, name):
    """A traced function of a layer's output, and of its gradient by input and weights."""

    def call(x):
        return layer(x, x) if name == "attention" else layer(x)

    @tf.function(autograph=False)
    def run(x):
        with precision.products("bfloat16"), tf.GradientTape() as tape:
            tape.watch(x)
            y = call(x)
            loss = tf.reduce_sum(tf.sin(y))
        return y, tape.gradient(loss, [x, *layer.trainable_variables])

    x = tf.random.stateless_uniform((2, *shape), (1, 2), -1.0, 1.0)
    call(x)
    return run, call, x


@pytest.mark.parametrize("name", LAYERS)
def test_every_product_forward_and_backward(name):
    run, call, x = with_gradient(*LAYERS[name], name)
    graph = run.get_concrete_function(x).graph
    products = [op for op in graph.get_operations() if any(p in op.type for p in PRODUCTS)]
    assert len(products) >= 3
    for op in products:
        types = {t.dtype for t in (*op.inputs, *op.outputs)} - {tf.int32}
        assert types == {tf.bfloat16}, op.type
    output, gradients = run(x)
    exact = call(x)
    assert output.dtype == tf.float32
    assert {g.dtype for g in gradients} == {tf.float32}
    np.testing.assert_allclose(output, exact, atol=0.03)
    assert np.abs(output - exact).max() > 0  # rounded indeed


def test_nothing_stays_changed():
    before = tf.matmul(tf.ones((2, 3)), tf.fill((3, 2), 1.001))
    with pytest.raises(ZeroDivisionError), precision.products("bfloat16"):
        raise ZeroDivisionError
    np.testing.assert_array_equal(tf.matmul(tf.ones((2, 3)), tf.fill((3, 2), 1.001)), before)


@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_training_stays_near_float32(images, jit_compile):
    def trained(matmul_precision):
        keras.utils.set_random_seed(2)
        gan = small_gan()
        gan.compile(
            g_optimizer=keras.optimizers.SGD(0.1),
            d_optimizer=keras.optimizers.SGD(0.1),
            jit_compile=jit_compile,
            matmul_precision=matmul_precision,
        )
        gan.fit(images, batch_size=10, shuffle=False, verbose=0)
        return gan

    rounded, exact = trained("bfloat16"), trained("float32")
    assert rounded.get_compile_config()["matmul_precision"] == "bfloat16"
    for a, b in zip(rounded.trainable_variables, exact.trainable_variables, strict=True):
        assert a.dtype == "float32"
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=2e-3)
    assert rounded.sample(2).shape == (2, *SHAPE)


def test_unknown_precision():
    with pytest.raises(InputError, match="matmul_precision must be one of float32, bfloat16") as error:
        small_gan().compile(matmul_precision="float16")
    one_line(error)
