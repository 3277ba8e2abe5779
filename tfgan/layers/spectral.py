"""Spectral normalisation as a reparametrisation: the kernel itself stays as it is."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfgan.errors import InputError

_ITERATIONS = 50  # at the start, when no step has refined the vector yet
_NORMALISED = (
    keras.layers.Dense,
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv2DTranspose,
    keras.layers.DepthwiseConv2D,
)


@keras.saving.register_keras_serializable(package="tfgan")
class SpectralNormalization(keras.layers.Layer):
    """Runs a layer with its kernel divided by its largest singular value.

    `W / sigma(W)`, `sigma(W) = |W u|`: u approximates the first right singular vector. The gradient
    passes through sigma with u constant. The layer's kernel is what the optimizer changes and what is
    saved; it is never overwritten.

    A call does not change u. `power_iteration()` does, by one iteration: call it once per update of the
    network that holds the layer. Training does so in each step of that player (`tfgan.steps`). u starts
    after 50 iterations (after none where a `tf.function` builds the layer); kernels that are set from
    outside need some too.

    As in the paper, a convolution's kernel is read as the matrix of `height * width * inputs` rows and
    `outputs` columns. Its largest singular value is not the operator norm of the convolution, which can
    be up to `sqrt(height * width)` times as large.

    Args:
        layer: Keras Dense, Conv1D, Conv2D, Conv2DTranspose or DepthwiseConv2D. Of the last, each
            output channel is a column.

    Input and output shape: the layer's.

    Raises:
        InputError: if `layer` is another kind of layer.

    Example:

    >>> layer = SpectralNormalization(keras.layers.Dense(8))
    >>> layer(keras.ops.ones((2, 4))).shape
    TensorShape([2, 8])
    >>> layer.power_iteration()

    Reference:
        Miyato et al., *Spectral Normalization for Generative Adversarial Networks*, 2018, section 2.1,
        equation 12 and Algorithm 1 (arXiv 1802.05957).
    """

    def __init__(self, layer, **kwargs):
        # The vector and sigma are not for low precision; the layer inside has its own policy.
        super().__init__(**{**kwargs, "dtype": "float32", "autocast": False})
        if not isinstance(layer, _NORMALISED):
            raise InputError(
                "spectral normalisation needs a Dense, Conv1D, Conv2D, Conv2DTranspose or "
                f"DepthwiseConv2D layer, got {type(layer).__name__}: wrap the layers inside one by one."
            )
        self.layer = layer

    def build(self, input_shape):
        if not self.layer.built:
            self.layer.build(input_shape)
        kernel = self.layer.kernel
        self.vector = self.add_weight(
            shape=(self._columns(kernel.shape),),
            dtype=kernel.dtype,
            initializer=self._first_vector,
            trainable=False,
            name="vector",
        )

    def _first_vector(self, shape, dtype=None):
        """Called for real once the kernel has its first value; before, by traces for shapes."""
        if not tf.executing_eagerly():
            return ops.full(shape, shape[0] ** -0.5, dtype)
        matrix = ops.convert_to_numpy(self._matrix(self._kernel))
        u = np.random.default_rng(0).standard_normal(shape)
        for _ in range(_ITERATIONS):
            u = matrix.T @ (matrix @ u)
            u /= max(np.linalg.norm(u), 1e-30)
        return ops.convert_to_tensor(u, dtype)

    def call(self, inputs):
        kernel = self._kernel
        normalised = ops.divide(kernel, self._sigma(kernel))
        # The public way to run a layer with other values than its variables': they are not written to.
        with keras.StatelessScope([(self.layer.kernel, normalised)], initialize_variables=False):
            outputs = self.layer(inputs)
        if self.layer.activity_regularizer is not None:  # the scope drops its loss
            self.add_loss(self.layer.activity_regularizer(outputs))
        return outputs

    def _sigma(self, kernel):
        product = ops.matmul(self._matrix(kernel), self.vector)  # (rows,)
        direction = tf.stop_gradient(_unit(product))
        sigma = ops.sum(ops.multiply(direction, product))
        return ops.where(ops.greater(sigma, 0.0), sigma, ops.ones_like(sigma))  # zeros stay zeros

    def power_iteration(self):
        """Brings the vector nearer to the first right singular one, by one iteration."""
        matrix = self._matrix(self._kernel)
        left = _unit(ops.matmul(matrix, self.vector))
        self.vector.assign(_unit(ops.matmul(left, matrix)))

    @property
    def _kernel(self):
        return tf.convert_to_tensor(self.layer.kernel.value)

    def _columns(self, shape):
        return shape[-1] * shape[-2] if self._is_depthwise else shape[-1 - self._is_transposed]

    def _matrix(self, kernel):
        if self._is_transposed:  # (height, width, outputs, inputs)
            kernel = ops.swapaxes(kernel, -1, -2)
        return ops.reshape(kernel, (-1, self._columns(self.layer.kernel.shape)))  # (rows, columns)

    @property
    def _is_transposed(self):
        return isinstance(self.layer, keras.layers.Conv2DTranspose)

    @property
    def _is_depthwise(self):
        return isinstance(self.layer, keras.layers.DepthwiseConv2D)

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def get_config(self):
        config = super().get_config()
        return {**config, "layer": keras.saving.serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        layer = keras.saving.deserialize_keras_object(config.pop("layer"))
        return cls(layer, **config)


def _unit(vector):
    return vector * ops.rsqrt(ops.maximum(ops.sum(ops.square(vector)), 1e-24))
