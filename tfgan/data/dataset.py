"""The data object, and the pipeline under it."""

import dataclasses
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan.conditions import Kind, Labels, Vector
from tfgan.data.order import Order, Part
from tfgan.data.splits import SPLITS
from tfgan.errors import InputError

_COLLECT = 256
_SEED = 2014  # a constant: everyone gets the same sample


@dataclasses.dataclass(frozen=True)
class Split:
    """One split: how many images, and how to read them.

    Attributes:
        size: int.
        read: function of (order, pixels) that returns a `tf.data.Dataset` of images, or (image, int32
            label), in that `tfgan.data.order.Order`: all of them, or of a part nothing is decoded but
            it. `pixels`, applied to the stored images, is `to_float` or `as_stored`.
        conditions: function of rows, int `(n,)` in the fixed order, that returns their conditions
            without reading an image; or None.
    """

    size: int
    read: Callable[[Order, Callable], tf.data.Dataset]
    conditions: Callable[[np.ndarray], np.ndarray] | None = None


@dataclasses.dataclass(frozen=True)
class Tags:
    """Images as features, with tags: words that are vectors. See `tfgan.data.tags`.

    Attributes:
        features: float32 `(images, dim)`.
        word_vectors: float32 `(words, word_dim)`.
        words: tuple of str: how the words are written.
        pairs: int64 `(n, 2)`: (image, word), sorted, each once.
        rows: dict: split -> int64 `(n,)`, its images: no image is in two splits.
        right: bool `(images, words)` where all right words are known, as of made data; else None.
    """

    features: np.ndarray = dataclasses.field(repr=False)
    word_vectors: np.ndarray = dataclasses.field(repr=False)
    words: tuple = dataclasses.field(repr=False)
    pairs: np.ndarray = dataclasses.field(repr=False)
    rows: dict = dataclasses.field(repr=False)
    right: np.ndarray | None = dataclasses.field(default=None, repr=False)

    def words_of(self, image):
        """int64 `(n,)`: the tags of an image, as indices of words."""
        start, stop = np.searchsorted(self.pairs[:, 0], [image, image + 1])
        return self.pairs[start:stop, 1]


@dataclasses.dataclass(frozen=True)
class Loaded:
    """What a source's loader returns.

    Attributes:
        image_shape: (height, width, channels).
        splits: dict of `Split` under "train", "valid" and "test".
        fingerprint: str. Hash of the content.
        num_classes: int or None.
        class_names: tuple of str or None; of `MultiLabel` the labels' names.
        condition: `tfgan.conditions.Kind` where it is not `Labels(num_classes)`, or None.
        modes: `tfgan.data.toy.Modes` where the data's are known, else None.
        stack: `tfgan.data.stacked.Stack` of stacked images, else None.
        tags: `Tags` or None. With it, elements are (word vector, features).
    """

    image_shape: tuple
    splits: dict
    fingerprint: str
    num_classes: int | None = None
    class_names: tuple | None = None
    condition: Kind | None = None
    modes: Any = None
    stack: Any = None
    tags: Tags | None = None


