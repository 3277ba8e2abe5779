"""`toy:NAME`: made data of which the truth is known.

`ring`, `grid`: points in the unit square around known modes, to watch a GAN miss some. `tags`: features
with tags, see `tfgan.data.toy_tags`.

A point is an image of shape (1, 1, 2), its two coordinates; its label is its mode.

Reference:
    The mixtures of Srivastava et al., *VEEGAN*, 2017, section 4.1 (arXiv 1705.07761), scaled to
    the unit square.
"""

import dataclasses
import math

import numpy as np

from tfgan.data import tags, toy_tags
from tfgan.data.memory import from_arrays
from tfgan.data.splits import divide
from tfgan.errors import InputError, suggestion

COUNT = 60_000
_SEED = 2014  # a constant: everyone gets the same points


@dataclasses.dataclass(frozen=True)
class Modes:
    """Where a mixture of equal round Gaussians lies.

    Attributes:
        centres: float64 `(n_modes, dim)`.
        sigma: float. Standard deviation of each coordinate around a centre.
    """

    centres: np.ndarray
    sigma: float


def ring():
    """8 Gaussians on a circle: radius 0.4, standard deviation a hundredth of it."""
    angles = np.arange(8) * (2 * math.pi / 8)
    return Modes(0.5 + 0.4 * np.stack([np.cos(angles), np.sin(angles)], axis=1), 0.004)


def grid():
    """25 Gaussians on a 5 x 5 grid: distance 0.2, standard deviation a fortieth of it."""
    ticks = np.linspace(0.1, 0.9, 5)
    return Modes(np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(25, 2), 0.005)  # (modes, 2)


MIXTURES = {"ring": ring, "grid": grid}


def load(argument, *, data_dir, image_size, memory_limit):
    """Returns the `Loaded` of made data; no other argument matters.

    Raises:
        InputError: for an unknown mixture, or an `image_size`.
    """
    names = (*MIXTURES, "tags")
    if argument not in names:
        raise InputError(f"no toy data is called {argument!r}: {suggestion(argument, names)}")
    if image_size is not None:
        raise InputError("toy data have no images to resize: leave image_size out.")
    if argument == "tags":
        return _tags()
    modes = MIXTURES[argument]()
    rng = np.random.default_rng(_SEED)
    labels = np.arange(COUNT) % len(modes.centres)
    points = modes.centres[labels] + modes.sigma * rng.standard_normal((COUNT, 2))
    points = points.astype("float32")[:, None, None]  # (N, 1, 1, 2)
    loaded = from_arrays(
        {"train": (points, labels)},
        divide({"train": COUNT}, what=f"toy:{argument}"),
        num_classes=len(modes.centres),
    )
    return dataclasses.replace(loaded, modes=modes)


def _tags():
    made = toy_tags.make(3000, dim=256, word_dim=200, noise=0.3, spread=1.0, seed=_SEED)
    loaded = tags.from_arrays(made.arrays, "toy:tags", image_size=None)
    return dataclasses.replace(loaded, tags=dataclasses.replace(loaded.tags, right=made.right))
