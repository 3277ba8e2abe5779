"""Multi-scale structural similarity of pairs of samples: how much alike images of a class look.

A generator that gives nearly the same image for all latents scores near 1. Lower is more varied, noise
being the most varied of all: set it beside the real images' number, and beside a measure of quality.

Reference:
    Wang, Simoncelli & Bovik, *Multi-scale structural similarity for image quality assessment*, 2003;
    as diversity: Odena et al., 2017, section 4.2 (arXiv 1610.09585).
"""

import numpy as np
import tensorflow as tf

from tfgan.errors import InputError
from tfgan.metrics.classifier import as_float

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the scales, the finest first
FILTER, LEAST_SIDE = 11, 8
PAIRS = 1_000
_BYTES = 2**25  # of images compared at a time


def scales(image_shape):
    """The scales that images of a size have: halved until the filter no longer fits.

    Five from 176 pixels on, as published; two of 28 or 32; one below 22, below 11 with a filter of 9
    or 7 pixels.

    Args:
        image_shape: (height, width, channels).

    Returns:
        (tuple of float, the weights of the scales, the finest first, of sum 1; int, the filter's width
        in pixels).

    Raises:
        InputError: if a side is below 8 pixels.
    """
    side = min(image_shape[:2])
    if side < LEAST_SIDE:
        raise InputError(
            f"MS-SSIM needs images of at least {LEAST_SIDE} x {LEAST_SIDE} pixels, got "
            f"{image_shape[0]} x {image_shape[1]}: leave it out."
        )
    count = sum(side >= FILTER * 2**i for i in range(len(WEIGHTS)))
    kept = np.array(WEIGHTS[: max(1, count)])
    return tuple(float(w) for w in kept / kept.sum()), min(FILTER, side - 1 + side % 2)


def similarity(images, others):
    """MS-SSIM of each pair of images, averaged over channels.

    Images of fewer than 176 pixels have fewer scales than published, see `scales`; their numbers
    compare only with those of images of the same size.

    Args:
        images, others: `(n, height, width, channels)`, float in [0, 1] or uint8.

    Returns:
        float32 `(n,)`: 1 for equal images; terms below 0 count as 0.

    Raises:
        InputError: if the shapes differ, or for images below 8 x 8.

    Reference:
        Wang, Simoncelli & Bovik, 2003, equation 7.
    """
    images, others = as_float(images), as_float(others)
    if images.ndim != 4 or images.shape != others.shape:
        raise InputError(
            "pairs must be two arrays (n, height, width, channels) of one shape, got "
            f"{images.shape} and {others.shape}."
        )
    weights, width = scales(images.shape[1:])
    step = max(1, _BYTES // max(1, images[:1].nbytes))
    found = np.empty(len(images), "float32")
    for start in range(0, len(images), step):
        part = slice(start, start + step)
        found[part] = tf.image.ssim_multiscale(
            images[part], others[part], 1.0, power_factors=weights, filter_size=width
        )
    return found


def diversity(images, labels=None, *, pairs=PAIRS, seed=0):
    """Mean MS-SSIM of random pairs of images, with labels of pairs within a class.

    Each class has as many pairs, at least one. Classes of a single image have none.

    Args:
        images: `(n, height, width, channels)`, float in [0, 1] or uint8.
        labels: int `(n,)`, or None: any two images are a pair.
        pairs: int >= 1. Of all classes together.
        seed: int. Which pairs are drawn.

    Returns:
        dict: `similarity`, `standard_error` of that mean, `pairs`.

    Raises:
        InputError: if no class has two images, or as `similarity`.

    Reference:
        Odena et al., 2017, section 4.2 (arXiv 1610.09585): 100 pairs a class.
    """
    images = np.asarray(images)
    labels = np.zeros(len(images), int) if labels is None else np.asarray(labels)
    if len(labels) != len(images):
        raise InputError(f"got {len(images)} images and {len(labels)} labels: one label per image.")
    members = [np.flatnonzero(labels == one) for one in np.unique(labels)]
    members = [rows for rows in members if len(rows) > 1]
    if not members or pairs < 1:
        raise InputError(
            f"{pairs} pairs cannot be drawn from {len(images)} images: give at least two of a class."
        )
    rng, each = np.random.default_rng(seed), max(1, pairs // len(members))
    drawn = np.concatenate([_pairs(rows, each, rng) for rows in members])
    found = similarity(images[drawn[:, 0]], images[drawn[:, 1]]).astype("float64")
    error = found.std(ddof=1) / np.sqrt(len(found)) if len(found) > 1 else 0.0
    return {"similarity": float(found.mean()), "standard_error": float(error), "pairs": len(found)}


def _pairs(rows, count, rng):
    """Random pairs of different rows, int `(count, 2)`."""
    first = rng.integers(len(rows), size=count)
    second = (first + rng.integers(1, len(rows), size=count)) % len(rows)
    return rows[np.stack([first, second], axis=1)]
