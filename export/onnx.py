"""ONNX, as ONNX Runtime reads it: an extra, `tfgan[onnx]`."""

import contextlib
import importlib.util
import io
import logging
from pathlib import Path

from tfgan.errors import InputError, shortened
from tfgan.export import card, signatures
from tfgan.export.comparison import Tolerance
from tfgan.export.proof import prove
from tfgan.files import replacing

TOLERANCE = Tolerance(max=1e-4, mean=1e-5)
OPSET = 18


def onnx(gan_or_run, path):
    """Writes an `.onnx` file for any batch and compares it, run by ONNX Runtime, with Keras.

    Inputs are `latents` float32 `(batch, latent_dim)` and, if the GAN is conditional, `condition`;
    outputs `images` float32 `(batch, H, W, C)` in [0, 1] and, of what makes images, `pixels` uint8, 0
    to 255. A label out of range is an error.

    Args:
        gan_or_run: `tfgan.GAN`, `tfgan.CGAN`, or the run directory of one.
        path: file to write, ending in `.onnx`.

    Returns:
        `Report`.

    Raises:
        InputError: for another ending, if the extra is missing, if the generator has ops that ONNX has
            not, or if the images differ from Keras's.
    """
    path = Path(path)
    if path.suffix != ".onnx":
        raise InputError(f"an ONNX file's name must end in .onnx, got {path}.")
    if path.is_dir():
        raise InputError(f"{path} is a folder, expected the name of a file: choose another.")
    for package in ("tf2onnx", "onnxruntime"):
        if importlib.util.find_spec(package) is None:
            raise InputError(f"ONNX needs {package}, which is missing: pip install 'tfgan[onnx]'.")
    gan = card.source_of(gan_or_run).gan
    content = _convert(gan)
    with replacing(path) as temporary:
        temporary.write_bytes(content)
        proof = prove(gan, temporary, "onnx", TOLERANCE)
    proof.save(path.parent, [path], prefix=f"{path.name}.")
    return proof.report(path, [path])


def _convert(gan):
    """The file's bytes."""
    import tf2onnx

    name = signatures.BOTH if "uint8" in signatures.of_images(gan) else signatures.DEFAULT
    function = signatures.function(gan, name, guard="gather")
    # What is printed meanwhile is no user's concern.
    with contextlib.redirect_stdout(io.StringIO()), _quiet("tf2onnx"):
        try:
            model, _ = tf2onnx.convert.from_function(function, function.input_signature, opset=OPSET)
        except Exception as error:  # whatever its many handlers raise
            reason = shortened(error)
            raise InputError(f"the generator does not convert to ONNX: {reason}") from error
    return model.SerializeToString()


@contextlib.contextmanager
def _quiet(logger):
    logger = logging.getLogger(logger)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
