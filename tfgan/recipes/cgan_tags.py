"""The second paper's image tagging: noise and an image's features -> word vectors of its tags.

tfgan train cgan-tags --data npz:FILE --out runs/tags
"""

from tfgan.cgan import CGAN
from tfgan.networks import mirza2014
from tfgan.optimizers import published_sgd
from tfgan.recipes.recipe import EXECUTION, Recipe, compile_by


def build(data, settings, steps_per_epoch):
    (word_dim,) = data.image_shape
    networks = {"condition": data.condition, "dropout": settings["dropout"]}
    generator = mirza2014.TagGenerator(
        word_dim,
        latent_dim=settings["latent_dim"],
        latent_units=settings["g_latent_units"],
        condition_units=settings["g_condition_units"],
        **networks,
    )
    discriminator = mirza2014.TagDiscriminator(
        word_dim,
        word_units=settings["d_word_units"],
        condition_units=settings["d_condition_units"],
        units=settings["d_units"],
        **networks,
    )
    gan = CGAN(generator, discriminator, seed=settings["seed"])
    return compile_by(
        gan,
        settings,
        g_optimizer=published_sgd(decay=1.00004, steps_per_epoch=steps_per_epoch / settings["d_steps"]),
        d_optimizer=published_sgd(decay=1.00004, steps_per_epoch=steps_per_epoch),
    )


RECIPE = Recipe(
    name="cgan-tags",
    reproduces="Mirza & Osindero 2014, section 4.2: words for images, from features",
    data=None,
    time="not yet measured",
    score="not yet measured",
    settings={
        "seed": 1,
        "epochs": 20,
        "batch_size": 100,
        "latent_dim": 100,
        "g_latent_units": 500,
        "g_condition_units": 2000,
        "d_word_units": 500,
        "d_condition_units": 1200,
        "d_units": 1000,
        "dropout": 0.5,
        "loss": "non_saturating",
        "update": "alternating",
        "d_steps": 1,
        **EXECUTION,
        "sample_every": 5,
    },
    build=build,
    conditional=True,
    tags=True,
    least_steps=5_000,
)
