"""Samples beside the training images nearest to them."""

import numpy as np

from tfgan.metrics import memorization
from tfgan.plots.grids import checked_count, grid, names_of, rows_of


def nearest(gan, train, *, conditions=None, rows=5, columns=5, seed=0, class_names=None, **sampling):
    """Random samples, not picked; the last column is the nearest training image of the one beside it.

    Args:
        gan: `tfgan.GAN` or `tfgan.CGAN`.
        train: training images `(n, H, W, C)`, float in [0, 1] or uint8: `data.arrays("train")[0]`.
        conditions: one per row; None as in `samples`.
        rows: int >= 1. Rows of a GAN without condition.
        columns: int >= 1. Samples per row.
        seed: int. The same seed gives the same picture.
        class_names: names by class, or None.
        **sampling: further arguments of `gan.sample`, such as `truncation`.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        InputError: if the images are of another size than the samples, or the labels do not fit.

    Reference:
        Goodfellow et al., 2014, figure 2 (arXiv 1406.2661).
    """
    labels = None
    if gan.conditional:
        conditions = rows_of(gan, conditions, seed=seed)
        rows, labels = len(conditions), names_of(conditions, class_names)
        conditions = np.repeat(conditions, columns, axis=0)
    checked_count(rows * (columns + 1))
    samples = gan.sample(rows * columns, conditions, seed=seed, **sampling)
    samples = samples.reshape(rows, columns, *gan.image_shape)  # (rows, columns, H, W, C)
    _, index = memorization.nearest(samples[:, -1], train)
    close = np.asarray(train)[index]
    if close.dtype == np.uint8:
        close = close / np.float32(255)
    images = np.concatenate([samples, close[:, None]], axis=1)  # (rows, columns + 1, H, W, C)
    return grid(
        images.reshape(-1, *gan.image_shape),  # (rows * (columns + 1), H, W, C)
        columns=columns + 1,
        row_labels=labels,
        framed_column=columns,
    )
