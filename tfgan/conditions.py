"""Kinds of conditions: how one is checked, encoded for a network and drawn for sampling."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfgan.errors import InputError


class _Sized:
    """What all kinds have in common: one number says which one it is."""

    def get_config(self):
        raise NotImplementedError

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def __eq__(self, other):
        return type(other) is type(self) and other.get_config() == self.get_config()

    def __hash__(self):
        return hash(repr(self))

    def __repr__(self):
        (size,) = self.get_config().values()
        return f"{type(self).__name__}({size})"


def _size(name, value, remedy):
    """Returns the number as an int.

    Raises:
        InputError: if it is no integer >= 1.
    """
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < 1:
        raise InputError(f"{name} must be an integer of at least 1, got {value!r}: {remedy}")
    return int(value)


@keras.saving.register_keras_serializable(package="tfgan")
class Labels(_Sized):
    """A class label per image.

    Args:
        num_classes: int >= 1. Labels are integers in `[0, num_classes)`.

    Raises:
        InputError: if `num_classes` is no integer >= 1.

    Reference:
        Mirza & Osindero, 2014, section 4.1 (arXiv 1411.1784): y is a one-hot vector.
    """

    def __init__(self, num_classes):
        self.num_classes = _size("num_classes", num_classes, "count the classes of your labels.")

    # Of one condition, as a network is given it.
    shape: tuple[int, ...] = ()
    dtype = "int32"

    @property
    def dim(self):
        """int: width of the encoded condition."""
        return self.num_classes

    def check(self, condition):
        """Returns `condition` as int32 `(batch,)`.

        Args:
            condition: integers, array-like of shape `(batch,)` or `(batch, 1)`.

        Raises:
            InputError: for another shape, for values that are not whole numbers, or for values
                outside `[0, num_classes)`.
        """
        try:
            values = np.asarray(condition)
        except ValueError:
            raise InputError("labels must be one whole number per image, got a ragged list.") from None
        if values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]  # (B,)
        if values.ndim != 1:
            raise InputError(
                f"labels must have shape (batch,), got {values.shape}: "
                "give one class index per image, not one-hot vectors."
            )
        if values.dtype.kind not in "iuf" or (values.dtype.kind == "f" and np.any(values % 1)):
            raise InputError(
                f"labels must be whole numbers, got dtype {values.dtype}: "
                "convert class names to indices first."
            )
        wrong = values[(values < 0) | (values >= self.num_classes)]
        if wrong.size:
            raise InputError(
                f"labels must lie in [0, {self.num_classes}), got {wrong[0]:g}: "
                "mend the labels, or build the networks with more classes."
            )
        return values.astype("int32")

    def encode(self, condition):
        """One-hot vectors, float32 `(batch, num_classes)`, of int labels `(batch,)` or `(batch, 1)`."""
        labels = ops.reshape(ops.cast(condition, "int32"), (-1,))  # (B,), also of (B, 1)
        one_hot = ops.one_hot(labels, self.num_classes, dtype="int32")
        # In integers and not cast at once: LiteRT's converter makes the zeros of floats 0.5 in int8.
        return ops.cast(ops.minimum(one_hot, 1), "float32")

    def guard(self, condition, by="assert"):
        """Labels as they are, in a graph that fails where one is out of range.

        Args:
            condition: int tensor `(batch,)`.
            by: "assert", with InvalidArgument and a message; or "gather", by ops that LiteRT and ONNX
                have.
        """
        if by == "gather":
            # In ONNX -1 would be the last one.
            place = tf.where(condition < 0, self.num_classes, condition)
            return tf.gather(tf.range(self.num_classes), place)
        inside = tf.reduce_all((condition >= 0) & (condition < self.num_classes))
        said = [f"labels must lie in [0, {self.num_classes}), got", condition]
        with tf.control_dependencies([tf.debugging.Assert(inside, said)]):
            return tf.identity(condition)

    def draw(self, count, seed):
        """Draws labels uniformly.

        Args:
            count: int. How many.
            seed: int or `numpy.random.Generator`.

        Returns:
            int32 `(count,)`.
        """
        return np.random.default_rng(seed).integers(self.num_classes, size=count, dtype="int32")

    def mismatch(self, condition, seed):
        """Other labels than the given ones, each of the others equally likely; usable in a graph.

        Args:
            condition: int `(batch,)` or `(batch, 1)`.
            seed: integer tensor `(2,)`.

        Returns:
            int32 tensor `(batch,)`.
        """
        labels = tf.reshape(tf.cast(condition, tf.int32), (-1,))  # (B,)
        shift = tf.random.stateless_uniform(
            tf.shape(labels), seed, 1, self.num_classes, tf.int32, alg="philox"
        )
        return (labels + shift) % self.num_classes

    def example(self, count):
        """Labels to try networks with, int32 `(count,)`: all classes in turn."""
        return np.arange(count, dtype="int32") % self.num_classes

    def get_config(self):
        return {"num_classes": self.num_classes}


@keras.saving.register_keras_serializable(package="tfgan")
class Vector(_Sized):
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
        self.dim = _size("dim", dim, "give the width of your vectors.")

    @property
    def shape(self):
        """tuple: of one condition, as a network is given it."""
        return (self.dim,)

    def check(self, condition):
        """Returns `condition` as float32 `(batch, dim)`.

        Args:
            condition: numbers, array-like of shape `(batch, dim)`.

        Raises:
            InputError: for another shape, for what is no number, for NaN or infinity.
        """
        try:
            values = np.asarray(condition)
        except ValueError:
            raise InputError(
                f"conditions must be vectors of {self.dim} numbers, got a ragged list."
            ) from None
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
            f"vectors cannot be drawn, only given: pass condition=..., float ({count}, {self.dim})."
        )

    def example(self, count):
        """Vectors to try networks with, float32 `(count, dim)`: always the same N(0, I)."""
        return np.random.default_rng(0).standard_normal((count, self.dim), dtype="float32")

    def get_config(self):
        return {"dim": self.dim}


def get(condition):
    """Returns a condition from its Keras config, which `keras.saving` hands to networks, or itself.

    Raises:
        InputError: if it is neither.
    """
    if isinstance(condition, dict):
        condition = keras.saving.deserialize_keras_object(condition)
    if not isinstance(condition, (Labels, Vector)):
        raise InputError(
            f"a condition must be tfgan.conditions.Labels(num_classes) or Vector(dim), got "
            f"{condition!r}: without one, use GAN and unconditional networks."
        )
    return condition
