"""The conditional GAN."""

import keras
import numpy as np
import tensorflow as tf

from tfgan import checks, conditions
from tfgan.errors import InputError
from tfgan.gan import GAN


@keras.saving.register_keras_serializable(package="tfgan")
class CGAN(GAN):
    """A conditional GAN: both networks are called with `[x, condition]`.

    The fake images of a step carry the conditions of its real batch.

    Args:
        generator: Keras model, `[latents, condition]` -> images in [0, 1].
        discriminator: Keras model, `[images, condition]` -> logits `(batch, 1)`; or, with an auxiliary
            classifier of the images' conditions, the tuple (logits, condition logits
            `(batch, condition.dim)`).
        condition: `tfgan.conditions.Labels`, `Vector` or None, which takes `generator.condition`.
            Where that is missing too, conditions go to the networks unchecked and `sample` needs them
            given.
        **kwargs: as for `GAN`.

    Raises:
        InputError: as `GAN`.

    Reference:
        Mirza & Osindero, 2014, equation 2 (arXiv 1411.1784); the auxiliary classifier Odena et al.,
        2017, section 3 (arXiv 1610.09585).
    """

    def __init__(self, generator, discriminator, *, condition=None, **kwargs):
        if condition is None:
            condition = getattr(generator, "condition", None)
        for network in (generator, discriminator):
            theirs = getattr(network, "condition", None)
            if condition is not None and theirs is not None and theirs != condition:
                raise InputError(
                    f"{network.name!r} was built for {theirs!r}, expected {condition!r}: build both "
                    "networks for one condition."
                )
        # First, since the constructor tries the networks with it.
        self._condition = None if condition is None else conditions.get(condition)
        super().__init__(generator, discriminator, **kwargs)

    conditional = True

    @property
    def condition(self):
        """`tfgan.conditions.Labels` or `Vector`, or None where nobody said."""
        return self._condition

    def example_condition(self, count):
        """Returns a condition `(count, ...)` the networks can be called with, as a tensor."""
        if self.condition is not None:
            return tf.constant(self.condition.example(count))
        return checks.zeros_for_second_input(self.generator, count)

    def call_generator(self, network, latents, condition, *, training):
        """Calls a generator on `[latents, condition]`."""
        return network([latents, condition], training=training)

    def call_discriminator(self, images, condition, *, training):
        """Calls the discriminator on `[images, condition]`."""
        return self.discriminator([images, condition], training=training)

    def call(self, inputs, training=None):
        latents, condition = inputs
        return self.generate(latents, condition, training=training)

    def check_condition(self, count, condition, *, seed=None):
        """Returns the conditions of `count` samples.

        Args:
            count: int.
            condition: `(count, *condition.shape)` array-like; one for all samples; or None, which
                draws labels.
            seed: int or None, for drawing.

        Raises:
            InputError: for another count, values that do not fit, or vectors that are not given.
        """
        if condition is None:
            if self.condition is None:
                raise InputError(
                    "sample needs condition=..., one per image: this CGAN was made without saying "
                    "what its condition is (CGAN(..., condition=tfgan.conditions.Labels(n)))."
                )
            return self.condition.draw(count, seed)
        values = condition
        if self._is_one(condition):
            values = np.repeat(np.asarray(condition)[None], count, axis=0)
        if len(values) != count:
            raise InputError(
                f"{count} samples need {count} conditions, got {len(values)}: "
                "give one per image, or one for all."
            )
        return np.asarray(values) if self.condition is None else self.condition.check(values)

    def _is_one(self, condition):
        """Whether this is one condition, for all samples."""
        if not hasattr(condition, "__len__"):
            return True
        of_vectors = self.condition is not None and self.condition.shape
        return bool(of_vectors) and len(condition) > 0 and not hasattr(condition[0], "__len__")

    def get_config(self):
        condition = self.condition
        if condition is not None:
            condition = keras.saving.serialize_keras_object(condition)
        return {**super().get_config(), "condition": condition}
