"""Conditions between two others."""

import numpy as np

from tfgan.conditions.labels import Labels
from tfgan.errors import InputError


class Mix:
    """A condition between two: `gan.sample(8, Mix(3, 5, np.linspace(0, 1, 8)), seed=0)`.

    The encoded conditions are mixed, `(1 - weight) first + weight second`: of labels, the one-hot
    vectors. A generator takes it that encodes its condition inside, as those of this package do.

    Args:
        first: one condition, or one per sample.
        second: likewise.
        weight: float in [0, 1], or one per sample. 0 is the first alone, 1 the second.

    Raises:
        InputError: if a weight is no number in [0, 1].
    """

    def __init__(self, first, second, weight=0.5):
        self.first, self.second = first, second
        try:
            self.weight = np.asarray(weight, "float32")
        except (TypeError, ValueError):
            self.weight = np.array(np.nan)
        if self.weight.ndim > 1 or not np.all((self.weight >= 0) & (self.weight <= 1)):
            raise InputError(
                f"the weight of a mix must be a number from 0 to 1, or one per sample, got {weight!r}."
            )

    def encode(self, kind, count):
        """The encoded conditions of `count` samples, float32 `(count, kind.dim)`.

        Raises:
            InputError: if conditions or weights do not fit.
        """
        if isinstance(kind, Labels) and kind.num_classes < 2:
            raise InputError("a mix needs labels of at least 2 classes, got 1: leave it out.")
        if self.weight.ndim and len(self.weight) != count:
            raise InputError(
                f"{count} samples need {count} weights, got {len(self.weight)}: "
                "give one per image, or one for all."
            )
        ends = [np.asarray(kind.encode(kind.rows(end, count))) for end in (self.first, self.second)]
        weight = self.weight.reshape(-1, 1)  # (count or 1, 1)
        return (1 - weight) * ends[0] + weight * ends[1]
