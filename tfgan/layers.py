"""Layers that GAN papers use and Keras does not have."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfgan import latents
from tfgan.errors import InputError


@keras.saving.register_keras_serializable(package="tfgan")
class Dropout(keras.layers.Dropout):
    """Keras's Dropout with random bits by a named, fast algorithm (`tfgan.latents.random_bits`).

    Takes the same arguments, and can stand wherever that one stands. A unit is dropped with probability
    `rate`, exact to 2**-32.

    Reference:
        Srivastava et al., *Dropout*, 2014.
    """

    def call(self, inputs, training=False):
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return ops.zeros_like(inputs)
        shape = ops.shape(inputs)
        if self.noise_shape is not None:
            shape = [n or shape[axis] for axis, n in enumerate(self.noise_shape)]
        seed = tf.math.floormod(self.seed_generator.next(), 2**31 - 1)
        bits = latents.random_bits(shape, tf.cast(seed, tf.int32))
        kept = ops.greater_equal(bits, tf.constant(int(self.rate * 2**32), tf.uint32))
        return ops.where(kept, inputs / (1 - self.rate), ops.zeros_like(inputs))


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


@keras.saving.register_keras_serializable(package="tfgan")
class SparseNormal(keras.initializers.Initializer):
    """Few weights from N(0, 1) in each column of a matrix, the rest 0.

    Args:
        count: int >= 1. Weights of a column that are not 0; all of them where there are fewer rows.
        seed: int, or None for one that follows `keras.utils.set_random_seed`.

    Reference:
        Martens, *Deep learning via Hessian-free optimization*, 2010; pylearn2's `sparse_init`.
    """

    def __init__(self, count, seed=None):
        self.count = count
        self.seed = seed

    def __call__(self, shape, dtype=None):
        rows, columns = shape
        count = min(self.count, rows)
        # NumPy's own state is what `set_random_seed` sets.
        seed = np.random.randint(2**31) if self.seed is None else self.seed
        rng = np.random.default_rng(seed)
        order = rng.random((columns, rows), dtype="float32")
        chosen = np.argpartition(order, count - 1, axis=1)[:, :count]  # (columns, count), all different
        weights = np.zeros((columns, rows), "float32")
        np.put_along_axis(weights, chosen, rng.standard_normal(chosen.shape, "float32"), axis=1)
        return ops.convert_to_tensor(weights.T, dtype)

    def get_config(self):
        return {"count": self.count, "seed": self.seed}


def column_norm(largest):
    """Keras constraint: each column of a matrix keeps an L2 norm of at most `largest`.

    For the kernels of Dense and `Maxout`, whose columns are the weights of one unit or one piece. It
    acts after each update, not on the initial weights.

    Reference:
        pylearn2's `max_col_norm`; Srivastava et al., *Dropout*, 2014, section 5.1.
    """
    return keras.constraints.MaxNorm(largest, axis=0)
