"""Squared distances between two sets of rows, by chunks of matrix products."""

import numpy as np

from tfgan.errors import InputError


def as_rows(images, others):
    """Returns two sets of images `(n, ...)` as float64 rows `(n, dim)`; uint8 is divided by 255.

    Raises:
        InputError: if a set is empty, or their images have other numbers of pixels.
    """
    rows = []
    for array in map(np.asarray, (images, others)):
        if array.ndim < 2 or not len(array):
            raise InputError(f"images must be a non-empty array (n, ...), got shape {array.shape}.")
        scale = 255.0 if array.dtype == np.uint8 else 1.0
        rows.append(array.reshape(len(array), -1).astype("float64") / scale)  # (n, dim)
    if rows[0].shape[1] != rows[1].shape[1]:
        raise InputError(
            f"both sets must have the same number of pixels, got {rows[0].shape[1]} and "
            f"{rows[1].shape[1]}: compare images of one shape."
        )
    return rows


def squared_distance_chunks(rows, others, *, memory=2**27):
    """Yields `(slice, float64 (chunk, n_others))`: squared distances of some rows to all others.

    Args:
        rows: float64 `(n, dim)`.
        others: float64 `(n_others, dim)`.
        memory: int. Bytes that one chunk may take.
    """
    chunk = max(1, memory // (8 * len(others)))
    other_norms = np.einsum("nd,nd->n", others, others)
    for start in range(0, len(rows), chunk):
        part = rows[start : start + chunk]
        squared = part @ others.T  # (chunk, n_others)
        squared *= -2
        squared += other_norms
        squared += np.einsum("nd,nd->n", part, part)[:, None]
        yield slice(start, start + len(part)), np.maximum(squared, 0, out=squared)
