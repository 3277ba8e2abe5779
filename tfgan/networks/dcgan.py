"""DCGAN: strided convolutions, batch normalisation, and no pooling or hidden dense layers.

Reference:
    Radford et al., *Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
    Networks*, 2016 (arXiv 1511.06434).
"""

import keras
from keras import layers, ops

from tfgan.errors import InputError
from tfgan.layers import Dropout, MinibatchStdDev, NearestUpsampling, SpectralNormalization
from tfgan.networks.convolutional import (
    ConditionEmbedding,
    Network,
    cropped,
    leaky,
    sides_of,
    tanh_image,
    to_signed,
    width_of,
)
from tfgan.networks.heads import Head

UPSAMPLINGS = ("transposed", "nearest")


def normal(mean=0.0):
    """The paper's initialisation: N(mean, .02)."""
    return keras.initializers.RandomNormal(mean, 0.02)


def batch_norm(dtype=None):
    """As in the published code: statistics move by a tenth."""
    return layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, gamma_initializer=normal(1.0), dtype=dtype
    )


def convolution(filters, kernel_size, strides=1, *, separable, wrap=None, **kwargs):
    """A list of one convolution, or of a depth-wise and a 1 x 1 one.

    Args:
        filters: int.
        kernel_size: int.
        strides: int.
        separable: bool.
        wrap: function of a layer that returns the layer to use, or None.
        **kwargs: of both Keras layers.
    """
    wrap = wrap or (lambda layer: layer)
    if not separable:
        full = layers.Conv2D(
            filters, kernel_size, strides, "same", kernel_initializer=normal(), **kwargs
        )
        return [wrap(full)]
    apart = layers.DepthwiseConv2D(
        kernel_size, strides, "same", depthwise_initializer="he_normal", **{**kwargs, "use_bias": False}
    )
    across = layers.Conv2D(filters, 1, kernel_initializer="he_normal", **kwargs)
    return [wrap(apart), wrap(across)]


class Up(layers.Layer):
    """An image twice as large: a transposed convolution of stride 2, or nearest and a 3 x 3 one."""

    def __init__(self, filters, side, *, upsample, kernel_size, separable, use_bias=False, **kwargs):
        super().__init__(**kwargs)
        self.side = side
        options = {"use_bias": use_bias, "dtype": self.dtype_policy}
        if upsample == "transposed":
            self.steps = [
                layers.Conv2DTranspose(
                    filters, kernel_size, 2, "same", kernel_initializer=normal(), **options
                )
            ]
        else:
            self.steps = [
                NearestUpsampling(dtype=self.dtype_policy),
                *convolution(filters, 3, separable=separable, **options),
            ]

    def call(self, x):
        for step in self.steps:
            x = step(x)
        return cropped(x, self.side)


@keras.saving.register_keras_serializable(package="tfgan.dcgan")
class Generator(Network):
    """Transposed convolutions from a small image to the full one, with batch normalisation and ReLU.

    Stages of side 4 to 7, doubling; the widths halve. A condition is embedded and joined to the
    latents. Weights N(0, .02), scales of batch normalisation N(1, .02), biases 0.

    Args:
        image_shape: (height, width, channels); square, 8 pixels a side or more.
        condition: a kind of `tfgan.conditions`, or None.
        latent_dim: int. Width of the latents, for which `noise` is N(0, 1), and of the condition's
            embedding.
        channels: int. Filters of the last stage but the image; the paper's 64 x 64 networks have 128.
        max_channels: int. Filters of a stage at most; the paper's have 1024.
        upsample: "transposed", or "nearest": pixels repeated, then a 3 x 3 convolution, which makes no
            checkerboards.
        kernel_size: int. Side of transposed kernels; a multiple of 2 covers all pixels alike.
        separable: bool. Whether the convolutions of "nearest" are depth-wise separable.

    Inputs: latents float `(batch, latent_dim)`; with a condition `[latents, condition]`.
    Output shape: float `(batch, *image_shape)`, [0, 1]: `(tanh + 1) / 2`.

    Raises:
        InputError: for another shape, condition or `upsample`, or `separable` with "transposed".

    Example:

    >>> generator = Generator((32, 32, 3), channels=8)
    >>> generator(keras.ops.zeros((2, 100))).shape
    TensorShape([2, 32, 32, 3])

    Reference:
        Radford et al., 2016, section 3 (arXiv 1511.06434). "nearest": Odena et al., *Deconvolution and
        Checkerboard Artifacts*, 2016.
    """

    noise = "normal"

    def __init__(
        self,
        image_shape,
        *,
        condition=None,
        latent_dim=100,
        channels=64,
        max_channels=512,
        upsample="transposed",
        kernel_size=4,
        separable=False,
        **kwargs,
    ):
        super().__init__(image_shape, condition=condition, **kwargs)
        if upsample not in UPSAMPLINGS:
            raise InputError(f"upsample must be one of {', '.join(UPSAMPLINGS)}, got {upsample!r}.")
        if separable and upsample == "transposed":
            raise InputError("separable=True has no transposed convolution: use upsample='nearest'.")
        self.latent_dim = latent_dim
        self.channels = channels
        self.max_channels = max_channels
        self.upsample = upsample
        self.kernel_size = kernel_size
        self.separable = separable
        first, *sides = sides_of(self.image_shape[0])
        widths = [
            width_of(level, channels, max_channels) for level in reversed(range(len(sides)))
        ]  # the image itself has none
        if self.condition is not None:
            self.embedding = ConditionEmbedding(latent_dim)
        self.dense = layers.Dense(
            first * first * widths[0], use_bias=False, kernel_initializer=normal()
        )
        self.reshape = layers.Reshape((first, first, widths[0]))
        self.norms = [batch_norm() for _ in widths]
        options = {"upsample": upsample, "kernel_size": kernel_size, "separable": separable}
        self.ups = [
            Up(width, side, **options) for width, side in zip(widths[1:], sides[:-1], strict=True)
        ]
        self.image = Up(self.image_shape[2], sides[-1], use_bias=True, **options)
        self.start((latent_dim,))

    def call(self, inputs, training=None):
        x, encoded = self.split(inputs)
        if encoded is not None:
            x = ops.concatenate([x, self.embedding(encoded)], axis=-1)
        x = ops.relu(self.norms[0](self.reshape(self.dense(x)), training=training))
        for up, norm in zip(self.ups, self.norms[1:], strict=True):
            x = ops.relu(norm(up(x), training=training))
        return tanh_image(self.image(x))

    def get_config(self):
        return {
            **super().get_config(),
            "latent_dim": self.latent_dim,
            "channels": self.channels,
            "max_channels": self.max_channels,
            "upsample": self.upsample,
            "kernel_size": self.kernel_size,
            "separable": self.separable,
        }


