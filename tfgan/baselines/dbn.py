"""The deep belief network.

Reference:
    Hinton, Osindero & Teh, 2006, *A fast learning algorithm for deep belief nets*.
"""

import keras
import tensorflow as tf

from tfgan.baselines.rbm import RBM
from tfgan.baselines.stacked import Stacked
from tfgan.networks.goodfellow2014.mnist import marginal_bias


@keras.saving.register_keras_serializable(package="tfgan")
class DBN(Stacked):
    """A deep belief network: restricted Boltzmann machines, each trained on the one below's E[h].

    `sample` runs Gibbs sampling in the top machine, and draws down from layer to layer; the pixels are
    probabilities.

    Args:
        image_shape: shape of an image, such as (28, 28, 1).
        hidden: ints >= 1. Units of each layer, from below.
        cd_steps, persistent, particles: as `tfgan.baselines.RBM`.
        **kwargs: as `tfgan.baselines.model.Baseline`.

    Attributes:
        machines: list of `tfgan.baselines.RBM`, from below.

    Raises:
        InputError: for a number out of range.
    """

    def __init__(
        self,
        image_shape,
        *,
        hidden=(500, 500),
        cd_steps=1,
        persistent=False,
        particles=100,
        **kwargs,
    ):
        super().__init__(image_shape, hidden=hidden, **kwargs)
        self.negative = {"cd_steps": cd_steps, "persistent": persistent, "particles": particles}
        widths = (self.dim, *self.hidden)
        self.machines = [
            RBM((widths[i],), hidden=widths[i + 1], seed=(self.seed + i) % 2**31, **self.negative)
            for i in range(len(self.hidden))
        ]

    def default_optimizer(self):
        return self.machines[0].default_optimizer()

    def set_mean_image(self, mean_image):
        """As `RBM.set_mean_image`, of the lowest machine."""
        self.machines[0].visible_bias.assign(marginal_bias(mean_image, self.image_shape))

    def below(self, rows, layer):
        for machine in self.machines[:layer]:
            rows = machine.hidden_given(rows)
        return tf.stop_gradient(rows)

    def losses_of(self, layer, rows, draws, *, training):
        return self.machines[layer].losses(rows, draws, training=training)

    def variables_of(self, layer):
        return self.machines[layer].trainable_variables

    # Sampling: the state is the top machine's visible units.

    def start(self, draws):
        return [draws.coins((self.chains, self.machines[-1].dim))]

    def move(self, state, draws):
        return self.machines[-1].move(state, draws)

    def emit(self, state, draws):
        rows = self.machines[-1].emit(state, draws)
        for machine in reversed(self.machines[:-1]):
            rows = machine.visible_given(draws.bernoulli(rows))
        return rows

    def get_config(self):
        return {**super().get_config(), **self.negative}
