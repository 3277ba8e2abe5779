"""The first paper's figure 1: a GAN of numbers beside the density it learns.

Reference:
    Goodfellow et al., *Generative Adversarial Nets*, 2014, figure 1 (arXiv 1406.2661).
"""

import functools
import math
from typing import Any, NamedTuple

import numpy as np
from matplotlib.animation import PillowWriter
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tfgan import theory
from tfgan.errors import InputError
from tfgan.files import replacing
from tfgan.plots.film import check_gif

BANDWIDTHS = np.geomspace(0.003, 0.3, 60)  # of kernels, in units of x; the best by cross-validation
_MODES = 500  # cosines of a kernel density; at the least bandwidth those above are below 2e-5
_BINS = 2048
_RANGES = {"uniform": (-math.sqrt(3), math.sqrt(3)), "unit_uniform": (0.0, 1.0)}
_POINTS = 401
_ARROWS = 17
_LINES: dict[str, dict[str, Any]] = {
    "p_data": {"color": "black", "linestyle": ":", "linewidth": 2.0, "label": "data", "zorder": 3},
    "p_g": {"color": "tab:green", "linestyle": "-", "linewidth": 2.0, "label": "samples"},
    "d": {"color": "tab:blue", "linestyle": "--", "linewidth": 1.8, "label": "D"},
    "d_star": {"color": "tab:blue", "linestyle": "-", "linewidth": 0.7, "label": "D*, the best D"},
}
_ARROW = {
    "arrowstyle": "-|>",
    "color": "0.25",
    "linewidth": 0.8,
    "shrinkA": 0,
    "shrinkB": 0,
    "mutation_scale": 7,
}


class Snapshot(NamedTuple):
    """A GAN of numbers at one moment, as curves.

    Attributes:
        x: float64 `(points,)`, from 0 to 1.
        p_data, p_g: float64 `(points,)`. Densities.
        d, d_star: float64 `(points,)`, in [0, 1]. D(x), and the best answer to these two densities.
        z, g_of_z: float64 `(arrows,)`. Latents from 0 to 1 (their range) and the numbers G makes of
            them; empty unless the latent is one uniform number.
        epoch: int or None. Epochs done.
    """

    x: np.ndarray
    p_data: np.ndarray
    p_g: np.ndarray
    d: np.ndarray
    d_star: np.ndarray
    z: np.ndarray
    g_of_z: np.ndarray
    epoch: int | None = None


def kernel_density(values, x):
    """Density of numbers in [0, 1]: Gaussian kernels, mirrored at the ends.

    The bandwidth is that of least mean square error by unbiased cross-validation, of `BANDWIDTHS`. In
    cosines, which is what mirrored kernels are sums of, both are sums over frequencies.

    Args:
        values: float `(n,)` in [0, 1], n >= 2.
        x: float `(points,)` in [0, 1]. Where the density is wanted.

    Returns:
        float64 `(points,)`, >= 0; its integral over [0, 1] is 1.

    Raises:
        InputError: for fewer than 2 values.
    """
    count = len(values)
    if count < 2:
        raise InputError(f"a density needs at least 2 samples, got {count}.")
    mass = np.histogram(values, bins=_BINS, range=(0, 1))[0] / count
    k, waves = _waves()
    mean, mean_square = waves @ mass, waves**2 @ mass
    # E[mean]^2 without bias: pairs of a value with itself are left out.
    true_square = (count * mean**2 - mean_square) / (count - 1)
    kept = np.exp(-0.5 * np.outer(BANDWIDTHS, k) ** 2)  # (bandwidths, modes)
    risk = kept**2 @ mean**2 - 2 * kept @ true_square
    best = kept[np.argmin(risk)]
    density = 1 + 2 * np.cos(np.outer(x, k)) @ (best * mean)
    return np.maximum(density, 0.0)  # the sum ends somewhere, which leaves ripples


@functools.cache
def _waves():
    """Frequencies, and the cosines of each at the middles of the bins, `(modes, bins)`."""
    k = np.pi * np.arange(1, _MODES + 1)
    return k, np.cos(np.outer(k, (np.arange(_BINS) + 0.5) / _BINS))


def snapshot(gan, density, *, samples=50_000, seed=0, epoch=None):
    """The curves of the figure for a GAN as it is now.

    Args:
        gan: `tfgan.GAN` without condition, whose images are one number: shape (1, 1, 1).
        density: the data's: function of float64 `(points,)` in [0, 1] -> float `(points,)` >= 0.
        samples: int >= 2. Numbers drawn for p_g.
        seed: int. Of the latents.
        epoch: int or None. Epochs done, for titles.

    Returns:
        `Snapshot`.

    Raises:
        InputError: for another GAN, or a density that is negative, not finite or 0 everywhere.
    """
    if gan.conditional or tuple(gan.image_shape) != (1, 1, 1):
        raise InputError(
            "the one-dimensional figure takes a GAN without condition whose images have shape "
            f"(1, 1, 1), got {type(gan).__name__} of images {tuple(gan.image_shape)}."
        )
    x = np.linspace(0, 1, _POINTS)
    p_data = np.asarray(density(x), "float64")
    if p_data.shape != x.shape:
        raise InputError(
            f"density must return {_POINTS} values for as many x, got shape {p_data.shape}."
        )
    if not p_data.max() > 0:
        raise InputError("density must be positive somewhere on [0, 1]: scale the data into it.")
    drawn = gan.sample(samples, seed=seed, batch_size=samples).reshape(-1)  # (samples,)
    p_g = kernel_density(np.clip(drawn, 0, 1), x)
    images = x.astype("float32").reshape(-1, 1, 1, 1)  # (points, 1, 1, 1)
    logits = np.asarray(gan.discriminate(images, training=False), "float64")[:, 0]
    d = np.exp(-np.logaddexp(0.0, -logits))
    d_star = theory.optimal_discriminator(p_data, p_g)
    z, made = _arrows(gan)
    return Snapshot(x, p_data, p_g, d, d_star, z, made, epoch)


