"""The errors that mean: the user can mend this."""

import difflib
import re
import unicodedata

# Characters that turn the order of a line around: what is read is not what is there.
_TURNS = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class InputError(ValueError):
    """Bad input: one line that says what was expected, what came and what to do.

    The command line prints it without a traceback and exits with 2. Any other exception is a bug. Names
    of files and classes in it do nothing to a terminal or a log: see `printable`.
    """

    def __str__(self):
        return printable(super().__str__())


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


class LostError(Exception):
    """Another process of the training is gone, or was not found; says what is kept and what to do.

    The command line prints it and exits with 75, as for what may work if it is tried again.
    """


def printable(text):
    """A text as one line that does nothing to a terminal or a log.

    Escapes control characters other than tabs, ends of lines, parts of characters, and characters that
    turn the order around, as Python's literals write them.
    """
    return "".join(
        letter.encode("unicode_escape").decode()
        if (unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") and letter != "\t")
        or letter in _TURNS
        else letter
        for letter in str(text)
    )


def shortened(error, most=200):
    """The message of an error, or a text, as one line of at most so many characters, no colours."""
    return " ".join(_COLOURS.sub("", str(error)).split())[:most]


def suggestion(name, known):
    """Ends a line about an unknown name: the nearest known one, or all of them."""
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."
