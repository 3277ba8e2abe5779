"""What runs wrote about themselves, read back: `config.json` and `metrics.csv`, be they damaged."""

import os

from tfgan.errors import InputError
from tfgan.files import read_csv
from tfgan.reading import read_json, refusing

FORMAT = 1  # of config.json
# Of a run directory, that training writes into.
_FOLDERS = (
    *("checkpoints", "pretraining", "samples"),
    *("tensorboard", "tensorboard/networks", "tensorboard/train"),
)
_LOGS = ("metrics.csv", "times.csv")
_DIGITS = 18  # of an epoch, at most
_REMEDY = "restore it, or train anew"


def _texts(value):
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_path(value):
    try:
        return isinstance(value, str) and b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:  # half of a letter
        return False


def _is_shape(value):
    return isinstance(value, list) and all(type(side) is int and side > 0 for side in value)


# What each entry must be, and whether a config may lack it.
_ENTRIES = {
    "recipe": (lambda v: isinstance(v, str), "the name of a recipe", False),
    "data": (_is_path, "a data source", False),
    "data_dir": (lambda v: v is None or _is_path(v), "a path or null", False),
    "settings": (lambda v: isinstance(v, dict), "an object", False),
    "overrides": (_texts, "a list of texts", False),
    "fingerprint": (lambda v: isinstance(v, str), "a text", True),
    "image_shape": (_is_shape, "a list of whole numbers", True),
    "class_names": (lambda v: v is None or _texts(v), "a list of texts or null", True),
    "versions": (lambda v: isinstance(v, dict), "an object", True),
}


def read_config(file):
    """Returns the dict of a run's `config.json`, whose entries have the right types.

    Args:
        file: `pathlib.Path`.

    Raises:
        InputError: if it is damaged, or of another version of tfgan.
        OSError: if it cannot be opened.
    """
    config = read_json(file, _REMEDY)
    found = config.get("format")
    if found is None:
        raise damaged(file, "no format")
    if type(found) is not int or found != FORMAT:
        raise InputError(
            f"{file} has format {repr(found)[:60]}, this tfgan reads {FORMAT}: use the version that "
            "wrote it."
        )
    for name, (is_right, expected, optional) in _ENTRIES.items():
        if name not in config:
            if optional:
                continue
            raise damaged(file, f"no {name}")
        if not is_right(config[name]):
            raise damaged(file, f"{name} must be {expected}, got {str(config[name])[:60]!r}")
    return {"class_names": None, **config}


def damaged(file, reason):
    """The `InputError` of a file that a run wrote, and that has been changed since."""
    return InputError(f"{file} is damaged ({reason}): {_REMEDY}.")


def read_log(file):
    """Returns the rows of a run's `metrics.csv`: dicts of text by column, all of them numbers or empty.

    Args:
        file: `pathlib.Path`.

    Raises:
        InputError: if it is damaged.
        OSError: if it cannot be opened.
    """
    with refusing(lambda reason: str(damaged(file, reason))):
        rows = read_csv(file)
        for number, row in enumerate(rows, 2):
            if None in row or None in row.values():
                raise ValueError(f"line {number} has another number of columns than the first")
            epoch = row.get("epoch", "")
            if not epoch.isdecimal() or len(epoch) > _DIGITS:
                raise ValueError(f"line {number} has no epoch")
            for name, text in row.items():
                if text and not _is_number(text):
                    raise ValueError(f"line {number} has {text[:30]!r} for {name}")
    return rows


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def check_written(path):
    """Refuses a run directory that training would fail to write into, or would write out of.

    Links to files may stay: training replaces them.

    Args:
        path: run directory, `pathlib.Path`.

    Raises:
        InputError: if a folder of it is something else, or leads elsewhere, or a log is damaged.
    """
    for run in (path, path / "pretraining"):
        for log in (run / name for name in _LOGS):
            if log.is_file():
                read_log(log)
        for folder in (run / name for name in _FOLDERS):
            if os.path.lexists(folder) and not folder.is_dir():
                raise InputError(f"{folder} must be a folder, and is none: move it away.")
    inside = os.path.realpath(path)
    for parent, folders, _ in os.walk(path):
        for folder in (os.path.join(parent, name) for name in folders):
            if os.path.commonpath([inside, os.path.realpath(folder)]) != inside:
                raise InputError(
                    f"{folder} is a link to a folder elsewhere, where nothing is to be written: put "
                    "the folder itself there."
                )
