"""Pictures. Each function returns a `matplotlib.figure.Figure`; `save` writes one."""

from tfgan.plots.film import film
from tfgan.plots.game import game_gradients, game_path, game_value, saddle
from tfgan.plots.grids import MAX_IMAGES, MAX_ROWS, grid, interpolation, mixture, samples, save, tile
from tfgan.plots.history import curves
from tfgan.plots.neighbours import nearest
from tfgan.plots.scatter import are_points, points
from tfgan.plots.snapshots import (
    Snapshot,
    animation,
    kernel_density,
    one_dimensional,
    snapshot,
    stage,
    stages,
)

__all__ = [
    "MAX_IMAGES",
    "MAX_ROWS",
    "Snapshot",
    "animation",
    "are_points",
    "curves",
    "film",
    "game_gradients",
    "game_path",
    "game_value",
    "grid",
    "interpolation",
    "kernel_density",
    "mixture",
    "nearest",
    "one_dimensional",
    "points",
    "saddle",
    "samples",
    "save",
    "snapshot",
    "stage",
    "stages",
    "tile",
]
