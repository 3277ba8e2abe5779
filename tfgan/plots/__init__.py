"""Pictures. Each function returns a `matplotlib.figure.Figure`; `save` writes one."""

from tfgan.plots.grids import MAX_IMAGES, MAX_ROWS, grid, interpolation, samples, save, tile

__all__ = ["MAX_IMAGES", "MAX_ROWS", "grid", "interpolation", "samples", "save", "tile"]
