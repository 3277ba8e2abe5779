"""The MNIST networks of the first GAN paper, for images of any shape.

Reference:
    Goodfellow et al., *Generative Adversarial Nets*, 2014 (arXiv 1406.2661), and its published code.
"""

import math

import keras
import numpy as np
from keras import layers, ops

from tfgan.errors import InputError
from tfgan.layers import Dropout, Maxout

GENERATOR_LIMIT = 0.05
DISCRIMINATOR_LIMIT = 0.005


def uniform(limit):
    """The papers' initialisation: U(-limit, limit)."""
    return keras.initializers.RandomUniform(-limit, limit)


def check_image_shape(image_shape):
    """Returns `image_shape` as a tuple of three positive ints.

    Raises:
        InputError: if it is anything else.
    """
    shape = tuple(image_shape) if isinstance(image_shape, (tuple, list)) else (image_shape,)
    if len(shape) != 3 or not all(isinstance(n, (int, np.integer)) and n > 0 for n in shape):
        raise InputError(
            f"image_shape must be (height, width, channels), got {image_shape!r}: "
            "a grey 28 x 28 image is (28, 28, 1)."
        )
    return tuple(int(n) for n in shape)


class ImageOutput(layers.Layer):
    """Dense sigmoid layer that makes the image; its bias can start at the data's mean.

    Input shape: `(batch, features)`. Output shape: `(batch, *image_shape)`, in [0, 1].

    Args:
        image_shape: (height, width, channels).
        kernel_initializer: Keras initializer; None: U(-.05, .05).
        kernel_constraint: Keras constraint or None.
    """

    def __init__(self, image_shape, *, kernel_initializer=None, kernel_constraint=None, **kwargs):
        super().__init__(**kwargs)
        self.image_shape = image_shape
        self.dense = layers.Dense(
            math.prod(image_shape),
            activation="sigmoid",
            kernel_initializer=kernel_initializer or uniform(GENERATOR_LIMIT),
            kernel_constraint=kernel_constraint,
            dtype=self.dtype_policy,
        )

    def build(self, input_shape):
        self.dense.build(input_shape)

    def call(self, inputs):
        return ops.reshape(self.dense(inputs), (-1, *self.image_shape))  # (B, H, W, C)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.image_shape)

    def set_mean(self, mean_image):
        """Sets the bias to logit(mean image): with zero weights every image is the mean."""
        self.dense.bias.assign(marginal_bias(mean_image, self.image_shape))


def marginal_bias(mean_image, image_shape):
    """The bias of which a sigmoid makes the mean image: logit(clip(mean pixel, 1e-7, 1 - 1e-7)).

    Args:
        mean_image: float `image_shape`, the mean training image in [0, 1].
        image_shape: tuple.

    Returns:
        float32, flat.

    Raises:
        InputError: for another shape.
    """
    mean = np.asarray(mean_image, "float64")
    if mean.shape != image_shape:
        raise InputError(
            f"the mean image must have shape {image_shape}, got {mean.shape}: "
            "average the training images over their first axis."
        )
    mean = np.clip(mean, 1e-7, 1 - 1e-7).reshape(-1)  # (H * W * C,)
    return (np.log(mean) - np.log1p(-mean)).astype("float32")


@keras.saving.register_keras_serializable(package="tfgan.goodfellow2014")
class Generator(keras.Model):
    """Two ReLU layers and a sigmoid image.

    Weights U(-.05, .05), biases 0. The published recipe then calls `set_mean_image`.

    Args:
        image_shape: (height, width, channels).
        latent_dim: int. Width of the latents, for which `noise` is U(-sqrt 3, sqrt 3).
        units: int. Width of both hidden layers.

    Input shape: float `(batch, latent_dim)`. Output shape: float `(batch, *image_shape)`, [0, 1].

    Raises:
        InputError: if `image_shape` is not three positive integers.

    Example:

    >>> generator = Generator((28, 28, 1))
    >>> generator(keras.ops.zeros((2, 100))).shape
    TensorShape([2, 28, 28, 1])

    Reference:
        Goodfellow et al., 2014 (arXiv 1406.2661), published `mnist.yaml`.
    """

    noise = "uniform"

    def __init__(self, image_shape, *, latent_dim=100, units=1200, **kwargs):
        super().__init__(**kwargs)
        self.image_shape = check_image_shape(image_shape)
        self.latent_dim = latent_dim
        self.units = units
        init = uniform(GENERATOR_LIMIT)
        self.hidden1 = layers.Dense(units, activation="relu", kernel_initializer=init)
        self.hidden2 = layers.Dense(units, activation="relu", kernel_initializer=init)
        self.image = ImageOutput(self.image_shape)
        self(layers.Input((latent_dim,)))

    def call(self, inputs, training=None):
        return self.image(self.hidden2(self.hidden1(inputs)))

    def set_mean_image(self, mean_image):
        """Starts the output bias at logit(clip(mean pixel, 1e-7, 1 - 1e-7)).

        Args:
            mean_image: float `image_shape`, the mean training image in [0, 1].

        Raises:
            InputError: for another shape.
        """
        self.image.set_mean(mean_image)

    def get_config(self):
        return {
            **super().get_config(),
            "image_shape": self.image_shape,
            "latent_dim": self.latent_dim,
            "units": self.units,
        }


@keras.saving.register_keras_serializable(package="tfgan.goodfellow2014")
class Discriminator(keras.Model):
    """Two maxout layers with dropout before every layer, and a logit.

    Weights U(-.005, .005), biases 0.

    Args:
        image_shape: (height, width, channels).
        units: int. Width of both maxout layers.
        pieces: int. Affine maps per maxout unit.
        input_dropout: float in [0, 1). Fraction of pixels dropped while training.
        dropout: float in [0, 1). Fraction of hidden units dropped while training.

    Input shape: float `(batch, *image_shape)`, [0, 1]. Output shape: logits `(batch, 1)`.

    Raises:
        InputError: if `image_shape` is not three positive integers.

    Reference:
        Goodfellow et al., 2014 (arXiv 1406.2661), published `mnist.yaml`.
    """

    kernel_constraint: keras.constraints.Constraint | None = None  # of every layer

    def __init__(self, image_shape, *, units=240, pieces=5, input_dropout=0.2, dropout=0.5, **kwargs):
        super().__init__(**kwargs)
        self.image_shape = check_image_shape(image_shape)
        self.units = units
        self.pieces = pieces
        self.input_dropout = input_dropout
        self.dropout = dropout
        kernel = {
            "kernel_initializer": uniform(DISCRIMINATOR_LIMIT),
            "kernel_constraint": self.kernel_constraint,
        }
        self.flatten = self.input_layer()
        self.drop0 = Dropout(input_dropout)
        self.hidden1 = Maxout(units, pieces=pieces, **kernel)
        self.drop1 = Dropout(dropout)
        self.hidden2 = Maxout(units, pieces=pieces, **kernel)
        self.drop2 = Dropout(dropout)
        self.logit = layers.Dense(1, **kernel)
        self(layers.Input(self.image_shape))

    def input_layer(self):
        """The layer, from images to rows of pixels, before dropout."""
        return layers.Flatten()

    def call(self, inputs, training=None):
        x = self.drop0(self.flatten(inputs), training=training)  # (B, H * W * C)
        x = self.drop1(self.hidden1(x), training=training)
        x = self.drop2(self.hidden2(x), training=training)
        return self.logit(x)

    def get_config(self):
        return {
            **super().get_config(),
            "image_shape": self.image_shape,
            "units": self.units,
            "pieces": self.pieces,
            "input_dropout": self.input_dropout,
            "dropout": self.dropout,
        }
