"""What is looked at before a GAN is built or trained, each mistake in one line."""

import contextlib
import itertools
import re
import time
import types
import warnings

import keras
import numpy as np
import tensorflow as tf

from tfgan.errors import InputError

SCAN_SECONDS = 2.0  # how long a data set is read before training; what is left is checked on the way
_CHUNK = 1000  # images of an array looked at together


# Networks.


def check_networks(generator, discriminator):
    """Refuses what is no Keras layer, such as a class or a function."""
    for name, network in (("generator", generator), ("discriminator", discriminator)):
        if not isinstance(network, keras.Layer):
            raise InputError(f"the {name} must be a Keras model, got {network!r}: build one first.")


def check_precision(*networks):
    """Refuses a precision that trains wrongly in silence."""
    for network in networks:
        if network.dtype_policy.name == "mixed_float16":
            raise InputError(
                f"{network.name!r} computes in mixed_float16, which needs loss scaling: "
                "use mixed_bfloat16 or float32."
            )


def check_seed(seed):
    """Returns a seed as an int.

    Raises:
        InputError: if it is no integer from 0 to 2**63 - 1.
    """
    whole = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)
    if not whole or not 0 <= seed < 2**63:
        raise InputError(f"seed must be a whole number from 0 to 2**63 - 1, got {seed!r}.")
    return int(seed)


def find_latent_dim(generator, latent_dim):
    """Returns the width of the generator's latents.

    Args:
        generator: Keras model.
        latent_dim: int, or None to ask the generator.

    Raises:
        InputError: if nobody knows it.
    """
    if latent_dim is None:
        latent_dim = getattr(generator, "latent_dim", None)
    if latent_dim is None:
        inputs = getattr(generator, "inputs", None)
        if inputs:
            latent_dim = inputs[0].shape[-1]
    if latent_dim is None:
        raise InputError(
            f"latent_dim of {generator.name!r} is unknown: pass latent_dim=... to the GAN, "
            "or give the generator an attribute of that name."
        )
    return int(latent_dim)


def known_image_shape(discriminator):
    """Returns the image shape the discriminator was made for, or None where it does not tell."""
    shape = getattr(discriminator, "image_shape", None)
    if shape is None and getattr(discriminator, "inputs", None):
        shape = discriminator.inputs[0].shape[1:]
    return None if shape is None or None in tuple(shape) else tuple(shape)


def zeros_for_second_input(generator, count):
    """Zeros of the shape and dtype of the second input of a functional generator.

    Raises:
        InputError: if the generator does not tell.
    """
    inputs = getattr(generator, "inputs", None)
    if not inputs or len(inputs) != 2:
        raise InputError(
            f"the condition of {generator.name!r} is unknown: pass condition="
            "tfgan.conditions.Labels(num_classes) to the CGAN, or build the generator as a Keras "
            "functional model of two inputs, [latents, condition]."
        )
    return tf.zeros((count, *inputs[1].shape[1:]), inputs[1].dtype)


def run_network(name, call, inputs):
    """Calls a network on example inputs; a failure becomes one line that names both."""
    try:
        output = call()
    except InputError:
        raise
    except Exception as error:  # whatever a user's network raises
        reason = " ".join(str(error).split())[:300]
        raise InputError(
            f"the {name} does not take {inputs}: {type(error).__name__}: {reason}"
        ) from error
    if not hasattr(output, "shape"):
        raise InputError(f"the {name} must return one tensor, got {type(output).__name__}.")
    return output


def warn_if_out_of_range(images):
    """Warns in one line if generated images leave [0, 1], the range of the data."""
    low, high = float(np.min(images)), float(np.max(images))
    if low < 0 or high > 1:
        warnings.warn(
            f"the generator makes values in [{low:.3g}, {high:.3g}], images are in [0, 1]: "
            "end it with a sigmoid, or rescale inside it.",
            stacklevel=3,
        )


# Data.


def split_batch(gan, data):
    """Returns (images, condition) of what `train_step` is given, checked as far as shapes go."""
    if isinstance(data, dict):
        raise InputError(
            f"a batch must be images or (images, condition), got a dict of {', '.join(data)}: "
            "map the data set to (image, label) pairs."
        )
    images, condition, weights = keras.utils.unpack_x_y_sample_weight(data)
    if weights is not None:
        raise InputError("sample weights are not supported: give images or (images, condition).")
    if getattr(images.shape, "rank", 0) is not None:  # a data set may not know its shapes
        _check_shape(gan, tuple(images.shape))
    if not gan.conditional:
        return images, None
    if condition is None:
        raise InputError(
            "a CGAN needs (images, condition) batches, got images only: "
            "give conditions, or train a GAN."
        )
    return images, condition


def _check_shape(gan, shape):
    if shape[1:] != gan.image_shape:
        raise InputError(_shape_message(gan, shape))


def _shape_message(gan, shape):
    shape = tuple(shape)
    height_width_channels = ", ".join(map(str, gan.image_shape))
    remedy = "resize the images, or build the networks for their shape."
    if shape == gan.image_shape or (shape[1:] == gan.image_shape[1:] and len(shape) == 3):
        remedy = "batch the data set first, as in data.train.batch(100)."
    elif len(shape) == 3 and (*shape[1:], 1) == gan.image_shape:
        remedy = "add the channel axis, as in images[..., None]."
    return f"images must have shape (batch, {height_width_channels}), got {shape}: {remedy}"