def _arrows(gan):
    """Latents from 0 to 1 and the numbers made of them, or two empty arrays."""
    if gan.latent_dim != 1 or gan.noise not in _RANGES:
        return np.empty(0), np.empty(0)
    z = (np.arange(_ARROWS) + 0.5) / _ARROWS
    low, high = _RANGES[gan.noise]
    latents = (low + (high - low) * z).astype("float32").reshape(-1, 1)  # (arrows, 1)
    return z, gan.images_of(latents).reshape(-1).astype("float64")  # (arrows,)


def one_dimensional(gan, density, **options):
    """Figure 1 of a GAN as it is now.

    Args:
        gan, density, options: see `snapshot`.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        InputError: see `snapshot`.
    """
    return stages([snapshot(gan, density, **options)])


def stages(snapshots, *, titles=None):
    """Figure 1: snapshots side by side, on one scale, with what the lines are below.

    Args:
        snapshots: `Snapshot`s, at least one.
        titles: str for each; None names the epochs, where they are known.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        InputError: if there are no snapshots, or not as many titles.
    """
    snapshots = _some(snapshots)
    if titles is None:
        titles = [_title(s) for s in snapshots]
    if len(titles) != len(snapshots):
        raise InputError(f"{len(snapshots)} snapshots need as many titles, got {len(titles)}.")
    figure = Figure(figsize=(max(5.0, 3.1 * len(snapshots)), 3.7), dpi=120, facecolor="white")
    figure.subplots_adjust(0.02, 0.11, 0.98, 0.93, wspace=0.06)
    panels = figure.subplots(1, len(snapshots), squeeze=False)[0]
    top = _top(snapshots)
    for axes, shot, title in zip(panels, snapshots, titles, strict=True):
        stage(axes, shot, top=top)
        axes.set_title(title, fontsize=11)
    _legend(figure)
    return figure


def stage(axes, snapshot, *, top=None):
    """Draws one snapshot: densities and D above a line of x, arrows z -> x = G(z) below it.

    D's scale is the panel's height: the thin grey line is 1/2.

    Args:
        axes: `matplotlib.axes.Axes`.
        snapshot: `Snapshot`.
        top: float. Density at the upper edge; None fits the data's density.

    Returns:
        the axes.
    """
    top = _top([snapshot]) if top is None else top
    nothing = snapshot.p_data + snapshot.p_g < 0.02 * snapshot.p_data.max()
    shown = snapshot._replace(d_star=np.where(nothing, np.nan, snapshot.d_star))  # noise there
    axes.set_axis_off()
    low = -0.52 if len(snapshot.z) else -0.16
    axes.set(xlim=(-0.09, 1.09), ylim=(low, 1.02))
    for y, text in ((1.0, "1"), (0.5, "½")):
        axes.plot([0, 1], [y, y], color="0.85", linewidth=0.8, zorder=0)
        axes.text(-0.02, y, text, ha="right", va="center", color="tab:blue", fontsize=9)
    for name, style in _LINES.items():
        scale = 1 if name.startswith("d") else top
        axes.plot(snapshot.x, getattr(shown, name) / scale, **style)
    x_line, z_line = -0.04, -0.42
    axes.plot([0, 1], [x_line] * 2, color="black", linewidth=1.2)
    axes.text(1.02, x_line, "x", va="center", fontsize=10, style="italic")
    if len(snapshot.z):
        axes.plot([0, 1], [z_line] * 2, color="black", linewidth=1.2)
        axes.text(1.02, z_line, "z", va="center", fontsize=10, style="italic")
        for z, x in zip(snapshot.z, snapshot.g_of_z, strict=True):
            axes.annotate("", (x, x_line), (z, z_line), arrowprops=_ARROW)
    return axes


def animation(snapshots, path, *, frames_per_second=10):
    """Writes snapshots as a GIF, whole or not at all; the last one stays for a second.

    Args:
        snapshots: `Snapshot`s, at least one.
        path: file that ends in .gif, in a folder that need not exist.
        frames_per_second: int, 1 to 50.

    Raises:
        InputError: for another name or rate, or no snapshots.
    """
    snapshots = _some(snapshots)
    check_gif(path, frames_per_second)
    figure = Figure(figsize=(5.0, 4.0), dpi=72, facecolor="white")
    axes = figure.add_axes((0.02, 0.11, 0.96, 0.81))
    top = _top(snapshots)
    _legend(figure)
    writer = PillowWriter(fps=frames_per_second)
    with replacing(path) as temporary, writer.saving(figure, str(temporary), dpi=figure.dpi):
        for shot in [*snapshots, *[snapshots[-1]] * (frames_per_second - 1)]:
            axes.clear()
            stage(axes, shot, top=top)
            axes.set_title(_title(shot), fontsize=11)
            writer.grab_frame()


def _some(snapshots):
    snapshots = list(snapshots)
    if not snapshots:
        raise InputError("there are no snapshots to draw: take at least one.")
    return snapshots


def _top(snapshots):
    """Density at the upper edge: the data's peak, with room for samples that are more crowded."""
    return 1.45 * max(float(s.p_data.max()) for s in snapshots)


def _title(shot):
    return "" if shot.epoch is None else f"epoch {shot.epoch}"


def _legend(figure):
    handles = [Line2D([], [], **style) for style in _LINES.values()]
    figure.legend(handles=handles, loc="lower center", ncols=4, frameon=False, fontsize=9.5)
