"""What the convolutional families share: sides and widths of their stages, conditions, conversions."""

import keras
from keras import layers, ops

from tfgan import conditions
from tfgan.errors import InputError
from tfgan.networks.goodfellow2014 import check_image_shape
from tfgan.networks.mirza2014.mnist import inputs as symbolic_inputs

SMALLEST = 8  # pixels a side
SLOPE = 0.2  # of leaky ReLUs at negative numbers


class Network(keras.Model):
    """A generator or discriminator of square images, with or without a condition.

    Args:
        image_shape: (height, width, channels), height = width >= 8.
        condition: a kind of `tfgan.conditions`, or None: then the network is called with one tensor.

    Raises:
        InputError: for another shape or condition.
    """

    def __init__(self, image_shape, *, condition=None, **kwargs):
        super().__init__(**kwargs)
        self.image_shape = check_square(image_shape)
        self.condition = None if condition is None else conditions.get(condition)

    def start(self, shape):
        """Builds the network for inputs `(batch, *shape)`, with the condition beside."""
        self(layers.Input(shape) if self.condition is None else symbolic_inputs(shape, self.condition))

    def split(self, inputs):
        """Returns the latents or images, and the encoded condition `(batch, condition.dim)` or None."""
        if self.condition is None:
            return inputs, None
        x, condition = inputs
        return x, self.condition.encode(condition)

    def get_config(self):
        condition = self.condition
        return {
            **super().get_config(),
            "image_shape": self.image_shape,
            "condition": condition and keras.saving.serialize_keras_object(condition),
        }


class ConditionEmbedding(layers.Layer):
    """A linear map of the encoded condition, scaled to length 1 as a one-hot label has.

    Neither a condition's kind nor its size then drowns the latents it is joined with. At their length,
    `sqrt(units)`, it does: a DCGAN on MNIST made one image of each class after 300 steps.

    Args:
        units: int >= 1.

    Input shape: `(batch, condition.dim)`. Output shape: `(batch, units)`.

    Reference:
        Normalised as in the published code of Karras et al., *StyleGAN2*, 2020 (arXiv 1912.04958),
        where it is as long as the latents.
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(
            units, use_bias=False, kernel_initializer="he_normal", dtype=self.dtype_policy
        )

    def build(self, input_shape):
        self.dense.build(input_shape)

    def call(self, encoded):
        x = ops.cast(self.dense(encoded), "float32")
        squares = ops.sum(ops.square(x), axis=-1, keepdims=True)
        return ops.cast(x * ops.rsqrt(squares + 1e-8), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return self.dense.compute_output_shape(input_shape)


def check_square(image_shape):
    """Returns `image_shape` as a tuple of three ints.

    Raises:
        InputError: if the image is not square, or smaller than 8 x 8.
    """
    shape = check_image_shape(image_shape)
    if shape[0] != shape[1] or shape[0] < SMALLEST:
        raise InputError(
            f"this family makes square images of {SMALLEST} pixels a side or more, not {shape[0]} x "
            f"{shape[1]}: resize them, for example with image_size=32."
        )
    return shape


def sides_of(side, largest_start=7):
    """The sides of a generator's stages: each about half of the next, the last the image's.

    Halves are rounded up, down to a start of at most `largest_start` pixels: any side has such stages.
    A generator crops what doubling makes too much.

    >>> sides_of(32), sides_of(28), sides_of(48), sides_of(31)
    ([4, 8, 16, 32], [7, 14, 28], [6, 12, 24, 48], [4, 8, 16, 31])
    """
    sides = [side]
    while sides[0] > largest_start:
        sides.insert(0, -(-sides[0] // 2))
    return sides


def width_of(level, channels, max_channels):
    """Channels of a stage whose side is the image's, halved `level` times."""
    return min(channels * 2**level, max_channels)


def cropped(x, side):
    """The top left `side` x `side` pixels."""
    return x if x.shape[1] == side else x[:, :side, :side]


def to_signed(images):
    """[0, 1] -> [-1, 1]."""
    return ops.subtract(ops.multiply(images, 2.0), 1.0)


def tanh_image(x):
    """`(tanh(x) + 1) / 2`, which is in [0, 1]."""
    return ops.sigmoid(ops.multiply(x, 2.0))  # the same, and eight bits know the sigmoid's range


def leaky(x):
    """Leaky ReLU of slope .2."""
    return ops.leaky_relu(x, SLOPE)
