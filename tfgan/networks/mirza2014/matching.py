"""A conditional discriminator of two judgements: is the image real, and does it match its condition."""

import keras
from keras import layers, ops

from tfgan import conditions
from tfgan.layers import Dropout, Maxout
from tfgan.networks.goodfellow2014 import DISCRIMINATOR_LIMIT, check_image_shape, uniform
from tfgan.networks.mirza2014.mnist import inputs


@keras.saving.register_keras_serializable(package="tfgan.mirza2014")
class MatchingDiscriminator(keras.Model):
    """Two judgements that add up: is the image real, and does it match its condition.

    `logit = w h(x) + b + <E y, h(x)>`: h two maxout layers on the image alone, the first term its
    realness, the second its match. Meant to be trained with mismatched pairs as well
    (`compile(mismatched=True)`), so that the second head learns from real images what does not match.

    Weights U(-.005, .005), biases 0.

    Args:
        image_shape: (height, width, channels).
        condition: `tfgan.conditions.Labels`.
        image_units: int. Width of the first maxout layer, of 5 pieces.
        units: int. Width of the second, of 4 pieces, and of the embedded condition.
        dropout: float in [0, 1). Fraction of the units of each hidden layer dropped while training.

    Inputs: `[images, condition]`, float `(batch, *image_shape)` in [0, 1] and int `(batch,)`.
    Output shape: logits `(batch, 1)`.

    Raises:
        InputError: if `image_shape` is not three positive integers or `condition` is none.

    Reference:
        Widths of Mirza & Osindero, 2014, section 4.1 (arXiv 1411.1784); the sum of both heads is the
        projection form of Miyato & Koyama, 2018, equation 3 (arXiv 1802.05637); mismatched pairs as
        in Reed et al., 2016, Algorithm 1 (arXiv 1605.05396).
    """

    def __init__(self, image_shape, *, condition, image_units=240, units=240, dropout=0.5, **kwargs):
        super().__init__(**kwargs)
        self.image_shape = check_image_shape(image_shape)
        self.condition = conditions.get(condition)
        self.image_units = image_units
        self.units = units
        self.dropout = dropout
        init = uniform(DISCRIMINATOR_LIMIT)
        self.flatten = layers.Flatten()
        self.hidden1 = Maxout(image_units, pieces=5, kernel_initializer=init)
        self.drop1 = Dropout(dropout)
        self.hidden2 = Maxout(units, pieces=4, kernel_initializer=init)
        self.drop2 = Dropout(dropout)
        self.realness = layers.Dense(1, kernel_initializer=init)
        self.embedding = layers.Dense(units, use_bias=False, kernel_initializer=init)
        self(inputs(self.image_shape, self.condition))

    def call(self, inputs, training=None):
        images, condition = inputs
        h = self.drop1(self.hidden1(self.flatten(images)), training=training)
        h = self.drop2(self.hidden2(h), training=training)  # (B, units)
        embedded = self.embedding(self.condition.encode(condition))  # (B, units)
        match = ops.sum(ops.multiply(embedded, h), axis=-1, keepdims=True)
        return ops.add(self.realness(h), match)

    def get_config(self):
        return {
            **super().get_config(),
            "image_shape": self.image_shape,
            "condition": keras.saving.serialize_keras_object(self.condition),
            "image_units": self.image_units,
            "units": self.units,
            "dropout": self.dropout,
        }
