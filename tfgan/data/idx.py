"""`idx:DIR`: MNIST's four files, plain or gzipped; always held in memory."""

import gzip
import math
import os
import struct
import zlib

import numpy as np

from tfgan.data.memory import from_arrays
from tfgan.data.npz import count_classes
from tfgan.data.splits import divide, is_sorted
from tfgan.errors import InputError

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
    return path, _parse(_read(path), path, kind)


def _read(path):
    opener = gzip.open if path.endswith(".gz") else open
    try:
        with opener(path, "rb") as file:
            return file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{path} must be a readable {'gzip ' if path.endswith('.gz') else ''}file, "
            f"got {' '.join(str(error).split())}: fetch it again."
        ) from None


def _parse(content, path, kind):
    """uint8 array `(n, height, width)` or `(n,)` of a file's bytes."""
    head = 16 if kind == "images" else 8
    if len(content) < head:
        raise InputError(
            f"{path} must start with {head} bytes of header, got {len(content)} in all: fetch it again."
        )
    magic, *shape = struct.unpack(f">{head // 4}I", content[:head])
    if magic != _MAGIC[kind]:
        raise InputError(
            f"{path} must be IDX {kind} (first number {_MAGIC[kind]}), got {magic}: "
            "give MNIST's files, under their own names."
        )
    if len(content) - head != math.prod(shape) or 0 in shape:
        raise InputError(
            f"{path} must hold {math.prod(shape)} bytes after its header "
            f"({' x '.join(map(str, shape))}), got {len(content) - head}: fetch it again."
        )
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)  # (N, H, W) or (N,)
