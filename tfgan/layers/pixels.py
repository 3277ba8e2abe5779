"""Layers that treat pixels: a bias for each, and the contrast of an image."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tfgan")
class PixelBias(keras.layers.Layer):
    """Adds a bias of its own to every pixel and channel; they start at 0.

    After a convolution without bias it makes what pylearn2 calls an untied bias.

    Input and output shape: `(batch, height, width, channels)`.
    """

    def build(self, input_shape):
        self.bias = self.add_weight(shape=input_shape[1:], initializer="zeros", name="bias")

    def call(self, inputs):
        return ops.add(inputs, self.bias)


@keras.saving.register_keras_serializable(package="tfgan")
class ContrastNormalization(keras.layers.Layer):
    """Subtracts each image's mean, over pixels and channels, and scales the image to an L2 norm.

    Images of one colour become (almost) 0. The result does not depend on an image's brightness and
    contrast: `f(a x + b) = f(x)` for a > 0.

    Args:
        norm: float > 0.

    Input and output shape: `(batch, ...)`.

    Reference:
        Global contrast normalisation, as in pylearn2's `CIFAR10(gcn=55.)`.
    """

    def __init__(self, norm=55.0, **kwargs):
        super().__init__(**kwargs)
        self.norm = norm

    def call(self, inputs):
        axes = tuple(range(1, len(inputs.shape)))
        images = ops.cast(inputs, "float32")  # sums of thousands of pixels
        images = images - ops.mean(images, axis=axes, keepdims=True)
        squares = ops.sum(ops.square(images), axis=axes, keepdims=True)
        # The floor lies above what rounding leaves of a plain image, and below one pixel's 1/255.
        scaled = images * (self.norm * ops.rsqrt(ops.maximum(squares, 1e-6)))
        return ops.cast(scaled, self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "norm": self.norm}
