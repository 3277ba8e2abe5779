"""What the kinds of conditions have in common."""

import numpy as np
import tensorflow as tf

from tfgan.errors import InputError


class Kind:
    """A kind of condition, of which one number says which one it is.

    Attributes:
        shape: tuple, of one condition as a network is given it.
        dtype: str, likewise.
        dim: int. Width of the encoded condition.
    """

    shape: tuple[int, ...]
    dtype: str
    dim: int

    def check(self, condition):
        raise NotImplementedError

    def encode(self, condition):
        raise NotImplementedError

    def rows(self, condition, count):
        """Returns the conditions of `count` samples, checked: `(count, *shape)`.

        Args:
            condition: one condition, for all samples; or `(count, *shape)` array-like.
            count: int.

        Raises:
            InputError: for another number of them, or as `check`.
        """
        values = condition
        if self._is_one(condition):
            values = np.repeat(np.asarray(condition)[None], count, axis=0)
        check_count(values, count)
        return self.check(values)

    def _is_one(self, condition):
        if not hasattr(condition, "__len__"):
            return True
        return bool(self.shape) and len(condition) > 0 and not hasattr(condition[0], "__len__")

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


def check_count(values, count):
    """Refuses another number of conditions than of samples.

    Raises:
        InputError: for it.
    """
    if len(values) != count:
        raise InputError(
            f"{count} samples need {count} conditions, got {len(values)}: "
            "give one per image, or one for all."
        )


def checked_size(name, value, remedy):
    """Returns the number as an int.

    Raises:
        InputError: if it is no integer >= 1.
    """
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < 1:
        raise InputError(f"{name} must be an integer of at least 1, got {value!r}: {remedy}")
    return int(value)


def as_array(condition, what):
    """A numpy array of what was given.

    Raises:
        InputError: if it is ragged.
    """
    try:
        return np.asarray(condition)
    except ValueError:
        raise InputError(f"{what}, got a ragged list.") from None


def another_row(differs, scores):
    """For each row of a batch another one that differs, each of them equally likely; in a graph.

    Args:
        differs: bool `(batch, batch)`.
        scores: float `(batch, batch)` > 0, drawn uniformly.

    Returns:
        (int64 `(batch,)` rows; bool `(batch,)`, False where none differs and the row is any).
    """
    scores = tf.where(differs, scores, tf.zeros_like(scores))
    return tf.argmax(scores, axis=1), tf.reduce_any(differs, axis=1)
