"""Random numbers of one seed, one after another."""

import tensorflow as tf

_DRAWS = 1 << 8  # of one number, at most


class Draws:
    """What is drawn in one step or move, each draw independent of the others.

    Args:
        seed: int, or int64 scalar tensor.
        number: int, or integer scalar tensor: tells the steps and moves of one seed apart.
    """

    def __init__(self, seed, number):
        self._seed = tf.cast(seed, tf.int64)
        self._first = tf.cast(number, tf.int64) * _DRAWS
        self._count = 0

    def _next(self):
        assert self._count < _DRAWS
        self._count += 1
        return tf.stack([self._seed, self._first + self._count - 1])

    def uniform(self, shape):
        """float32 of that shape, from U(0, 1)."""
        return tf.random.stateless_uniform(shape, self._next(), alg="philox")

    def normal(self, shape):
        """float32 of that shape, from N(0, 1)."""
        return tf.random.stateless_normal(shape, self._next(), alg="philox")

    def bernoulli(self, probabilities):
        """float32 0 or 1, of probabilities of any shape; no gradient passes."""
        return tf.cast(self.uniform(tf.shape(probabilities)) < probabilities, tf.float32)
