"""SNGAN: residual blocks, a spectrally normalised discriminator, conditions by projection.

Reference:
    Miyato et al., *Spectral Normalization for Generative Adversarial Networks*, 2018, appendix B.4
    (arXiv 1802.05957); blocks of Gulrajani et al., 2017 (arXiv 1704.00028); conditions of Miyato &
    Koyama, *cGANs with Projection Discriminator*, 2018 (arXiv 1802.05637).
"""

import math

import keras
from keras import layers, ops

from tfgan.layers import ConditionalBatchNormalization, NearestUpsampling, SpectralNormalization
from tfgan.networks.convolutional import (
    Network,
    cropped,
    sides_of,
    tanh_image,
    to_signed,
    width_of,
)
from tfgan.networks.heads import Head

D_START = 8  # pixels a side that the discriminator halves images to, at most


def glorot(gain=1.0):
    """Glorot's uniform initialisation; `gain` is of the standard deviation."""
    return keras.initializers.VarianceScaling(gain**2, "fan_avg", "uniform")


def convolution(filters, kernel_size, gain, dtype):
    return layers.Conv2D(
        filters, kernel_size, padding="same", kernel_initializer=glorot(gain), dtype=dtype
    )


class Norm(layers.Layer):
    """Batch normalisation, by the condition where there is one, and ReLU."""

    def __init__(self, condition, **kwargs):
        super().__init__(**kwargs)
        self.conditional = condition is not None
        options = {"momentum": 0.9, "epsilon": 2e-5, "dtype": self.dtype_policy}
        if condition is None:
            self.norm = layers.BatchNormalization(**options)
        else:
            self.norm = ConditionalBatchNormalization(condition.dim, **options)

    def call(self, x, encoded=None, training=None):
        return ops.relu(self.norm([x, encoded] if self.conditional else x, training=training))


class UpBlock(layers.Layer):
    """Residual block that doubles the side."""

    def __init__(self, filters, side, condition, **kwargs):
        super().__init__(**kwargs)
        dtype = self.dtype_policy
        self.side = side
        self.double = NearestUpsampling(dtype=dtype)
        self.norm1, self.norm2 = (Norm(condition, dtype=dtype) for _ in range(2))
        self.convolution1, self.convolution2 = (
            convolution(filters, 3, math.sqrt(2), dtype) for _ in range(2)
        )
        self.shortcut = convolution(filters, 1, 1.0, dtype)

    def call(self, x, encoded=None, training=None):
        h = self._larger(self.norm1(x, encoded, training=training))
        h = self.convolution1(h)
        h = self.convolution2(self.norm2(h, encoded, training=training))
        # A 1 x 1 convolution of repeated pixels is that of the pixels, repeated.
        return ops.add(h, self._larger(self.shortcut(x)))

    def _larger(self, x):
        return cropped(self.double(x), self.side)


@keras.saving.register_keras_serializable(package="tfgan.resnet")
class Generator(Network):
    """Residual blocks with nearest up-sampling and batch normalisation, conditional with a condition.

    Stages of side 4 to 7, doubling; the widths halve. Glorot's initialisation, with a gain of sqrt 2 in
    the blocks.

    Args:
        image_shape: (height, width, channels); square, 8 pixels a side or more.
        condition: a kind of `tfgan.conditions`, or None.
        latent_dim: int. Width of the latents, for which `noise` is N(0, 1).
        channels: int. Filters of the last block.
        max_channels: int. Filters of a block at most. The paper's CIFAR-10 network has 256 everywhere:
            `channels=256, max_channels=256`.

    Inputs: latents float `(batch, latent_dim)`; with a condition `[latents, condition]`.
    Output shape: float `(batch, *image_shape)`, [0, 1]: `(tanh + 1) / 2`.

    Raises:
        InputError: for another shape or condition.

    Reference:
        Miyato et al., 2018, table 4a (arXiv 1802.05957); Miyato & Koyama, 2018 (arXiv 1802.05637).
    """

    noise = "normal"

    def __init__(
        self, image_shape, *, condition=None, latent_dim=128, channels=32, max_channels=256, **kwargs
    ):
        super().__init__(image_shape, condition=condition, **kwargs)
        self.latent_dim = latent_dim
        self.channels = channels
        self.max_channels = max_channels
        first, *sides = sides_of(self.image_shape[0])
        width = width_of(len(sides), channels, max_channels)
        self.dense = layers.Dense(first * first * width, kernel_initializer=glorot())
        self.reshape = layers.Reshape((first, first, width))
        self.blocks = [
            UpBlock(width_of(len(sides) - number, channels, max_channels), side, self.condition)
            for number, side in enumerate(sides, start=1)
        ]
        self.norm = Norm(None)
        self.image = convolution(self.image_shape[2], 3, 1.0, None)
        self.start((latent_dim,))

    def call(self, inputs, training=None):
        x, encoded = self.split(inputs)
        x = self.reshape(self.dense(x))
        for block in self.blocks:
            x = block(x, encoded, training=training)
        return tanh_image(self.image(self.norm(x, training=training)))

    def get_config(self):
        return {
            **super().get_config(),
            "latent_dim": self.latent_dim,
            "channels": self.channels,
            "max_channels": self.max_channels,
        }


