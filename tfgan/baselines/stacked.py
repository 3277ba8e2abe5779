"""Baselines of several layers, each trained when those below it are done."""

import functools

import tensorflow as tf

from tfgan import checks, lazily
from tfgan.baselines.model import Baseline, check_hidden


class Stacked(Baseline):
    """A `Baseline` whose layers learn one after another, each on what those below make of the images.

    Args:
        image_shape: as `Baseline`.
        hidden: ints >= 1. Units of each layer, from below.
        **kwargs: as `Baseline`.

    Reference:
        Greedy layerwise training: Hinton, Osindero & Teh, 2006; Bengio et al., 2007.
    """

    def __init__(self, image_shape, *, hidden, **kwargs):
        super().__init__(image_shape, **kwargs)
        self.hidden = check_hidden(hidden)
        self.steps_per_layer = 1

    def compile(self, *, steps_per_layer=5_000, **kwargs):
        """Configures training.

        Args:
            steps_per_layer: int >= 1. Steps of each layer before the next one's turn; the last one
                learns as long as training lasts.
            **kwargs: as `Baseline.compile`.

        Raises:
            InputError: for a value out of range.
        """
        self.steps_per_layer = checks.at_least_one("steps_per_layer", steps_per_layer)
        super().compile(**kwargs)
        self.training_config["steps_per_layer"] = self.steps_per_layer

    def below(self, rows, layer):
        """What the layers below one make of rows: float32 `(batch, units)`; no gradient passes."""
        raise NotImplementedError

    def losses_of(self, layer, rows, draws, *, training):
        """As `Baseline.losses`, of one layer on rows of its inputs."""
        raise NotImplementedError

    def variables_of(self, layer):
        """What one layer learns."""
        raise NotImplementedError

    def _of_layer_due(self, do):
        """`do(layer)` of the layer that learns in this step."""
        known, last = lazily.example(), len(self.hidden) - 1
        if known is not None:
            return do(min(known // self.steps_per_layer, last))
        due = tf.cast(tf.minimum(self.train_steps.value // self.steps_per_layer, last), tf.int32)
        return tf.switch_case(due, [functools.partial(do, layer) for layer in range(last + 1)])

    def learn(self, rows, draws):
        def one(layer):
            own = self.below(rows, layer)
            losses = functools.partial(self.losses_of, layer, own, draws.again(), training=True)
            self.descend(losses, self.variables_of(layer), rows)
            return tf.constant(0)

        self._of_layer_due(one)

    def losses(self, rows, draws, *, training):
        def one(layer):
            own = self.below(rows, layer)
            loss, told = self.losses_of(layer, own, draws.again(), training=training)
            return loss, {name: tf.reduce_mean(value) for name, value in told.items()}

        return self._of_layer_due(one)

    def get_config(self):
        return {**super().get_config(), "hidden": self.hidden}
