"""LiteRT (TFLite), as phones and browsers read it."""

import importlib.util
import tempfile
from pathlib import Path

import tensorflow as tf

from tfgan.errors import InputError
from tfgan.export import signatures
from tfgan.export.verify import prove
from tfgan.files import replacing

TOLERANCES = {None: 1e-4, "float16": 1e-2}  # by `quantize`: largest difference of a pixel


def tflite(gan, path, *, quantize=None, batch=1):
    """Writes a `.tflite` file of builtin ops only and compares it, run by LiteRT, with Keras.

    Its signature `serving_default` takes `latents` float32 `(batch, latent_dim)` (and `condition`)
    and gives `images` float32 `(batch, H, W, C)` in [0, 1].

    Args:
        gan: `tfgan.GAN` or `tfgan.CGAN`.
        path: file to write, ending in `.tflite`.
        quantize: None (float32 weights) or "float16" (weights in half the bytes).
        batch: int, fixed (1 is what browsers and mobile GPUs take), or None for any.

    Returns:
        `Report`.

    Raises:
        InputError: for another `quantize`, batch or ending, if the generator needs ops that are not
            built in, if ai-edge-litert is missing, or if the images differ from Keras's.
    """
    path = Path(path)
    if quantize not in TOLERANCES:
        raise InputError(f"quantize must be None or 'float16', got {quantize!r}.")
    if batch is not None and batch < 1:
        raise InputError(f"batch must be at least 1, or None for any, got {batch!r}.")
    if path.suffix != ".tflite":
        raise InputError(f"a TFLite file's name must end in .tflite, got {path}.")
    _check_litert()
    content = _convert(gan, quantize, batch)
    with replacing(path) as temporary:
        temporary.write_bytes(content)
        proof = prove(gan, temporary, "tflite", TOLERANCES[quantize])
    proof.save(path.parent, [path], prefix=f"{path.name}.")
    return proof.report(path, [path])


def _check_litert():
    if importlib.util.find_spec("ai_edge_litert") is None:
        raise InputError(
            "TFLite files are checked with ai-edge-litert, which is missing: pip install 'tfgan[edge]'."
        )


def _convert(gan, quantize, batch):
    # Not from the Keras model or from concrete functions: those routes allow other ops or lose weights.
    with tempfile.TemporaryDirectory() as folder:
        module, by_name = signatures.module(gan, batch=batch)
        tf.saved_model.save(module, folder, signatures=by_name)
        converter = tf.lite.TFLiteConverter.from_saved_model(
            folder, signature_keys=[signatures.DEFAULT]
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if quantize == "float16":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        try:
            return converter.convert()
        except Exception as error:  # the converter raises what MLIR prints
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"the generator does not convert to TFLite: {reason}") from error
