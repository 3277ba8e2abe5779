"""The Toronto Face Database networks of the first GAN paper: pretraining, then a longer generator.

Every kernel's columns keep an L2 norm of at most 1.9365, as all layers of the published files do.

Reference:
    Goodfellow et al., *Generative Adversarial Nets*, 2014 (arXiv 1406.2661); published
    `tfd_pretrain/pretrain.yaml` and `tfd_pretrain/train.yaml`.
"""

import keras
from keras import layers

from tfgan.layers import SparseNormal, column_norm
from tfgan.networks.goodfellow2014.mnist import (
    GENERATOR_LIMIT,
    Discriminator,
    ImageOutput,
    check_image_shape,
    uniform,
)

MAX_COLUMN_NORM = 1.9365
SPARSE_BIAS = -2.0  # of sigmoid layers inside: most of their units start nearly silent
_NONZERO = 100


def _dense(units, activation, bias=0.0):
    return layers.Dense(
        units,
        activation=activation,
        kernel_initializer=uniform(GENERATOR_LIMIT),
        bias_initializer=keras.initializers.Constant(bias),
        kernel_constraint=column_norm(MAX_COLUMN_NORM),
    )


@keras.saving.register_keras_serializable(package="tfgan.goodfellow2014")
class TFDPretrainingGenerator(keras.Model):
    """A ReLU layer, a sigmoid layer and a sigmoid image.

    Hidden weights U(-.05, .05), 100 weights of N(0, 1) for each pixel; biases 0, in the sigmoid layer
    -2. The published recipe then calls `set_mean_image`.

    Args:
        image_shape: (height, width, channels).
        latent_dim: int. Width of the latents, for which `noise` is N(0, 1).
        units: int. Width of both hidden layers.

    Input shape: float `(batch, latent_dim)`. Output shape: float `(batch, *image_shape)`, [0, 1].

    Raises:
        InputError: if `image_shape` is not three positive integers.

    Reference:
        Goodfellow et al., 2014, published `tfd_pretrain/pretrain.yaml`.
    """

    noise = "normal"

    def __init__(self, image_shape, *, latent_dim=100, units=8000, **kwargs):
        super().__init__(**kwargs)
        self.image_shape = check_image_shape(image_shape)
        self.latent_dim = latent_dim
        self.units = units
        self.hidden1 = _dense(units, "relu")
        self.hidden2 = _dense(units, "sigmoid", SPARSE_BIAS)
        self.image = ImageOutput(
            self.image_shape,
            kernel_initializer=SparseNormal(_NONZERO),
            kernel_constraint=column_norm(MAX_COLUMN_NORM),
        )
        self(layers.Input((latent_dim,)))

    def call(self, inputs, training=None):
        return self.image(self.hidden2(self.hidden1(inputs)))

    def set_mean_image(self, mean_image):
        """Starts the output bias at the logit of the mean image; see `Generator.set_mean_image`."""
        self.image.set_mean(mean_image)

    def get_config(self):
        return {
            **super().get_config(),
            "image_shape": self.image_shape,
            "latent_dim": self.latent_dim,
            "units": self.units,
        }


@keras.saving.register_keras_serializable(package="tfgan.goodfellow2014")
class TFDGenerator(keras.Model):
    """A new front before a whole pretrained generator, which goes on learning.

    The front, a ReLU and a sigmoid layer, makes the latents that the pretrained part was given as
    noise. Weights U(-.05, .05), biases 0 and -2.

    Args:
        pretrained: generator with `image_shape` and `latent_dim`, such as `TFDPretrainingGenerator`.
        latent_dim: int. Width of the latents, for which `noise` is N(0, 1).
        units: int. Width of the ReLU layer.

    Input shape: float `(batch, latent_dim)`. Output shape: float `(batch, *image_shape)`, [0, 1].

    Reference:
        Goodfellow et al., 2014, published `tfd_pretrain/train.yaml` and `add_layers`.
    """

    noise = "normal"

    def __init__(self, pretrained, *, latent_dim=100, units=8000, **kwargs):
        super().__init__(**kwargs)
        self.pretrained = pretrained
        self.image_shape = pretrained.image_shape
        self.latent_dim = latent_dim
        self.units = units
        self.front1 = _dense(units, "relu")
        self.front2 = _dense(pretrained.latent_dim, "sigmoid", SPARSE_BIAS)
        self(layers.Input((latent_dim,)))

    def call(self, inputs, training=None):
        return self.pretrained(self.front2(self.front1(inputs)), training=training)

    def get_config(self):
        return {
            **super().get_config(),
            "pretrained": keras.saving.serialize_keras_object(self.pretrained),
            "latent_dim": self.latent_dim,
            "units": self.units,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        pretrained = keras.saving.deserialize_keras_object(config["pretrained"], custom_objects)
        return cls(**{**config, "pretrained": pretrained})


@keras.saving.register_keras_serializable(package="tfgan.goodfellow2014")
class TFDDiscriminator(Discriminator):
    """`Discriminator` with 1200 units and bounded column norms; the same in both stages.

    Args:
        image_shape: (height, width, channels).
        units: int. Width of both maxout layers.
        **kwargs: as in `Discriminator`.

    Input shape: float `(batch, *image_shape)`, [0, 1]. Output shape: logits `(batch, 1)`.

    Reference:
        Goodfellow et al., 2014, published `tfd_pretrain/pretrain.yaml`.
    """

    kernel_constraint = column_norm(MAX_COLUMN_NORM)

    def __init__(self, image_shape, *, units=1200, **kwargs):
        super().__init__(image_shape, units=units, **kwargs)
