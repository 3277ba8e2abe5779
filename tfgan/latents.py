"""Priors over latents, drawn statelessly: the same seed gives the same latents on any device.

The algorithm is named (Philox) because TensorFlow's automatic choice depends on the device.
"""

import math

import tensorflow as tf

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


def get(noise):
    """Returns the prior of that name from `NOISES`: `(shape, seed) -> float32 shape`.

    `seed` is an integer tensor of shape `(2,)`.

    Raises:
        InputError: for an unknown name.
    """
    if noise not in NOISES:
        raise InputError(f"noise must be one of {', '.join(NOISES)}, got {noise!r}.")
    return NOISES[noise]
