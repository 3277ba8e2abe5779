"""Parts of a step that XLA compiles by themselves, where it cannot take the step as a whole.

A step of several replicas is one of these: what replicas tell each other, and what optimizers then do,
XLA leaves to TensorFlow.
"""

import contextvars

import keras
import tensorflow as tf

from tfgan import scoped
from tfgan.errors import InputError

_variables: contextvars.ContextVar = contextvars.ContextVar("variables", default=None)
_inside: contextvars.ContextVar[bool] = contextvars.ContextVar("inside", default=False)


def compiled(variables):
    """While this lasts, XLA compiles what is `apart`.

    Args:
        variables: Keras variables that a step may set; None: nothing is compiled.
    """
    return scoped.holding(_variables, variables)


def apart(make):
    """Returns `make()`, compiled by XLA where `compiled` asks for it.

    Args:
        make: function of no arguments that returns a structure of tensors and None. What it sets of the
            variables is set behind it, where strategies can.
    """
    variables = _variables.get()
    if variables is None:
        return make()
    changed: list[keras.Variable] = []

    def compiled_part():
        with scoped.holding(_inside, True), keras.StatelessScope(collect_losses=True) as scope:
            found = make()
        changed.extend(v for v in variables if id(v) in scope.state_mapping)
        return found, [scope.get_current_value(variable) for variable in changed]

    found, values = tf.function(compiled_part, jit_compile=True, autograph=False)()
    for variable, value in zip(changed, values, strict=True):
        variable.assign(value)
    return found


def inside():
    """Whether XLA compiles what is traced here."""
    return _inside.get()


def refuse(what):
    """Refuses what needs other replicas in the middle of what XLA compiles.

    Raises:
        InputError: there.
    """
    if inside():
        raise InputError(
            f"XLA does not compile {what} on several replicas: use jit_compile='auto' or False."
        )
