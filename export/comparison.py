"""Runs exported files elsewhere, and says how far their images are from Keras's.

They run in a process of their own, which knows neither tfgan nor the model's code, on the CPU.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tfgan.errors import InputError
from tfgan.export import signatures

SAMPLES = 32
RUNNERS = {"saved_model": "run_saved_model.py", "tflite": "run_tflite.py", "onnx": "run_onnx.py"}
_ROUNDING = 0.5001 / 255  # of pixels in 256 steps


class Tolerance(NamedTuple):
    """How far exported images may be from Keras's, in [0, 1].

    Attributes:
        max: float, of any pixel, or, where values leave [-1, 1], of the largest of them.
        mean: float, of all pixels of a signature, likewise.
    """

    max: float
    mean: float


class Report(NamedTuple):
    """What an export wrote and how far it is from Keras.

    Attributes:
        path: file or folder.
        size: int, bytes.
        max_error: float, largest difference of a pixel in [0, 1].
        mean_error: float, largest mean difference of a signature.
        samples: int, images compared by each signature.
    """

    path: str
    size: int
    max_error: float
    mean_error: float
    samples: int

    def __str__(self):
        return (
            f"{self.samples} images equal Keras's within {self.max_error:.1e} "
            f"(mean {self.mean_error:.1e}); {self.size / 1e6:.2f} MB"
        )


def run(path, target, inputs):
    """Outputs by `signature/name`, made by a fresh process."""
    script = Path(__file__).with_name(RUNNERS[target])
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "inputs.npz", Path(folder) / "outputs.npz"
        np.savez(given, **inputs)
        # -P: modules beside the script are not what its imports mean.
        command = [sys.executable, "-P", str(script), str(path), str(given), str(made)]
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:200]
            raise InputError(f"{path} cannot be run ({reason}).")
        with np.load(made, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}


def compare(outputs, expected, tolerance):
    """Returns the errors by signature; raises InputError where images are not near enough."""
    found = {}
    for key, images in outputs.items():
        signature = key.partition("/")[0]
        wanted = expected["seeds" if signature in signatures.BY_SEED else "latents"].astype("float64")
        if images.shape != wanted.shape:
            raise InputError(f"{signature} makes images of shape {images.shape}, Keras {wanted.shape}.")
        scale = max(1.0, float(np.abs(wanted).max()))
        if images.dtype == np.uint8:  # what rounding explains is no error
            error = np.maximum(0, np.abs(images / 255 - wanted) - _ROUNDING)
        else:
            error = np.abs(images.astype("float64") - wanted)
        worst, mean = float(error.max()), float(error.mean())
        for what, value, allowed in (("", worst, tolerance.max), ("on average ", mean, tolerance.mean)):
            if not value <= allowed * scale:
                raise InputError(
                    f"{signature} differs from Keras {what}by {value:.2g}, at most "
                    f"{allowed * scale:.1e} was expected."
                )
        found[signature] = {"max_error": worst, "mean_error": mean}
    return found


def report(found, path, files):
    """The `Report` of errors by signature, and of files called `path`."""
    return Report(
        str(path),
        sum(file.stat().st_size for file in files),
        max(errors["max_error"] for errors in found.values()),
        max(errors["mean_error"] for errors in found.values()),
        SAMPLES,
    )


def sha256(file):
    """SHA-256 of a file's content, as text."""
    with open(file, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
