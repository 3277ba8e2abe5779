"""The conditional GAN."""

import keras
import numpy as np
import tensorflow as tf

from tfgan import checks, conditions
from tfgan.errors import InputError
from tfgan.gan import GAN

_SAY_KIND = "CGAN(..., condition=tfgan.conditions.Labels(n))"


@keras.saving.register_keras_serializable(package="tfgan")
class CGAN(GAN):
    """A conditional GAN: both networks are called with `[x, condition]`.

    The fake images of a step carry the conditions of its real batch.

    Args:
        generator: Keras model, `[latents, condition]` -> images in [0, 1].
        discriminator: Keras model, `[images, condition]` -> logits `(batch, 1)`; or, with an auxiliary
            classifier of the images' conditions, the tuple (logits, condition logits
            `(batch, condition.dim)`).
        condition: `tfgan.conditions.Labels`, `MultiLabel`, `Vector` or None, which takes
            `generator.condition`. Where that is missing too, conditions go to the networks unchecked
            and `sample` needs them given.
        **kwargs: as for `GAN`.

    Attributes:
        seen_conditions: `tfgan.conditions.Frequencies` of labels, else `Pool`: how the conditions of
            the training data are distributed, which those of samples are drawn from. `fit` fills it,
            or `remember_conditions`; `save` keeps it. None where nobody said what the condition is.

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
        self.seen_conditions = self.no_conditions_seen()
        super().__init__(generator, discriminator, **kwargs)

    conditional = True

    @property
    def condition(self):
        """`tfgan.conditions.Labels`, `MultiLabel` or `Vector`, or None where nobody said."""
        return self._condition

    def no_conditions_seen(self):
        """Returns `seen_conditions` as it is before any was seen."""
        return None if self.condition is None else self.condition.empirical()

    def remember_conditions(self, values):
        """Makes `sample` draw conditions as they are distributed here.

        `fit` does it with those it looks at; data that it is told not to look at (`check=False`) need
        this.

        Args:
            values: `(n, *condition.shape)` array-like, such as the labels of the training data.

        Raises:
            InputError: if the values do not fit, or nobody said what the condition is.
        """
        if self.condition is None:
            raise InputError(f"conditions of what kind is unknown: {_SAY_KIND}.")
        checked = self.condition.check(values)
        if not len(checked):
            raise InputError("there are no conditions to remember: give at least one.")
        seen = self.condition.empirical()
        seen.add(checked)
        self.seen_conditions = seen

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
            condition: `(count, *condition.shape)` array-like; one for all samples;
                `tfgan.conditions.Mix` of two; or None, which draws them as the training data has them,
                and labels uniformly where no data was seen.
            seed: int or None, for drawing.

        Returns:
            `(count, *condition.shape)`; of a mix float32 `(count, condition.dim)`, which is encoded.

        Raises:
            InputError: for another count, values that do not fit, conditions that are not given and
                cannot be drawn, or a generator that takes no mix.
        """
        if condition is None:
            return self._draw_conditions(count, seed)
        if isinstance(condition, conditions.Mix):
            return self._mixed(count, condition)
        if self.condition is not None:
            return self.condition.rows(condition, count)
        if not hasattr(condition, "__len__"):
            condition = np.repeat(condition, count)
        conditions.check_count(condition, count)
        return np.asarray(condition)

    def _draw_conditions(self, count, seed):
        if self.condition is None:
            raise InputError(
                "sample needs condition=..., one per image: this CGAN was made without saying "
                f"what its condition is ({_SAY_KIND})."
            )
        source = self.seen_conditions if self.seen_conditions.seen else self.condition
        return source.draw(count, seed)

    def _mixed(self, count, mix):
        """The encoded conditions of a mix."""
        if self.condition is None:
            raise InputError(f"a mix needs a CGAN that knows its condition: {_SAY_KIND}.")
        encoded = mix.encode(self.condition, count)
        if not self._takes_encoded():
            raise InputError(
                f"the generator {self.sampler.name!r} takes conditions only as they are, a mix is "
                f"encoded: float (batch, {self.condition.dim}). Encode inside it, by "
                f"{self.condition}.encode."
            )
        return encoded

    def _takes_encoded(self):
        """Whether the generator makes the same images of conditions and of encoded ones: tried."""
        if _casts_to_integers(self.sampler):
            return False
        z, example = tf.constant(self.draw_latents(2, seed=0)), self.example_condition(2)
        wanted = self.generate(z, example, training=False)
        try:
            encoded = tf.convert_to_tensor(self.condition.encode(example))
            got = self.generate(z, encoded, training=False)
        except Exception:  # whatever a user's network raises
            return False
        got, wanted = (np.asarray(images, "float32") for images in (got, wanted))
        return np.allclose(got, wanted, atol=1e-5, equal_nan=True)

    # Saving: what is drawn from goes with the weights.

    def save_own_variables(self, store):
        super().save_own_variables(store)
        if self.seen_conditions is not None and self.seen_conditions.seen:
            for name, value in self.seen_conditions.state().items():
                store[name] = value

    def load_own_variables(self, store):
        super().load_own_variables(store)
        seen = self.no_conditions_seen()
        names = set(store.keys())
        if seen is not None and names.issuperset(seen.state()):  # not so in files of older versions
            seen.restore({name: store[name] for name in seen.state()})
            self.seen_conditions = seen

    def get_config(self):
        condition = self.condition
        if condition is not None:
            condition = keras.saving.serialize_keras_object(condition)
        return {**super().get_config(), "condition": condition}


def _casts_to_integers(generator):
    """Whether Keras rounds the condition of a functional generator before anything sees it."""
    inputs = getattr(generator, "inputs", None)
    return inputs is not None and not keras.backend.is_float_dtype(inputs[-1].dtype)
