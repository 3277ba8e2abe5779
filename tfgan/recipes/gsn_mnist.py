"""The deep generative stochastic network on MNIST: the published network, trained in an hour.

    tfgan train gsn-mnist --out runs/gsn-mnist

As in the published code: two layers of 1,500 tanh units, 4 walkbacks, salt and pepper on .4 of the
pixels, noise of standard deviation 2 in the second layer. That code makes 1,000 epochs of SGD (rate
.25, a factor .995 less every epoch, momentum .5), more than a day on two cores; here Adam makes a few,
its rate falling to 0. The model of the best validation Parzen log-likelihood is kept.
"""

import keras

from tfgan.baselines import GSN
from tfgan.recipes.compiling import baseline_options, compile_baseline
from tfgan.recipes.recipe import Recipe
from tfgan.recipes.settings import CHAIN


def build(data, settings, steps_per_epoch):
    gsn = GSN(
        data.image_shape,
        walkbacks=settings["walkbacks"],
        salt_and_pepper=settings["salt_and_pepper"],
        noise=settings["noise"],
        **baseline_options(settings),
    )
    gsn.set_mean_image(data.mean_image())
    return compile_baseline(gsn, settings, steps_per_epoch, optimizer=keras.optimizers.Adam)


RECIPE = Recipe(
    name="gsn-mnist",
    reproduces="Goodfellow et al. 2014, table 1: the deep generative stochastic network beside it",
    data="mnist",
    time="38 min on one core, beside another training",
    score="Parzen 248.8 +- 2.3 (published 214 +- 1.1)",
    settings={
        "seed": 1,
        "epochs": 15,
        "batch_size": 100,
        "units": 1500,
        "layers": 2,
        "walkbacks": 4,
        "salt_and_pepper": 0.4,
        "noise": 2.0,
        "learning_rate": 0.002,
        **CHAIN,
        "chains": 1000,
        "burn_in": 100,
        "sample_every": 5,
    },
    build=build,
    best_by_parzen=True,
    least_steps=5_000,
    baseline=True,
)
