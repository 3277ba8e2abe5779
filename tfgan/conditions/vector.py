"""Vectors of numbers as conditions."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfgan import randomness
from tfgan.conditions.empirical import Pool
from tfgan.conditions.kind import Kind, another_row, as_array, checked_size
from tfgan.errors import InputError


@keras.saving.register_keras_serializable(package="tfgan")
class Vector(Kind):
    """A vector of numbers per sample, such as the features of an image.

    Args:
        dim: int >= 1. Width of the vectors, which go to the networks as they are.

    Raises:
        InputError: if `dim` is no integer >= 1.

    Reference:
        Mirza & Osindero, 2014, section 4.2 (arXiv 1411.1784): y is an image's 4096 features.
    """

    dtype = "float32"

    def __init__(self, dim):
        self.dim = checked_size("dim", dim, "give the width of your vectors.")
        self.shape = (self.dim,)

    def check(self, condition):
        """Returns `condition` as float32 `(batch, dim)`.

        Args:
            condition: numbers, array-like of shape `(batch, dim)`.

        Raises:
            InputError: for another shape, for what is no number, for NaN or infinity.
        """
        values = as_array(condition, f"conditions must be vectors of {self.dim} numbers")
        if values.dtype.kind not in "iuf":
            raise InputError(
                f"conditions must be vectors of numbers, got dtype {values.dtype}: convert them."
            )
        if values.ndim != 2 or values.shape[1] != self.dim:
            raise InputError(
                f"conditions must have shape (batch, {self.dim}), got {values.shape}: "
                "give one vector per sample."
            )
        with np.errstate(over="ignore"):  # becomes infinite, which is refused next
            values = values.astype("float32")
        if not np.isfinite(values).all():
            raise InputError(
                "conditions must be finite float32 numbers, got NaN or infinity: "
                "remove or mend those vectors."
            )
        return values

    def encode(self, condition):
        """The vectors as they are, float32 `(batch, dim)`."""
        return ops.reshape(ops.cast(condition, "float32"), (-1, self.dim))  # (B, dim)

    def guard(self, condition, by="assert"):
        """The vectors as they are; by "assert" in a graph that fails at NaN or infinity."""
        if by != "assert":
            return condition
        return tf.debugging.check_numerics(condition, "conditions must be finite")

    def draw(self, count, seed):
        """Raises InputError: nobody knows how such vectors are distributed."""
        raise InputError(
            f"vectors cannot be drawn, only given: pass condition=..., float ({count}, {self.dim}), or "
            "the data's to gan.remember_conditions, as fit does."
        )

    def mismatch(self, condition, seed):
        """Another row's vector for each row, each that differs equally likely; usable in a graph.

        Where no row of the batch differs, a row keeps its own.

        Args:
            condition: float `(batch, dim)`.
            seed: integer tensor `(2,)`.

        Returns:
            float32 tensor `(batch, dim)`.
        """
        vectors = self.encode(condition)
        count = tf.shape(vectors)[0]
        drawn = randomness.uniform((self.dim + count, count), seed, 1e-6, 1.0)
        # Rows are told apart by their projections, not by all of (batch, batch, dim) differences.
        place = tf.reduce_sum(vectors * drawn[: self.dim, 0], axis=1)  # (B,)
        rows, _ = another_row(place[:, None] != place[None], drawn[self.dim :])
        return tf.gather(vectors, rows)

    def auxiliary_loss(self, outputs, condition):
        """Half the mean squared error of an auxiliary regressor's outputs.

        Args:
            outputs: float `(batch, dim)`.
            condition: float `(batch, dim)`.

        Returns:
            float32 `(batch,)`: -log N(condition; outputs, I) / dim, but for a constant.
        """
        error = tf.cast(outputs, tf.float32) - self.encode(condition)
        return 0.5 * tf.reduce_mean(tf.square(error), axis=-1)

    def parse(self, text):
        """Raises InputError: vectors are not written on a command line."""
        raise InputError(f"conditions are given as a file of vectors, FILE.npy, got {text!r}.")

    def empirical(self):
        """The distribution of the vectors of data, of which none are known yet."""
        return Pool(self)

    def example(self, count):
        """Vectors to try networks with, float32 `(count, dim)`: always the same N(0, I)."""
        return np.random.default_rng(0).standard_normal((count, self.dim), dtype="float32")

    def get_config(self):
        return {"dim": self.dim}
