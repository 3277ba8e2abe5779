"""A stacked contractive autoencoder on MNIST, as table 1 of the 2014 paper sets it beside GANs.

    tfgan train cae-mnist --out runs/cae-mnist

The published samples are of another group's network, whose training is not published (Bengio et al.,
2013, *Better mixing via deep representations*). The model of the best validation Parzen log-likelihood
is kept.
"""

import keras

from tfgan.baselines import CAE
from tfgan.recipes.compiling import baseline_options, compile_baseline
from tfgan.recipes.recipe import Recipe
from tfgan.recipes.settings import CHAIN


def build(data, settings, steps_per_epoch):
    cae = CAE(
        data.image_shape,
        contraction=settings["contraction"],
        noise=settings["noise"],
        **baseline_options(settings),
    )
    cae.set_mean_image(data.mean_image())
    return compile_baseline(
        cae,
        settings,
        steps_per_epoch,
        optimizer=keras.optimizers.Adam,
    )


RECIPE = Recipe(
    name="cae-mnist",
    reproduces="Goodfellow et al. 2014, table 1: the stacked contractive autoencoder beside it",
    data="mnist",
    time="8 min on one core, beside another training",
    score="Parzen 247.9 +- 2.0 (published 121 +- 1.6)",
    settings={
        "seed": 1,
        "epochs": 40,
        "batch_size": 100,
        "units": 1000,
        "layers": 2,
        "contraction": 2.0,
        "noise": 5.0,
        "learning_rate": 0.001,
        **CHAIN,
        "burn_in": 200,
        "sample_every": 5,
    },
    build=build,
    best_by_parzen=True,
    least_steps=10_000,
    baseline=True,
)
