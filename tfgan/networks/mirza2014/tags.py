"""The multimodal networks: an image's features -> word vectors of its tags.

What they make and judge are word vectors, not images: float `(batch, word_dim)`, without bounds.

Reference:
    Mirza & Osindero, 2014, section 4.2 (arXiv 1411.1784). The paper gives no initialisation: Keras's
    default, Glorot's uniform, is taken, which suits any number of features.
"""

import keras
from keras import layers, ops

from tfgan import conditions
from tfgan.layers import Dropout, Maxout
from tfgan.networks.mirza2014.mnist import inputs


@keras.saving.register_keras_serializable(package="tfgan.mirza2014")
class TagGenerator(keras.Model):
    """Latents and features each through a ReLU layer, both into one linear layer, a word vector.

    The two ways meet only in that linear layer: without dropout, noise moves the word vector in the
    same way whatever the image is.

    Args:
        word_dim: int. Width of the word vectors.
        condition: `tfgan.conditions.Vector` of the features' width; the paper's has 4096.
        latent_dim: int. Width of the latents, for which `noise` is N(0, 1).
        latent_units: int. Width of the layer on the latents.
        condition_units: int. Width of the layer on the features.
        dropout: float in [0, 1). Fraction of the units of each hidden layer dropped while training;
            sampling runs without.

    Inputs: `[latents, condition]`, float `(batch, latent_dim)` and `(batch, *condition.shape)`.
    Output shape: float `(batch, word_dim)`.

    Raises:
        InputError: if `condition` is none.

    Reference:
        Mirza & Osindero, 2014, section 4.2 (arXiv 1411.1784).
    """

    noise = "normal"
    value_range = None

    def __init__(
        self,
        word_dim=200,
        *,
        condition,
        latent_dim=100,
        latent_units=500,
        condition_units=2000,
        dropout=0.5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.word_dim = word_dim
        self.condition = conditions.get(condition)
        self.latent_dim = latent_dim
        self.latent_units = latent_units
        self.condition_units = condition_units
        self.dropout = dropout
        self.latent_hidden = layers.Dense(latent_units, activation="relu")
        self.condition_hidden = layers.Dense(condition_units, activation="relu")
        self.drop = Dropout(dropout)
        self.word = layers.Dense(word_dim)
        self(inputs((latent_dim,), self.condition))

    def call(self, inputs, training=None):
        latents, condition = inputs
        z = self.latent_hidden(latents)
        y = self.condition_hidden(self.condition.encode(condition))
        h = self.drop(ops.concatenate([z, y], axis=-1), training=training)
        return self.word(h)

    def get_config(self):
        return {
            **super().get_config(),
            "word_dim": self.word_dim,
            "condition": keras.saving.serialize_keras_object(self.condition),
            "latent_dim": self.latent_dim,
            "latent_units": self.latent_units,
            "condition_units": self.condition_units,
            "dropout": self.dropout,
        }


@keras.saving.register_keras_serializable(package="tfgan.mirza2014")
class TagDiscriminator(keras.Model):
    """Word vector and features each through a ReLU layer, joined by a maxout layer, and a logit.

    Args:
        word_dim: int. Width of the word vectors.
        condition: `tfgan.conditions.Vector` of the features' width; the paper's has 4096.
        word_units: int. Width of the layer on the word vector.
        condition_units: int. Width of the layer on the features.
        units: int. Width of the joint maxout layer, of 3 pieces.
        dropout: float in [0, 1). Fraction of the units of each hidden layer dropped while training.

    Inputs: `[words, condition]`, float `(batch, word_dim)` and `(batch, *condition.shape)`.
    Output shape: logits `(batch, 1)`.

    Raises:
        InputError: if `condition` is none.

    Reference:
        Mirza & Osindero, 2014, section 4.2 (arXiv 1411.1784).
    """

    def __init__(
        self,
        word_dim=200,
        *,
        condition,
        word_units=500,
        condition_units=1200,
        units=1000,
        dropout=0.5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.word_dim = word_dim
        self.image_shape = (word_dim,)
        self.condition = conditions.get(condition)
        self.word_units = word_units
        self.condition_units = condition_units
        self.units = units
        self.dropout = dropout
        self.word_hidden = layers.Dense(word_units, activation="relu")
        self.condition_hidden = layers.Dense(condition_units, activation="relu")
        self.drop1 = Dropout(dropout)
        self.joint = Maxout(units, pieces=3)
        self.drop2 = Dropout(dropout)
        self.logit = layers.Dense(1)
        self(inputs(self.image_shape, self.condition))

    def call(self, inputs, training=None):
        words, condition = inputs
        x = self.word_hidden(words)
        y = self.condition_hidden(self.condition.encode(condition))
        h = self.drop1(ops.concatenate([x, y], axis=-1), training=training)
        h = self.drop2(self.joint(h), training=training)
        return self.logit(h)

    def get_config(self):
        return {
            **super().get_config(),
            "word_dim": self.word_dim,
            "condition": keras.saving.serialize_keras_object(self.condition),
            "word_units": self.word_units,
            "condition_units": self.condition_units,
            "units": self.units,
            "dropout": self.dropout,
        }
