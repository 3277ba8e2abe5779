"""Squared distances between two sets of rows, by chunks of matrix products.

Numbers are float64, in which differences of near rows keep their digits; large sets become that a block
at a time, so that two of 50,000 x 2,048 need no further gigabytes.
"""

import numpy as np

from tfgan.errors import InputError

_WHOLE = 2**27  # bytes: smaller sets become float64 once, as a whole
_BLOCK = 2**24  # bytes of a block of a larger one


class Rows:
    """Rows of numbers as float64, from an array of any type which is left as it is.

    Args:
        array: `(n, dim)`.
        scale: float. What all numbers are divided by.
    """

    def __init__(self, array, scale=1.0):
        self.shape = array.shape
        self._array, self._scale, self._shift = array, scale, None
        if 8 * array.size <= _WHOLE:
            self._array = array.astype("float64")  # a copy, since rows may be shifted in place
            self._array /= scale
        self._whole = self._array is not array

    def __len__(self):
        return len(self._array)

    def mean(self):
        """float64 `(dim,)`: the mean of the rows."""
        if self._whole:
            return self._array.mean(axis=0)
        return sum(block.sum(axis=0) for _, block in self.blocks()) / len(self)

    def shift(self, by):
        """Subtracts a row `(dim,)` from all."""
        if self._whole:
            self._array -= by
        else:
            self._shift = by if self._shift is None else self._shift + by

    def part(self, rows):
        """The rows of a slice, float64; not to be written to."""
        part = self._array[rows]
        if self._whole:
            return part
        part = part.astype("float64")
        if self._scale != 1:
            part /= self._scale
        if self._shift is not None:
            part -= self._shift
        return part

    def blocks(self):
        """Yields `(slice, float64 (block, dim))`; a small set is one block."""
        count, dim = self.shape
        step = count if self._whole else max(1, _BLOCK // (8 * dim))
        for start in range(0, count, step):
            rows = slice(start, min(start + step, count))
            yield rows, self.part(rows)

    def dot(self, part):
        """Products of other rows, float64 `(m, dim)`, with all: `(m, n)`."""
        found = np.empty((len(part), len(self)))
        for rows, block in self.blocks():
            np.matmul(part, block.T, out=found[:, rows])
        return found

    def squared_lengths(self):
        """float64 `(n,)`."""
        found = np.empty(len(self))
        for rows, block in self.blocks():
            found[rows] = np.einsum("nd,nd->n", block, block)
        return found


def of_images(images):
    """Returns images `(n, ...)` as `Rows`; uint8 is divided by 255.

    Raises:
        InputError: if there are none.
    """
    array = np.asarray(images)
    if array.ndim < 2 or not len(array):
        raise InputError(f"images must be a non-empty array (n, ...), got shape {array.shape}.")
    scale = 255.0 if array.dtype == np.uint8 else 1.0
    return Rows(array.reshape(len(array), -1), scale)  # (n, dim)


def as_rows(images, others):
    """Returns two sets of images `(n, ...)` as `Rows`, as `of_images` does.

    Raises:
        InputError: if a set is empty, or their images have other numbers of pixels.
    """
    rows = [of_images(images), of_images(others)]
    if rows[0].shape[1] != rows[1].shape[1]:
        raise InputError(
            f"both sets must have the same number of pixels, got {rows[0].shape[1]} and "
            f"{rows[1].shape[1]}: compare images of one shape."
        )
    return rows


def squared_distance_chunks(rows, others, *, memory=2**27):
    """Yields `(slice, float64 (chunk, n_others))`: squared distances of some rows to all others.

    Args:
        rows: `Rows` `(n, dim)`.
        others: `Rows` `(n_others, dim)`.
        memory: int. Bytes that one chunk may take.
    """
    chunk = max(1, memory // (8 * len(others)))
    other_norms = others.squared_lengths()
    for start in range(0, len(rows), chunk):
        near = slice(start, min(start + chunk, len(rows)))
        part = rows.part(near)
        squared = others.dot(part)  # (chunk, n_others)
        squared *= -2
        squared += other_norms
        squared += np.einsum("nd,nd->n", part, part)[:, None]
        yield near, np.maximum(squared, 0, out=squared)
