"""The first stage of the first paper's GAN on the Toronto Face Database: see `gan-tfd`.

    tfgan train gan-tfd-pretraining --data tfd:TFD_48x48.mat --out runs/gan-tfd-pretraining

`gan-tfd` runs it by itself. TFD cannot be downloaded freely: read your own `TFD_48x48.mat`, or try it
on other images with `--data`.
"""

from tfgan.gan import GAN
from tfgan.networks import goodfellow2014
from tfgan.recipes.compiling import compile_as_published
from tfgan.recipes.recipe import Recipe
from tfgan.recipes.settings import TRAINING


def make_generator(data, settings):
    generator = goodfellow2014.TFDPretrainingGenerator(
        data.image_shape, latent_dim=settings["latent_dim"], units=settings["units"]
    )
    generator.set_mean_image(data.mean_image())
    return generator


def compiled(generator, data, settings, steps_per_epoch):
    """A GAN of this generator and a fresh discriminator, compiled: alike in both stages."""
    discriminator = goodfellow2014.TFDDiscriminator(data.image_shape, units=settings["d_units"])
    return compile_as_published(
        GAN(generator, discriminator, seed=settings["seed"]),
        settings,
        steps_per_epoch,
        learning_rate=settings["learning_rate"],
    )


def build(data, settings, steps_per_epoch):
    return compiled(make_generator(data, settings), data, settings, steps_per_epoch)


RECIPE = Recipe(
    name="gan-tfd-pretraining",
    reproduces="Goodfellow et al. 2014: the first stage of gan-tfd",
    data="tfd:TFD_48x48.mat",
    time="not run in full: 1.0 s a step on two shared cores, 14 h for 98,000 images",
    score="not run on TFD here; none published for this stage",
    settings={
        "seed": 1,
        "epochs": 50,
        "batch_size": 100,
        "latent_dim": 100,
        "units": 8000,
        "d_units": 1200,
        "learning_rate": 0.05,
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
