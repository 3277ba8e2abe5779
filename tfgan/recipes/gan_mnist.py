"""The first paper's GAN on MNIST, as its published code ran it.

    tfgan train gan-mnist --out runs/gan-mnist

250 epochs, the epoch at which the published momentum stops rising; the code has no stopping rule. The
model of the best validation Parzen log-likelihood is kept. It goes on rising: by 211.0 +- 2.3 after 900
epochs (`tfgan reproduce gan2014`), where the learning rate has fallen to a sixth. An average of the
generator's weights (`--set ema_decay=0.9999`) is there much sooner: 221.2 after 250, 225.8 after 900.
"""

from tfgan.gan import GAN
from tfgan.networks import goodfellow2014
from tfgan.recipes.compiling import compile_as_published
from tfgan.recipes.recipe import Recipe
from tfgan.recipes.settings import TRAINING


def build(data, settings, steps_per_epoch):
    generator = goodfellow2014.Generator(data.image_shape, latent_dim=settings["latent_dim"])
    generator.set_mean_image(data.mean_image())
    gan = GAN(generator, goodfellow2014.Discriminator(data.image_shape), seed=settings["seed"])
    return compile_as_published(gan, settings, steps_per_epoch)


RECIPE = Recipe(
    name="gan-mnist",
    reproduces="Goodfellow et al. 2014, table 1 and figure 2a: GAN on MNIST",
    data="mnist",
    time="25 min on two cores (6 s an epoch)",
    score="Parzen 185.4 +- 2.3, after 900 epochs 211.0 +- 2.3 (published 225 +- 2)",
    settings={
        "seed": 1,
        "epochs": 250,
        "batch_size": 100,
        "latent_dim": 100,
        "loss": "non_saturating",
        "update": "simultaneous",
        "d_steps": 1,
        "decay": 1.000004,
        "ema_decay": 0.0,
        **TRAINING,
        "sample_every": 5,
    },
    build=build,
    best_by_parzen=True,
    least_steps=10_000,
)
