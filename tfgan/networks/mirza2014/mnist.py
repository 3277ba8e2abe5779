"""The MNIST networks, for images of any shape.

The condition enters inside both networks: each is called with `[x, condition]` and encodes the
condition itself.

Reference:
    Mirza & Osindero, *Conditional Generative Adversarial Nets*, 2014 (arXiv 1411.1784), section 4.1.
    The paper gives no initialisation; that of Goodfellow et al., 2014, is the default.
"""

import keras
from keras import layers, ops

from tfgan import conditions
from tfgan.errors import InputError
from tfgan.layers import Dropout, Maxout
from tfgan.networks.goodfellow2014 import (
    DISCRIMINATOR_LIMIT,
    GENERATOR_LIMIT,
    ImageOutput,
    check_image_shape,
    uniform,
)


def inputs(shape, condition):
    """Symbolic `[x, condition]` to build a network with."""
    return [layers.Input(shape), layers.Input(condition.shape, dtype=condition.dtype)]


@keras.saving.register_keras_serializable(package="tfgan.mirza2014")
class Generator(keras.Model):
    """Latents and condition each through a ReLU layer, joined by a third, and a sigmoid image.

    Weights U(-.05, .05), biases 0.

    Args:
        image_shape: (height, width, channels).
        condition: `tfgan.conditions.Labels` or `Vector`.
        latent_dim: int. Width of the latents, for which `noise` is U(0, 1).
        latent_units: int. Width of the layer on the latents.
        condition_units: int. Width of the layer on the condition.
        units: int. Width of the joint layer.
        dropout: float in [0, 1). Fraction of the units of each hidden layer dropped while training;
            sampling runs without.
        latent_mean: float. Taken from the latents before the first layer.
        latent_std: float > 0. Then they are divided by it. Plain SGD, as the paper's, barely learns
            from U(0, 1), and the condition drowns the latents: give both as
            `tfgan.latents.moments("unit_uniform")`, so that the layer sees mean 0 and variance 1. Adam
            minds less.
        latent_limit: float > 0. Initial weights of the layer on the latents are U(-limit, limit).

    Inputs: `[latents, condition]`, float `(batch, latent_dim)` and `(batch, *condition.shape)`.
    Output shape: float `(batch, *image_shape)`, [0, 1].

    Raises:
        InputError: if `image_shape` is not three positive integers, `condition` is none or `latent_std`
            is not above 0.

    Reference:
        Mirza & Osindero, 2014, section 4.1 (arXiv 1411.1784).
    """

    noise = "unit_uniform"

    def __init__(
        self,
        image_shape,
        *,
        condition,
        latent_dim=100,
        latent_units=200,
        condition_units=1000,
        units=1200,
        dropout=0.5,
        latent_mean=0.0,
        latent_std=1.0,
        latent_limit=GENERATOR_LIMIT,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.image_shape = check_image_shape(image_shape)
        self.condition = conditions.get(condition)
        self.latent_dim = latent_dim
        self.latent_units = latent_units
        self.condition_units = condition_units
        self.units = units
        self.dropout = dropout
        self.latent_mean = float(latent_mean)
        self.latent_std = float(latent_std)
        if not self.latent_std > 0:
            raise InputError(f"latent_std must be above 0, got {latent_std!r}: give the prior's.")
        self.latent_limit = latent_limit
        init = uniform(GENERATOR_LIMIT)
        self.latent_hidden = layers.Dense(
            latent_units, activation="relu", kernel_initializer=uniform(latent_limit)
        )
        self.condition_hidden = layers.Dense(
            condition_units, activation="relu", kernel_initializer=init
        )
        self.drop1 = Dropout(dropout)
        self.joint = layers.Dense(units, activation="relu", kernel_initializer=init)
        self.drop2 = Dropout(dropout)
        self.image = ImageOutput(self.image_shape)
        self(inputs((latent_dim,), self.condition))

    def call(self, inputs, training=None):
        latents, condition = inputs
        z = self.latent_hidden((latents - self.latent_mean) / self.latent_std)
        y = self.condition_hidden(self.condition.encode(condition))
        x = self.drop1(ops.concatenate([z, y], axis=-1), training=training)
        x = self.drop2(self.joint(x), training=training)
        return self.image(x)

    def set_mean_image(self, mean_image):
        """Starts the output bias at logit(mean pixel); see `goodfellow2014.Generator`."""
        self.image.set_mean(mean_image)

    def get_config(self):
        return {
            **super().get_config(),
            "image_shape": self.image_shape,
            "condition": keras.saving.serialize_keras_object(self.condition),
            "latent_dim": self.latent_dim,
            "latent_units": self.latent_units,
            "condition_units": self.condition_units,
            "units": self.units,
            "dropout": self.dropout,
            "latent_mean": self.latent_mean,
            "latent_std": self.latent_std,
            "latent_limit": self.latent_limit,
        }


@keras.saving.register_keras_serializable(package="tfgan.mirza2014")
class Discriminator(keras.Model):
    """Image and condition each through a maxout layer, joined by a third, and a logit.

    Weights U(-.005, .005), biases 0.

    Args:
        image_shape: (height, width, channels).
        condition: `tfgan.conditions.Labels` or `Vector`.
        image_units: int. Width of the maxout layer on the image, of 5 pieces.
        condition_units: int. Width of the maxout layer on the condition, of 5 pieces.
        units: int. Width of the joint maxout layer, of 4 pieces.
        dropout: float in [0, 1). Fraction of the units of each hidden layer dropped while training.

    Inputs: `[images, condition]`, float `(batch, *image_shape)` in [0, 1] and
    `(batch, *condition.shape)`.
    Output shape: logits `(batch, 1)`.

    Raises:
        InputError: if `image_shape` is not three positive integers or `condition` is none.

    Reference:
        Mirza & Osindero, 2014, section 4.1 (arXiv 1411.1784).
    """

    def __init__(
        self,
        image_shape,
        *,
        condition,
        image_units=240,
        condition_units=50,
        units=240,
        dropout=0.5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.image_shape = check_image_shape(image_shape)
        self.condition = conditions.get(condition)
        self.image_units = image_units
        self.condition_units = condition_units
        self.units = units
        self.dropout = dropout
        init = uniform(DISCRIMINATOR_LIMIT)
        self.flatten = layers.Flatten()
        self.image_hidden = Maxout(image_units, pieces=5, kernel_initializer=init)
        self.condition_hidden = Maxout(condition_units, pieces=5, kernel_initializer=init)
        self.drop1 = Dropout(dropout)
        self.joint = Maxout(units, pieces=4, kernel_initializer=init)
        self.drop2 = Dropout(dropout)
        self.logit = layers.Dense(1, kernel_initializer=init)
        self(inputs(self.image_shape, self.condition))

    def call(self, inputs, training=None):
        images, condition = inputs
        x = self.image_hidden(self.flatten(images))
        y = self.condition_hidden(self.condition.encode(condition))
        h = self.drop1(ops.concatenate([x, y], axis=-1), training=training)
        h = self.drop2(self.joint(h), training=training)
        return self.logit(h)

    def get_config(self):
        return {
            **super().get_config(),
            "image_shape": self.image_shape,
            "condition": keras.saving.serialize_keras_object(self.condition),
            "image_units": self.image_units,
            "condition_units": self.condition_units,
            "units": self.units,
            "dropout": self.dropout,
        }
