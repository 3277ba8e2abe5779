"""Priors over latents: those of a seed that samples and servers draw, and those of training steps.

All are stateless: a seed determines them. The algorithm is always named because TensorFlow's automatic
choice depends on the device, and inside XLA programs for CPUs can be a hundred times slower.
"""

import functools
import math

import numpy as np
import tensorflow as tf

from tfgan import philox, randomness
from tfgan.errors import InputError


def _uniform(low, high):
    def draw(shape, seed):
        return tf.random.stateless_uniform(shape, seed, low, high, alg="philox")

    return draw


def _normal(shape, seed):
    return tf.random.stateless_normal(shape, seed, alg="philox")


NOISES = {
    "normal": _normal,  # N(0, 1)
    "uniform": _uniform(-math.sqrt(3), math.sqrt(3)),  # variance 1; Goodfellow et al., 2014, MNIST
    "unit_uniform": _uniform(0.0, 1.0),  # Mirza & Osindero, 2014
}

_IN_STEPS = {
    "normal": randomness.normal,
    "uniform": functools.partial(randomness.uniform, low=-math.sqrt(3), high=math.sqrt(3)),
    "unit_uniform": randomness.uniform,
}

_BY_ROW = {
    "normal": philox.normal,
    "uniform": philox.uniform(-math.sqrt(3), math.sqrt(3)),
    "unit_uniform": philox.uniform(0.0, 1.0),
}

_MOMENTS = {  # mean and standard deviation
    "normal": (0.0, 1.0),
    "uniform": (0.0, 1.0),
    "unit_uniform": (0.5, 1 / math.sqrt(12)),
}


def get(noise):
    """Returns the prior of that name from `NOISES`: `(shape, seed) -> float32 shape`.

    `seed` is an integer tensor of shape `(2,)`.

    Raises:
        InputError: for an unknown name.
    """
    if noise not in NOISES:
        raise InputError(f"noise must be one of {', '.join(NOISES)}, got {noise!r}.")
    return NOISES[noise]


def in_steps(noise):
    """As `get`: other numbers of a seed, the same whether XLA compiles what draws them or not."""
    get(noise)
    return _IN_STEPS[noise]


def by_row(noise, seeds, number, dim):
    """Draws a row for each of many seeds; usable in a graph.

    Args:
        noise: str, name of the prior.
        seeds: int64 `(batch,)`.
        number: int from 0 to 2**63 - 1.
        dim: int >= 1.

    Returns:
        float32 `(batch, dim)`: of each seed what `get(noise)((1, dim), [seed, number])` gives, to the
        last bit for uniform priors and within 1e-6 for the normal one.

    Raises:
        InputError: for an unknown name.
    """
    get(noise)
    return _BY_ROW[noise](seeds, number, dim)


def moments(noise):
    """Mean and standard deviation of the prior of that name, floats; refuses as `get` does."""
    get(noise)
    return _MOMENTS[noise]


def nearby(latents, width):
    """Yields latents around the given ones, each array-like them; six, or themselves for no width.

    The offsets are the same for all rows, so that what is made of a row does not depend on the others,
    and come in opposite pairs, so that their mean moves nothing.

    Args:
        latents: float32 `(count, latent_dim)`.
        width: float >= 0. Standard deviation of the offsets.
    """
    if width == 0:
        yield latents
        return
    half = np.random.default_rng(0).standard_normal((3, latents.shape[1])).astype("float32")
    for offset in (*half, *-half):
        yield latents + np.float32(width) * offset
