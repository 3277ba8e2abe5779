"""Pictures of samples that are points in the plane: images of shape (1, 1, 2)."""

import numpy as np
from matplotlib.figure import Figure

from tfgan.errors import InputError


def are_points(image_shape):
    """Whether images of that shape are points in the plane."""
    return tuple(image_shape) == (1, 1, 2)


def points(samples, *, real=None, modes=None):
    """A scatter of points in the unit square.

    Args:
        samples: float `(n, 1, 1, 2)` in [0, 1].
        real: likewise, drawn beneath in grey; or None.
        modes: float `(n_modes, 2)`, drawn as rings; or None.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        InputError: if the samples are no points.
    """
    figure = Figure(figsize=(4, 4), dpi=100, facecolor="white")
    axes = figure.add_axes((0.02, 0.02, 0.96, 0.96))
    for array, size, color in ((real, 4, "0.75"), (samples, 3, "tab:blue")):
        if array is None:
            continue
        array = np.asarray(array)
        if not are_points(array.shape[1:]):
            raise InputError(f"points must be an array of shape (n, 1, 1, 2), got {array.shape}.")
        x, y = array.reshape(-1, 2).T  # (n,) each
        axes.scatter(x, y, s=size, color=color, alpha=0.7, linewidths=0)
    if modes is not None:
        x, y = np.asarray(modes).T
        axes.scatter(x, y, s=160, facecolors="none", edgecolors="0.5", linewidths=0.8)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=(), yticks=(), aspect="equal")
    return figure
