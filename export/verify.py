"""Proves exported files again, at any time and anywhere, by the proof that lies beside them."""

import re
from pathlib import Path

from tfgan.data.npy import read_npz
from tfgan.errors import InputError
from tfgan.export import comparison
from tfgan.export.comparison import Tolerance, sha256
from tfgan.export.proof import FORMAT, NUMBERS, REFERENCE, seal
from tfgan.reading import read_json, refusing

WEB_MODEL = "generator.tflite"  # in the folder of a web page


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
    outputs = comparison.run(path, numbers["target"], inputs)
    found = comparison.compare(outputs, expected, numbers["tolerance"])
    missing = numbers["signatures"].keys() - found.keys()
    if missing:
        raise InputError(f"{path} has lost its signature {min(missing)}: export anew.")
    return comparison.report(found, path, [folder / name for name in numbers["sha256"]])


def _export(path):
    model = path / WEB_MODEL
    if model.is_file() or model.with_name(f"{WEB_MODEL}.{NUMBERS}").is_file():
        return model
    return newest(path)


def newest(path):
    """A file, or the folder of a SavedModel: the newest version where it is a folder of them."""
    if path.is_dir() and not (path / "saved_model.pb").exists():
        numbered = [p for p in path.iterdir() if p.is_dir() and re.fullmatch("[0-9]+", p.name)]
        if not numbered:
            raise InputError(
                f"{path} holds no SavedModel, no folder of a version that does, no web page: give the "
                "file, if it is one."
            )
        return max(numbered, key=lambda p: int(p.name))
    if not path.exists():
        raise InputError(f"{path} does not exist: give what `tfgan export` wrote.")
    return path


def _read(folder, prefix):
    numbers_file, arrays_file = folder / f"{prefix}{NUMBERS}", folder / f"{prefix}{REFERENCE}"
    for file in (numbers_file, arrays_file):
        if not file.is_file():
            raise InputError(
                f"{file} is missing, which tells what is right: bring it along, or export anew."
            )
    numbers = read_json(numbers_file, "export anew")
    if numbers.get("format", FORMAT) != FORMAT:
        raise InputError(
            f"{numbers_file} has format {numbers['format']!r}, this tfgan reads {FORMAT}: use the "
            "version that wrote it."
        )
    damaged = InputError(f"{numbers_file} or {arrays_file.name} is damaged: export anew.")
    # What has its seal was written by `tfgan.export.proof`: nothing more can be missing.
    if numbers.get("seal") != seal(numbers) or numbers.get("reference_sha256") != sha256(arrays_file):
        raise damaged
    with refusing(lambda reason: str(damaged)):  # a seal can be made by anybody
        arrays, _ = read_npz(arrays_file)
        inputs, expected = (
            {name.removeprefix(kind): a for name, a in arrays.items() if name.startswith(kind)}
            for kind in ("input/", "images/")
        )
        numbers = {**numbers, "tolerance": Tolerance(**numbers["tolerance"])}
        for name in numbers["sha256"]:
            if not (folder / name).resolve().is_relative_to(folder.resolve()):
                raise InputError(f"{numbers_file} names {name}, outside of its folder: export anew.")
        _ = numbers["signatures"].keys(), comparison.RUNNERS[numbers["target"]]
    return numbers, inputs, expected
