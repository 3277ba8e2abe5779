"""Batches, whatever data they come in: what a GAN reads of one, and how many there are."""

import itertools

import keras
import numpy as np
import tensorflow as tf

from tfgan.errors import InputError

KERAS_BATCH = 32  # images of an array that Keras takes at a time where nothing is said


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
        check_shape(gan, tuple(images.shape))
    if not gan.conditional:
        return images, None
    if condition is None:
        raise InputError(
            "a CGAN needs (images, condition) batches, got images only: "
            "give conditions, or train a GAN."
        )
    return images, condition


def parts_of(gan, batch):
    """Returns what the GAN reads of a batch: [images], or [images, condition] for a conditional one."""
    images, condition = split_batch(gan, without_optionals(batch))
    return [images] if condition is None else [images, condition]


def without_optionals(batch):
    """A batch with None in place of optionals, which Keras's data adapters put where nothing is."""
    return keras.tree.map_structure(
        lambda part: None if isinstance(part, (tf.experimental.Optional, tf.OptionalSpec)) else part,
        batch,
    )


def specs_of(gan, element_spec):
    """Returns the `tf.TensorSpec`s of `parts_of`, also where a data set does not know its shapes."""
    example = [tf.zeros((1, *gan.image_shape)), gan.example_condition(1)]
    return [
        tf.TensorSpec((None, *like.shape[1:]) if spec.shape.rank is None else spec.shape, spec.dtype)
        for spec, like in zip(parts_of(gan, element_spec), example, strict=False)
    ]


def check_shape(gan, shape):
    """Refuses images whose shape, `(batch, H, W, C)`, is not the GAN's.

    Raises:
        InputError: if it is not.
    """
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


def unstacked(gan, x):
    """Takes apart a data set whose elements are stacks of batches, (steps, batch, H, W, C)."""
    if not isinstance(x, tf.data.Dataset):
        return x
    shape = tf.nest.flatten(x.element_spec)[0].shape
    if shape.rank != len(gan.image_shape) + 2:
        return x
    batches = x.unbatch()
    if shape[0] is None or x.cardinality() < 0:
        return batches
    return batches.apply(tf.data.experimental.assert_cardinality(shape[0] * x.cardinality()))


def batches_of(x, batch_size=None):
    """Returns how many batches the data has, or None where nobody knows or there is no end."""
    if isinstance(x, tf.data.Dataset):
        count = int(x.cardinality())
        return count if count >= 0 else None
    if isinstance(x, keras.utils.PyDataset):
        return x.num_batches
    return -(-len(x) // (batch_size or KERAS_BATCH)) if hasattr(x, "shape") else None


def example_batch(gan, x, y=None, batch_size=None):
    """Returns the data and a batch like those of it: x, and [images] or [images, condition].

    A data set is not read, which could change the order of its images: its specification tells the
    shapes and types of what here is 0, and `gan.seen_batch_size` how many, where it does not. A
    generator is read and put together again.
    """
    batch_size = batch_size or KERAS_BATCH
    if isinstance(x, tf.data.Dataset):
        specs = specs_of(gan, x.element_spec)
        size = specs[0].shape[0] or gan.seen_batch_size or batch_size
        shapes = [[n or 1 for n in (size, *spec.shape[1:])] for spec in specs]
        kinds = [spec.dtype.as_numpy_dtype for spec in specs]
        return x, [np.zeros(shape, kind) for shape, kind in zip(shapes, kinds, strict=True)]
    if isinstance(x, keras.utils.PyDataset):
        parts = parts_of(gan, x[0])
    elif hasattr(x, "shape"):
        parts = parts_of(gan, (x[:batch_size], None if y is None else y[:batch_size]))
    else:
        first = next(x)
        x = (batch for batch in itertools.chain([first], x))
        parts = parts_of(gan, first)
    parts = [np.asarray(part) for part in parts]
    return x, [part.astype("float32") if part.dtype.kind == "f" else part for part in parts]
