"""The CIFAR-10 networks of the first GAN paper, fully connected and convolutional.

The published code normalises the contrast of the data beforehand (`gcn=55.`: every image gets mean 0
and L2 norm 55), and its generators make such arrays directly, of any mean and norm. Images here lie in
[0, 1], so the networks convert:

- the discriminators normalise every image they get, real or fake; for real images this is the published
  input, a fake one has the data's norm from the start and cannot be told by its norm;
- the generators normalise their linear output to pixels of mean .5 and standard deviation .2, about
  the data's contrast. While training, pixels may leave [0, 1], since clipping would stop gradients;
  in inference they are clipped. Gradients of the linear output are therefore divided by its standard
  deviation, which the initial weights make about 13 (fully connected), and do not change that.

Reference:
    Goodfellow et al., *Generative Adversarial Nets*, 2014 (arXiv 1406.2661); published
    `cifar10_fully_connected.yaml` and `cifar10_convolutional.yaml`.
"""

import math

import keras
from keras import layers, ops

from tfgan.errors import InputError
from tfgan.layers import ContrastNormalization, Dropout, Maxout, MaxoutConv2D, PixelBias
from tfgan.networks.goodfellow2014.mnist import (
    DISCRIMINATOR_LIMIT,
    GENERATOR_LIMIT,
    Discriminator,
    check_image_shape,
    uniform,
)

LINEAR_LIMIT = 0.5  # of the fully connected generator's last layer
PIXEL_DEVIATION = 0.2
_KERNEL, _STRIDE = 5, 3  # of the transposed convolution
_FILTER_PIECES = 2
# Kernel, padding, pooling window and its stride of the discriminator's convolutions.
_CONVOLUTIONS = ((8, 4, 4, 2), (8, 3, 4, 2), (5, 3, 2, 2))


class ContrastOutput(layers.Layer):
    """Images of mean .5 and standard deviation .2 from linear ones; clipped to [0, 1] in inference.

    Input and output shape: `(batch, height, width, channels)`.
    """

    def build(self, input_shape):
        norm = PIXEL_DEVIATION * math.sqrt(math.prod(input_shape[1:]))
        self.normalization = ContrastNormalization(norm, dtype=self.dtype_policy)

    def call(self, inputs, training=False):
        images = self.normalization(inputs) + 0.5
        return images if training else ops.clip(images, 0.0, 1.0)


@keras.saving.register_keras_serializable(package="tfgan.goodfellow2014")
class CIFAR10DenseGenerator(keras.Model):
    """A ReLU layer, a sigmoid layer and a linear image, brought to a photo's contrast.

    Hidden weights U(-.05, .05), the image's U(-.5, .5), biases 0.

    Args:
        image_shape: (height, width, channels).
        latent_dim: int. Width of the latents, for which `noise` is N(0, 1).
        units: int. Width of both hidden layers.

    Input shape: float `(batch, latent_dim)`. Output shape: float `(batch, *image_shape)`, [0, 1] in
    inference.

    Raises:
        InputError: if `image_shape` is not three positive integers.

    Reference:
        Goodfellow et al., 2014, published `cifar10_fully_connected.yaml`.
    """

    noise = "normal"

    def __init__(self, image_shape, *, latent_dim=100, units=8000, **kwargs):
        super().__init__(**kwargs)
        self.image_shape = check_image_shape(image_shape)
        self.latent_dim = latent_dim
        self.units = units
        init = uniform(GENERATOR_LIMIT)
        self.hidden1 = layers.Dense(units, activation="relu", kernel_initializer=init)
        self.hidden2 = layers.Dense(units, activation="sigmoid", kernel_initializer=init)
        self.linear = layers.Dense(
            math.prod(self.image_shape), kernel_initializer=uniform(LINEAR_LIMIT)
        )
        self.reshape = layers.Reshape(self.image_shape)
        self.image = ContrastOutput()
        self(layers.Input((latent_dim,)))

    def call(self, inputs, training=None):
        x = self.linear(self.hidden2(self.hidden1(inputs)))
        return self.image(self.reshape(x), training=training)

    def get_config(self):
        return {
            **super().get_config(),
            "image_shape": self.image_shape,
            "latent_dim": self.latent_dim,
            "units": self.units,
        }


@keras.saving.register_keras_serializable(package="tfgan.goodfellow2014")
class CIFAR10DenseDiscriminator(Discriminator):
    """`Discriminator` with 1600 units, on normalised contrast.

    Args:
        image_shape: (height, width, channels).
        units: int. Width of both maxout layers.
        **kwargs: as in `Discriminator`.

    Input shape: float `(batch, *image_shape)`. Output shape: logits `(batch, 1)`.

    Reference:
        Goodfellow et al., 2014, published `cifar10_fully_connected.yaml`.
    """

    def __init__(self, image_shape, *, units=1600, **kwargs):
        super().__init__(image_shape, units=units, **kwargs)

    def input_layer(self):
        return keras.Sequential([layers.Flatten(), ContrastNormalization()])


