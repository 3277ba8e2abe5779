"""GANs read back from `.keras` files, which may hold anything."""

import zipfile

import keras

from tfgan import cgan, networks, optimizers  # noqa: F401  (for keras.saving)
from tfgan.errors import InputError
from tfgan.gan import GAN
from tfgan.reading import JSON_BYTES, check_memory, open_regular, refusing
from tfgan.weights import within_memory

_CONFIG = "config.json"  # of a Keras file
_REMEDY = "restore it, or train anew"


def load(file, remedy=_REMEDY):
    """Returns the GAN of a `.keras` file; it runs no code that the file brings along.

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
        _check(file, remedy)
        gan = keras.saving.load_model(file, safe_mode=True)
    if not isinstance(gan, GAN):
        raise InputError(line(f"it holds a {type(gan).__name__}, no GAN"))
    return gan


def _check(file, remedy):
    """Reads the archive once: Keras itself passes over wrong checksums of weights."""
    with open_regular(file) as opened, zipfile.ZipFile(opened) as archive:
        check_memory(sum(info.file_size for info in archive.infolist()), file, remedy)
        if archive.getinfo(_CONFIG).file_size > JSON_BYTES:
            raise ValueError(f"its {_CONFIG} is larger than {JSON_BYTES >> 20} MiB")
        if harmed := archive.testzip():
            raise ValueError(f"its {harmed} is damaged")
