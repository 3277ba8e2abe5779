"""What commands have in common: where they may write, what they print, how TensorFlow is imported."""

import os
import shlex
import sys

import click

from tfgan.errors import InputError, printable
from tfgan.reading import quiet


def echo(text):
    """Prints lines; what is in them (names of classes, of files) does nothing to the terminal."""
    click.echo("\n".join(map(printable, text.split("\n"))))


def given():
    """The command that runs, as it is typed."""
    return shlex.join(["tfgan", *sys.argv[1:]])


def check_target(path):
    """Refuses what a run, an export or a data set cannot be written to."""
    check_parent(checked_text(path))


def checked_text(path):
    """Returns a path; refuses one that is no UTF-8, as TensorFlow writes to no other."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(f"{path} is no UTF-8, expected a name of such text: choose another.") from None
    return path


def check_parent(path):
    """Refuses a path inside what is no folder, or of no file or folder, before any work is done."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InputError(f"{path} is a device or a pipe, expected the name of what to write.")
    for parent in path.parents:
        if parent.exists():
            if not parent.is_dir() or not os.access(parent, os.W_OK):
                raise InputError(f"{path} cannot be written, {parent} is no folder to write to.")
            return


def check_folder(path, what):
    """Refuses a path of a file where what is told goes into a folder."""
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file, expected a folder to write {what} to.")


def check_file(path):
    """Refuses what no file can be written to, before any work is done."""
    if path.is_dir():
        raise InputError(f"{path} is a folder, expected the name of a file to write.")
    check_parent(path)


def import_tensorflow(*, alone=True):
    """Imports TensorFlow without what its C++ side prints meanwhile, which no setting turns off.

    Args:
        alone: bool. False keeps it from telling, in many lines, that another process is gone, too.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2" if alone else "3")
    with quiet():
        import absl.logging
        import tensorflow as tf

        absl.logging.set_verbosity(absl.logging.ERROR)

        tf.config.list_physical_devices()  # says on a machine without a GPU that there is none


def tell(message):
    """Prints a line on stderr that says who speaks."""
    click.echo(f"tfgan: {printable(message)}", err=True)
