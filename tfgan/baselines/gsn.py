"""The deep generative stochastic network.

Reference:
    Bengio, Thibodeau-Laufer, Alain & Yosinski, 2014, *Deep generative stochastic networks trainable by
    backprop* (arXiv 1306.1091), and its published code.
"""

import keras
import tensorflow as tf

from tfgan import checks
from tfgan.baselines.model import Baseline, check_hidden, cross_entropy
from tfgan.errors import InputError
from tfgan.networks.goodfellow2014.mnist import marginal_bias


@keras.saving.register_keras_serializable(package="tfgan")
class GSN(Baseline):
    """A deep generative stochastic network: a noisy Markov chain, learned so that it makes the data.

    A move updates the odd layers from those beside them, then the even ones, of which the lowest are
    the pixels: p(x) = sigmoid(h1 W1' + b), drawn as 0 or 1 and corrupted by salt and pepper for the
    next move. The upper layers are tanh(a + n) + n', n and n' ~ N(0, noise^2); the first is without
    noise. Training makes `walkbacks` moves from a corrupted image, each of which is to give the image.

    Args:
        image_shape: shape of an image, such as (28, 28, 1).
        hidden: ints >= 1. Units of each layer, from below.
        walkbacks: int >= 1.
        salt_and_pepper: float in [0, 1). Part of the pixels that are replaced by 0 or 1, half each.
        noise: float >= 0. Of the layers above the first.
        **kwargs: as `tfgan.baselines.model.Baseline`.

    Attributes:
        kernels: list of W, from below; biases: list, the first of the pixels.

    Raises:
        InputError: for a number out of range.
    """

    SAMPLING = ("salt_and_pepper", "noise")

    def __init__(
        self,
        image_shape,
        *,
        hidden=(1500, 1500),
        walkbacks=4,
        salt_and_pepper=0.4,
        noise=2.0,
        **kwargs,
    ):
        super().__init__(image_shape, **kwargs)
        self.hidden = check_hidden(hidden)
        self.walkbacks = checks.at_least_one("walkbacks", walkbacks)
        self.salt_and_pepper = checks.at_least_zero("salt_and_pepper", salt_and_pepper)
        if self.salt_and_pepper >= 1:
            raise InputError(f"salt_and_pepper must lie in [0, 1), got {salt_and_pepper!r}.")
        self.noise = checks.at_least_zero("noise", noise)
        widths = (self.dim, *self.hidden)
        self.kernels = self.add_kernels(widths)
        self.biases = [self.add_bias(units, f"bias_{i}") for i, units in enumerate(widths)]

    def default_optimizer(self):
        return keras.optimizers.SGD(0.25, momentum=0.5)

    def set_mean_image(self, mean_image):
        """Starts the pixels' biases at logit(mean pixel)."""
        self.biases[0].assign(marginal_bias(mean_image, self.image_shape))

    def corrupted(self, rows, draws):
        """Rows whose pixels are 0 or 1 by chance, a part `salt_and_pepper` of them."""
        hit = draws.uniform(tf.shape(rows)) < self.salt_and_pepper
        return tf.where(hit, draws.coins(tf.shape(rows)), rows)

    def _before_activation(self, layers, i):
        total = self.biases[i]
        if i > 0:
            total += layers[i - 1] @ self.kernels[i - 1]
        if i < len(self.hidden):
            total += tf.matmul(layers[i + 1], self.kernels[i], transpose_b=True)
        return total

    def _updated(self, layers, i, draws):
        total = self._before_activation(layers, i)
        if i == 1 or not self.noise:
            return tf.tanh(total)
        noise = [self.noise * draws.normal(tf.shape(total)) for _ in range(2)]
        return tf.tanh(total + noise[0]) + noise[1]

    def update(self, layers, draws):
        """One move.

        Args:
            layers: list of `(batch, units)`, the first of corrupted pixels.
            draws: `Draws`.

        Returns:
            layers, whose pixels are drawn and corrupted anew, and the logits they were drawn from.
        """
        layers = list(layers)
        for i in range(1, len(layers), 2):
            layers[i] = self._updated(layers, i, draws)
        logits = self._before_activation(layers, 0)
        for i in range(2, len(layers), 2):
            layers[i] = self._updated(layers, i, draws)
        layers[0] = self.corrupted(draws.bernoulli(tf.sigmoid(logits)), draws)
        return layers, logits

    def losses(self, rows, draws, *, training):
        count = tf.shape(rows)[0]
        layers = [self.corrupted(rows, draws), *(tf.zeros((count, units)) for units in self.hidden)]
        found = []
        for _ in range(self.walkbacks):
            layers, logits = self.update(layers, draws)
            found.append(cross_entropy(rows, logits))
        loss = tf.reduce_mean(tf.add_n(found)) / self.dim  # of pixels a mean, as published
        return loss, {"reconstruction": found[0]}

    # Sampling: the state is the layers, and the logits of the last pixels.

    def start(self, draws):
        logits = tf.broadcast_to(self.biases[0], (self.chains, self.dim))
        pixels = self.corrupted(draws.bernoulli(tf.sigmoid(logits)), draws)
        return [pixels, *(tf.zeros((self.chains, units)) for units in self.hidden), logits]

    def move(self, state, draws):
        layers, logits = self.update(state[:-1], draws)
        return [*layers, logits]

    def emit(self, state, draws):
        return tf.sigmoid(state[-1])

    def get_config(self):
        return {
            **super().get_config(),
            "hidden": self.hidden,
            "walkbacks": self.walkbacks,
            "salt_and_pepper": self.salt_and_pepper,
            "noise": self.noise,
        }
