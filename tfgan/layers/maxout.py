"""Maxout: layers of the largest of several affine maps."""

import keras
import numpy as np
from keras import ops

from tfgan.errors import InputError


@keras.saving.register_keras_serializable(package="tfgan")
class Maxout(keras.layers.Layer):
    """Maxout: the largest of several affine maps, unit by unit.

    `h_i(x) = max_j (x W[:, i, j] + b[i, j])`.

    Args:
        units: int >= 1. Width of the output.
        pieces: int >= 1. Affine maps per unit.
        kernel_initializer: Keras initializer of the `(features, units * pieces)` kernel, whose columns
            run over the pieces of the first unit, then of the second, and so on.
        bias_initializer: Keras initializer of the `(units * pieces,)` bias, in the same order.
        kernel_constraint: Keras constraint of the kernel; with `column_norm` it acts on each map.

    Input shape: `(batch, ..., features)`. Output shape: `(batch, ..., units)`.

    Raises:
        InputError: if `units` or `pieces` is below 1.

    Example:

    >>> Maxout(240, pieces=5)(keras.ops.zeros((2, 784))).shape
    TensorShape([2, 240])

    Reference:
        Goodfellow et al., *Maxout Networks*, 2013, equation 1 (arXiv 1302.4389).
    """

    def __init__(
        self,
        units,
        *,
        pieces,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_constraint=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        for name, value in (("units", units), ("pieces", pieces)):
            if value < 1:
                raise InputError(f"Maxout needs {name} of at least 1, got {value}.")
        self.units = units
        self.pieces = pieces
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.input_spec = keras.layers.InputSpec(min_ndim=2)

    def build(self, input_shape):
        features = input_shape[-1]
        self._add_weights((features,))
        self.input_spec = keras.layers.InputSpec(min_ndim=2, axes={-1: features})

    def _add_weights(self, fan_in):
        # Kept flat, unit-major: one matrix product, as in Dense, and the fan-in that initializers see.
        width = self.units * self.pieces
        self.kernel = self.add_weight(
            shape=(*fan_in, width),
            initializer=self.kernel_initializer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = self.add_weight(shape=(width,), initializer=self.bias_initializer, name="bias")

    def call(self, inputs):
        return self._largest(ops.matmul(inputs, self.kernel))

    def _largest(self, products):
        affine = ops.add(products, self.bias)
        pieces = ops.reshape(
            affine, (*ops.shape(affine)[:-1], self.units, self.pieces)
        )  # (B, ..., units, pieces)
        return ops.max(pieces, axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "pieces": self.pieces,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_constraint": keras.constraints.serialize(self.kernel_constraint),
        }


@keras.saving.register_keras_serializable(package="tfgan")
class MaxoutConv2D(Maxout):
    """Convolution, the largest of several maps filter by filter, then spatial max pooling.

    Each map has one bias, whatever the pixel (tied), as in the published networks (`tied_b: 1`).

    Args:
        filters: int >= 1. Channels of the output.
        pieces: int >= 1. Maps per filter.
        kernel_size: int. Side of the square kernel.
        padding: int. Zero pixels added on each side of the image.
        pool_size: int. Side of the pooling window.
        pool_stride: int. Pixels between windows. The last window of a row may hang over the edge, as
            pylearn2's do: `ceil((n - pool_size) / pool_stride) + 1` windows, and at least one.
        **kwargs: as in `Maxout`; the kernel is `(size, size, channels, filters * pieces)`.

    Input shape: `(batch, height, width, channels)`.
    Output shape: `(batch, new height, new width, filters)`.

    Raises:
        InputError: if `filters` or `pieces` is below 1, or the padded image is smaller than the kernel.

    Example:

    >>> layer = MaxoutConv2D(32, pieces=2, kernel_size=8, padding=4, pool_size=4, pool_stride=2)
    >>> layer(keras.ops.zeros((1, 32, 32, 3))).shape
    TensorShape([1, 16, 16, 32])

    Reference:
        Goodfellow et al., *Maxout Networks*, 2013; pylearn2's `MaxoutConvC01B`.
    """

    def __init__(
        self, filters, *, pieces, kernel_size, padding=0, pool_size=1, pool_stride=1, **kwargs
    ):
        super().__init__(filters, pieces=pieces, **kwargs)
        self.kernel_size = kernel_size
        self.padding = padding
        self.pool_size = pool_size
        self.pool_stride = pool_stride
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def build(self, input_shape):
        channels = input_shape[-1]
        self.compute_output_shape(input_shape)  # refuses images that are too small
        self._add_weights((self.kernel_size, self.kernel_size, channels))
        self.input_spec = keras.layers.InputSpec(ndim=4, axes={-1: channels})

    def call(self, inputs):
        sides = [(self.padding, self.padding)] * 2
        padded = ops.pad(inputs, [(0, 0), *sides, (0, 0)])
        maps = self._largest(ops.conv(padded, self.kernel, padding="valid"))  # (B, H, W, filters)
        # What the last windows hang over the edge by, as pixels that are never the largest.
        over = [
            (0, (self._windows(n) - 1) * self.pool_stride + self.pool_size - n) for n in maps.shape[1:3]
        ]
        maps = ops.pad(maps, [(0, 0), *over, (0, 0)], constant_values=-np.inf)
        return ops.max_pool(maps, self.pool_size, strides=self.pool_stride)

    def _windows(self, size):
        return max(0, -(-(size - self.pool_size) // self.pool_stride)) + 1

    def compute_output_shape(self, input_shape):
        maps = [n + 2 * self.padding - self.kernel_size + 1 for n in input_shape[1:3]]
        if min(maps) < 1:
            raise InputError(
                f"an image of {input_shape[1]} x {input_shape[2]} pixels with {self.padding} more on "
                f"each side is smaller than a kernel of {self.kernel_size}: use larger images."
            )
        return (input_shape[0], *map(self._windows, maps), self.units)

    def get_config(self):
        config = super().get_config()
        return {
            "filters": config.pop("units"),
            **config,
            "kernel_size": self.kernel_size,
            "padding": self.padding,
            "pool_size": self.pool_size,
            "pool_stride": self.pool_stride,
        }
