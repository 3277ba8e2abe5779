"""A small GAN on points in the plane, where modes can be counted.

    tfgan train gan-toy --out runs/ring
    tfgan train gan-toy --data toy:grid --out runs/grid

Two numbers a latent suffice for two a point. Settings that collapse, to see it: see
`tfgan.reproduce`.
"""

import math

import keras
from keras import layers

from tfgan.gan import GAN
from tfgan.recipes.cgan_digits import annealed_adam
from tfgan.recipes.recipe import EXECUTION, Recipe


def build(data, settings, steps_per_epoch):
    units = settings["units"]

    def hidden():
        return [layers.Dense(units, activation="relu") for _ in range(3)]

    generator = keras.Sequential(
        [
            layers.Input((settings["latent_dim"],)),
            *hidden(),
            layers.Dense(math.prod(data.image_shape), activation="sigmoid"),
            layers.Reshape(data.image_shape),
        ]
    )
    discriminator = keras.Sequential(
        [
            layers.Input(data.image_shape),
            layers.Flatten(),
            layers.Rescaling(8, offset=-4),  # [0, 1] to [-4, 4]: modes lie closer than weights are wide
            *hidden(),
            layers.Dense(1),
        ]
    )
    gan = GAN(generator, discriminator, noise=settings["noise"], seed=settings["seed"])
    return annealed_adam(gan, settings, steps_per_epoch)


RECIPE = Recipe(
    name="gan-toy",
    reproduces="mode coverage: 8 Gaussians on a ring, 25 on a grid (--data toy:grid)",
    data="toy:ring",
    time="?",
    score="?",
    settings={
        "seed": 1,
        "epochs": 60,
        "batch_size": 256,
        "latent_dim": 2,
        "units": 256,
        "noise": "normal",
        "learning_rate": 1e-3,
        "g_rate": 1.0,
        "loss": "non_saturating",
        "update": "alternating",
        "d_steps": 1,
        "ema_decay": 0.999,
        **EXECUTION,
        "sample_every": 10,
    },
    build=build,
)
