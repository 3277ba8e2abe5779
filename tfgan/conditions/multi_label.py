"""Several labels at once."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfgan import randomness
from tfgan.conditions.empirical import Pool
from tfgan.conditions.kind import Kind, another_row, as_array, checked_size
from tfgan.errors import InputError


@keras.saving.register_keras_serializable(package="tfgan")
class MultiLabel(Kind):
    """Any number of labels per image at once, such as the attributes of a face.

    A condition is a multi-hot vector: 1 for each label the image has, 0 for the others.

    Args:
        num_labels: int >= 1.

    Raises:
        InputError: if `num_labels` is no integer >= 1.

    Reference:
        Mirza & Osindero, 2014, section 3.2 (arXiv 1411.1784): y may be any auxiliary information.
    """

    dtype = "int32"

    def __init__(self, num_labels):
        self.num_labels = checked_size("num_labels", num_labels, "count the labels an image may have.")
        self.dim = self.num_labels
        self.shape = (self.dim,)

    def check(self, condition):
        """Returns `condition` as int32 `(batch, num_labels)` of 0 and 1.

        Args:
            condition: 0 and 1, bool or numbers, array-like of shape `(batch, num_labels)`.

        Raises:
            InputError: for another shape, or for other values.
        """
        values = as_array(condition, f"conditions must be rows of {self.num_labels} labels")
        if values.dtype.kind not in "biuf":
            raise InputError(
                f"several labels must be 0 or 1 each, got dtype {values.dtype}: convert them."
            )
        if values.ndim != 2 or values.shape[1] != self.num_labels:
            raise InputError(
                f"several labels must have shape (batch, {self.num_labels}), got {values.shape}: "
                "give one row per image, 1 for each label that it has."
            )
        wrong = values[(values != 0) & (values != 1)]
        if wrong.size:
            raise InputError(
                f"several labels must be 0 or 1 each, got {wrong[0]:g}: "
                "give 1 for each label that an image has, or use Vector for numbers."
            )
        return values.astype("int32")

    def encode(self, condition):
        """The labels as they are, float32 `(batch, num_labels)`; between 0 and 1 where mixed."""
        return ops.reshape(ops.cast(condition, "float32"), (-1, self.num_labels))  # (B, labels)

    def guard(self, condition, by="assert"):
        """Labels as they are, in a graph that fails where one is neither 0 nor 1.

        Args:
            condition: int tensor `(batch, num_labels)`.
            by: as `Labels.guard` has it.
        """
        if by == "gather":
            # In ONNX -1 would be the last one.
            place = tf.where(condition < 0, 2, condition)
            return tf.gather(tf.range(2), place)
        inside = tf.reduce_all((condition == 0) | (condition == 1))
        with tf.control_dependencies(
            [tf.debugging.Assert(inside, ["several labels must be 0 or 1 each, got", condition])]
        ):
            return tf.identity(condition)

    def draw(self, count, seed):
        """Raises InputError: nobody knows which labels go together."""
        raise InputError(
            "several labels cannot be drawn, only given: pass condition=..., 0 or 1 "
            f"({count}, {self.num_labels}), or the data's to gan.remember_conditions, as fit does."
        )

    def mismatch(self, condition, seed):
        """Other combinations than the given ones; usable in a graph.

        Each is that of another row of the batch, all that differ equally likely: one that exists in
        the data. Where none differs, one label is turned over.

        Args:
            condition: 0 and 1, `(batch, num_labels)`.
            seed: integer tensor `(2,)`.

        Returns:
            int32 tensor `(batch, num_labels)`.
        """
        given = tf.cast(condition, tf.int32)
        count = tf.shape(given)[0]
        drawn = randomness.uniform((count, count + self.num_labels), seed, 1e-6, 1.0)
        has = tf.cast(given, tf.float64)  # which no precision rounds
        shared = tf.matmul(has, has, transpose_b=True)  # (B, B)
        sizes = tf.reduce_sum(has, axis=1)  # (B,)
        differs = sizes[:, None] + sizes[None] > 2 * shared
        rows, found = another_row(differs, drawn[:, :count])
        turned = tf.one_hot(tf.argmax(drawn[:, count:], axis=1), self.num_labels, dtype=tf.int32)
        return tf.where(found[:, None], tf.gather(given, rows), tf.abs(given - turned))

    def auxiliary_loss(self, outputs, condition):
        """Mean of the binary cross-entropies of an auxiliary classifier's outputs with the labels.

        Args:
            outputs: float `(batch, num_labels)`, logits.
            condition: 0 and 1, `(batch, num_labels)`.

        Returns:
            float32 `(batch,)`, in nats per label.
        """
        each = tf.nn.sigmoid_cross_entropy_with_logits(
            labels=self.encode(condition), logits=tf.cast(outputs, tf.float32)
        )
        return tf.reduce_mean(each, axis=-1)

    def parse(self, text):
        """Rows of a text such as "0+2,1,none": labels joined by +, int32 `(n, num_labels)`.

        Raises:
            InputError: for another text, or a label out of range.
        """
        rows = np.zeros((len(text.split(",")), self.num_labels), "int32")
        for row, part in zip(rows, text.split(","), strict=True):
            numbers = [] if part.strip() == "none" else part.split("+")
            for number in numbers:
                digits = number.strip()
                short = digits.isdecimal() and len(digits) < 10
                if not short or int(digits) >= self.num_labels:
                    raise InputError(
                        "conditions are written as rows of labels such as 0+2,1,none, each below "
                        f"{self.num_labels}, got {text[:60]!r}."
                    )
                row[int(number)] = 1
        return rows

    def empirical(self):
        """The distribution of the labels of data, of which none are known yet."""
        return Pool(self)

    def example(self, count):
        """Labels to try networks with, int32 `(count, num_labels)`: always the same, half of them 1."""
        return np.random.default_rng(0).integers(2, size=(count, self.num_labels), dtype="int32")

    def get_config(self):
        return {"num_labels": self.num_labels}