class Down(layers.Layer):
    """A strided convolution, batch normalisation, leaky ReLU and dropout."""

    def __init__(self, filters, *, kernel_size, normed, spectral_norm, separable, dropout, **kwargs):
        super().__init__(**kwargs)
        self.convolutions = convolution(
            filters,
            kernel_size,
            2,
            separable=separable,
            wrap=SpectralNormalization if spectral_norm else None,
            use_bias=not normed,
            dtype=self.dtype_policy,
        )
        self.norm = batch_norm(self.dtype_policy) if normed else None
        self.drop = Dropout(dropout, dtype=self.dtype_policy) if dropout else None

    def call(self, x, training=None):
        for layer in self.convolutions:
            x = layer(x)
        if self.norm is not None:
            x = self.norm(x, training=training)
        x = leaky(x)
        return x if self.drop is None else self.drop(x, training=training)


@keras.saving.register_keras_serializable(package="tfgan.dcgan")
class Discriminator(Network):
    """Strided convolutions down to a side of 4 to 7, with batch normalisation and leaky ReLU.

    The first convolution has no batch normalisation. Weights N(0, .02), as in `Generator`.

    Batch normalisation makes a logit depend on the other images of its batch: gradient penalties, which
    are of one image, want `batch_norm=False`, perhaps with `spectral_norm=True`.

    Args:
        image_shape: (height, width, channels); square, 8 pixels a side or more.
        condition: a kind of `tfgan.conditions`, or None.
        conditioning: "projection", "fused", "matching" or "auxiliary": see
            `tfgan.networks.heads.Head`.
        channels: int. Filters of the first convolution; each next has twice as many.
        max_channels: int. Filters of a convolution at most.
        kernel_size: int. Side of the kernels.
        batch_norm: bool.
        spectral_norm: bool. Whether all kernels are divided by their largest singular values.
        minibatch_stddev: bool. Whether the last features say how much the images of a group differ.
        dropout: float in [0, 1). Fraction of each convolution's outputs dropped while training.
        separable: bool. Whether convolutions are depth-wise separable.

    Inputs: images float `(batch, *image_shape)` in [0, 1]; with a condition `[images, condition]`.
    Output shape: logits `(batch, 1)`; "auxiliary" also the condition's, `(batch, condition.dim)`.

    Raises:
        InputError: for another shape, condition or conditioning.

    Reference:
        Radford et al., 2016, section 3 (arXiv 1511.06434); see `SpectralNormalization` and
        `MinibatchStdDev` for theirs.
    """

    def __init__(
        self,
        image_shape,
        *,
        condition=None,
        conditioning="projection",
        channels=64,
        max_channels=512,
        kernel_size=4,
        batch_norm=True,
        spectral_norm=False,
        minibatch_stddev=False,
        dropout=0.0,
        separable=False,
        **kwargs,
    ):
        super().__init__(image_shape, condition=condition, **kwargs)
        self.conditioning = conditioning
        self.channels = channels
        self.max_channels = max_channels
        self.kernel_size = kernel_size
        self.batch_norm = batch_norm
        self.spectral_norm = spectral_norm
        self.minibatch_stddev = minibatch_stddev
        self.dropout = dropout
        self.separable = separable
        self.downs = [
            Down(
                width_of(level, channels, max_channels),
                kernel_size=kernel_size,
                normed=batch_norm and level > 0,
                spectral_norm=spectral_norm,
                # Depth-wise, a convolution of the image itself would see one colour at a time.
                separable=separable and level > 0,
                dropout=dropout,
            )
            for level in range(len(sides_of(self.image_shape[0])) - 1)
        ]
        self.variety = MinibatchStdDev() if minibatch_stddev else None
        self.flatten = layers.Flatten()
        self.head = Head(
            self.condition,
            conditioning,
            wrap=SpectralNormalization if spectral_norm else None,
            kernel_initializer=normal(),
        )
        self.start(self.image_shape)

    def call(self, inputs, training=None):
        images, encoded = self.split(inputs)
        x = to_signed(images)
        for down in self.downs:
            x = down(x, training=training)
        if self.variety is not None:
            x = self.variety(x)
        return self.head(self.flatten(x), encoded)

    def get_config(self):
        return {
            **super().get_config(),
            "conditioning": self.conditioning,
            "channels": self.channels,
            "max_channels": self.max_channels,
            "kernel_size": self.kernel_size,
            "batch_norm": self.batch_norm,
            "spectral_norm": self.spectral_norm,
            "minibatch_stddev": self.minibatch_stddev,
            "dropout": self.dropout,
            "separable": self.separable,
        }
