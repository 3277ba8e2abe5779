"""Proves that exported files make Keras's images: when they are written, and at any time later.

Beside what is exported lie `verification.json` (how far each signature is from Keras, and the SHA-256
of every file) and `verification.npz` (inputs, and Keras's images for them). The files are run in a
process of their own, which knows neither tfgan nor the model's code, on the CPU.
"""

import hashlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfgan import checks
from tfgan.conditions import Labels
from tfgan.errors import InputError
from tfgan.export import signatures
from tfgan.files import replacing, write_json

SAMPLES = 32
FORMAT = 1
WEB_MODEL = "generator.tflite"  # in the folder of a web page
_NUMBERS, _REFERENCE = "verification.json", "verification.npz"
_RUNNERS = {"saved_model": "run_saved_model.py", "tflite": "run_tflite.py", "onnx": "run_onnx.py"}
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


def reference(gan):
    """Inputs to compare on, and Keras's images for them.

    Labels run over all classes, or over 32 of them, evenly spread.

    Returns:
        (arrays by input name, {"latents": images of the latents, "seeds": images of the seeds}).
    """
    inputs = {"latents": gan.draw_latents(SAMPLES, seed=0), "seeds": np.arange(SAMPLES)}
    condition = None
    if gan.conditional:
        condition = inputs["condition"] = _conditions(gan)
    drawn = np.concatenate([gan.draw_latents(1, seed=int(seed)) for seed in inputs["seeds"]])
    with tf.device("CPU"):  # products are rounded less than by default on a GPU
        images = [gan.images_of(z, condition) for z in (inputs["latents"], drawn, drawn)]
    _check(gan, *images)
    return inputs, {"latents": images[0], "seeds": images[1]}


