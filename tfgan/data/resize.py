"""One size for all images: centre crop to the aspect ratio, then an antialiased resize."""

import numpy as np
import tensorflow as tf

from tfgan.data.headers import MAX_PIXELS
from tfgan.errors import InputError
from tfgan.reading import check_memory

_CHUNK_BYTES = 64 * 2**20  # of float32 pixels held while a big array is resized


def check_image_size(image_size):
    """Returns `image_size` as `(height, width)`, or None for None.

    Args:
        image_size: int, (height, width) or None.

    Raises:
        InputError: if it is none of these, a side is below 1, or there are more than `MAX_PIXELS`.
    """
    if image_size is None:
        return None
    sides = image_size if isinstance(image_size, tuple | list) else (image_size, image_size)
    whole = all(isinstance(s, int | np.integer) and not isinstance(s, bool) for s in sides)
    if len(sides) != 2 or not whole or min(sides) < 1:
        raise InputError(
            f"image_size must be a whole number or (height, width), each at least 1, "
            f"got {image_size!r}: give for example image_size=32."
        )
    if sides[0] * sides[1] > MAX_PIXELS:
        raise InputError(
            f"image_size must be at most {MAX_PIXELS} pixels in all, got {image_size!r}: give for "
            "example image_size=32."
        )
    return int(sides[0]), int(sides[1])


def resize(images, image_size):
    """Crops and resizes inside a graph.

    Args:
        images: uint8 or float32 tensor `(height, width, channels)` or with a batch in front.
        image_size: (height, width).

    Returns:
        Tensor of the same dtype, `(..., *image_size, channels)`; uint8 values are rounded.
    """
    height, width = tf.shape(images)[-3], tf.shape(images)[-2]
    goal_h, goal_w = image_size
    # The largest centred window of the target's aspect ratio.
    crop_h = tf.clip_by_value((2 * width * goal_h + goal_w) // (2 * goal_w), 1, height)
    crop_w = tf.clip_by_value((2 * height * goal_w + goal_h) // (2 * goal_h), 1, width)
    top, left = (height - crop_h) // 2, (width - crop_w) // 2
    window = images[..., top : top + crop_h, left : left + crop_w, :]
    resized = tf.image.resize(window, image_size, method="bilinear", antialias=True)
    if images.dtype == tf.uint8:
        return tf.cast(tf.clip_by_value(tf.round(resized), 0, 255), tf.uint8)
    return tf.clip_by_value(resized, 0.0, 1.0)


def resize_array(images, image_size):
    """`resize` of a NumPy array `(n, height, width, channels)`, a piece at a time."""
    if image_size is None or images.shape[1:3] == tuple(image_size):
        return images
    height, width = image_size
    size = len(images) * height * width * images.shape[-1] * images.itemsize
    check_memory(size, f"{len(images)} images of {height} x {width}", "give a smaller image_size")
    result = np.empty((len(images), *image_size, images.shape[-1]), images.dtype)
    pixels = max(np.prod(images.shape[1:]), np.prod(result.shape[1:]))
    step = max(1, int(_CHUNK_BYTES // (4 * pixels)))
    with tf.device("CPU"):
        for start in range(0, len(images), step):
            piece = tf.constant(images[start : start + step])
            result[start : start + step] = resize(piece, image_size).numpy()
    return result
