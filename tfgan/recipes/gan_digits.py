"""A small GAN on the bundled 8 x 8 digits.

    tfgan train gan-digits --out runs/gan-digits

The first paper's networks, narrower, with normal latents and Adam.
"""

from tfgan.gan import GAN
from tfgan.networks import goodfellow2014
from tfgan.recipes.compiling import compile_with_adam
from tfgan.recipes.recipe import Recipe
from tfgan.recipes.settings import TRAINING


def build(data, settings, steps_per_epoch):
    units = settings["units"]
    generator = goodfellow2014.Generator(
        data.image_shape, latent_dim=settings["latent_dim"], units=units
    )
    generator.set_mean_image(data.mean_image())
    discriminator = goodfellow2014.Discriminator(
        data.image_shape, units=max(1, units // 2), dropout=settings["d_dropout"]
    )
    gan = GAN(generator, discriminator, noise=settings["noise"], seed=settings["seed"])
    return compile_with_adam(gan, settings, steps_per_epoch)


RECIPE = Recipe(
    name="gan-digits",
    reproduces="GAN on scikit-learn's 8 x 8 digits",
    data="digits",
    time="30 s on two cores",
    score="Parzen 21.6 +- 0.8 (179 test images)",
    settings={
        "seed": 1,
        "epochs": 400,
        "batch_size": 64,
        "latent_dim": 64,
        "units": 256,
        "noise": "normal",
        "d_dropout": 0.5,
        "learning_rate": 1e-3,
        "loss": "non_saturating",
        "update": "alternating",
        "d_steps": 1,
        "ema_decay": 0.0,
        **TRAINING,
        "sample_every": 50,
    },
    build=build,
)