def _conditions(gan):
    if not isinstance(gan.condition, Labels) or gan.condition.num_classes <= SAMPLES:
        return gan.example_condition(SAMPLES).numpy()
    return (np.arange(SAMPLES) * gan.condition.num_classes // SAMPLES).astype("int32")


def _check(gan, images, others, again):
    """Refuses a generator that no export can be right of."""
    if not (np.isfinite(images).all() and np.isfinite(others).all()):
        raise InputError("the generator makes NaN or infinite pixels: its training diverged.")
    low, high = float(images.min()), float(images.max())
    if not checks.is_unbounded(gan.generator) and (low < -1e-3 or high > 1 + 1e-3):
        raise InputError(
            f"the generator makes values in [{low:.3g}, {high:.3g}], images are in [0, 1]: end it with "
            "a sigmoid, or rescale inside it (what makes no images says value_range = None)."
        )
    if np.abs(again - others).max() > 1e-5 * max(1.0, float(np.abs(others).max())):
        raise InputError(
            "the generator makes another image of the same latents each time: take the noise out of "
            "its inference, or make it an input."
        )


def prove(gan, path, target, tolerance, *, remedy="report this as a bug"):
    """Compares new files with Keras.

    Args:
        gan: `tfgan.GAN` or `tfgan.CGAN` they were made of.
        path: folder or file that was written.
        target: "saved_model", "tflite" or "onnx".
        tolerance: `Tolerance`.
        remedy: str, what to do where they differ.

    Returns:
        `Proof`.

    Raises:
        InputError: if the files cannot be run, or if images differ by more.
    """
    inputs, expected = reference(gan)
    try:
        found = _compare(_run(path, target, inputs), expected, tolerance)
    except InputError as error:
        raise InputError(f"{error} Nothing was kept: {remedy}.") from None
    versions = {name: importlib.metadata.version(name) for name in ("tfgan", "tensorflow", "keras")}
    numbers = {
        "format": FORMAT,
        "target": target,
        "noise": gan.noise,  # the prior of the latents it takes
        "tolerance": tolerance._asdict(),
        "samples": SAMPLES,
        "signatures": found,
        "versions": versions,
    }
    return Proof(numbers, inputs, expected)


class Proof(NamedTuple):
    """What `prove` found, to be kept beside the files.

    Attributes:
        numbers: dict, of `verification.json`.
        inputs: dict of arrays by input name.
        expected: dict, see `reference`.
    """

    numbers: dict
    inputs: dict
    expected: dict

    def save(self, folder, files, prefix=""):
        """Writes both files into a folder, with the hashes of the `files` there; returns their size."""
        hashes = {str(file.relative_to(folder)): sha256(file) for file in sorted(files)}
        arrays = {f"input/{name}": value for name, value in self.inputs.items()}
        arrays |= {f"images/{name}": value for name, value in self.expected.items()}
        reference_file = folder / f"{prefix}{_REFERENCE}"
        with replacing(reference_file) as temporary:
            np.savez(temporary, **arrays)
        numbers = {**self.numbers, "reference_sha256": sha256(reference_file), "sha256": hashes}
        _write_numbers(folder / f"{prefix}{_NUMBERS}", numbers)

    def report(self, path, files):
        """The `Report` of those files, but for the proof's own, called `path`."""
        files = [file for file in files if not file.name.endswith((_NUMBERS, _REFERENCE))]
        return _report(self.numbers["signatures"], path, files)


def verify(path):
    """Runs exported files again, later and elsewhere, and compares them with what Keras made.

    Args:
        path: version of a SavedModel, folder of versions (the newest is taken), `.tflite` or `.onnx`
            file, or folder of a web page, of which every file is looked at.

    Returns:
        `Report`.

    Raises:
        InputError: if there is no export with its verification, if a file is missing or is not the one
            that was written, or if the images differ.
    """
    path = _export(Path(path))
    folder, prefix = (path, "") if path.is_dir() else (path.parent, f"{path.name}.")
    numbers, inputs, expected = _read(folder, prefix)
    for name, expected_hash in numbers["sha256"].items():
        file = folder / name
        if not file.is_file():
            raise InputError(f"{file} is missing: export anew.")
        if sha256(file) != expected_hash:
            raise InputError(f"{file} is not the file that was exported: restore it, or export anew.")
    found = _compare(_run(path, numbers["target"], inputs), expected, numbers["tolerance"])
    missing = numbers["signatures"].keys() - found.keys()
    if missing:
        raise InputError(f"{path} has lost its signature {min(missing)}: export anew.")
    return _report(found, path, [folder / name for name in numbers["sha256"]])


def cover(path, files):
    """Adds files to those whose hashes lie beside an exported file, so that `verify` names harmed ones.

    Args:
        path: exported file, with its proof.
        files: others, in its folder or below.
    """
    numbers_file = path.with_name(f"{path.name}.{_NUMBERS}")
    numbers = json.loads(numbers_file.read_text(encoding="utf-8"))
    numbers["sha256"] |= {str(f.relative_to(path.parent)): sha256(f) for f in sorted(files)}
    _write_numbers(numbers_file, numbers)


def _write_numbers(file, numbers):
    write_json(file, {**numbers, "seal": _seal(numbers)})


def _seal(numbers):
    """A hash of all that is said but itself, by which damage is seen."""
    said = {key: value for key, value in numbers.items() if key != "seal"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _export(path):
    model = path / WEB_MODEL
    if model.is_file() or model.with_name(f"{WEB_MODEL}.{_NUMBERS}").is_file():
        return model
    return newest(path)


def newest(path):
    """A file, or the folder of a SavedModel: the newest version where it is a folder of them."""
    if path.is_dir() and not (path / "saved_model.pb").exists():
        numbered = [p for p in path.iterdir() if p.is_dir() and re.fullmatch("[0-9]+", p.name)]
        if not numbered:
            raise InputError(
                f"{path} holds no SavedModel, no folder of a version that does, no web page."
            )
        return max(numbered, key=lambda p: int(p.name))
    if not path.exists():
        raise InputError(f"{path} does not exist: give what `tfgan export` wrote.")
    return path


def _read(folder, prefix):
    numbers_file, arrays_file = folder / f"{prefix}{_NUMBERS}", folder / f"{prefix}{_REFERENCE}"
    for file in (numbers_file, arrays_file):
        if not file.is_file():
            raise InputError(f"{file} is missing, which tells what is right: export anew.")
    damaged = InputError(f"{numbers_file} or {arrays_file.name} is damaged: export anew.")
    try:
        numbers = dict(json.loads(numbers_file.read_text(encoding="utf-8")))
    except (ValueError, TypeError, RecursionError):
        raise damaged from None
    if numbers.get("format", FORMAT) != FORMAT:
        raise InputError(
            f"{numbers_file} has format {numbers['format']!r}, this tfgan reads {FORMAT}: use the "
            "version that wrote it."
        )
    # What has its seal was written by `Proof.save`: nothing more can be missing.
    if numbers.get("seal") != _seal(numbers) or numbers["reference_sha256"] != sha256(arrays_file):
        raise damaged
    with np.load(arrays_file, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    inputs, expected = (
        {name.removeprefix(kind): a for name, a in arrays.items() if name.startswith(kind)}
        for kind in ("input/", "images/")
    )
    return {**numbers, "tolerance": Tolerance(**numbers["tolerance"])}, inputs, expected


def _run(path, target, inputs):
    """Outputs by `signature/name`, made by a fresh process."""
    script = Path(__file__).with_name(_RUNNERS[target])
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


def _compare(outputs, expected, tolerance):
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


def _report(found, path, files):
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
