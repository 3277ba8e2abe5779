"""Layers in which the images of a batch meet."""

import keras
import tensorflow as tf
from keras import ops

from tfgan import replicas
from tfgan.errors import InputError


@keras.saving.register_keras_serializable(package="tfgan")
class MinibatchStdDev(keras.layers.Layer):
    """Appends how much the images of a group differ, so that a discriminator sees missing variety.

    The batch is split into groups of `group_size`, image i being in group `i mod (number of groups)`.
    The standard deviation over the group of every pixel and channel, averaged over pixels and over a
    `num_features`-th of the channels, is one number; it fills a new channel of all images of the group.

    A batch smaller than a group is one group. A batch that the size does not divide is filled up by its
    own first images, which then count twice in what the groups say. Under a `tf.distribute` strategy
    the batch is that of all replicas.

    Args:
        group_size: int >= 1.
        num_features: int >= 1. Channels to append; must divide the channels of the input.

    Input shape: `(batch, height, width, channels)`.
    Output shape: `(batch, height, width, channels + num_features)`.

    Raises:
        InputError: if an argument is below 1, or `num_features` does not divide the channels.

    Example:

    >>> MinibatchStdDev()(keras.ops.zeros((8, 4, 4, 16))).shape
    TensorShape([8, 4, 4, 17])

    Reference:
        Karras et al., *Progressive Growing of GANs*, 2018, section 3 (arXiv 1710.10196); groups as in
        *StyleGAN*, 2019 (arXiv 1812.04948), and its published code.
    """

    def __init__(self, group_size=4, num_features=1, **kwargs):
        super().__init__(**kwargs)
        for name, value in (("group_size", group_size), ("num_features", num_features)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InputError(f"{name} must be an integer of at least 1, got {value!r}.")
        self.group_size = group_size
        self.num_features = num_features
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def build(self, input_shape):
        if input_shape[-1] % self.num_features:
            raise InputError(
                f"num_features={self.num_features} must divide the {input_shape[-1]} channels."
            )

    def call(self, inputs):
        return replicas.of_batch(inputs, self._with_variety)

    def _with_variety(self, inputs):
        batch = tf.shape(inputs)[0]
        height, width, channels = inputs.shape[1:]
        size = tf.minimum(batch, self.group_size)
        filled = tf.concat([inputs, inputs[: -batch % size]], axis=0)
        groups = -(-batch // size)
        per_feature = (self.num_features, channels // self.num_features)
        x = tf.reshape(
            tf.cast(filled, tf.float32), (size, groups, height * width, *per_feature)
        )  # (size, groups, H * W, features, C / features)
        variance = tf.reduce_mean(tf.square(x - tf.reduce_mean(x, axis=0)), axis=0)
        # The small number keeps the slope finite where images are equal.
        deviation = tf.reduce_mean(tf.sqrt(variance + 1e-8), axis=(1, 3))  # (groups, features)
        of_images = tf.cast(tf.tile(deviation, (size, 1))[:batch], inputs.dtype)  # (B, features)
        new = tf.ones((1, height, width, 1), inputs.dtype) * of_images[:, None, None]
        return tf.concat([inputs, new], axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + self.num_features)

    def get_config(self):
        config = super().get_config()
        return {**config, "group_size": self.group_size, "num_features": self.num_features}


@keras.saving.register_keras_serializable(package="tfgan")
class ConditionalBatchNormalization(keras.layers.Layer):
    """Batch normalisation whose scale and shift are linear in the encoded condition.

    `(1 + G y) * normalised(x) + B y`; G and B start at 0, so the condition first changes nothing. In
    inference the moving statistics normalise, and an image does not depend on its batch.

    Args:
        condition_dim: int >= 1. Width of the encoded condition.
        momentum: float in [0, 1). Share of the moving statistics that a step keeps.
        epsilon: float > 0. Added to the variance.

    Inputs: `[x, encoded]`, float `(batch, ..., channels)` and `(batch, condition_dim)`.
    Output shape: that of x.

    Example:

    >>> layer = ConditionalBatchNormalization(10)
    >>> layer([keras.ops.zeros((2, 4, 4, 16)), keras.ops.ones((2, 10))]).shape
    TensorShape([2, 4, 4, 16])

    Reference:
        de Vries et al., *Modulating early visual processing by language*, 2017 (arXiv 1707.00683);
        for generators Miyato & Koyama, 2018, section 4 (arXiv 1802.05637).
    """

    def __init__(self, condition_dim, *, momentum=0.9, epsilon=2e-5, **kwargs):
        super().__init__(**kwargs)
        self.condition_dim = condition_dim
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape):
        shape, _ = input_shape
        of_condition = {"use_bias": False, "kernel_initializer": "zeros", "dtype": self.dtype_policy}
        self.normalization = keras.layers.BatchNormalization(
            momentum=self.momentum,
            epsilon=self.epsilon,
            center=False,
            scale=False,
            dtype=self.dtype_policy,
            name="normalization",
        )
        self.scale = keras.layers.Dense(shape[-1], name="scale", **of_condition)
        self.shift = keras.layers.Dense(shape[-1], name="shift", **of_condition)
        self.normalization.build(shape)
        self.scale.build((None, self.condition_dim))
        self.shift.build((None, self.condition_dim))

    def call(self, inputs, training=None):
        x, encoded = inputs
        x = self.normalization(x, training=training)
        per_image = (-1, *[1] * (len(x.shape) - 2), x.shape[-1])
        scale = ops.reshape(self.scale(encoded), per_image)  # (B, 1, 1, C)
        shift = ops.reshape(self.shift(encoded), per_image)  # (B, 1, 1, C)
        return ops.add(ops.multiply(x, ops.add(scale, 1.0)), shift)

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {
            **super().get_config(),
            "condition_dim": self.condition_dim,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
        }
