"""Matrix products and convolutions in bfloat16 inside a float32 graph.

Keras's `mixed_bfloat16` policy computes whole layers in bfloat16, biases and activations too. Here only
what goes into a product and comes out of it is rounded: the rest stays float32, whatever the layers.
"""

import contextlib
import contextvars
import functools

import keras
import tensorflow as tf

# Where TensorFlow's Python makes the nodes of a graph; it has no public place to change their types.
# The products of the backward pass need none: a node's gradient has the node's own type.
from tensorflow.python.ops import gen_linalg_ops, gen_math_ops, gen_nn_ops

from tfgan import scoped

PRECISIONS = ("float32", "bfloat16")

_PRODUCTS = {
    gen_math_ops: ("mat_mul", "batch_mat_mul", "batch_mat_mul_v2"),
    gen_linalg_ops: ("einsum",),
    gen_nn_ops: (
        "conv2d",
        "conv2d_backprop_input",  # forward, this is a transposed convolution
        "conv3d",
        "conv3d_backprop_input_v2",
        "depthwise_conv2d_native",
    ),
}

# Of the thread that traces: a strategy traces its replicas in turns, each in a thread of its own.
_precision: contextvars.ContextVar[str] = contextvars.ContextVar("precision", default="float32")


def products(precision):
    """What is traced inside rounds the float32 operands and results of products to `precision`.

    Args:
        precision: "float32" (nothing is rounded, also inside of another such block) or "bfloat16".
            TensorFlow's kernels sum such products in float32 and give them as bfloat16; all else stays
            float32.
    """
    if precision != "float32":
        _install()
    return scoped.holding(_precision, precision)


@functools.cache
def _install():
    """Has TensorFlow's products look at the precision, from now on."""
    for module, names in _PRODUCTS.items():
        for name in names:
            setattr(module, name, _rounding(getattr(module, name)))


@contextlib.contextmanager
def policy(name):
    """Layers made inside have this Keras dtype policy, such as "mixed_bfloat16"."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextlib.contextmanager
def exact(network):
    """What is traced inside computes in float32, in the network's mixed-precision layers too.

    Args:
        network: Keras model, whose weights are float32 in any case.
    """
    policies = [
        (layer, layer.dtype_policy)
        for layer in network._flatten_layers()
        if layer.compute_dtype in ("float16", "bfloat16")
    ]
    try:
        for layer, _ in policies:
            layer.dtype_policy = keras.DTypePolicy("float32")
        with products("float32"):
            yield
    finally:
        for layer, policy in policies:
            layer.dtype_policy = policy


def _rounding(function):
    @functools.wraps(function)
    def product(*args, **kwargs):
        rounds = _precision.get() == "bfloat16"
        if not rounds or not any(map(_is_float32, tf.nest.flatten((args, kwargs)))):
            return function(*args, **kwargs)
        args, kwargs = tf.nest.map_structure(
            lambda x: tf.cast(x, tf.bfloat16) if _is_float32(x) else x, (args, kwargs)
        )
        return tf.cast(function(*args, **kwargs), tf.float32)

    return product


def _is_float32(x):
    return tf.is_tensor(x) and x.dtype == tf.float32
