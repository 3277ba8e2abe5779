"""Context variables that hold a value for as long as a block lasts."""

import contextlib


@contextlib.contextmanager
def holding(variable, value):
    """While this lasts, a `contextvars.ContextVar` holds a value; behind it, what it held before."""
    token = variable.set(value)
    try:
        yield value
    finally:
        variable.reset(token)
