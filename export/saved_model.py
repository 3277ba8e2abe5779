"""SavedModel, as TensorFlow Serving reads it."""

from pathlib import Path

import tensorflow as tf

from tfgan.errors import InputError
from tfgan.export import signatures, verify
from tfgan.files import replacing

TOLERANCE = 1e-5


def saved_model(gan, base_dir):
    """Writes `base_dir/<next version>/` and compares it, reloaded, with Keras.

    The folder appears under its number only when it is whole and right.

    Args:
        gan: `tfgan.GAN` or `tfgan.CGAN`.
        base_dir: folder of one model's versions.

    Returns:
        `Report`; its `path` is the version's folder.

    Raises:
        InputError: if `base_dir` is a file, or the reloaded model's images differ from Keras's.
    """
    base = Path(base_dir)
    if base.exists() and not base.is_dir():
        raise InputError(f"{base} is a file, expected a folder of versions: choose another path.")
    path = base / str(_next_version(base))
    with replacing(path) as temporary:
        module, by_name = signatures.module(gan)
        tf.saved_model.save(module, str(temporary), signatures=by_name)
        inputs, expected = verify.examples(gan)
        loaded = tf.saved_model.load(str(temporary)).signatures[signatures.DEFAULT]
        images = loaded(**{name: tf.constant(value) for name, value in inputs.items()})["images"]
        size = sum(file.stat().st_size for file in temporary.rglob("*") if file.is_file())
        return verify.compare(images.numpy(), expected, tolerance=TOLERANCE, path=path, size=size)


def _next_version(base):
    versions = [int(p.name) for p in base.iterdir() if p.name.isdigit()] if base.is_dir() else []
    return max(versions, default=0) + 1
