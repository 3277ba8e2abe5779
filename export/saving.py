"""Writing by TensorFlow, whose errors become those of this package."""

import contextlib

import tensorflow as tf

from tfgan.errors import InputError, shortened


@contextlib.contextmanager
def disk_errors(path):
    """Raises OSError, as Python's own writing does, where TensorFlow cannot write to `path`."""
    try:
        yield
    except tf.errors.OpError as error:
        raise OSError(None, shortened(error.message), str(path)) from None


def save_module(module, folder, by_name):
    """Writes a SavedModel of a module and its signatures.

    Raises:
        OSError: if the disk is full or cannot be written.
        InputError: if the generator has weights that Keras does not know of.
    """
    try:
        with disk_errors(folder):
            tf.saved_model.save(module, str(folder), signatures=by_name)
    except AssertionError as error:
        if "untracked" not in str(error):
            raise
        raise InputError(
            "the generator has a tf.Variable that Keras does not save: make its weights by add_weight."
        ) from None