class DownBlock(layers.Layer):
    """Residual block; halves the side if asked to, and begins without ReLU if it is the first."""

    def __init__(self, filters, hidden, *, wrap, halve, first=False, **kwargs):
        super().__init__(**kwargs)
        self.first = first
        dtype = self.dtype_policy
        self.convolution1 = wrap(convolution(hidden, 3, math.sqrt(2), dtype))
        self.convolution2 = wrap(convolution(filters, 3, math.sqrt(2), dtype))
        # The published plain blocks keep their width, and have none.
        self.shortcut = wrap(convolution(filters, 1, 1.0, dtype)) if halve else None
        self.pool = layers.AveragePooling2D(2, padding="same", dtype=dtype) if halve else None

    def call(self, x):
        h = x if self.first else ops.relu(x)
        h = self.convolution2(ops.relu(self.convolution1(h)))
        if self.pool is None or self.shortcut is None:
            return ops.add(h, x)
        # The mean of 1 x 1 convolutions is that of the mean.
        return ops.add(self.pool(h), self.shortcut(self.pool(x)))


@keras.saving.register_keras_serializable(package="tfgan.resnet")
class Discriminator(Network):
    """Residual blocks with average pooling, spectral normalisation, a sum over pixels, and a logit.

    Blocks halve the image to a side of 4 to 8; two more keep it. Glorot's initialisation, with a gain
    of sqrt 2 in the blocks.

    Args:
        image_shape: (height, width, channels); square, 8 pixels a side or more.
        condition: a kind of `tfgan.conditions`, or None.
        conditioning: "projection" (the paper's), "fused", "matching" or "auxiliary": see
            `tfgan.networks.heads.Head`.
        channels: int. Filters of the first block; each next that halves has twice as many.
        max_channels: int. Filters of a block at most. The paper's CIFAR-10 network has 128 everywhere:
            `channels=128, max_channels=128`.
        spectral_norm: bool. Whether all kernels are divided by their largest singular values.

    Inputs: images float `(batch, *image_shape)` in [0, 1]; with a condition `[images, condition]`.
    Output shape: logits `(batch, 1)`; "auxiliary" also the condition's, `(batch, condition.dim)`.

    Raises:
        InputError: for another shape, condition or conditioning.

    Reference:
        Miyato et al., 2018, table 4b (arXiv 1802.05957); Miyato & Koyama, 2018 (arXiv 1802.05637).
    """

    def __init__(
        self,
        image_shape,
        *,
        condition=None,
        conditioning="projection",
        channels=32,
        max_channels=256,
        spectral_norm=True,
        **kwargs,
    ):
        super().__init__(image_shape, condition=condition, **kwargs)
        self.conditioning = conditioning
        self.channels = channels
        self.max_channels = max_channels
        self.spectral_norm = spectral_norm
        wrap = SpectralNormalization if spectral_norm else lambda layer: layer
        halvings = max(len(sides_of(self.image_shape[0], D_START)) - 1, 1)
        widths = [width_of(level, channels, max_channels) for level in range(halvings)]
        self.blocks = [
            DownBlock(width, widths[max(level - 1, 0)], wrap=wrap, halve=True, first=level == 0)
            for level, width in enumerate(widths)
        ]
        self.blocks += [DownBlock(widths[-1], widths[-1], wrap=wrap, halve=False) for _ in range(2)]
        self.head = Head(self.condition, conditioning, wrap=wrap, kernel_initializer=glorot())
        self.start(self.image_shape)

    def call(self, inputs, training=None):
        images, encoded = self.split(inputs)
        x = to_signed(images)
        for block in self.blocks:
            x = block(x)
        features = ops.sum(ops.cast(ops.relu(x), "float32"), axis=(1, 2))  # (B, width)
        return self.head(features, encoded)

    def get_config(self):
        return {
            **super().get_config(),
            "conditioning": self.conditioning,
            "channels": self.channels,
            "max_channels": self.max_channels,
            "spectral_norm": self.spectral_norm,
        }