@dataclasses.dataclass(frozen=True)
class Data:
    """Images, split into train, valid and test.

    `train`, `valid` and `test` are unbatched `tf.data.Dataset`s of known length whose elements are
    float32 images `(height, width, channels)` in [0, 1], or (image, condition): an int32 label, int32
    `(num_labels,)` of 0 and 1, or a float32 vector. `train` is shuffled, anew each epoch; the others
    keep one order.

    Data of tags has word vectors `(word_dim,)` for images and features `(dim,)` for labels; an image
    comes once for each of its tags.

    Attributes:
        name: str. The source.
        image_shape: (height, width, channels).
        condition: `tfgan.conditions.Labels`, `MultiLabel` or `Vector`, or None without labels.
        class_names: tuple of str, one a class or label; None of vectors and without labels.
        fingerprint: str. Hash of the content: equal data, equal fingerprint, whatever the seed.
        sizes: dict. Elements of each split.
        modes: `tfgan.data.toy.Modes` of data made around known modes, else None.
        stack: `tfgan.data.stacked.Stack`: what stacked images are made of, else None.
        tags: `Tags`, or None of data of images.
    """

    name: str
    image_shape: tuple
    condition: Kind | None
    class_names: tuple | None
    fingerprint: str
    sizes: dict
    train: tf.data.Dataset = dataclasses.field(repr=False)
    valid: tf.data.Dataset = dataclasses.field(repr=False)
    test: tf.data.Dataset = dataclasses.field(repr=False)
    seed: int = 0
    modes: Any = None
    stack: Any = None
    tags: Tags | None = None
    _splits: dict = dataclasses.field(default_factory=dict, repr=False)

    def train_batches(self, batch_size, *, epoch=0, process=(0, 1), bytes_stay=False):
        """Full batches of training images, as they stand after `epoch` passes.

        The next pass is epoch `epoch`, from 0: what a resumed run needs to see the images in the order
        it would have seen them. Batches are the same whatever the number of processes, of which each
        has rows of every batch and decodes no others. Those of TFDS's TFRecords that do not fit in
        memory are read in up to 16 streams, each of which has its place in every batch: a process
        opens those where its rows are.

        Args:
            batch_size: int from 1 to the number of training images. Of all processes together.
            epoch: int.
            process: (index, count): rows are those of process `index` of `count`.
            bytes_stay: bool. Images that are kept as uint8 stay so, a quarter of the memory traffic:
                `fit` makes floats of them on the device, where XLA may round the last bit otherwise.

        Returns:
            `tf.data.Dataset` of `sizes["train"] // batch_size` batches.

        Raises:
            InputError: for a batch that no process can fill, and a process that is none of them.
        """
        if not 1 <= batch_size <= self.sizes["train"]:
            raise InputError(
                f"batch_size must be from 1 to the {self.sizes['train']} training images, got "
                f"{batch_size}."
            )
        if not 0 <= process[0] < process[1]:
            raise InputError(f"process must be (index, count), index below count, got {process}.")
        split, steps = self._splits["train"], self.sizes["train"] // batch_size
        first, end = (batch_size * (process[0] + i) // process[1] for i in (0, 1))
        pixels = as_stored if bytes_stay else to_float
        if end == first:  # of more processes than rows
            dataset = _without_rows(split, pixels, steps)
        else:
            dataset = split.read(Order(self.seed, Part(batch_size, first, end), epoch), pixels)
            dataset = dataset.apply(tf.data.experimental.assert_cardinality(steps * (end - first)))
            dataset = dataset.batch(end - first, drop_remainder=True)
        return plain_options(dataset)

    def arrays(self, split, limit=None):
        """A split as arrays, in a fixed order (train too: it is not shuffled here).

        Args:
            split: "train", "valid" or "test".
            limit: int or None. Only the first so many.

        Returns:
            (images float32 `(n, height, width, channels)`, conditions `(n, *condition.shape)` or None);
            or (word vectors float32 `(n, word_dim)`, features float32 `(n, dim)`).

        Raises:
            InputError: for another split or a negative limit.
        """
        if limit is not None and limit < 0:
            raise InputError(f"limit must be at least 0 or None, got {limit}: give limit=None.")
        ordered = self._ordered(split)
        size = self.sizes[split] if limit is None else min(limit, self.sizes[split])
        return collect(ordered.take(size), size)

    def conditions(self, split, limit=None):
        """The conditions of a split, without its images where the source holds them in memory.

        Args:
            split: "train", "valid" or "test".
            limit: int or None. Of conditions that are no labels, or are on disk, at most so many: a
                sample in order, always the same, or the first on disk.

        Returns:
            `(n, *condition.shape)`, or None without labels.

        Raises:
            InputError: for a split that does not exist.
        """
        self._check_split(split)
        source, size = self._splits[split], self.sizes[split]
        if source.conditions is None:
            ordered = _finish(source, None, as_stored)
            return _read_conditions(ordered.take(size if limit is None else limit))
        rows = np.arange(size)
        if limit is not None and limit < size and not isinstance(self.condition, Labels):
            rows = np.sort(np.random.default_rng(_SEED).choice(size, limit, replace=False))
        return source.conditions(rows)

    def mean_image(self, split="train"):
        """Mean over a split, float32 `(height, width, channels)`, in constant memory.

        Raises:
            InputError: for a split that does not exist.
        """
        total = np.zeros(self.image_shape, "float64")
        for batch in self._ordered(split).batch(_COLLECT):
            images = batch[0] if isinstance(batch, tuple) else batch
            total += images.numpy().sum(axis=0, dtype="float64")
        return (total / self.sizes[split]).astype("float32")

    def _check_split(self, split):
        if split not in self._splits:
            raise InputError(f"split must be one of {', '.join(SPLITS)}, got {split!r}.")

    def _ordered(self, split):
        self._check_split(split)
        return _finish(self._splits[split], None)


def build(name, loaded, seed):
    """Returns the `Data` of what a loader found."""
    splits = loaded.splits
    return Data(
        name=name,
        image_shape=tuple(loaded.image_shape),
        condition=_condition(loaded),
        class_names=loaded.class_names,
        fingerprint=loaded.fingerprint,
        modes=loaded.modes,
        stack=loaded.stack,
        sizes={split: splits[split].size for split in SPLITS},
        train=_finish(splits["train"], seed),
        valid=_finish(splits["valid"], None),
        test=_finish(splits["test"], None),
        seed=seed,
        tags=loaded.tags,
        _splits=splits,
    )


def _condition(loaded):
    if loaded.tags is not None:
        return Vector(loaded.tags.features.shape[1])
    if loaded.condition is not None:
        return loaded.condition
    return None if loaded.num_classes is None else Labels(loaded.num_classes)


def to_float(images):
    """float32 in [0, 1] of uint8 pixels; float32 images pass through."""
    if images.dtype == tf.uint8:
        return tf.cast(images, tf.float32) / 255.0
    return images


def as_stored(images):
    """Images as they are kept: uint8, or float32 in [0, 1]."""
    return images


def map_images(dataset, pixels):
    """Applies `to_float` or `as_stored` to a dataset of images, or (image, label)."""
    if isinstance(dataset.element_spec, tuple):
        return dataset.map(lambda image, label: (pixels(image), label))
    return dataset.map(pixels)


def workers():
    """int: parallel calls for decoding; a number, since autotuning is off."""
    return min(16, os.cpu_count() or 1)


def plain_options(dataset):
    """Sets the options all our datasets share; what a user builds on top inherits them."""
    options = tf.data.Options()
    # The autotuner blocks for up to 10 s when an iterator is deleted, that is after each fit; the
    # pipeline's buffers and parallel calls are explicit numbers, so it has nothing to tune.
    options.autotune.enabled = False
    options.deterministic = True  # same seed, same order, also with parallel decoding
    return dataset.with_options(options)


def _finish(split, seed, pixels=to_float):
    dataset = split.read(Order(seed), pixels)
    return plain_options(dataset.apply(tf.data.experimental.assert_cardinality(split.size)))


def _without_rows(split, pixels, steps):
    """So many batches of no rows, of a split's elements."""
    spec = split.read(Order(), pixels).element_spec

    def batch(_):
        return tf.nest.map_structure(lambda one: tf.zeros((0, *one.shape), one.dtype), spec)

    return tf.data.Dataset.range(steps).map(batch)


def _read_conditions(dataset):
    """Those of a dataset of (image, condition), without its images in memory; else None."""
    if not isinstance(dataset.element_spec, tuple):
        return None
    conditions = dataset.map(lambda image, condition: condition).batch(_COLLECT)
    return np.concatenate([batch.numpy() for batch in plain_options(conditions)])


def collect(dataset, size):
    """Arrays of a dataset's elements.

    Args:
        dataset: `tf.data.Dataset` of images of one shape, or (image, label).
        size: int. How many there are.

    Returns:
        (images `(size, height, width, channels)`, labels int32 `(size,)` or None; or features).
    """
    spec = dataset.element_spec
    labelled = isinstance(spec, tuple)
    image_spec = spec[0] if labelled else spec
    images = np.empty((size, *image_spec.shape), image_spec.dtype.as_numpy_dtype)
    labels = None
    if labelled:
        kind = "float32" if spec[1].dtype.is_floating else "int32"
        labels = np.empty((size, *spec[1].shape), kind)
    start = 0
    for batch in plain_options(dataset.batch(_COLLECT).prefetch(1)):
        block = batch[0] if labelled else batch
        stop = start + len(block)
        images[start:stop] = block.numpy()
        if labels is not None:
            labels[start:stop] = batch[1].numpy()
        start = stop
    if start != size:
        raise RuntimeError(f"expected {size} images, the dataset gave {start}")
    return images, labels
