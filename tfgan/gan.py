"""The GAN as a Keras model: compile, fit, sample, save."""

import random

import keras
import numpy as np
import tensorflow as tf

from tfgan import batches, checks, precision, replicas, steps
from tfgan import latents as priors  # arguments are called latents
from tfgan.compiled import Compiled
from tfgan.data.dataset import to_float
from tfgan.errors import InputError


@keras.saving.register_keras_serializable(package="tfgan")
class GAN(Compiled):
    """A generative adversarial net: any two Keras models, trained by `fit`.

    One dataset batch is one discriminator step; after every `d_steps` of them comes one generator
    step. Called or used by `predict`, the model is its generator: latents -> images.

    Args:
        generator: Keras model, latents `(batch, latent_dim)` -> images `(batch, H, W, C)` in [0, 1];
            or samples of any shape and range, where it has `value_range = None`.
        discriminator: Keras model, images -> logits `(batch, 1)`.
        latent_dim: int or None. None takes it from `generator.latent_dim` or its input shape.
        noise: "normal" (N(0, 1)), "uniform" (U(-sqrt 3, sqrt 3)), "unit_uniform" (U(0, 1)) or None,
            which takes `generator.noise`, or "normal" where there is none.
        seed: int or None. Seeds the latents of training; None draws one, which
            `keras.utils.set_random_seed` determines.

    Raises:
        InputError: if the generator's images do not fit the discriminator, if the discriminator
            does not return `(batch, 1)`, or if `latent_dim` cannot be found.

    Example:

    ```python
    gan = tfgan.GAN(generator, discriminator)
    gan.compile(loss="non_saturating")
    gan.fit(images, batch_size=100, epochs=10)  # float (n, H, W, C) in [0, 1], or uint8
    gan.sample(16, seed=0)
    ```

    Reference:
        Goodfellow et al., 2014, Algorithm 1 (arXiv 1406.2661).
    """

    def __init__(self, generator, discriminator, *, latent_dim=None, noise=None, seed=None, **kwargs):
        super().__init__(**kwargs)
        checks.check_networks(generator, discriminator)
        self.generator = generator
        self.discriminator = discriminator
        self.ema_generator = None  # what `compile(ema_decay=...)` makes
        self.latent_dim = checks.find_latent_dim(generator, latent_dim)
        self.noise = noise or getattr(generator, "noise", "normal")
        self._draw = priors.in_steps(self.noise)
        self.seed = checks.check_seed(random.randrange(1 << 31) if seed is None else seed)
        self.train_steps = self.add_weight(
            shape=(), dtype="int64", initializer="zeros", trainable=False, name="train_steps"
        )
        # How strongly images are augmented, and the evidence since that was last adapted.
        self.augment_strength = self.add_weight(
            shape=(), initializer="zeros", trainable=False, name="augment_strength"
        )
        self.augment_evidence = self.add_weight(
            shape=(2,), initializer="zeros", trainable=False, name="augment_evidence"
        )
        self._trackers = {name: keras.metrics.Mean(name=name) for name in steps.METRICS}
        self.image_shape = self._try_networks()
        self.built = True

    def _try_networks(self):
        """Runs both networks once, which builds them; returns the shape of an image."""
        latent = tf.zeros((2, self.latent_dim))
        condition = self.example_condition(2)
        images = checks.run_network(
            "generator",
            lambda: self.generate(latent, condition, training=False),
            f"latents {tuple(latent.shape)}",
        )
        takes = checks.known_image_shape(self.discriminator)
        makes = tuple(images.shape[1:])
        if takes is not None and takes != makes:
            raise InputError(
                f"the discriminator takes images of shape {takes}, the generator makes {makes}: "
                "build both for one image shape."
            )
        outputs = checks.run_network(
            "discriminator",
            lambda: self.call_discriminator(images, condition, training=False),
            f"the generator's images {tuple(images.shape)}",
            most=2,
        )
        logits, condition_logits = _logits_of(outputs)
        if tuple(logits.shape) != (2, 1):
            raise InputError(
                "the discriminator must return logits of shape (batch, 1), got "
                f"(batch, {', '.join(map(str, logits.shape[1:]))}): end it with Dense(1)."
            )
        if condition_logits is not None:
            checks.check_auxiliary(self.condition, tuple(condition_logits.shape))
        self.auxiliary = condition_logits is not None
        return makes

    # How the networks are called: a conditional GAN has its own way.

    def networks(self):
        return {"discriminator": self.discriminator, "generator": self.generator}

    @property
    def sampler(self):
        """The network that samples: the generator's moving average where there is one."""
        return self.generator if self.ema_generator is None else self.ema_generator

    def generate(self, latents, condition=None, *, training, ema=True):
        """Runs the generator: float `(batch, latent_dim)` -> images float `(batch, H, W, C)`.

        Outside of training it is the `sampler`, unless `ema` is False.
        """
        network = self.sampler if ema and not training else self.generator
        return self.call_generator(network, latents, condition, training=training)

    def call_generator(self, network, latents, condition, *, training):
        """Calls a generator with what it takes: here the latents, see `CGAN`."""
        return network(latents, training=training)

    def discriminate(self, images, condition=None, *, training):
        """Runs the discriminator: images float `(batch, H, W, C)` -> logits `(batch, 1)`.

        float32, also of networks that compute in less; float64 of networks that do.
        """
        return self.judge(images, condition, training=training)[0]

    def judge(self, images, condition=None, *, training):
        """As `discriminate`, with what an auxiliary classifier makes of the images.

        Returns:
            logits `(batch, 1)`, and the condition's `(batch, condition.dim)` or None.
        """
        return _logits_of(self.call_discriminator(images, condition, training=training))

    def call_discriminator(self, images, condition, *, training):
        """Calls the discriminator with what it takes: here the images, see `CGAN`."""
        return self.discriminator(images, training=training)

    def call(self, latents, training=None):
        return self.generate(latents, training=training)

    @property
    def metrics(self):
        return [self._trackers[name] for name in steps.recorded(self)]

    # Training: `fit` and `evaluate` are Trainer's.

    def train_step(self, data):
        images, condition = self._unpack(data)
        with precision.products(self.matmul_precision):
            steps.train_step(self, images, condition)
        return self.get_metrics_result()

    def test_step(self, data):
        seen = replicas.summed(tf.identity(self._trackers["d_loss"].count))  # images so far
        images, condition = self._unpack(data)
        steps.test_step(self, images, condition, seen)
        return self.get_metrics_result()

    @property
    def unbounded(self):
        return checks.is_unbounded(self.generator)

    def example_samples(self):
        z = tf.constant(self.draw_latents(16, seed=0))
        return self.generate(z, self.example_condition(16), training=False)

    def _unpack(self, data):
        """Returns float images in [0, 1] and the condition (None for a GAN) of one batch."""
        images, condition = batches.split_batch(self, data)
        images = to_float(images)
        double = "float64" in (self.compute_dtype, self.discriminator.compute_dtype)
        return tf.cast(images, "float64" if double else self.compute_dtype), condition

    def record(self, count, **values):
        """Adds the mean of each value, over `count` images, to the metric of that name."""
        for name, value in values.items():
            self._trackers[name].update_state(tf.reduce_mean(value), sample_weight=count)

    # Sampling.

    def draw_latents(self, count, *, seed=None, truncation=1.0):
        """Draws latents from the prior.

        Args:
            count: int >= 1.
            seed: int >= 0, or None (fresh ones at every call).
            truncation: float in (0, 1]. What latents are drawn towards the prior's mean by: below 1
                samples are more typical and less varied.

        Returns:
            float32 `(count, latent_dim)`.

        Raises:
            InputError: if `count` is below 1, `seed` no such integer or `truncation` out of range.

        Reference:
            Truncation as in Brock et al., 2019, section 3.1 (arXiv 1809.11096), by scaling.
        """
        checks.check_truncation(truncation)
        count = checks.check_samples(count)
        if seed is None:
            seed = np.random.default_rng().integers(1 << 31)
        seed = checks.check_seed(seed)
        draw = priors.get(self.noise)
        z = draw((count, self.latent_dim), self.seed_pair(steps.SAMPLE_STREAM, seed=seed)).numpy()
        if truncation == 1:
            return z
        mean = np.float32(priors.moments(self.noise)[0])
        return mean + np.float32(truncation) * (z - mean)

    def latents_of(self, count, number):
        """The latents of a training step, float32 `(count, latent_dim)`; usable in a graph.

        Args:
            count: int or scalar tensor.
            number: int64, tells the streams and steps of the GAN's seed apart.
        """
        return self._draw((count, self.latent_dim), self.seed_pair(number))

    def seed_pair(self, number, *, seed=None):
        """Seed of a stateless random op, int64 `(2,)`: `seed`, or the GAN's own, and a number."""
        seed = self.seed if seed is None else seed
        return tf.stack([tf.convert_to_tensor(seed, tf.int64), tf.cast(number, tf.int64)])

    def sample(
        self,
        count,
        condition=None,
        *,
        seed=None,
        batch_size=500,
        ema=True,
        truncation=1.0,
        smoothing=0.0,
    ):
        """Draws images in inference mode (no dropout, fixed batch statistics).

        They come as one array, with their latents: a million of 28 x 28 are 3 GB. More than fit in
        memory are written by `tfgan.export.dataset`, which holds some thousand at a time.

        Args:
            count: int >= 1. How many.
            condition: None for a GAN without condition. For a CGAN `(count, ...)` array-like, one
                for all, `tfgan.conditions.Mix`, or None, which draws them: `CGAN.check_condition`.
            seed: int or None. The same seed gives the same images.
            batch_size: int. Images made at a time.
            ema: bool. Whether the generator's moving average makes them, where there is one.
            truncation: float in (0, 1], see `draw_latents`.
            smoothing: float >= 0, see `images_of`.

        Returns:
            float32 `(count, H, W, C)`, in [0, 1].

        Raises:
            InputError: as `draw_latents` and `images_of`, or if the condition does not fit.
        """
        z = self.draw_latents(count, seed=seed, truncation=truncation)
        condition = self.check_condition(count, condition, seed=seed)
        return self.images_of(z, condition, batch_size=batch_size, ema=ema, smoothing=smoothing)

    def images_of(self, latents, condition=None, *, batch_size=500, ema=True, smoothing=0.0):
        """Makes the images of given latents in inference mode.

        Args:
            latents: float `(count, latent_dim)`.
            condition: `(count, ...)`, or None for a GAN without condition.
            batch_size: int. As in `sample`; so is `ema`, bool.
            smoothing: float >= 0. Above 0 each image is the mean of six, of latents around its own at
                this standard deviation, in the prior's: less sharp, and far likelier by Parzen. They
                may leave the range of a uniform prior.

        Returns:
            float32 `(count, H, W, C)`, in [0, 1].

        Raises:
            InputError: if `smoothing` is no such number.
        """
        checks.at_least_zero("smoothing", smoothing)
        latents = np.asarray(latents, "float32")
        width = smoothing * priors.moments(self.noise)[1]
        # One array from the start: batches to join would need twice the memory.
        found = np.empty((len(latents), *self.image_shape), "float32")
        for start in range(0, len(latents), batch_size):
            rows = slice(start, start + batch_size)
            part = None if condition is None else tf.constant(condition[rows])
            images = [
                np.asarray(self.generate(tf.constant(z), part, training=False, ema=ema), "float32")
                for z in priors.nearby(latents[rows], width)
            ]
            found[rows] = np.mean(images, axis=0)
        return found

    # Saving. Keras leaves out the states of seed generators (dropout), without which training goes on
    # with other random numbers than an undisturbed run; and whether XLA compiles it, which rounds.

    def _seed_states(self):
        return [v for v in self.variables if v.name == "seed_generator_state"]

    def save_own_variables(self, store):
        store["train_steps"] = self.train_steps.numpy()
        store["augment_strength"] = self.augment_strength.numpy()
        store["augment_evidence"] = self.augment_evidence.numpy()
        if self.compiled and "jit_compile" not in self.unsettled:
            store["jit_compile"] = int(self.jit_compile)
        for i, state in enumerate(self._seed_states()):
            store[f"seed_generator_state_{i}"] = state.numpy()

    def load_own_variables(self, store):
        self.train_steps.assign(store["train_steps"])
        for name in ("augment_strength", "augment_evidence"):
            # Of older versions it is not there; a strength that does not adapt is what `compile` says.
            if getattr(self, "adaptive", None) is not None and name in set(store.keys()):
                getattr(self, name).assign(store[name])
        if self.compiled and "jit_compile" in self.unsettled and "jit_compile" in set(store.keys()):
            self.settle_jit_compile(bool(np.asarray(store["jit_compile"])))
        for i, state in enumerate(self._seed_states()):
            state.assign(store[f"seed_generator_state_{i}"])

    def get_config(self):
        return {
            **super().get_config(),
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "latent_dim": self.latent_dim,
            "noise": self.noise,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        for name in ("generator", "discriminator", "condition"):
            if isinstance(config.get(name), dict):
                config[name] = keras.saving.deserialize_keras_object(config[name], custom_objects)
        return cls(**config)


def _logits_of(outputs):
    """Returns a discriminator's logits, and its auxiliary classifier's or None.

    Losses are not computed in less than float32.
    """
    outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs, None)
    logits, condition_logits = (
        x if x is None or x.dtype == tf.float64 else tf.cast(x, tf.float32) for x in outputs
    )
    return logits, condition_logits
