"""R3GAN: residual networks without normalisation, for a relativistic loss with R1 and R2.

Reference:
    Huang et al., *The GAN is dead; long live the GAN! A Modern GAN Baseline*, 2024 (arXiv 2501.05441),
    section 4, config E, and its published code.
"""

import itertools
import math

import keras
from keras import layers, ops

from tfgan.errors import InputError
from tfgan.layers import BlurDownsampling, BlurUpsampling
from tfgan.networks.convolutional import (
    SLOPE,
    ConditionEmbedding,
    Network,
    cropped,
    leaky,
    sides_of,
    to_signed,
    width_of,
)
from tfgan.networks.heads import Head

_GAIN = math.sqrt(2 / (1 + SLOPE**2))  # of leaky ReLU
_CONVOLUTIONS = 3  # of a block


def he(gain=1.0):
    """N(0, gain^2 / inputs)."""
    if gain == 0:
        return keras.initializers.Zeros()
    return keras.initializers.VarianceScaling(gain**2, "fan_in", "untruncated_normal")


def linear(filters, dtype=None):
    """A 1 x 1 convolution without bias."""
    return layers.Conv2D(filters, 1, use_bias=False, kernel_initializer=he(), dtype=dtype)


class Block(layers.Layer):
    """`x + f(x)`: a 1 x 1, a 3 x 3 and a 1 x 1 convolution, leaky ReLU between, the last from 0.

    Args:
        filters: int. Channels of x.
        depth: int. Blocks of the network; the first two convolutions start smaller by depth^(-1/4),
            so that the sum of all blocks keeps its scale.
        expansion: int. The inner width over that of x.
        groups: int. Groups of the 3 x 3 convolution.

    Reference:
        Huang et al., 2024, section 4 and appendix; Zhang et al., *Fixup Initialization*, 2019
        (arXiv 1901.09321).
    """

    def __init__(self, filters, *, depth, expansion, groups, **kwargs):
        super().__init__(**kwargs)
        inner = filters * expansion
        if inner % groups:
            raise InputError(f"groups={groups} must divide the {inner} channels of a block.")
        gain = _GAIN * depth ** (-1 / (2 * _CONVOLUTIONS - 2))
        policy = {"dtype": self.dtype_policy}
        self.convolutions = [
            layers.Conv2D(inner, 1, kernel_initializer=he(gain), **policy),
            layers.Conv2D(
                inner, 3, padding="same", groups=groups, kernel_initializer=he(gain), **policy
            ),
            layers.Conv2D(filters, 1, use_bias=False, kernel_initializer=he(0), **policy),
        ]

    def call(self, x):
        first, second, third = self.convolutions
        return ops.add(x, third(leaky(second(leaky(first(x))))))


class Basis(layers.Layer):
    """The smallest image: learnt pixels of every channel, times a linear map of the latents.

    Args:
        side: int.
        filters: int.

    Input shape: `(batch, dim)`. Output shape: `(batch, side, side, filters)`.
    """

    def __init__(self, side, filters, **kwargs):
        super().__init__(**kwargs)
        self.side = side
        self.filters = filters
        self.linear = layers.Dense(
            filters, use_bias=False, kernel_initializer=he(), dtype=self.dtype_policy
        )

    def build(self, input_shape):
        self.linear.build(input_shape)
        self.basis = self.add_weight(
            shape=(self.side, self.side, self.filters),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            name="basis",
        )

    def call(self, latents):
        scales = ops.reshape(self.linear(latents), (-1, 1, 1, self.filters))
        return ops.multiply(self.basis, scales)  # (B, side, side, filters)


class Projection(layers.Layer):
    """From the smallest image to features: a depth-wise convolution as large as it, without bias.

    Input shape: `(batch, side, side, channels)`. Output shape: `(batch, channels)`.
    """

    def build(self, input_shape):
        _, height, width, channels = input_shape
        scale = 1 / math.sqrt(height * width)
        self.kernel = self.add_weight(
            shape=(height, width, channels),
            initializer=keras.initializers.RandomNormal(stddev=scale),
            name="kernel",
        )

    def call(self, x):
        return ops.sum(ops.multiply(x, self.kernel), axis=(1, 2))


