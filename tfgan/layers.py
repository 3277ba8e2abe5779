"""Layers that GAN papers use and Keras does not have."""

import keras
import tensorflow as tf
from keras import ops

from tfgan import latents
from tfgan.errors import InputError


@keras.saving.register_keras_serializable(package="tfgan")
class Dropout(keras.layers.Dropout):
    """Keras's Dropout with random bits by a named, fast algorithm (`tfgan.latents.random_bits`).

    Takes the same arguments, and can stand wherever that one stands. A unit is dropped with probability
    `rate`, exact to 2**-32.

    Reference:
        Srivastava et al., *Dropout*, 2014.
    """

    def call(self, inputs, training=False):
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return ops.zeros_like(inputs)
        shape = ops.shape(inputs)
        if self.noise_shape is not None:
            shape = [n or shape[axis] for axis, n in enumerate(self.noise_shape)]
        seed = tf.math.floormod(self.seed_generator.next(), 2**31 - 1)
        bits = latents.random_bits(shape, tf.cast(seed, tf.int32))
        kept = ops.greater_equal(bits, tf.constant(int(self.rate * 2**32), tf.uint32))
        return ops.where(kept, inputs / (1 - self.rate), ops.zeros_like(inputs))


@keras.saving.register_keras_serializable(package="tfgan")
class Maxout(keras.layers.Layer):
    """Maxout: the largest of several affine maps, unit by unit.

    `h_i(x) = max_j (x W[:, i, j] + b[i, j])`.

    Args:
        units: int >= 1. Width of the output.
        pieces: int >= 1. Affine maps per unit.
        kernel_initializer: Keras initializer of the `(features, units * pieces)` kernel, whose columns
            run over the pieces of the first unit, then of the second, and so on.
        bias_initializer: Keras initializer of the `(units * pieces,)` bias, in the same order.

    Input shape: `(batch, ..., features)`. Output shape: `(batch, ..., units)`.

    Raises:
        InputError: if `units` or `pieces` is below 1.

    Example:

    >>> Maxout(240, pieces=5)(keras.ops.zeros((2, 784))).shape
    TensorShape([2, 240])

    Reference:
        Goodfellow et al., *Maxout Networks*, 2013, equation 1 (arXiv 1302.4389).
    """

    def __init__(
        self,
        units,
        *,
        pieces,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(**kwargs)
        for name, value in (("units", units), ("pieces", pieces)):
            if value < 1:
                raise InputError(f"Maxout needs {name} of at least 1, got {value}.")
        self.units = units
        self.pieces = pieces
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.input_spec = keras.layers.InputSpec(min_ndim=2)

    def build(self, input_shape):
        features = input_shape[-1]
        # Kept flat, unit-major: one matrix product, as in Dense. The initializer sees this shape,
        # which keeps the fan-in right for those that scale by it.
        width = self.units * self.pieces
        self.kernel = self.add_weight(
            shape=(features, width), initializer=self.kernel_initializer, name="kernel"
        )
        self.bias = self.add_weight(shape=(width,), initializer=self.bias_initializer, name="bias")
        self.input_spec = keras.layers.InputSpec(min_ndim=2, axes={-1: features})

    def call(self, inputs):
        affine = ops.add(ops.matmul(inputs, self.kernel), self.bias)
        pieces = ops.reshape(
            affine, (*ops.shape(inputs)[:-1], self.units, self.pieces)
        )  # (B, ..., units, pieces)
        return ops.max(pieces, axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "pieces": self.pieces,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
