"""Squared distances between two sets of rows, by chunks of matrix products."""

import numpy as np

from tfgan.errors import InputError


def as_rows(images, name):
    """Returns images `(n, ...)` as float64 rows `(n, dim)`; uint8 is divided by 255.

    Raises:
        InputError: if there are none.
    """
    images = np.asarray(images)
    if images.ndim < 2 or not len(images):
        raise InputError(f"{name} must be a non-empty array of shape (n, ...), got {images.shape}.")
    scale = 255.0 if images.dtype == np.uint8 else 1.0
    return images.reshape(len(images), -1).astype("float64") / scale  # (n, dim)


def squared_distance_chunks(rows, others, *, memory=2**27):
    """Yields `(slice, float64 (chunk, n_others))`: squared distances of some rows to all others.

    Args:
        rows: float64 `(n, dim)`.
        others: float64 `(n_others, dim)`.
        memory: int. Bytes that one chunk may take.

    Raises:
        InputError: if the dims differ.
    """
    if rows.shape[1] != others.shape[1]:
        raise InputError(
            f"both sets must have the same number of pixels, got {rows.shape[1]} and "
            f"{others.shape[1]}: compare images of one shape."
        )
    chunk = max(1, memory // (8 * len(others)))
    other_norms = np.einsum("nd,nd->n", others, others)
    for start in range(0, len(rows), chunk):
        part = rows[start : start + chunk]
        squared = part @ others.T  # (chunk, n_others)
        squared *= -2
        squared += other_norms
        squared += np.einsum("nd,nd->n", part, part)[:, None]
        yield slice(start, start + len(part)), np.maximum(squared, 0, out=squared)