@keras.saving.register_keras_serializable(package="tfgan.r3gan")
class Generator(Network):
    """Residual stages without normalisation, from a learnt basis that the latents scale.

    Stages of side 4 to 7, doubling by a low-pass filter; the widths halve. A condition is embedded and
    joined to the latents. The image is linear: while training, pixels may leave [0, 1], since clipping
    would stop gradients; in inference they are clipped.

    Args:
        image_shape: (height, width, channels); square, 8 pixels a side or more.
        condition: a kind of `tfgan.conditions`, or None.
        latent_dim: int. Width of the latents, for which `noise` is N(0, 1), and of the condition's
            embedding.
        channels: int. Channels of the last stage.
        max_channels: int. Channels of a stage at most.
        blocks: int. Residual blocks of a stage.
        expansion: int. Inner width of a block over its outer.
        groups: int. Groups of the 3 x 3 convolutions, at all widths. More than 1 do not train on CPUs
            without XLA, and slowly with it.

    The published CIFAR-10 networks: `channels=768, max_channels=768, blocks=2, expansion=2, groups=96`.
    The defaults are for CPUs.

    Inputs: latents float `(batch, latent_dim)`; with a condition `[latents, condition]`.
    Output shape: float `(batch, *image_shape)`, in inference in [0, 1].

    Raises:
        InputError: for another shape or condition, or groups that do not divide a block's width.

    Reference:
        Huang et al., 2024, section 4, config E (arXiv 2501.05441).
    """

    noise = "normal"

    def __init__(
        self,
        image_shape,
        *,
        condition=None,
        latent_dim=64,
        channels=32,
        max_channels=256,
        blocks=1,
        expansion=1,
        groups=1,
        **kwargs,
    ):
        super().__init__(image_shape, condition=condition, **kwargs)
        self.latent_dim = latent_dim
        self.channels = channels
        self.max_channels = max_channels
        self.blocks = blocks
        self.expansion = expansion
        self.groups = groups
        sides = sides_of(self.image_shape[0])
        widths = [width_of(level, channels, max_channels) for level in reversed(range(len(sides)))]
        if self.condition is not None:
            self.embedding = ConditionEmbedding(latent_dim)
        self.basis = Basis(sides[0], widths[0])
        self.stages = [
            Stage(width, len(sides), blocks=blocks, expansion=expansion, groups=groups)
            for width in widths
        ]
        self.ups = [
            Up(None if before == width else width, side)
            for before, width, side in zip(widths, widths[1:], sides[1:], strict=False)
        ]
        self.image = linear(self.image_shape[2])
        self.start((latent_dim,))

    def call(self, inputs, training=None):
        x, encoded = self.split(inputs)
        if encoded is not None:
            x = ops.concatenate([x, self.embedding(encoded)], axis=-1)
        x = self.stages[0](self.basis(x))
        for up, stage in zip(self.ups, self.stages[1:], strict=True):
            x = stage(up(x))
        images = ops.add(ops.multiply(self.image(x), 0.5), 0.5)
        return images if training else ops.clip(images, 0.0, 1.0)

    def get_config(self):
        return {
            **super().get_config(),
            "latent_dim": self.latent_dim,
            "channels": self.channels,
            "max_channels": self.max_channels,
            "blocks": self.blocks,
            "expansion": self.expansion,
            "groups": self.groups,
        }