def check_batch(gan, images, condition=None):
    """Looks at the values of one batch.

    Args:
        gan: `GAN`.
        images: `(batch, H, W, C)` array.
        condition: array or None.

    Raises:
        InputError: for the wrong shape or type, NaN, pixels outside [0, 1], or conditions that do
            not fit.
    """
    images = np.asarray(images)
    _check_shape(gan, images.shape)
    if images.dtype != np.uint8:
        _check_pixels(images)
    if gan.conditional and condition is not None:
        if len(condition) != len(images):
            raise InputError(
                f"{len(images)} images need {len(images)} conditions, got {len(condition)}."
            )
        if gan.condition is not None:
            gan.condition.check(condition)


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


def check_fit_arguments(x, arguments):
    """Refuses what `fit` of a GAN cannot do.

    Raises:
        InputError: for sample or class weights, no data, or callbacks that steer one optimizer.
    """
    for name in ("sample_weight", "class_weight"):
        if arguments.get(name) is not None:
            raise InputError(f"{name} is not supported: give images or (images, condition).")
    if x is None or isinstance(x, (list, tuple, dict)) or hasattr(x, "train_from"):
        raise InputError(
            f"fit takes an array of images or a tf.data.Dataset of batches, got {type(x).__name__}: "
            "use numpy.asarray(images), or data.train.batch(100) of tfgan.data."
        )
    for callback in arguments.get("callbacks") or ():
        if isinstance(callback, _ONE_OPTIMIZER):
            raise InputError(
                f"{type(callback).__name__} steers a model's one optimizer, a GAN has two: give "
                "g_optimizer and d_optimizer learning-rate schedules."
            )


_ONE_OPTIMIZER = (
    keras.callbacks.LearningRateScheduler,
    keras.callbacks.ReduceLROnPlateau,
    keras.callbacks.SwapEMAWeights,
)


def checked(gan, x, y=None, weights=None):
    """Looks at training data before training; returns what to train on.

    Arrays are read whole. A `tf.data.Dataset` of known length is read for at most `SCAN_SECONDS`; one
    that was not read to its end is checked batch by batch while it trains, and so are generators and
    `keras.utils.PyDataset`s, but for their first batch.

    Raises:
        InputError: see `check_batch`.
    """
    if weights is not None:
        raise InputError("sample weights are not supported: give images or (images, condition).")
    if isinstance(x, tf.data.Dataset):
        return _checked_dataset(gan, x), y
    if isinstance(x, keras.utils.PyDataset):
        _check_parts(gan, x[0])
        return _CheckedPyDataset(gan, x), y
    if isinstance(x, types.GeneratorType):
        first = next(x)
        _check_parts(gan, first)
        return _checked_generator(gan, itertools.chain([first], x)), y
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
        check_batch(gan, x[rows], None if y is None else y[rows])
    return x, y


def checked_validation(gan, data):
    """`checked` for Keras's `validation_data`: a data set, or a tuple of arrays."""
    if isinstance(data, (tuple, list)):
        return checked(gan, *data)
    return checked(gan, data)[0]


def _check_parts(gan, batch):
    """`check_batch` of a batch as a data set gives it."""
    check_batch(gan, *split_batch(gan, batch))


def _checked_generator(gan, batches):
    for batch in batches:
        _check_parts(gan, batch)
        yield batch


class _CheckedPyDataset(keras.utils.PyDataset):
    """Another PyDataset whose batches are looked at as they are read."""

    def __init__(self, gan, inner):
        super().__init__(
            workers=inner.workers,
            use_multiprocessing=inner.use_multiprocessing,
            max_queue_size=inner.max_queue_size,
        )
        self.gan = gan
        self.inner = inner

    @property
    def num_batches(self):
        return self.inner.num_batches

    def __getitem__(self, index):
        batch = self.inner[index]
        _check_parts(self.gan, batch)
        return batch

    def on_epoch_begin(self):
        self.inner.on_epoch_begin()

    def on_epoch_end(self):
        self.inner.on_epoch_end()


def _checked_dataset(gan, dataset):
    spec = dataset.element_spec
    split_batch(gan, spec)
    if _scan(gan, dataset):
        return dataset

    def guard(*parts):
        def check(*arrays):
            check_batch(gan, *arrays[:2])
            return arrays[0]

        images = tf.numpy_function(check, parts, parts[0].dtype, stateful=False)
        images.set_shape(parts[0].shape)
        return (images, *parts[1:]) if isinstance(spec, tuple) else images

    return dataset.map(guard)


def _scan(gan, dataset):
    """Reads a data set of known length; returns whether it came to the end in time."""
    if dataset.cardinality() < 0:  # infinite, or unknown: perhaps a generator that runs only once
        return False
    options = tf.data.Options()
    options.autotune.enabled = False  # its thread can hold the iterator's deletion up for seconds
    deadline = time.monotonic() + SCAN_SECONDS
    for batch in dataset.with_options(options).as_numpy_iterator():
        _check_parts(gan, batch)
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
