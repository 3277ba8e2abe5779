"""The quickstart: a small conditional GAN on the bundled 8 x 8 digits.

    tfgan train cgan-digits --out runs/digits

The second paper's networks, narrower, with normal latents, no dropout in the generator and Adam.
"""

from tfgan.cgan import CGAN
from tfgan.networks import mirza2014
from tfgan.recipes.compiling import compile_with_adam
from tfgan.recipes.recipe import Recipe
from tfgan.recipes.settings import TRAINING


def build(data, settings, steps_per_epoch):
    units = settings["units"]
    half = max(1, units // 2)
    generator = mirza2014.Generator(
        data.image_shape,
        condition=data.condition,
        latent_dim=settings["latent_dim"],
        latent_units=half,
        condition_units=half,
        units=units,
        dropout=settings["g_dropout"],
    )
    generator.set_mean_image(data.mean_image())
    discriminator = mirza2014.Discriminator(
        data.image_shape,
        condition=data.condition,
        image_units=half,
        condition_units=32,
        units=half,
        dropout=settings["d_dropout"],
    )
    gan = CGAN(generator, discriminator, noise=settings["noise"], seed=settings["seed"])
    return compile_with_adam(gan, settings, steps_per_epoch)


RECIPE = Recipe(
    name="cgan-digits",
    reproduces="quickstart: conditional GAN on scikit-learn's 8 x 8 digits",
    data="digits",
    time="20 s on two cores",
    score="classifier accuracy 0.998 (1.000 on 179 real test digits), Parzen 26.2 +- 1.6",
    settings={
        "seed": 1,
        "epochs": 400,
        "batch_size": 64,
        "latent_dim": 64,
        "units": 256,
        "noise": "normal",
        "g_dropout": 0.2,
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
    conditional=True,
)
