"""What `fit` and `evaluate` are given, taken apart and looked at first; one line a mistake."""

import contextlib
import itertools
import re
import time
import types

import keras
import numpy as np
import tensorflow as tf

from tfgan.batches import check_shape, split_batch
from tfgan.errors import InputError

SCAN_SECONDS = 2.0  # how long a data set is read before training; the rest is checked on the way
_CHUNK = 1000  # images of an array looked at together


def check_batch(gan, images, condition=None, *, seen=None):
    """Looks at the values of one batch.

    Args:
        gan: `GAN`.
        images: `(batch, H, W, C)` array.
        condition: array or None.
        seen: what gathers the conditions (`CGAN.seen_conditions`), or None.

    Raises:
        InputError: for the wrong shape or type, NaN, pixels outside [0, 1] (where the generator has
            bounds), or conditions that do not fit.
    """
    images = np.asarray(images)
    check_shape(gan, images.shape)
    if gan.unbounded:
        _check_finite(images)
    elif images.dtype != np.uint8:
        _check_pixels(images)
    if gan.conditional and condition is not None:
        if len(condition) != len(images):
            raise InputError(
                f"{len(images)} images need {len(images)} conditions, got {len(condition)}."
            )
        if gan.condition is not None:
            checked_condition = gan.condition.check(condition)
            if seen is not None:
                seen.add(checked_condition)


def _check_finite(samples):
    """Of samples that are no images, such as word vectors."""
    if samples.dtype.kind != "f":
        raise InputError(f"samples must be float, got {samples.dtype}: convert them.")
    if not np.isfinite(samples).all():
        raise InputError("samples must be finite, got NaN or infinity: remove or mend those samples.")


def _check_pixels(images):
    if images.dtype.kind != "f":
        raise InputError(f"images must be float in [0, 1] or uint8, got {images.dtype}: convert them.")
    low, high = images.min(initial=1), images.max(initial=0)
    if np.isnan(low) or np.isnan(high):
        raise InputError("images must be numbers in [0, 1], got NaN: remove or mend those images.")
    if low < 0 or high > 1:
        remedy = "divide by 255." if low >= 0 and high <= 255 else "rescale them."
        if low >= -1 and high <= 1:
            remedy = "use (images + 1) / 2."
        raise InputError(f"images must lie in [0, 1], got [{low:.4g}, {high:.4g}]: {remedy}")


def check_fit_arguments(gan, x, arguments):
    """Refuses what `fit` cannot do.

    Raises:
        InputError: for sample or class weights, no data, or callbacks that steer one optimizer.
    """
    for name in ("sample_weight", "class_weight"):
        if arguments.get(name) is not None:
            raise InputError(f"{name} is not supported: give images or (images, condition).")
    if x is None or isinstance(x, (list, tuple, dict)) or hasattr(x, "train_batches"):
        raise InputError(
            f"fit takes an array of images or a tf.data.Dataset of batches, got {type(x).__name__}: "
            "use numpy.asarray(images), or data.train.batch(100) of tfgan.data."
        )
    for callback in keras.tree.flatten(arguments.get("callbacks") or ()):
        for kind, instead in _OF_ONE_OPTIMIZER.items():
            if isinstance(callback, kind) and len(gan.optimizers()) > 1:
                name = type(callback).__name__
                raise InputError(f"{name} steers a model's one optimizer, a GAN has two: {instead}")


_SCHEDULES = "give g_optimizer and d_optimizer learning-rate schedules."
_OF_ONE_OPTIMIZER = {  # and what does the same
    keras.callbacks.LearningRateScheduler: _SCHEDULES,
    keras.callbacks.ReduceLROnPlateau: _SCHEDULES,
    keras.callbacks.SwapEMAWeights: "use compile(ema_decay=0.999).",
}


