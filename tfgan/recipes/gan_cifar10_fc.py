"""The first paper's fully connected GAN on CIFAR-10, as its published code ran it.

    tfgan train gan-cifar10-fc --out runs/gan-cifar10-fc

The published files train on the first 40,000 images; here on the source's train split less a sixth, for
validation: 41,667 of TFDS's 50,000. They name no end; 250 epochs, where the momentum stops rising.
"""

from tfgan.gan import GAN
from tfgan.networks import goodfellow2014
from tfgan.recipes.compiling import compile_as_published
from tfgan.recipes.recipe import Recipe
from tfgan.recipes.settings import TRAINING


def build(data, settings, steps_per_epoch):
    gan = GAN(
        goodfellow2014.CIFAR10DenseGenerator(
            data.image_shape, latent_dim=settings["latent_dim"], units=settings["units"]
        ),
        goodfellow2014.CIFAR10DenseDiscriminator(data.image_shape, units=settings["d_units"]),
        seed=settings["seed"],
    )
    rate = settings["learning_rate"]
    return compile_as_published(gan, settings, steps_per_epoch, learning_rate=rate)


RECIPE = Recipe(
    name="gan-cifar10-fc",
    reproduces="Goodfellow et al. 2014, figure 2c: fully connected GAN on CIFAR-10",
    data="cifar10",
    time="not run in full: 1.4 s a step on two shared cores, 41 h",
    score="none published (samples only); not run in full here",
    settings={
        "seed": 1,
        "epochs": 250,
        "batch_size": 100,
        "latent_dim": 100,
        "units": 8000,
        "d_units": 1600,
        "learning_rate": 0.025,
        "loss": "non_saturating",
        "update": "simultaneous",
        "d_steps": 1,
        "decay": 1.000004,
        "ema_decay": 0.0,
        **TRAINING,
        "sample_every": 5,
    },
    build=build,
)
