"""Weights within bounds: a network that would not fit the memory is refused before it takes any."""

import contextlib
import inspect
import math

import tensorflow as tf
from keras.src.backend.common import global_state

from tfgan.errors import InputError
from tfgan.reading import memory


@contextlib.contextmanager
def within_memory(what, remedy):
    """Refuses variables that would not fit the memory, while networks are made in the block.

    Args:
        what: str, which begins the line.
        remedy: str, which ends it.

    Raises:
        InputError: if all of them together, with those of optimizers, would take more than a quarter:
            first values are made beside them.
    """
    limit, taken = memory() // 2, 0
    line = (
        f"{what} would take more than {limit / 2**30:.3g} GiB for weights and what optimizers keep of "
        f"them (a quarter of this machine's memory): {remedy}."
    )

    def create(next_creator, **options):
        nonlocal taken
        taken += _bytes_of(options)
        if taken > limit:
            raise _TooLarge
        return next_creator(**options)

    try:
        with tf.variable_creator_scope(create):
            yield
    except _TooLarge:
        # Keras would make them later, in whatever is built next.
        global_state.set_global_attribute("uninitialized_variables", [])
        raise InputError(line) from None


class _TooLarge(BaseException):
    """No `Exception`: of those Keras warns at length, goes on, and raises others."""


def _bytes_of(options):
    """Bytes of the variable that Keras is about to make; 0 where it does not tell.

    Its initial value is a function, which is not to be called: it would make what is to be refused. But
    it knows the variable.
    """
    initial = options.get("initial_value")
    if not inspect.isfunction(initial):  # the value is there already
        return 0
    variable = inspect.getclosurevars(initial).nonlocals.get("self")
    shape, dtype = getattr(variable, "_shape", None), options.get("dtype")
    if shape is None or dtype is None or None in shape:
        return 0
    return math.prod(shape) * tf.as_dtype(dtype).size
