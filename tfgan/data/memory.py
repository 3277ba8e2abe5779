"""Data held in memory: what small sources, and all array files, become."""

import hashlib

import numpy as np
import tensorflow as tf

from tfgan.data.dataset import Loaded, Split
from tfgan.data.resize import resize_array
from tfgan.data.splits import SPLITS

_CHUNK_BYTES = 4 * 2**20  # of float32 pixels gathered, converted and handed on at a time


def from_arrays(arrays, rows, *, image_size=None, num_classes=None, class_names=None, condition=None):
    """Returns the `Loaded` of data held in memory.

    Args:
        arrays: dict: a source's split -> (images, labels). Images uint8, or float32 in [0, 1],
            `(n, height, width, channels)`; labels `(n,)` of whole numbers, conditions of another kind
            as its `check` gives them, or None.
        rows: dict from `splits.divide`.
        image_size: (height, width) or None.
        num_classes: int or None.
        class_names: tuple of str or None: the numbers themselves.
        condition: `tfgan.conditions.Kind` of what is no label, or None.
    """
    arrays = {
        split: (resize_array(images, image_size), _conditions(labels))
        for split, (images, labels) in arrays.items()
    }
    if num_classes is not None and class_names is None:
        class_names = tuple(str(label) for label in range(num_classes))
    # One tensor a source split, on the CPU: train and valid are rows of the same one, and datasets
    # capture it by reference, so pixels are in memory once however many pipelines are built.
    with tf.device("CPU"):
        held = {
            split: (tf.constant(images), None if labels is None else tf.constant(labels))
            for split, (images, labels) in arrays.items()
        }
    splits = {
        split: _memory_split(*held[origin], index, arrays[origin][1])
        for split, (origin, index) in rows.items()
    }
    return Loaded(
        image_shape=tuple(arrays["train"][0].shape[1:]),
        splits=splits,
        fingerprint=_fingerprint(arrays, rows),
        num_classes=num_classes,
        class_names=class_names,
        condition=condition,
    )


def _conditions(values):
    """int32 of whole numbers, float32 of vectors."""
    if values is None:
        return None
    return values.astype("float32" if values.dtype.kind == "f" and values.ndim > 1 else "int32")


def _memory_split(images, labels, rows, conditions):
    """A split of tensors in memory: shuffles indices, then gathers and converts by the chunk."""
    pixels = int(np.prod(images.shape[1:]))
    chunk = int(np.clip(_CHUNK_BYTES // (4 * pixels), 1, 256))
    with tf.device("CPU"):
        index = tf.constant(rows)

    def read(order, pixels):
        def gather(positions):
            taken = tf.gather(index, positions)
            picked = pixels(tf.gather(images, taken))
            return picked if labels is None else (picked, tf.gather(labels, taken))

        # An op an image would cost 10 times as much as an op a chunk.
        chunks = order.positions(len(rows)).batch(chunk)
        return chunks.map(gather).prefetch(2).unbatch()

    of_rows = None if conditions is None else lambda chosen: conditions[rows[chosen]]
    return Split(len(rows), read, of_rows)


def _fingerprint(arrays, rows):
    """sha256 prefix over each split's shape, dtype, pixels and labels, in order."""
    digest = hashlib.sha256()
    for split in SPLITS:
        origin, index = rows[split]
        images, labels = arrays[origin]
        digest.update(f"{split} {len(index)} {images.shape[1:]} {images.dtype}".encode())
        for start in range(0, len(index), 1024):
            digest.update(images[index[start : start + 1024]].tobytes())
        if labels is not None:
            if labels.ndim > 1:
                digest.update(f"{labels.shape[1:]} {labels.dtype}".encode())
            digest.update(labels[index].tobytes())
    return digest.hexdigest()[:32]