class Stage(layers.Layer):
    """The blocks of one side.

    Args:
        filters: int.
        stages: int. Stages of the network.
        blocks: int. Of this stage, and of each.
        expansion: int, groups: int. See `Block`.
    """

    def __init__(self, filters, stages, *, blocks, expansion, groups, **kwargs):
        super().__init__(**kwargs)
        options = {"depth": stages * blocks, "expansion": expansion, "groups": groups}
        self.blocks = [Block(filters, dtype=self.dtype_policy, **options) for _ in range(blocks)]

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return x


class Up(layers.Layer):
    """A 1 x 1 convolution where the width changes, then twice the side."""

    def __init__(self, filters, side, **kwargs):
        super().__init__(**kwargs)
        self.side = side
        self.linear = None if filters is None else linear(filters, self.dtype_policy)
        self.blur = BlurUpsampling(dtype=self.dtype_policy)

    def call(self, x):
        x = x if self.linear is None else self.linear(x)
        return cropped(self.blur(x), self.side)


class Down(layers.Layer):
    """Half the side, then a 1 x 1 convolution where the width changes."""

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.linear = None if filters is None else linear(filters, self.dtype_policy)
        self.blur = BlurDownsampling(dtype=self.dtype_policy)

    def call(self, x):
        x = self.blur(x)
        return x if self.linear is None else self.linear(x)


@keras.saving.register_keras_serializable(package="tfgan.r3gan")
class Discriminator(Network):
    """Residual stages without normalisation to a side of 4 to 7, a depth-wise convolution, a logit.

    The mirror of `Generator`. It is meant for the relativistic loss with R1 and R2, without which it is
    not held back by anything.

    Args:
        image_shape: (height, width, channels); square, 8 pixels a side or more.
        condition: a kind of `tfgan.conditions`, or None.
        conditioning: "projection", "fused", "matching" or "auxiliary": see
            `tfgan.networks.heads.Head`. The published logit is the projection's second term alone.
        channels: int. Channels of the first stage.
        max_channels: int. Channels of a stage at most.
        blocks: int, expansion: int, groups: int. See `Generator`.

    Inputs: images float `(batch, *image_shape)` in [0, 1]; with a condition `[images, condition]`.
    Output shape: logits `(batch, 1)`; "auxiliary" also the condition's, `(batch, condition.dim)`.

    Raises:
        InputError: for another shape, condition or conditioning, or groups that do not divide a block's
            width.

    Reference:
        Huang et al., 2024, section 4, config E (arXiv 2501.05441).
    """

    def __init__(
        self,
        image_shape,
        *,
        condition=None,
        conditioning="projection",
        channels=32,
        max_channels=256,
        blocks=1,
        expansion=1,
        groups=1,
        **kwargs,
    ):
        super().__init__(image_shape, condition=condition, **kwargs)
        self.conditioning = conditioning
        self.channels = channels
        self.max_channels = max_channels
        self.blocks = blocks
        self.expansion = expansion
        self.groups = groups
        sides = sides_of(self.image_shape[0])
        widths = [width_of(level, channels, max_channels) for level in range(len(sides))]
        self.extraction = linear(widths[0])
        self.stages = [
            Stage(width, len(sides), blocks=blocks, expansion=expansion, groups=groups)
            for width in widths
        ]
        self.downs = [
            Down(None if before == width else width) for before, width in itertools.pairwise(widths)
        ]
        self.projection = Projection()
        # The embedding starts small: <E y, h> is a sum over the features.
        self.head = Head(self.condition, conditioning, kernel_initializer=he(), use_bias=False)
        self.start(self.image_shape)

    def call(self, inputs, training=None):
        images, encoded = self.split(inputs)
        x = self.extraction(to_signed(images))
        for stage, down in zip(self.stages, self.downs, strict=False):
            x = down(stage(x))
        return self.head(self.projection(self.stages[-1](x)), encoded)

    def get_config(self):
        return {
            **super().get_config(),
            "conditioning": self.conditioning,
            "channels": self.channels,
            "max_channels": self.max_channels,
            "blocks": self.blocks,
            "expansion": self.expansion,
            "groups": self.groups,
        }
