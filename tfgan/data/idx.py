"""`idx:DIR`: MNIST's four files, plain or gzipped; always held in memory."""

import gzip
import math
import os
import struct

import numpy as np

from tfgan.data.memory import from_arrays
from tfgan.data.npz import count_classes
from tfgan.data.splits import divide, is_sorted
from tfgan.errors import InputError
from tfgan.reading import check_memory, fill, open_regular, refusing

_MAGIC = {"images": 2051, "labels": 2049}  # unsigned bytes in 3 dimensions, in 1
_PREFIX = {"train": "train", "test": "t10k"}


def load(argument, *, data_dir, image_size, memory_limit):
    """Returns the `Loaded` of a folder of IDX files.

    The labels may be left out, both of them. The last 10,000 training images become valid; files
    sorted by class are put in another order first, always the same.

    Args:
        argument: str. The folder.
        data_dir: not used.
        image_size: (height, width) or None.
        memory_limit: not used.

    Raises:
        InputError: if a file is missing, damaged, or not of this format.
    """
    if not os.path.isdir(argument):
        raise InputError(f"expected a folder at {argument}, found none: check idx:DIR.")
    labelled = any(_find(argument, split, "labels") for split in _PREFIX)
    splits = {split: _split(argument, split, labelled) for split in _PREFIX}
    shapes = {split: images.shape[1:] for split, (images, _) in splits.items()}
    if shapes["train"] != shapes["test"]:
        raise InputError(
            f"{argument}: train and t10k images must have one size, got {shapes['train'][:2]} "
            f"and {shapes['test'][:2]}: take files of one data set."
        )
    sizes = {split: len(images) for split, (images, _) in splits.items()}
    permute = any(is_sorted(labels) for _, labels in splits.values())
    return from_arrays(
        splits,
        divide(sizes, what=argument, permute=permute),
        image_size=image_size,
        num_classes=count_classes([y for _, y in splits.values()], argument) if labelled else None,
    )


def _split(folder, split, labelled):
    """(images `(n, height, width, 1)`, labels or None) of one split."""
    path, images = _array(folder, split, "images")
    if not labelled:
        return images[..., np.newaxis], None  # (N, H, W, 1)
    labels_path, labels = _array(folder, split, "labels")
    if len(labels) != len(images):
        raise InputError(
            f"{labels_path} must hold a label an image, got {len(labels)} for the {len(images)} "
            f"of {path}: take both files from one data set."
        )
    return images[..., np.newaxis], labels  # (N, H, W, 1)


def _names(split, kind):
    stem, rank = f"{_PREFIX[split]}-{kind}", 3 if kind == "images" else 1
    return [f"{stem}{mark}idx{rank}-ubyte{end}" for mark in "-." for end in ("", ".gz")]


def _find(folder, split, kind):
    """Path of one of the four files, or None."""
    paths = (os.path.join(folder, name) for name in _names(split, kind))
    return next((path for path in paths if os.path.isfile(path)), None)


def _array(folder, split, kind):
    path = _find(folder, split, kind)
    if path is None:
        raise InputError(
            f"expected {_names(split, kind)[0]} (or .gz) in {folder}, found none: "
            "MNIST's files go there under their own names."
        )

    def line(reason):
        zipped = "gzip " if path.endswith(".gz") else ""
        return f"{path} must be a readable {zipped}file, got {reason}: fetch it again."

    with refusing(line), open_regular(path) as file:
        if not path.endswith(".gz"):
            return path, _read(file, path, kind, os.fstat(file.fileno()).st_size)
        with gzip.GzipFile(fileobj=file) as unzipped:
            return path, _read(unzipped, path, kind, None)


def _read(file, path, kind, size):
    """uint8 array `(n, height, width)` or `(n,)` of a file of `size` bytes, if that is known."""
    head = 16 if kind == "images" else 8
    content = file.read(head)
    if len(content) < head:
        raise InputError(
            f"{path} must start with {head} bytes of header, got {len(content)} in all: fetch it again."
        )
    magic, *shape = struct.unpack(f">{head // 4}I", content)
    if magic != _MAGIC[kind]:
        raise InputError(
            f"{path} must be IDX {kind} (first number {_MAGIC[kind]}), got {magic}: "
            "give MNIST's files, under their own names."
        )
    expected = math.prod(shape)
    if expected and size in (None, head + expected):
        check_memory(expected, f"{path} ({' x '.join(map(str, shape))})", "give a smaller one")
        array = np.empty(expected, np.uint8)  # takes no memory until it is written to
        size = head + fill(file, array.data)
        if size == head + expected and not file.read(1):
            return array.reshape(shape)  # (N, H, W) or (N,)
        more = size == head + expected
    else:
        more = size is None and bool(file.read(1))
        size = head if size is None else size
    raise InputError(
        f"{path} must hold {expected} bytes after its header "
        f"({' x '.join(map(str, shape))}), got {'more' if more else size - head}: fetch it again."
    )
