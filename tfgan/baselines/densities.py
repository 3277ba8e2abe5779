"""Normal densities: noise of noise-contrastive estimation, and the model it is checked on."""

import math

import keras
import numpy as np
import tensorflow as tf

from tfgan.errors import InputError


@keras.saving.register_keras_serializable(package="tfgan")
class Normal:
    """Independent normal noise.

    Args:
        mean: floats `(dim,)`.
        std: floats `(dim,)`, > 0.

    Raises:
        InputError: if they do not fit each other, or a deviation is not positive.
    """

    def __init__(self, mean, std):
        self.mean, self.std = (np.atleast_1d(np.asarray(value, "float32")) for value in (mean, std))
        if self.mean.shape != self.std.shape or self.mean.ndim != 1 or not (self.std > 0).all():
            raise InputError(
                "normal noise takes a mean and a positive std for each dimension, got "
                f"{mean!r}, {std!r}."
            )

    def sample(self, count, draws):
        """float32 `(count, dim)`."""
        return self.mean + self.std * draws.normal((count, len(self.mean)))

    def log_prob(self, rows):
        """ln p of `(n, dim)`: `(n,)`."""
        squares = tf.reduce_sum(tf.square((rows - self.mean) / self.std), axis=-1)
        scale = np.log(self.std).sum() + 0.5 * len(self.mean) * math.log(2 * math.pi)
        return -0.5 * squares - np.float32(scale)

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def get_config(self):
        return {"mean": self.mean.tolist(), "std": self.std.tolist()}


@keras.saving.register_keras_serializable(package="tfgan")
class NormalDensity(keras.layers.Layer):
    """An unnormalised normal density, -|(x - mean) / std|^2 / 2: what NCE is checked on.

    Input `(batch, dim)`, output `(batch, 1)`; mean and log std are learned, from 0.
    """

    def build(self, input_shape):
        shape = (input_shape[-1],)
        self.mean = self.add_weight(shape=shape, initializer="zeros", name="mean")
        self.log_std = self.add_weight(shape=shape, initializer="zeros", name="log_std")

    def call(self, rows):
        scaled = (rows - self.mean) * tf.exp(-self.log_std)
        return -0.5 * tf.reduce_sum(tf.square(scaled), axis=-1, keepdims=True)
