"""Dropout of the same units whatever compiles it, by bits of a fast algorithm."""

import keras
import tensorflow as tf
from keras import ops

from tfgan import randomness, replicas


@keras.saving.register_keras_serializable(package="tfgan")
class Dropout(keras.layers.Dropout):
    """Keras's Dropout, of the same units whether XLA compiles it or not, by fast random bits.

    Takes the same arguments, and can stand wherever that one stands. A unit is dropped with probability
    `rate`, exact to 2**-32. Under a `tf.distribute` strategy masks are those of one device: drawn
    for the whole batch, of which each replica keeps its rows.

    Reference:
        Srivastava et al., *Dropout*, 2014.
    """

    def call(self, inputs, training=False):
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return ops.zeros_like(inputs)
        shape = ops.shape(inputs)
        given = self.noise_shape or [None] * len(shape)
        count, *others = [n or shape[axis] for axis, n in enumerate(given)]
        seed = tf.cast(tf.math.floormod(self.seed_generator.next(), 2**31 - 1), tf.int32)

        def draw(count):
            return randomness.fast_bits([count, *others], seed)

        def some(first, count, total):
            return randomness.rows_of_fast_bits(first, count, total, tuple(others), seed)

        known = some if all(isinstance(side, int) for side in others) else None
        bits = replicas.rows(count, draw, some=known) if given[0] is None else draw(count)
        kept = ops.greater_equal(bits, tf.constant(int(self.rate * 2**32), tf.uint32))
        return ops.where(kept, inputs / (1 - self.rate), ops.zeros_like(inputs))
