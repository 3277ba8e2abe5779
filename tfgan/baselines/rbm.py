"""The restricted Boltzmann machine.

Reference:
    Smolensky, 1986; contrastive divergence: Hinton, 2002; persistent: Tieleman, 2008.
"""

import keras
import numpy as np
import tensorflow as tf

from tfgan import checks
from tfgan.baselines import exact
from tfgan.baselines.model import Baseline, cross_entropy
from tfgan.networks.goodfellow2014.mnist import marginal_bias


@keras.saving.register_keras_serializable(package="tfgan")
class RBM(Baseline):
    """A binary restricted Boltzmann machine: E(v, h) = -b'v - c'h - v'Wh.

    Pixels in [0, 1] are taken for probabilities of a visible unit, as in a stack's second machine.
    `sample` runs Gibbs sampling and gives the visible units' probabilities.

    Args:
        image_shape: shape of an image, such as (28, 28, 1), or (n,) of n visible units.
        hidden: int >= 1. Hidden units.
        cd_steps: int >= 1. The k of CD-k: Gibbs steps of the negative phase.
        persistent: bool. Whether its chains go on from step to step (PCD) instead of from the data.
        particles: int >= 1. Persistent chains.
        **kwargs: as `tfgan.baselines.model.Baseline`.

    Attributes:
        kernel: W, `(visible, hidden)`; visible_bias: b; hidden_bias: c.

    Raises:
        InputError: for a number out of range.

    Example:

    ```python
    rbm = tfgan.baselines.RBM((28, 28, 1), hidden=500, persistent=True)
    rbm.compile(optimizer=keras.optimizers.SGD(0.05), steps_per_execution=50)
    rbm.fit(images, batch_size=100, epochs=10)  # float (n, H, W, C) in [0, 1]
    rbm.sample(100, seed=0)
    ```
    """

    def __init__(
        self, image_shape, *, hidden=500, cd_steps=1, persistent=False, particles=100, **kwargs
    ):
        super().__init__(image_shape, **kwargs)
        self.hidden = checks.at_least_one("hidden", hidden)
        self.cd_steps = checks.at_least_one("cd_steps", cd_steps)
        checks.check_choice("persistent", persistent, (True, False))
        self.persistent = persistent
        self.particles = checks.at_least_one("particles", particles)
        small = keras.initializers.RandomNormal(stddev=0.01, seed=self.seed % 2**31)
        self.kernel = self.add_weight(shape=(self.dim, self.hidden), initializer=small, name="kernel")
        self.visible_bias = self.add_bias(self.dim, "visible_bias")
        self.hidden_bias = self.add_bias(self.hidden, "hidden_bias")
        if persistent:
            coins = keras.initializers.RandomUniform(0, 1, seed=self.seed % 2**31)
            self.chain = self.add_weight(
                shape=(self.particles, self.dim),
                initializer=lambda shape, dtype: keras.ops.round(coins(shape, dtype)),
                trainable=False,
                name="chain",
            )

    def default_optimizer(self):
        return keras.optimizers.SGD(0.05)

    def set_mean_image(self, mean_image):
        """Starts the visible biases at logit(mean pixel), as Hinton, 2012, section 8.1."""
        self.visible_bias.assign(marginal_bias(mean_image, self.image_shape))

    # The distribution.

    def energy(self, visible, hidden):
        """E(v, h) of float `(n, visible)` and `(n, hidden)`: `(n,)`."""
        together = tf.reduce_sum((visible @ self.kernel) * hidden, axis=-1)
        return -tf.linalg.matvec(visible, self.visible_bias) - (
            tf.linalg.matvec(hidden, self.hidden_bias) + together
        )

    def free_energy(self, visible):
        """F(v) = -log sum_h exp(-E(v, h)) of float `(n, visible)`: `(n,)`."""
        softplus = tf.nn.softplus(visible @ self.kernel + self.hidden_bias)
        return -tf.linalg.matvec(visible, self.visible_bias) - tf.reduce_sum(softplus, axis=-1)

    def hidden_given(self, visible):
        """p(h = 1 | v), `(n, hidden)`."""
        return tf.sigmoid(visible @ self.kernel + self.hidden_bias)

    def visible_given(self, hidden):
        """p(v = 1 | h), `(n, visible)`."""
        return tf.sigmoid(self._visible_logits(hidden))

    def _visible_logits(self, hidden):
        return tf.matmul(hidden, self.kernel, transpose_b=True) + self.visible_bias

    def gibbs(self, visible, draws):
        """One step of Gibbs sampling: `(n, visible)` -> 0 or 1, `(n, visible)`."""
        return draws.bernoulli(self.visible_given(draws.bernoulli(self.hidden_given(visible))))

    def log_partition(self):
        """log Z, by going through all states of the smaller layer.

        Raises:
            InputError: if that has more than 20 units.
        """
        return exact.log_partition(self.visible_bias, self.hidden_bias, self.kernel)

    def log_likelihood(self, visible):
        """log p(v) of float `(n, visible)`, float64 `(n,)`, in nats; see `log_partition`."""
        visible = tf.constant(np.asarray(visible, "float32"))
        return -self.free_energy(visible).numpy().astype("float64") - self.log_partition()

    # Learning: the slope of mean F(data) - mean F(chain) is that of the likelihood, estimated.

    def losses(self, rows, draws, *, training):
        visible = self.chain.value if self.persistent else rows
        for _ in range(self.cd_steps):
            visible = self.gibbs(visible, draws)
        visible = tf.stop_gradient(visible)
        if training and self.persistent:
            self.chain.assign(visible)
        gap = tf.reduce_mean(self.free_energy(rows)) - tf.reduce_mean(self.free_energy(visible))
        logits = tf.stop_gradient(self._visible_logits(self.hidden_given(rows)))
        return gap, {"reconstruction": cross_entropy(rows, logits)}

    # Sampling.

    def start(self, draws):
        return [draws.coins((self.chains, self.dim))]

    def move(self, state, draws):
        return [self.gibbs(state[0], draws)]

    def emit(self, state, draws):
        return self.visible_given(draws.bernoulli(self.hidden_given(state[0])))

    def get_config(self):
        return {
            **super().get_config(),
            "hidden": self.hidden,
            "cd_steps": self.cd_steps,
            "persistent": self.persistent,
            "particles": self.particles,
        }
