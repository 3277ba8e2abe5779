"""Files: written whole or not at all, beside their place and then renamed into it; read back."""

import contextlib
import csv
import json
import os
import shutil
import uuid
from pathlib import Path


@contextlib.contextmanager
def replacing(path):
    """Gives a temporary sibling of `path` to write; moves it into place if the block succeeds.

    The name keeps its suffix, by which Keras and matplotlib choose the format. A file replaces an
    older one; a folder must not exist yet.

    Args:
        path: file or folder to be.

    Yields:
        `pathlib.Path` that does not exist yet.
    """
    path = Path(path)
    made = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        yield temporary
        _sync(temporary)
        os.replace(temporary, path)
    except BaseException:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


def _sync(path):
    """Asks the disk to hold every file of `path` before its name appears."""
    files = [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
    for file in files:
        with open(file, "rb") as handle:
            os.fsync(handle.fileno())


def write_json(path, value):
    """Writes `value` as indented JSON, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def read_csv(path):
    """Returns the rows of a CSV file with a head, each a dict of text by column."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