def checked(gan, x, y=None, weights=None, *, seen=None):
    """Looks at training data before training; returns what to train on.

    Arrays are read whole. A `tf.data.Dataset` of known length is read for at most `SCAN_SECONDS`; one
    that was not read to its end is checked batch by batch while it trains, and so are generators and
    `keras.utils.PyDataset`s, but for their first batch. What is seen of conditions, then or on the way,
    is added to `seen`.

    Raises:
        InputError: see `check_batch`.
    """
    if weights is not None:
        raise InputError("sample weights are not supported: give images or (images, condition).")
    if isinstance(x, tf.data.Dataset):
        return _checked_dataset(gan, x, seen), y
    if isinstance(x, keras.utils.PyDataset):
        x = _CheckedPyDataset(gan, x, seen)
        x[0]  # refused now, if it is wrong
        return x, y
    if isinstance(x, types.GeneratorType):
        first = next(x)
        _check_parts(gan, first, seen)
        return _checked_generator(gan, first, x, seen), y
    if not hasattr(x, "shape"):
        return x, y
    if not len(x):
        raise InputError("no images to train on: the array is empty.")
    y = None if y is None else np.asarray(y)
    split_batch(gan, (x, y))
    if y is not None and len(y) != len(x):
        raise InputError(f"{len(x)} images need {len(x)} conditions, got {len(y)}.")
    for start in range(0, len(x), _CHUNK):
        rows = slice(start, start + _CHUNK)
        check_batch(gan, x[rows], None if y is None else y[rows], seen=seen)
    return x, y


def checked_validation(gan, data):
    """`checked` for Keras's `validation_data`: a data set, or a tuple of arrays."""
    if isinstance(data, (tuple, list)):
        return checked(gan, *data)
    return checked(gan, data)[0]


def _check_parts(gan, batch, seen=None):
    """`check_batch` of a batch as a data set gives it."""
    check_batch(gan, *split_batch(gan, batch), seen=seen)


def _checked_generator(gan, first, others, seen):
    for number, batch in enumerate(itertools.chain([first], others)):
        if number:
            _check_parts(gan, batch, seen)
        yield batch if isinstance(batch, tuple) else (batch,)  # as Keras wants them


class _CheckedPyDataset(keras.utils.PyDataset):
    """Another PyDataset whose batches are looked at as they are read."""

    def __init__(self, gan, inner, seen):
        super().__init__(
            workers=inner.workers,
            use_multiprocessing=inner.use_multiprocessing,
            max_queue_size=inner.max_queue_size,
        )
        self.gan = gan
        self.inner = inner
        self.seen = seen
        self.read: set[int] = set()  # batches whose conditions were seen: some are read again

    @property
    def num_batches(self):
        return self.inner.num_batches

    def __getitem__(self, index):
        batch = self.inner[index]
        _check_parts(self.gan, batch, None if index in self.read else self.seen)
        self.read.add(index)
        return batch

    def on_epoch_begin(self):
        self.inner.on_epoch_begin()

    def on_epoch_end(self):
        self.inner.on_epoch_end()


def _checked_dataset(gan, dataset, seen):
    spec = dataset.element_spec
    split_batch(gan, spec)
    if _scan(gan, dataset, seen):
        return dataset

    def guard(*parts):
        def check(*arrays):
            check_batch(gan, *arrays[:2], seen=seen)
            return arrays[0]

        images = tf.numpy_function(check, parts, parts[0].dtype, stateful=False)
        images.set_shape(parts[0].shape)
        return (images, *parts[1:]) if isinstance(spec, tuple) else images

    return dataset.map(guard)


def _scan(gan, dataset, seen):
    """Reads a data set of known length; returns whether it came to the end in time."""
    if dataset.cardinality() < 0:  # infinite, or unknown: perhaps a generator that runs only once
        return False
    options = tf.data.Options()
    options.autotune.enabled = False  # its thread can hold the iterator's deletion up for seconds
    deadline = time.monotonic() + SCAN_SECONDS
    for batch in dataset.with_options(options).as_numpy_iterator():
        _check_parts(gan, batch, seen)
        gan.seen_batch_size = gan.seen_batch_size or len(split_batch(gan, batch)[0])
        if time.monotonic() > deadline:
            return False
    return True


@contextlib.contextmanager
def as_input_error():
    """Turns an `InputError` that crossed a TensorFlow graph back into itself."""
    try:
        yield
    except tf.errors.OpError as error:
        found = re.search(r"InputError: (.*)", error.message or "")
        if not found:
            raise
        raise InputError(found.group(1)) from None
