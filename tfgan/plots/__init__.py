"""Pictures. Each function returns a `matplotlib.figure.Figure`; `save` writes one."""

from tfgan.plots.grids import MAX_IMAGES, MAX_ROWS, grid, interpolation, samples, save, tile
from tfgan.plots.history import curves
from tfgan.plots.neighbours import nearest
from tfgan.plots.scatter import are_points, points

__all__ = [
    "MAX_IMAGES",
    "MAX_ROWS",
    "are_points",
    "curves",
    "grid",
    "interpolation",
    "nearest",
    "points",
    "samples",
    "save",
    "tile",
]
