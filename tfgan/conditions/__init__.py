"""Kinds of conditions: how one is checked, encoded for a network, drawn and mixed."""

import keras

from tfgan.conditions.empirical import Frequencies, Pool
from tfgan.conditions.kind import Kind, check_count
from tfgan.conditions.labels import Labels
from tfgan.conditions.mixing import Mix
from tfgan.conditions.multi_label import MultiLabel
from tfgan.conditions.vector import Vector
from tfgan.errors import InputError

__all__ = [
    "Frequencies",
    "Kind",
    "Labels",
    "Mix",
    "MultiLabel",
    "Pool",
    "Vector",
    "check_count",
    "get",
]


def get(condition):
    """Returns a condition from its Keras config, which `keras.saving` hands to networks, or itself.

    Raises:
        InputError: if it is neither.
    """
    if isinstance(condition, dict):
        condition = keras.saving.deserialize_keras_object(condition)
    if not isinstance(condition, Kind):
        raise InputError(
            "a condition must be tfgan.conditions.Labels(num_classes), MultiLabel(num_labels) or "
            f"Vector(dim), got {condition!r}: without one, use GAN and unconditional networks."
        )
    return condition
