"""GANs and baselines read back from `.keras` files, which may hold anything."""

from tfgan import baselines, cgan, checkpoints, keras_files, networks, optimizers  # noqa: F401  (for Keras)
from tfgan.errors import InputError
from tfgan.reading import refusing
from tfgan.trainer import Trainer
from tfgan.weights import within_memory

_REMEDY = "restore it, or train anew"


def load(file, remedy=_REMEDY):
    """Returns the GAN or baseline of a `.keras` file; it runs no code that the file brings along.

    Args:
        file: str or `pathlib.Path`.
        remedy: str, which ends the line.

    Raises:
        InputError: if it is no such file, damaged (a bit of a weight is enough), holds another model,
            layers of unknown classes or with code of their own, or more than fits the memory.
    """

    def line(reason):
        return f"{file} cannot be read ({reason}): {remedy}."

    with within_memory(f"{file}: its networks", remedy), refusing(line):
        checkpoints.check(file)
        gan = keras_files.load_model(file)
    if not isinstance(gan, Trainer):
        raise InputError(line(f"it holds a {type(gan).__name__}, no GAN"))
    return gan
