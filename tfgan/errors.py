"""The error that means: the user can mend this."""


class InputError(ValueError):
    """Bad input: one line that says what was expected, what came and what to do.

    The command line prints it without a traceback and exits with 2. Any other exception is a bug.
    """
