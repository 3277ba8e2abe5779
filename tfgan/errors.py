"""The errors that mean: the user can mend this."""

import difflib


class InputError(ValueError):
    """Bad input: one line that says what was expected, what came and what to do.

    The command line prints it without a traceback and exits with 2. Any other exception is a bug.
    Names of files may hold line breaks, and bytes that steer a terminal: these are written as escapes.
    """

    def __init__(self, message):
        super().__init__(printable(message))


class FewSamplesWarning(UserWarning):
    """One line: a number is biased or says little, since it is of too few samples."""


class DivergedError(InputError):
    """Training came to NaN or infinity; says where the last good state is.

    The command line exits with 3, so that a script can tell it from a mistake.
    """


def printable(text):
    """A text as one line: what cannot be printed in it becomes an escape such as `\\n`."""
    text = str(text)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shortened(error):
    """The message of an error, or a text, as one line of at most 200 characters."""
    return " ".join(str(error).split())[:200]


def suggestion(name, known):
    """Ends a line about an unknown name: the nearest known one, or all of them."""
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."
