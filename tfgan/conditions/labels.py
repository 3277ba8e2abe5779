"""Class labels."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfgan.conditions.empirical import Frequencies
from tfgan.conditions.kind import Kind, as_array, checked_size
from tfgan.errors import InputError


@keras.saving.register_keras_serializable(package="tfgan")
class Labels(Kind):
    """A class label per image.

    Args:
        num_classes: int >= 1. Labels are integers in `[0, num_classes)`.

    Raises:
        InputError: if `num_classes` is no integer >= 1.

    Reference:
        Mirza & Osindero, 2014, section 4.1 (arXiv 1411.1784): y is a one-hot vector.
    """

    def __init__(self, num_classes):
        self.num_classes = checked_size("num_classes", num_classes, "count the classes of your labels.")
        self.dim = self.num_classes

    # Of one condition, as a network is given it.
    shape: tuple[int, ...] = ()
    dtype = "int32"

    def check(self, condition):
        """Returns `condition` as int32 `(batch,)`.

        Args:
            condition: integers, array-like of shape `(batch,)` or `(batch, 1)`.

        Raises:
            InputError: for another shape, for values that are not whole numbers, or for values
                outside `[0, num_classes)`.
        """
        values = as_array(condition, "labels must be one whole number per image")
        if values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]  # (B,)
        if values.ndim != 1:
            raise InputError(
                f"labels must have shape (batch,), got {values.shape}: "
                "give one class index per image, not one-hot vectors."
            )
        if values.dtype.kind not in "iuf" or (
            values.dtype.kind == "f" and not np.all(values == np.trunc(values))
        ):
            raise InputError(
                f"labels must be whole numbers, got dtype {values.dtype}: "
                "convert class names to indices first."
            )
        wrong = values[(values < 0) | (values >= self.num_classes)]
        if wrong.size:
            raise InputError(
                f"labels must lie in [0, {self.num_classes}), got {wrong[0]}: "
                "mend the labels, or build the networks with more classes."
            )
        return values.astype("int32")

    def encode(self, condition):
        """One-hot vectors, float32 `(batch, num_classes)`, of int labels `(batch,)` or `(batch, 1)`.

        Float `(batch, num_classes)`, with at least 2 classes, are such vectors already, perhaps between
        two classes (`Mix`), and pass.
        """
        if not hasattr(condition, "dtype"):
            condition = np.asarray(condition)
        if self._is_encoded(condition):
            return ops.cast(condition, "float32")
        labels = ops.reshape(ops.cast(condition, "int32"), (-1,))  # (B,), also of (B, 1)
        one_hot = ops.one_hot(labels, self.num_classes, dtype="int32")
        # In integers and not cast at once: LiteRT's converter makes the zeros of floats 0.5 in int8.
        return ops.cast(ops.minimum(one_hot, 1), "float32")

    def _is_encoded(self, condition):
        shape = condition.shape
        if getattr(shape, "rank", 0) is None:
            return False
        wide = len(shape) == 2 and shape[-1] == self.num_classes > 1
        return wide and keras.backend.is_float_dtype(condition.dtype)

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

    def auxiliary_loss(self, outputs, condition):
        """Cross-entropy of an auxiliary classifier's outputs with the labels.

        Args:
            outputs: float `(batch, num_classes)`, logits.
            condition: what `encode` takes.

        Returns:
            float32 `(batch,)`, in nats.

        Reference:
            Odena et al., 2017, equation 3 (arXiv 1610.09585).
        """
        logits = tf.cast(outputs, tf.float32)
        return tf.nn.softmax_cross_entropy_with_logits(labels=self.encode(condition), logits=logits)

    def parse(self, text):
        """Labels of a text such as "0,1,2", int `(n,)`, not checked.

        Raises:
            InputError: for another text.
        """
        try:
            return [int(part) for part in text.split(",")]
        except ValueError:
            raise InputError(
                f"conditions are written as class numbers such as 0,1,2, got {text[:60]!r}."
            ) from None

    def empirical(self):
        """The distribution of the labels of data, of which none are known yet."""
        return Frequencies(self.num_classes)

    def example(self, count):
        """Labels to try networks with, int32 `(count,)`: all classes in turn."""
        return np.arange(count, dtype="int32") % self.num_classes

    def get_config(self):
        return {"num_classes": self.num_classes}
