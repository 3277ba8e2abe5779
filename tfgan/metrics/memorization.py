"""How close samples are to the training images."""

import numpy as np

from tfgan.metrics.distances import as_rows, squared_distance_chunks


def nearest(images, train):
    """The nearest training image of each image, by the Euclidean distance of their pixels.

    Args:
        images: `(n, ...)`, float in [0, 1] or uint8.
        train: `(n_train, ...)`, likewise.

    Returns:
        (float64 `(n,)` distances in pixel units, int64 `(n,)` indices into `train`).

    Raises:
        InputError: if there are no images or their sizes differ.
    """
    rows, others = as_rows(images, train)
    distances, indices = np.empty(len(rows)), np.empty(len(rows), "int64")
    for part, squared in squared_distance_chunks(rows, others):
        indices[part] = squared.argmin(axis=1)
        distances[part] = np.sqrt(squared.min(axis=1))
    return distances, indices
