"""Images twice and half as large, by ops that XLA, low precision and LiteRT take, with all derivatives.

The filter [1, 3, 3, 1] is the mean of two neighbours taken three times, so three poolings make it: a
bilinear resize has no gradient under XLA, and a depth-wise convolution takes XLA 30 times as long on a
CPU.
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tfgan")
class NearestUpsampling(keras.layers.Layer):
    """Makes four equal pixels of each.

    Input shape: `(batch, height, width, channels)`.
    Output shape: `(batch, 2 * height, 2 * width, channels)`.
    """

    def call(self, inputs):
        # Copies side by side along the last axis, read as pixels: a repeat that converters know.
        _, height, width, channels = inputs.shape
        x = ops.concatenate([inputs, inputs], axis=-1)
        x = ops.reshape(x, (-1, height, 2 * width * channels))  # (B, H, 2W * C)
        x = ops.concatenate([x, x], axis=-1)
        return ops.reshape(x, (-1, 2 * height, 2 * width, channels))  # (B, 2H, 2W, C)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, 2 * height, 2 * width, channels)


@keras.saving.register_keras_serializable(package="tfgan")
class BlurUpsampling(NearestUpsampling):
    """Images twice as large, by the low-pass filter [1, 3, 3, 1] / 4 in both directions.

    Each new pixel is, in both directions, 3/4 of the nearest old one and 1/4 of the next; around the
    image are zeros.

    Input shape: `(batch, height, width, channels)`.
    Output shape: `(batch, 2 * height, 2 * width, channels)`.

    Reference:
        Zhang, *Making Convolutional Networks Shift-Invariant Again*, 2019 (arXiv 1904.11486); as in
        Karras et al., *StyleGAN2*, 2020 (arXiv 1912.04958).
    """

    def call(self, inputs):
        return _means(_means(_framed(super().call(inputs))))


@keras.saving.register_keras_serializable(package="tfgan")
class BlurDownsampling(keras.layers.Layer):
    """Images half as large, by the low-pass filter [1, 3, 3, 1] / 8 in both directions.

    Every second pixel of the smoothed image is kept; around it are zeros. A quarter of the adjoint of
    `BlurUpsampling`. An odd side is rounded up.

    Input shape: `(batch, height, width, channels)`.
    Output shape: `(batch, ceil(height / 2), ceil(width / 2), channels)`.

    Reference:
        As `BlurUpsampling`.
    """

    def call(self, inputs):
        _, height, width, _ = inputs.shape
        return _means(_means(_means(_framed(inputs, height % 2, width % 2))), strides=2)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, -(-height // 2), -(-width // 2), channels)


def _framed(x, below=0, right=0):
    """Zeros around the image, and more of them below and to the right."""
    return ops.pad(x, [(0, 0), (1, 1 + below), (1, 1 + right), (0, 0)])


def _means(x, strides=1):
    """Of each 2 x 2 pixels."""
    return ops.average_pool(x, 2, strides=strides)
