"""What the baselines have in common: `fit`, `sample`, save and load."""

import math
import random

import keras
import numpy as np
import tensorflow as tf

from tfgan import batches, checks, finite, precision
from tfgan.baselines.draws import Draws
from tfgan.data.dataset import to_float
from tfgan.errors import InputError
from tfgan.trainer import Trainer

_TEST_STREAM, SAMPLE_STREAM = 1 << 48, 2 << 48  # of draws, beside the numbers of training steps


class Baseline(Trainer):
    """A generative model that is no adversarial net: what it computes is a subclass's.

    Trained by `compile` and `fit`, like `tfgan.GAN`: a step a batch, many of them in one program.
    `sample` runs a Markov chain, in several copies side by side.

    Args:
        image_shape: shape of an image (or a row of any numbers), such as (28, 28, 1).
        seed: int or None. Of weights, and of what training draws; None takes one that
            `keras.utils.set_random_seed` determines.
        chains: int >= 1. Chains that `sample` runs side by side.
        burn_in: int >= 1. Moves of each before its first sample.
        thin: int >= 1. Moves from one sample of a chain to its next.

    Attributes:
        train_steps: int64 variable: steps that were trained.

    Raises:
        InputError: for a shape or a number out of range.
    """

    METRICS: tuple[str, ...] = ("loss", "reconstruction")
    SAMPLING: tuple[str, ...] = ()  # attributes, numbers, that moves and samples depend on

    def __init__(self, image_shape, *, seed=None, chains=100, burn_in=1000, thin=1, **kwargs):
        super().__init__(**kwargs)
        self.image_shape = _checked_shape(image_shape)
        self.dim = math.prod(self.image_shape)
        self.seed = checks.check_seed(random.randrange(1 << 31) if seed is None else seed)
        self.chains = checks.at_least_one("chains", chains)
        self.burn_in = checks.at_least_one("burn_in", burn_in)
        self.thin = checks.at_least_one("thin", thin)
        self.train_steps = self.add_weight(
            shape=(), dtype="int64", initializer="zeros", trainable=False, name="train_steps"
        )
        self._trackers = {name: keras.metrics.Mean(name=name) for name in self.METRICS}
        self._moves = tf.function(self._moved, jit_compile=True, autograph=False)
        self.built = True

    def add_kernels(self, widths):
        """Adds weights between each layer and the next: list of variables `(below, above)`."""
        return [
            self.add_weight(
                shape=(widths[i], widths[i + 1]),
                initializer=keras.initializers.GlorotUniform(seed=(self.seed + i) % 2**31),
                name=f"kernel_{i}",
            )
            for i in range(len(widths) - 1)
        ]

    def add_bias(self, units, name):
        """Adds a weight `(units,)`, 0."""
        return self.add_weight(shape=(units,), initializer="zeros", name=name)

    # What a subclass says.

    def losses(self, rows, draws, *, training):
        """What training lowers, and what it records.

        Args:
            rows: float32 `(batch, dim)`.
            draws: `Draws`.
            training: bool.

        Returns:
            scalar loss, and dict of metric -> value, scalar or a value a row.
        """
        raise NotImplementedError

    def start(self, draws):
        """The state of chains before their first move: a list of tensors `(chains, ...)`."""
        raise NotImplementedError

    def move(self, state, draws):
        """The state of chains after one more move."""
        raise NotImplementedError

    def emit(self, state, draws):
        """The samples of a state: float32 `(chains, dim)`."""
        raise NotImplementedError

    def networks(self):
        return {self.name: self}

    def optimizers(self):
        return {"optimizer": self.optimizer}

    @property
    def metrics(self):
        return list(self._trackers.values())

    # Training: `fit` and `evaluate` are Trainer's.

    def default_optimizer(self):
        return keras.optimizers.Adam(1e-3)

    def compile(
        self,
        *,
        optimizer=None,
        jit_compile=True,
        steps_per_execution=1,
        matmul_precision="float32",
        run_eagerly=False,
        check_finite=True,
    ):
        """Configures training; what is named as in `tfgan.GAN.compile` is as there.

        Args:
            optimizer: Keras optimizer or its name; None is `default_optimizer()`.

        Raises:
            InputError: for a value out of range, or under a `tf.distribute` strategy.
        """
        if self._on_strategy:
            raise InputError(
                f"a {type(self).__name__} trains on one device: make it outside of strategy.scope()."
            )
        self.compile_loop(
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            run_eagerly=run_eagerly,
            matmul_precision=matmul_precision,
            check_finite=check_finite,
        )
        self.training_config = {"matmul_precision": matmul_precision, "check_finite": check_finite}
        self.optimizer = (
            self.default_optimizer() if optimizer is None else keras.optimizers.get(optimizer)
        )
        self.optimizer.build(self.trainable_variables)  # so that a saved model finds its slots

    def train_step(self, data):
        rows = self.rows_of(data)
        with precision.products(self.matmul_precision):
            self.learn(rows, Draws(self.seed, self.train_steps.value))
        self.train_steps.assign_add(1)
        return self.get_metrics_result()

    def learn(self, rows, draws):
        """One step on a batch of rows."""
        self.descend(lambda: self.losses(rows, draws, training=True), self.trainable_variables, rows)

    def descend(self, losses, variables, rows):
        """Takes a step down what `losses()` gives, in some variables; records it, of some rows."""
        with tf.GradientTape() as tape:
            loss, told = losses()
        finite.note("loss", loss)
        gradients = tape.gradient(loss, variables)
        finite.note_gradients(gradients, variables, self, self.name, self.optimizer)
        self.optimizer.apply(gradients, variables)
        self._record(rows, loss=loss, **told)

    def test_step(self, data):
        rows = self.rows_of(data)
        loss, told = self.losses(rows, Draws(self.seed, _TEST_STREAM), training=False)
        self._record(rows, loss=loss, **told)
        return self.get_metrics_result()

    def rows_of(self, data):
        """A batch as float32 `(batch, dim)`, in [0, 1]."""
        images, _ = batches.split_batch(self, data)
        return tf.reshape(tf.cast(to_float(images), tf.float32), (-1, self.dim))  # (batch, dim)

    def _record(self, rows, **values):
        for name, value in values.items():
            self._trackers[name].update_state(tf.reduce_mean(value), sample_weight=tf.shape(rows)[0])

    # Sampling.

    def draw_latents(self, *args, **kwargs):
        """Raises `InputError`: there are none."""
        raise InputError(f"a {type(self).__name__} has no latents to go between: draw samples of it.")

    def sample(self, count, condition=None, *, seed=None, **of_latents):
        """Draws images from chains that have run `burn_in` moves, by turns.

        Args:
            count: int >= 1. How many. The first `chains` are of different chains, the next ones `thin`
                moves after these, and so on.
            condition: None.
            seed: int or None. The same seed gives the same images.
            **of_latents: nothing: what `GAN.sample` takes of latents is refused.

        Returns:
            float32 `(count, *image_shape)`.

        Raises:
            InputError: if `count` is below 1, `seed` no such integer, or a condition is given.
        """
        count, seed = self._check_asked(count, condition, seed, of_latents)
        return self._drawn(count, seed, self.thin)

    def walk(self, moves, *, seed=None):
        """Samples of each chain after each of so many moves behind `burn_in`.

        Args:
            moves: int >= 1.
            seed: int or None, as in `sample`.

        Returns:
            float32 `(moves, chains, *image_shape)`.

        Raises:
            InputError: as `sample`.
        """
        count, seed = self._check_asked(moves * self.chains, None, seed, {})
        images = self._drawn(count, seed, 1)
        return images.reshape(moves, self.chains, *self.image_shape)  # (moves, chains, H, W, C)

    def _drawn(self, count, seed, thin):
        found = np.empty((count, self.dim), "float32")
        state, moves = self.start(Draws(seed, SAMPLE_STREAM)), 0
        settings = tuple(float(getattr(self, name)) for name in self.SAMPLING)
        for first in range(0, count, self.chains):
            more = thin if moves else self.burn_in
            numbers = map(tf.constant, (seed, moves, more))
            state, images = self._moves(state, *numbers, settings)
            found[first : first + self.chains] = images[: count - first]
            moves += more
        return found.reshape(count, *self.image_shape)  # (count, H, W, C)

    def _check_asked(self, count, condition, seed, of_latents):
        """Returns the number of samples, and their seed."""
        self.check_condition(count, condition)
        if of_latents:
            raise InputError(
                f"a {type(self).__name__} has no latents to change, got {', '.join(of_latents)}: leave "
                "that out."
            )
        seed = np.random.default_rng().integers(1 << 31) if seed is None else seed
        return checks.check_samples(count), np.int64(checks.check_seed(seed))

    def _moved(self, state, seed, done, more, settings):
        """Makes `more` moves after `done` ones; returns the state and its samples.

        `settings` are those of `SAMPLING`: where one has changed, it is compiled anew.
        """

        def draws(number):
            return Draws(seed, SAMPLE_STREAM + tf.cast(number, tf.int64))

        def body(i, state):
            return i + 1, self.move(state, draws(2 * i + 1))

        _, state = tf.while_loop(lambda i, state: i < done + more, body, (done, state))
        return state, self.emit(state, draws(2 * (done + more)))

    def call(self, rows, training=None):
        raise NotImplementedError(f"a {type(self).__name__} is no function of images: use sample.")

    # Saving.

    def get_config(self):
        return {
            **super().get_config(),
            "image_shape": self.image_shape,
            "seed": self.seed,
            "chains": self.chains,
            "burn_in": self.burn_in,
            "thin": self.thin,
        }

    def get_compile_config(self):
        if not self.compiled:
            return {}
        optimizer = keras.saving.serialize_keras_object(self.optimizer)
        return {**self.training_config, **self._execution, "optimizer": optimizer}

    def compile_from_config(self, config):
        config = dict(config)
        config["optimizer"] = keras.saving.deserialize_keras_object(config["optimizer"])
        self.compile(**config)


def cross_entropy(rows, logits):
    """Of rows in [0, 1] and what a sigmoid makes of logits: nats of each row, `(batch,)`."""
    return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(rows, logits), axis=-1)


def check_hidden(hidden):
    """Returns units of layers as a tuple; refuses what is none, or no whole numbers of at least 1."""
    if not isinstance(hidden, (tuple, list)) or not hidden:
        raise InputError(f"hidden must be a tuple of units, one a layer, got {hidden!r}.")
    return tuple(checks.at_least_one("units of a layer", units) for units in hidden)


def _checked_shape(shape):
    whole = isinstance(shape, (tuple, list)) and all(isinstance(n, (int, np.integer)) for n in shape)
    if not whole or not shape or min(shape) < 1:
        raise InputError(f"image_shape must be a tuple of whole numbers, got {shape!r}.")
    return tuple(int(n) for n in shape)
