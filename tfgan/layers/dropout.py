"""Dropout with random bits by a named, fast algorithm."""

import keras
import tensorflow as tf
from keras import ops

from tfgan import latents


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
