"""Noise-contrastive estimation of an unnormalised model.

Reference:
    Gutmann & Hyvarinen, 2010, *Noise-contrastive estimation: a new estimation principle for
    unnormalized statistical models*.
"""

import math

import keras
import numpy as np
import tensorflow as tf

from tfgan import checks
from tfgan.baselines.draws import Draws
from tfgan.baselines.model import SAMPLE_STREAM, Baseline
from tfgan.errors import InputError

_AT_A_TIME = 2**24  # numbers of proposals


@keras.saving.register_keras_serializable(package="tfgan")
class NCE(Baseline):
    """An unnormalised model ln p(x) = network(x) + c, told from noise of known density; c is learned.

    Training is logistic regression: whether a row is data or noise, by ln p(x) - ln p_n(x). The noise
    stays what it is, so learning slows as the model comes to be told from it easily; an adversarial
    net's generator moves with the data instead.

    `sample` draws from the noise, and from these draws as the model weighs them (sampling-importance
    resampling): right where the noise covers the model. Of many samples, these are of some at a time.

    Args:
        network: Keras model or layer, float `(batch, *image_shape)` -> `(batch, 1)`: ln p(x) up to c.
        noise: `Normal`, or another serializable object with `sample(count, draws)`, which gives
            `(count, dim)`, and `log_prob(rows)`, which gives `(count,)`.
        image_shape: shape of a row of data.
        noise_ratio: int >= 1. Draws of noise per row of data.
        proposals: int >= 1. Draws of noise per sample.
        **kwargs: as `tfgan.baselines.model.Baseline`; no chain runs.

    Attributes:
        log_normalizer: variable c: minus the log of what the network's exponential sums up to.

    Raises:
        InputError: for a number out of range, or a network or noise of another shape.
    """

    METRICS = ("loss", "accuracy")

    def __init__(self, network, noise, image_shape, *, noise_ratio=1, proposals=100, **kwargs):
        super().__init__(image_shape, **kwargs)
        self.network = network
        self.noise = noise
        self.noise_ratio = checks.at_least_one("noise_ratio", noise_ratio)
        self.proposals = checks.at_least_one("proposals", proposals)
        self.log_normalizer = self.add_weight(shape=(), initializer="zeros", name="log_normalizer")
        found = tuple(self.network(tf.zeros((2, *self.image_shape))).shape)
        if found != (2, 1):
            raise InputError(f"the network must return (batch, 1), got {('batch', *found[1:])}.")
        rows = tuple(self.noise.sample(2, Draws(0, 0)).shape)
        if rows != (2, self.dim):
            raise InputError(
                f"the noise must be of {self.dim} numbers, as image_shape {self.image_shape} has, got "
                f"{('count', *rows[1:])}."
            )

    @property
    def unbounded(self):
        return True

    def log_prob(self, rows, *, training=False):
        """ln p(x) of float `(n, dim)`: `(n,)`, in nats; normalised as far as c is learned."""
        images = tf.reshape(rows, (-1, *self.image_shape))  # (n, *image_shape)
        return self.network(images, training=training)[:, 0] + self.log_normalizer

    def _ratio(self, rows, training):
        """ln p(x) - ln(k p_n(x)), the logit of data among k draws of noise to one of data."""
        log_prob = self.log_prob(rows, training=training)
        return log_prob - self.noise.log_prob(rows) - math.log(self.noise_ratio)

    def losses(self, rows, draws, *, training):
        noise = self.noise.sample(self.noise_ratio * tf.shape(rows)[0], draws)
        of_data, of_noise = self._ratio(rows, training), self._ratio(noise, training)
        loss = tf.reduce_mean(tf.nn.softplus(-of_data))
        loss += self.noise_ratio * tf.reduce_mean(tf.nn.softplus(of_noise))
        right = tf.concat([of_data > 0, of_noise <= 0], axis=0)
        return loss, {"accuracy": tf.cast(right, tf.float32)}

    def sample(self, count, condition=None, *, seed=None, **of_latents):
        """Draws rows; see the class.

        Args, Returns, Raises: as `tfgan.baselines.model.Baseline.sample`.
        """
        count, seed = self._check_asked(count, condition, seed, of_latents)
        found = np.empty((count, self.dim), "float32")
        size = max(1, _AT_A_TIME // (self.proposals * self.dim))
        for piece, first in enumerate(range(0, count, size)):
            wanted = found[first : first + size]
            draws = Draws(seed, SAMPLE_STREAM + piece)
            rows = self.noise.sample(len(wanted) * self.proposals, draws)
            weights = tf.nn.softmax(self.log_prob(rows) - self.noise.log_prob(rows)).numpy()
            ends = np.cumsum(weights, dtype="float64")
            chosen = np.searchsorted(ends, draws.uniform((len(wanted),)).numpy() * ends[-1])
            wanted[:] = rows.numpy()[chosen]
        return found.reshape(count, *self.image_shape)  # (count, *image_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "network": keras.saving.serialize_keras_object(self.network),
            "noise": keras.saving.serialize_keras_object(self.noise),
            "noise_ratio": self.noise_ratio,
            "proposals": self.proposals,
        }

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        for name in ("network", "noise"):
            config[name] = keras.saving.deserialize_keras_object(config[name])
        return cls(**config)
