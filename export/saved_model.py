"""SavedModel, as TensorFlow Serving reads it."""

from pathlib import Path

import tensorflow as tf

from tfgan.errors import InputError
from tfgan.export import signatures
from tfgan.export.verify import prove
from tfgan.files import write_numbered

TOLERANCE = 1e-5


def saved_model(gan, base_dir, *, version=None):
    """Writes `base_dir/<version>/` and compares it, run by a fresh process, with Keras.

    The folder appears under its number only when it is whole and right: a server that watches
    `base_dir` never sees less. What each signature takes and gives: `tfgan.export.signatures`. Labels
    out of range, and numbers that are not finite, are answered with InvalidArgument.

    Args:
        gan: `tfgan.GAN` or `tfgan.CGAN`.
        base_dir: folder of one model's versions.
        version: int >= 1, or None for the next one.

    Returns:
        `Report`; its `path` is the version's folder.

    Raises:
        InputError: if `base_dir` is a file, if the version exists or is no such number, or if images
            differ from Keras's.
    """
    base = Path(base_dir)
    if base.exists() and not base.is_dir():
        raise InputError(f"{base} is a file, expected a folder of versions: choose another path.")
    _check_version(base, version)
    proofs = []

    def write(folder):
        names = signatures.of_images(gan)
        module, by_name = signatures.module(gan, names=names, guarded=True)
        tf.saved_model.save(module, str(folder), signatures=by_name)
        proofs.append(prove(gan, folder, "saved_model", TOLERANCE))
        proofs[0].save(folder, _files(folder))

    try:
        path = write_numbered(base, write, version)
    except FileExistsError as error:
        raise InputError(f"{error.filename} appeared meanwhile: choose another version.") from None
    return proofs[0].report(path, _files(path))


def _files(folder):
    return [file for file in folder.rglob("*") if file.is_file()]


def _check_version(base, version):
    if version is None:
        return
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise InputError(f"version must be an integer of at least 1, or None, got {version!r}.")
    if (base / str(version)).exists():
        raise InputError(f"{base / str(version)} exists: choose another version, or none for the next.")