@keras.saving.register_keras_serializable(package="tfgan.goodfellow2014")
class CIFAR10ConvGenerator(keras.Model):
    """A ReLU layer, a sigmoid layer and a transposed convolution, brought to a photo's contrast.

    The sigmoid layer is read as an image of `channels`, which the transposed convolution, 5 x 5 with
    stride 3 and no padding, enlarges: 10 x 10 to 32 x 32. Every output pixel has a bias of its own.
    Weights U(-.05, .05), biases 0.

    Args:
        image_shape: (height, width, channels). Height and width are 5, 8, 11, ... 32, ...
        latent_dim: int. Width of the latents, for which `noise` is N(0, 1).
        units: int. Width of the ReLU layer.
        channels: int. Channels of the sigmoid layer; 80 make the published width 10 * 10 * 80 = 8000.

    Input shape: float `(batch, latent_dim)`. Output shape: float `(batch, *image_shape)`, [0, 1] in
    inference.

    Raises:
        InputError: if `image_shape` is not three positive integers, or no such height and width.

    Reference:
        Goodfellow et al., 2014, published `cifar10_convolutional.yaml` and `deconv.py`.
    """

    noise = "normal"

    def __init__(self, image_shape, *, latent_dim=100, units=8000, channels=80, **kwargs):
        super().__init__(**kwargs)
        self.image_shape = check_image_shape(image_shape)
        self.latent_dim = latent_dim
        self.units = units
        self.channels = channels
        small = tuple(1 + (side - _KERNEL) // _STRIDE for side in self.image_shape[:2])
        if min(small) < 1 or any((side - _KERNEL) % _STRIDE for side in self.image_shape[:2]):
            raise InputError(
                f"a transposed convolution of kernel {_KERNEL} and stride {_STRIDE} makes sides of 5, "
                f"8, 11, ... 32 ... pixels, not {self.image_shape[0]} x {self.image_shape[1]}: resize "
                "the images, for example with image_size=32."
            )
        init = uniform(GENERATOR_LIMIT)
        self.hidden1 = layers.Dense(units, activation="relu", kernel_initializer=init)
        self.hidden2 = layers.Dense(
            math.prod(small) * channels, activation="sigmoid", kernel_initializer=init
        )
        self.reshape = layers.Reshape((*small, channels))
        self.enlarge = layers.Conv2DTranspose(
            self.image_shape[2], _KERNEL, strides=_STRIDE, use_bias=False, kernel_initializer=init
        )
        self.bias = PixelBias()
        self.image = ContrastOutput()
        self(layers.Input((latent_dim,)))

    def call(self, inputs, training=None):
        x = self.reshape(self.hidden2(self.hidden1(inputs)))  # (B, H / 3, W / 3, channels)
        x = self.bias(self.enlarge(x))  # (B, H, W, C)
        return self.image(x, training=training)

    def get_config(self):
        return {
            **super().get_config(),
            "image_shape": self.image_shape,
            "latent_dim": self.latent_dim,
            "units": self.units,
            "channels": self.channels,
        }


@keras.saving.register_keras_serializable(package="tfgan.goodfellow2014")
class CIFAR10ConvDiscriminator(keras.Model):
    """Three maxout convolutions with pooling, a maxout layer and a logit, on normalised contrast.

    Dropout before every layer. Weights U(-.005, .005), biases 0.

    Args:
        image_shape: (height, width, channels).
        filters: three ints. Channels after each convolution.
        units: int. Width of the maxout layer.
        pieces: int. Affine maps per maxout unit; filters have two.
        input_dropout: float in [0, 1). Fraction of pixels dropped while training.
        dropout: float in [0, 1). Fraction of hidden units dropped while training.

    Input shape: float `(batch, *image_shape)`. Output shape: logits `(batch, 1)`.

    Raises:
        InputError: if `image_shape` is not three positive integers.

    Reference:
        Goodfellow et al., 2014, published `cifar10_convolutional.yaml`.
    """

    def __init__(
        self,
        image_shape,
        *,
        filters=(32, 32, 192),
        units=500,
        pieces=5,
        input_dropout=0.2,
        dropout=0.5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.image_shape = check_image_shape(image_shape)
        self.filters = tuple(filters)
        self.units = units
        self.pieces = pieces
        self.input_dropout = input_dropout
        self.dropout = dropout
        init = uniform(DISCRIMINATOR_LIMIT)
        self.normalization = ContrastNormalization()
        self.convolutions = [
            MaxoutConv2D(
                count,
                pieces=_FILTER_PIECES,
                kernel_size=kernel,
                padding=padding,
                pool_size=window,
                pool_stride=stride,
                kernel_initializer=init,
            )
            for count, (kernel, padding, window, stride) in zip(
                self.filters, _CONVOLUTIONS, strict=True
            )
        ]
        self.flatten = layers.Flatten()
        self.hidden = Maxout(units, pieces=pieces, kernel_initializer=init)
        self.logit = layers.Dense(1, kernel_initializer=init)
        self.drops = [Dropout(input_dropout), *(Dropout(dropout) for _ in range(4))]
        self(layers.Input(self.image_shape))

    def call(self, inputs, training=None):
        x = self.normalization(inputs)
        learned = [*self.convolutions, self.hidden, self.logit]
        for drop, layer in zip(self.drops, learned, strict=True):
            if layer is self.hidden:
                x = self.flatten(x)  # (B, H * W * C)
            x = layer(drop(x, training=training))
        return x

    def get_config(self):
        return {
            **super().get_config(),
            "image_shape": self.image_shape,
            "filters": self.filters,
            "units": self.units,
            "pieces": self.pieces,
            "input_dropout": self.input_dropout,
            "dropout": self.dropout,
        }
