"""LiteRT (TFLite), as phones and browsers read it."""

import importlib.util
import tempfile
import warnings
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfgan.errors import InputError, shortened
from tfgan.export import card, signatures
from tfgan.export.comparison import Tolerance
from tfgan.export.proof import prove
from tfgan.export.saving import save_module
from tfgan.files import replacing

# By `quantize`. Eight bits move single pixels far, images little: of those the mean is judged.
TOLERANCES = {
    None: Tolerance(max=1e-4, mean=1e-5),
    "float16": Tolerance(max=0.1, mean=1e-3),
    "dynamic": Tolerance(max=1.0, mean=0.02),
    "int8": Tolerance(max=1.0, mean=0.02),
}
CALIBRATION = 256  # images made to find the ranges of activations
BATCH = 2**16  # images at once, at most
SMALL = 0.3  # of float32's bytes, what eight bits should take at most


def tflite(gan_or_run, path, *, quantize=None, batch=1, calibration=None):
    """Writes a `.tflite` file of builtin ops only and compares it, run by LiteRT, with Keras.

    Its signatures `serving_default` (`images` float32 `(batch, H, W, C)` in [0, 1]) and, of what makes
    images, `uint8` (`pixels`, 0 to 255) share their weights; both take `latents` float32 `(batch,
    latent_dim)` and, if the GAN is conditional, `condition`. A label out of range is an error.

    Args:
        gan_or_run: `tfgan.GAN`, `tfgan.CGAN`, or the run directory of one.
        path: file to write, ending in `.tflite`.
        quantize: None (float32); "float16" (weights in half the bytes); "dynamic" (weights in a quarter
            of them, activations float32 in memory and 8 bits in products); "int8" (activations too).
        batch: int, fixed (1 is what browsers and mobile GPUs take), or None for any.
        calibration: for "int8", conditions `(n, *condition.shape)` to measure the ranges of activations
            with, beside latents of the prior; None takes all labels in turn, or the conditions the GAN
            has seen of its training data.

    Returns:
        `Report`.

    Raises:
        InputError: for another `quantize`, batch or ending, if the generator needs ops that are not
            built in, if it would be wrong or slow so (the message says why), if ai-edge-litert is
            missing, or if the images differ from Keras's.

    Reference:
        Jacob et al., 2018 (arXiv 1712.05877): integers in place of floats, as LiteRT computes them.
    """
    path = Path(path)
    if quantize not in TOLERANCES:
        known = ", ".join(repr(name) for name in TOLERANCES if name)
        raise InputError(f"quantize must be None or one of {known}, got {quantize!r}.")
    if batch is not None and (
        isinstance(batch, bool) or not isinstance(batch, int) or not 1 <= batch <= BATCH
    ):
        raise InputError(f"batch must be an integer from 1 to {BATCH}, or None for any, got {batch!r}.")
    if path.suffix != ".tflite":
        raise InputError(f"a TFLite file's name must end in .tflite, got {path}.")
    if path.is_dir():
        raise InputError(f"{path} is a folder, expected the name of a file: choose another.")
    _check_litert()
    gan = card.source_of(gan_or_run).gan
    names = [name for name in signatures.of_images(gan) if name not in signatures.BY_SEED]
    calibration = _conditions(gan, calibration) if quantize == "int8" else None
    content = _content(gan, names, quantize, batch, calibration)
    with replacing(path) as temporary:
        temporary.write_bytes(content)
        proof = prove(gan, temporary, "tflite", TOLERANCES[quantize], remedy=_remedy(quantize))
    proof.save(path.parent, [path], prefix=f"{path.name}.")
    return proof.report(path, [path])


def _remedy(quantize):
    if quantize in ("dynamic", "int8"):
        return "this generator does not bear eight bits, export with quantize='float16' or without"
    return "export without quantize" if quantize else "report this as a bug"


def _check_litert():
    if importlib.util.find_spec("ai_edge_litert") is None:
        raise InputError(
            "TFLite files are checked with ai-edge-litert, which is missing: pip install 'tfgan[edge]'."
        )


def _conditions(gan, given):
    """The conditions to calibrate with: `(n, ...)`, or None for a GAN without."""
    if not gan.conditional:
        return None
    if given is not None:
        if len(given) == 0:
            raise InputError("calibration must hold conditions, got none: give some of the data's.")
        return np.asarray(given) if gan.condition is None else gan.condition.check(given)
    if gan.condition is not None and gan.condition.shape and gan.seen_conditions.seen:
        return gan.seen_conditions.draw(CALIBRATION, 0)
    if gan.condition is None or gan.condition.shape:
        raise InputError(
            "int8 measures the ranges of activations, for which only you have conditions: give "
            "tfgan.export.tflite(..., calibration=conditions of the data), or use 'dynamic'."
        )
    return gan.condition.example(max(CALIBRATION, gan.condition.num_classes))


def _content(gan, names, quantize, batch, calibration):
    """The file's bytes."""
    # Not from the Keras model or from concrete functions: those routes allow other ops or lose weights.
    with tempfile.TemporaryDirectory() as folder:
        module, by_name = signatures.module(gan, names=names, batch=batch, guard="gather")
        if quantize == "dynamic" and batch is None and _is_transposed(by_name[signatures.DEFAULT]):
            raise InputError(
                "'dynamic' with any batch is 50 times slower where convolutions are transposed, as "
                "here: fix the batch, or use 'float16' or 'int8'."
            )
        save_module(module, folder, by_name)

        def convert(per_unit):
            given = _representative(gan, names, batch, calibration)
            return _convert(folder, names, quantize, given, per_unit)

        content = convert(per_unit=True)
        allowed = SMALL * sum(weight.nbytes for weight in gan.sampler.get_weights())
        if quantize in ("dynamic", "int8") and len(content) > allowed:
            # A scale for each unit takes 24 bytes: where units have few inputs, as much as the weights.
            content = min(content, convert(per_unit=False), key=len)
        return content


def _convert(folder, names, quantize, representative, per_unit):
    converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(names))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    converter._experimental_disable_per_channel_quantization_for_dense_layers = not per_unit
    if quantize:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if quantize == "int8":
        converter.representative_dataset = lambda: representative
        # Beside the others: what rounds to pixels has no kernel in integers.
        converter.target_spec.supported_ops.append(tf.lite.OpsSet.TFLITE_BUILTINS_INT8)
    try:
        with warnings.catch_warnings():
            # The converter itself calibrates by what it deprecates.
            warnings.filterwarnings("ignore", r"\s*Warning: tf.lite.Interpreter is deprecated")
            return converter.convert()
    except Exception as error:  # the converter raises what MLIR prints
        reason = shortened(error)
        raise InputError(f"the generator does not convert to TFLite: {reason}") from error


def _is_transposed(function):
    graphs = [function.graph, *(f.graph for f in function.graph._functions.values())]
    return any(op.type == "Conv2DBackpropInput" for graph in graphs for op in graph.get_operations())


def _representative(gan, names, batch, conditions):
    """Yields what the generator is given, as the converter asks for it."""
    size = batch or 1
    count = max(CALIBRATION, 0 if conditions is None else len(conditions))
    latents = gan.draw_latents(-(-count // size) * size, seed=0)
    for name in names:
        for start in range(0, len(latents), size):
            rows = np.arange(start, start + size)
            given = {"latents": latents[rows]}
            if conditions is not None:
                given["condition"] = conditions[rows % len(conditions)]
            yield name, given
