"""The quickstart: a small conditional GAN on the bundled 8 x 8 digits.

    tfgan train cgan-digits --out runs/digits

The second paper's networks, narrower, with normal latents, no dropout in the generator and Adam.
"""

import keras

from tfgan.cgan import CGAN
from tfgan.networks import mirza2014
from tfgan.recipes.recipe import Recipe


def adam(settings, steps_per_epoch):
    """Adam with a rate that falls to 0 along a half cosine: the last samples are the cleanest."""
    steps = settings["epochs"] * steps_per_epoch
    rate = keras.optimizers.schedules.CosineDecay(settings["learning_rate"], steps)
    return keras.optimizers.Adam(rate, beta_1=0.5)


def compile_with_adam(gan, settings, steps_per_epoch):
    """Compiles a GAN of the digits recipes."""
    gan.compile(
        g_optimizer=adam(settings, steps_per_epoch),
        d_optimizer=adam(settings, steps_per_epoch),
        loss=settings["loss"],
        update=settings["update"],
        d_steps=settings["d_steps"],
        jit_compile=settings["jit_compile"],
        steps_per_execution=settings["steps_per_execution"],
    )
    return gan


def build(data, settings, steps_per_epoch):
    units = settings["units"]
    generator = mirza2014.Generator(
        data.image_shape,
        condition=data.condition,
        latent_dim=settings["latent_dim"],
        latent_units=units // 2,
        condition_units=units // 2,
        units=units,
        dropout=settings["g_dropout"],
    )
    generator.set_mean_image(data.mean_image())
    discriminator = mirza2014.Discriminator(
        data.image_shape,
        condition=data.condition,
        image_units=units // 2,
        condition_units=32,
        units=units // 2,
        dropout=settings["d_dropout"],
    )
    gan = CGAN(generator, discriminator, noise=settings["noise"], seed=settings["seed"])
    return compile_with_adam(gan, settings, steps_per_epoch)


RECIPE = Recipe(
    name="cgan-digits",
    reproduces="quickstart: conditional GAN on scikit-learn's 8 x 8 digits",
    data="digits",
    time="1 min on two cores",
    score="classifier accuracy on samples 0.98, beside 0.99 on real test digits",
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
        "jit_compile": "auto",
        "steps_per_execution": 10,
        "sample_every": 50,
    },
    build=build,
    conditional=True,
)
