"""The training behind the first paper's figure 1: a GAN of numbers at four stages.

Reference:
    Goodfellow et al., *Generative Adversarial Nets*, 2014, figure 1 (arXiv 1406.2661).
"""

import math

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfgan.callbacks import OneDimensional
from tfgan.checks import check_seed
from tfgan.errors import InputError
from tfgan.gan import GAN

MEAN, STD = 0.4, 0.09  # the data's: more than four deviations from 0 and from 1
STAGES = (1, 9, 15, -1)  # which snapshots of `train` the figure shows
TITLES = ("(a) D has just begun", "(b) D trained to D*", "(c) G follows D", "(d) p_g = p_data, D = 1/2")
_BATCH = 512
_D_STEPS = 10**6  # more than there are: the discriminator alone


@keras.saving.register_keras_serializable(package="tfgan")
class Logit(keras.layers.Layer):
    """u -> log(u / (1 - u)), for u in [0, 1]: gives a bounded latent tails, which small nets lack."""

    def call(self, u):
        u = ops.clip(u, 1e-4, 1 - 1e-4)
        return ops.log(u / (1 - u))


def density(x):
    """Density of the data, a Gaussian: float array -> float array."""
    return np.exp(-0.5 * ((x - MEAN) / STD) ** 2) / (STD * math.sqrt(2 * math.pi))


def numbers(count, *, seed):
    """Data: float32 `(count, 1, 1, 1)` in [0, 1]."""
    drawn = np.random.default_rng(seed).normal(MEAN, STD, (count, 1, 1, 1))
    return drawn.clip(0, 1).astype("float32")


def build(*, seed):
    """A GAN of two small nets whose images are one number and whose latent is one uniform number.

    It begins with a bell to the right of the data: only the generator's linear part speaks then.
    """
    keras.utils.set_random_seed(seed)
    dense = keras.layers.Dense
    latents = keras.Input((1,))
    bell = keras.layers.Rescaling(math.sqrt(3) / math.pi)(Logit()(latents))  # variance 1
    line = dense(1, kernel_initializer=_constant(0.5), bias_initializer=_constant(0.5))(bell)
    bend = dense(1, kernel_initializer="zeros")(dense(16, activation="tanh")(bell))
    x = keras.layers.Activation("sigmoid")(keras.layers.Add()([line, bend]))
    generator = keras.Model(latents, keras.layers.Reshape((1, 1, 1))(x))  # (B, 1, 1, 1)
    images = keras.Input((1, 1, 1))
    h = keras.layers.Rescaling(8.0, -4.0)(keras.layers.Flatten()(images))  # (B, 1)
    for _ in range(2):
        h = dense(32, activation="tanh")(h)
    return GAN(generator, keras.Model(images, dense(1)(h)), noise="unit_uniform", seed=seed)


def train(*, seed=0, steps=3000):
    """Trains that GAN: the discriminator alone for 325 steps, then both in turn.

    The generator's learning rate is a tenth of the discriminator's, which so stays near D*; theory asks
    for that. Took 21 s on two busy cores (11 s of CPU time).

    Args:
        seed: int >= 0.
        steps: int >= 50. Of both players, in epochs of 50.

    Returns:
        (gan, snapshots): the `tfgan.GAN`, and `plots.Snapshot`s of the start, of 9 epochs of the
        discriminator alone, and of every epoch of both. Those of `STAGES` are the figure's (for 300
        steps and more).

    Raises:
        InputError: if the seed is no such integer, or there are no 50 steps.
    """
    if steps < 50:
        raise InputError(f"steps must be at least 50, one epoch, got {steps}.")
    gan = build(seed=check_seed(seed))
    schedule = keras.optimizers.schedules
    g_optimizer = keras.optimizers.Adam(schedule.CosineDecay(4e-4, steps), beta_1=0.0, beta_2=0.99)
    d_rate = schedule.PolynomialDecay(4e-3, steps + 325, 4e-4)
    d_optimizer = keras.optimizers.Adam(d_rate, beta_1=0.0, beta_2=0.99)
    recorder = OneDimensional(density)
    data = tf.data.Dataset.from_tensor_slices(
        numbers((steps + 325) * _BATCH, seed=seed).reshape(-1, _BATCH, 1, 1, 1)  # (steps, B, 1, 1, 1)
    )
    done = used = 0
    # D alone, (a) after 5 steps and (b) after 320 more; then both.
    for d_steps, calls_of, parts in ((_D_STEPS, 5, ((1, 5), (8, 40))), (1, 50, ((steps // 50, 50),))):
        gan.compile(
            g_optimizer=g_optimizer,
            d_optimizer=d_optimizer,
            d_steps=d_steps,
            jit_compile=False,
            steps_per_execution=calls_of,
        )
        for epochs, length in parts:
            epoch = {"initial_epoch": done, "epochs": done + epochs, "steps_per_epoch": length}
            gan.fit(data.skip(used), callbacks=[recorder], verbose=0, **epoch)
            done, used = done + epochs, used + epochs * length
    return gan, recorder.snapshots


def _constant(value):
    return keras.initializers.Constant(value)
