"""Pictures. Each function returns a `matplotlib.figure.Figure`; `save` writes one."""

from tfgan.plots.game import game_gradients, game_path, game_value, saddle
from tfgan.plots.grids import MAX_IMAGES, MAX_ROWS, grid, interpolation, samples, save, tile
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
    "game_gradients",
    "game_path",
    "game_value",
    "grid",
    "interpolation",
    "kernel_density",
    "one_dimensional",
    "saddle",
    "samples",
    "save",
    "snapshot",
    "stage",
    "stages",
    "tile",
]
