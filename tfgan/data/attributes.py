"""`attributes.csv` beside images: several labels for each, as CelebA's.

    file,smiling,hat
    000001.jpg,1,0

The first column names the file; the others are labels, 1 or 0 (or -1, as CelebA writes it).
"""

import csv
import os

import numpy as np

from tfgan.errors import InputError
from tfgan.reading import refusing, table_lines

FILE = "attributes.csv"
_VALUES = {"1": 1, "0": 0, "-1": 0}


def read(folder, paths):
    """Returns what the file beside images says of them; (None, None) where there is none.

    Args:
        folder: str.
        paths: of its images.

    Returns:
        (tuple of the labels' names, int32 `(images, labels)`).

    Raises:
        InputError: if the file is not as described above, leaves an image out, or is too large.
    """
    path = os.path.join(folder, FILE)
    if not os.path.isfile(path):
        return None, None
    with refusing(lambda reason: f"{path} must be a table in UTF-8, and cannot be read: {reason}"):
        header, *lines = [line for line in csv.reader(table_lines(path, "utf-8-sig")) if line] or [[]]
    names = tuple(name.strip() for name in header[1:])
    if not names or not all(names) or len(set(names)) < len(names) or set(names) & set(_VALUES):
        raise InputError(
            f"{path} must begin with a line of names, the file's and a different one for each label, "
            f"got {','.join(header)[:60]!r}: write it first."
        )
    known = {line[0].strip(): _row(line, len(names), path) for line in lines}
    missing = [name for name in map(os.path.basename, paths) if name not in known]
    if missing:
        raise InputError(f"{path} says nothing of {missing[0]}: add a line, or move the image away.")
    return names, np.array([known[os.path.basename(path)] for path in paths], "int32")


def refuse(folders):
    """Refuses the file where there are class folders already.

    Raises:
        InputError: if one of the folders has it.
    """
    for folder in folders:
        path = os.path.join(folder, FILE)
        if os.path.isfile(path):
            raise InputError(f"{folder} has class folders and {FILE}: move one of them away.")


def _row(line, count, path):
    values = [_VALUES.get(value.strip()) for value in line[1:]]
    if len(values) != count or None in values:
        raise InputError(
            f"{path}: {line[0]} needs {count} of 0 or 1, got {','.join(line[1:])[:60]!r}: "
            "mend the line."
        )
    return values
