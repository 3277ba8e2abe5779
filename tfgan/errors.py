"""The errors that mean: the user can mend this."""

import difflib


class InputError(ValueError):
    """Bad input: one line that says what was expected, what came and what to do.

    The command line prints it without a traceback and exits with 2. Any other exception is a bug.
    """


class FewSamplesWarning(UserWarning):
    """One line: a number is biased or says little, since it is of too few samples."""


class DivergedError(InputError):
    """Training came to NaN or infinity; says where the last good state is.

    The command line exits with 3, so that a script can tell it from a mistake.
    """


class StoppedError(Exception):
    """Training was asked to stop and did, its state saved; says how far it came.

    The command line prints how to go on and exits with 0.
    """


def shortened(error):
    """The message of an error, or a text, as one line of at most 200 characters."""
    return " ".join(str(error).split())[:200]


def suggestion(name, known):
    """Ends a line about an unknown name: the nearest known one, or all of them."""
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."
