"""Random numbers of one seed, one after another."""

import tensorflow as tf

from tfgan.errors import InputError

_DRAWS = 1 << 8  # of one number, side by side with those of the next
_FURTHER = 1 << 59  # where its next as many are
MOST = 16 * _DRAWS


class Draws:
    """What is drawn in one step or move, each draw independent of the others.

    Args:
        seed: int, or int64 scalar tensor.
        number: int, or integer scalar tensor: tells the steps and moves of one seed apart.
    """

    def __init__(self, seed, number):
        self._seed, self._number = tf.cast(seed, tf.int64), tf.cast(number, tf.int64)
        self._first = self._number * _DRAWS
        self._count = 0

    def _next(self):
        if self._count == MOST:
            raise InputError(
                f"a step or move draws random numbers {MOST} times at most, expected fewer: lower "
                "cd_steps, or walkbacks."
            )
        further, place = divmod(self._count, _DRAWS)
        self._count += 1
        return tf.stack([self._seed, self._first + place + further * _FURTHER])

    def again(self):
        """The same draws from the first on: what one of several branches of a program takes."""
        return Draws(self._seed, self._number)

    def uniform(self, shape):
        """float32 of that shape, from U(0, 1)."""
        return tf.random.stateless_uniform(shape, self._next(), alg="philox")

    def normal(self, shape):
        """float32 of that shape, from N(0, 1)."""
        return tf.random.stateless_normal(shape, self._next(), alg="philox")

    def coins(self, shape):
        """float32 0 or 1 of that shape, half each."""
        return self.bernoulli(tf.fill(shape, 0.5))

    def bernoulli(self, probabilities):
        """float32 0 or 1, of probabilities of any shape; no gradient passes."""
        return tf.cast(self.uniform(tf.shape(probabilities)) < probabilities, tf.float32)
