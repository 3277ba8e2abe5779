"""The stacked contractive autoencoder, and how it is sampled.

Reference:
    Rifai et al., 2011, *Contractive auto-encoders*; sampling: Rifai et al., 2012, *A generative process
    for sampling contractive auto-encoders* (arXiv 1206.6434).
"""

import keras
import tensorflow as tf

from tfgan import checks
from tfgan.baselines.model import cross_entropy
from tfgan.baselines.stacked import Stacked
from tfgan.networks.goodfellow2014.mnist import marginal_bias


@keras.saving.register_keras_serializable(package="tfgan")
class CAE(Stacked):
    """Autoencoders with tied weights, h = sigmoid(x W + c) and x' = sigmoid(h W' + b), one on another.

    A layer lowers the cross-entropy of its reconstruction plus `contraction` times the squared norm of
    its encoder's Jacobian. `sample` goes x -> h = f(x) -> h + J J' a -> x, a ~ N(0, noise^2 I), with f
    all encoders together and J their Jacobian at x: noise along the directions in which data vary.

    Args:
        image_shape: shape of an image, such as (28, 28, 1).
        hidden: ints >= 1. Units of each layer, from below.
        contraction: float >= 0. Weight of the penalty.
        noise: float >= 0. Standard deviation of the sampler's a.
        **kwargs: as `tfgan.baselines.model.Baseline`.

    Attributes:
        kernels, hidden_biases, visible_biases: lists of W, c and b, from below.

    Raises:
        InputError: for a number out of range.
    """

    METRICS = ("loss", "reconstruction", "contraction")
    SAMPLING = ("noise",)

    def __init__(self, image_shape, *, hidden=(1000, 1000), contraction=0.1, noise=1.0, **kwargs):
        super().__init__(image_shape, hidden=hidden, **kwargs)
        self.contraction = checks.at_least_zero("contraction", contraction)
        self.noise = checks.at_least_zero("noise", noise)
        widths = (self.dim, *self.hidden)
        self.kernels = self.add_kernels(widths)
        self.hidden_biases = [self.add_bias(n, f"hidden_bias_{i}") for i, n in enumerate(widths[1:])]
        self.visible_biases = [self.add_bias(n, f"visible_bias_{i}") for i, n in enumerate(widths[:-1])]

    def set_mean_image(self, mean_image):
        """Starts the lowest decoder's biases at logit(mean pixel)."""
        self.visible_biases[0].assign(marginal_bias(mean_image, self.image_shape))

    def codes(self, rows):
        """What each encoder makes of float `(batch, dim)`: list of `(batch, units)`, from below."""
        found = []
        for kernel, bias in zip(self.kernels, self.hidden_biases, strict=True):
            rows = tf.sigmoid(rows @ kernel + bias)
            found.append(rows)
        return found

    def decoded(self, codes):
        """What all decoders make of top codes `(batch, units)`: `(batch, dim)` in (0, 1)."""
        for layer in reversed(range(len(self.hidden))):
            codes = tf.sigmoid(self._decoder_logits(layer, codes))
        return codes

    def _decoder_logits(self, layer, codes):
        return tf.matmul(codes, self.kernels[layer], transpose_b=True) + self.visible_biases[layer]

    def jacobian_norm(self, layer, codes):
        """Squared Frobenius norm of one encoder's Jacobian, where it makes `codes`: `(batch,)`."""
        columns = tf.reduce_sum(tf.square(self.kernels[layer]), axis=0)  # (units,)
        return tf.linalg.matvec(tf.square(codes * (1 - codes)), columns)

    def along_data(self, codes, noise):
        """J J' a, J the Jacobian of all encoders together.

        Args:
            codes: list of `(batch, units)`, from `codes`.
            noise: a, `(batch, units)` of the top layer.

        Returns:
            `(batch, units)` of the top layer.
        """
        slopes = [code * (1 - code) for code in codes]
        for kernel, slope in zip(reversed(self.kernels), reversed(slopes), strict=True):
            noise = tf.matmul(noise * slope, kernel, transpose_b=True)
        for kernel, slope in zip(self.kernels, slopes, strict=True):
            noise = (noise @ kernel) * slope
        return noise

    def below(self, rows, layer):
        return tf.stop_gradient([rows, *self.codes(rows)][layer])

    def losses_of(self, layer, rows, draws, *, training):
        codes = tf.sigmoid(rows @ self.kernels[layer] + self.hidden_biases[layer])
        reconstruction = cross_entropy(rows, self._decoder_logits(layer, codes))
        norm = self.jacobian_norm(layer, codes)
        loss = tf.reduce_mean(reconstruction) + self.contraction * tf.reduce_mean(norm)
        return loss, {"reconstruction": reconstruction, "contraction": norm}

    def variables_of(self, layer):
        return [self.kernels[layer], self.hidden_biases[layer], self.visible_biases[layer]]

    # Sampling: the state is the images.

    def start(self, draws):
        return [draws.uniform((self.chains, self.dim))]

    def move(self, state, draws):
        codes = self.codes(state[0])
        noise = self.noise * draws.normal(tf.shape(codes[-1]))
        return [self.decoded(codes[-1] + self.along_data(codes, noise))]

    def emit(self, state, draws):
        return state[0]

    def get_config(self):
        return {**super().get_config(), "contraction": self.contraction, "noise": self.noise}
