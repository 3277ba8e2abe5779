"""`stacked:SOURCE`: three grey images of SOURCE in the three channels of one, as in stacked MNIST.

A test of mode coverage: K classes of SOURCE make K^3 modes, all about equally frequent, and a
classifier of SOURCE's images tells them channel by channel. The label of an image whose channels are of
classes c0, c1 and c2 is c0 K^2 + c1 K + c2.

The triples are drawn once, of each split from SOURCE's own, and are the same for everyone; images are
put together as they are read.

Reference:
    Metz et al., 2017 (arXiv 1611.02163); Srivastava et al., 2017 (arXiv 1705.07761). Lin et al., 2018
    (arXiv 1712.04086) train on 128,000 images and judge by 26,000.
"""

import dataclasses
import hashlib

import numpy as np
import tensorflow as tf

from tfgan.data.dataset import Loaded, Split, as_stored, collect, to_float
from tfgan.data.npz import MAX_CLASSES
from tfgan.data.order import Order
from tfgan.data.splits import SPLITS
from tfgan.errors import InputError
from tfgan.reading import check_memory

SIZES = {"train": 128_000, "valid": 10_000, "test": 26_000}
_CHANNELS = 3
_SEED = 2014  # a constant: everyone gets the same triples
_CHUNK_BYTES = 4 * 2**20  # of float32 pixels put together and handed on at a time


@dataclasses.dataclass(frozen=True)
class Stack:
    """What stacked images are made of.

    Attributes:
        num_classes: int, K. Classes of a single image.
    """

    num_classes: int
    _arrays: dict = dataclasses.field(repr=False)

    def singles(self, split, limit=None):
        """The grey images of a split, and their labels.

        Args:
            split: "train", "valid" or "test".
            limit: int or None. Only the first so many.

        Returns:
            (float32 `(n, height, width, 1)` in [0, 1], int32 `(n,)` in [0, K)).

        Raises:
            InputError: for another split.
        """
        if split not in self._arrays:
            raise InputError(f"split must be one of {', '.join(SPLITS)}, got {split!r}.")
        images, labels = (array[:limit] for array in self._arrays[split])
        return to_float(tf.constant(images)).numpy(), labels


def of(loaded, source):
    """Returns the `Loaded` of stacked images.

    Args:
        loaded: `Loaded` of labelled grey images, which are read into memory.
        source: str, for error messages.

    Raises:
        InputError: if its images are not grey, have no class labels or too many, or are too large.
    """
    height, width, channels = loaded.image_shape if len(loaded.image_shape) == 3 else (0, 0, 0)
    if channels != 1 or loaded.num_classes is None:
        found = f"images of {channels} channels" if channels != 1 else "images without class labels"
        raise InputError(
            f"{source} stacks grey images with class labels, got {found}: choose another source, such "
            "as stacked:mnist."
        )
    count = loaded.num_classes
    if count**_CHANNELS > MAX_CLASSES:
        raise InputError(
            f"{source} has {count} classes, whose {count}^3 modes are more than {MAX_CLASSES}: choose "
            "a source of fewer."
        )
    pixels = height * width * sum(loaded.splits[split].size for split in SPLITS)
    check_memory(4 * pixels, f"{source}: its single images", "give smaller ones, by image_size")
    arrays, triples = {}, {}
    for number, split in enumerate(SPLITS):
        part = loaded.splits[split]
        arrays[split] = collect(part.read(Order(), as_stored), part.size)
        rng = np.random.default_rng([_SEED, number])
        triples[split] = rng.integers(part.size, size=(SIZES[split], _CHANNELS), dtype="int32")
    digest = hashlib.sha256(f"stacked {loaded.fingerprint}".encode())
    for split in SPLITS:
        digest.update(triples[split].tobytes())
    names = loaded.class_names or tuple(map(str, range(count)))
    return Loaded(
        image_shape=(height, width, _CHANNELS),
        splits={split: _split(arrays[split], triples[split], count) for split in SPLITS},
        fingerprint=digest.hexdigest()[:32],
        num_classes=count**_CHANNELS,
        class_names=tuple(f"{a} {b} {c}" for a in names for b in names for c in names),
        stack=Stack(count, arrays),
    )


def _split(arrays, triples, num_classes):
    """A split that puts images together by the chunk."""
    singles, labels = arrays
    height, width = singles.shape[1:3]
    chunk = int(np.clip(_CHUNK_BYTES // (4 * height * width * _CHANNELS), 1, 256))
    modes = labels[triples] @ np.array([num_classes**2, num_classes, 1], "int32")
    with tf.device("CPU"):  # once, whatever the number of pipelines: they capture it by reference
        held, index, classes = tf.constant(singles), tf.constant(triples), tf.constant(modes)

    def read(order, pixels):
        def put_together(positions):
            picked = tf.gather(held, tf.gather(index, positions))  # (chunk, 3, H, W, 1)
            images = tf.transpose(picked[..., 0], (0, 2, 3, 1))  # (chunk, H, W, 3)
            return pixels(images), tf.gather(classes, positions)

        chunks = order.positions(len(triples)).batch(chunk)
        return chunks.map(put_together).prefetch(2).unbatch()

    return Split(len(triples), read, lambda rows: modes[rows])
