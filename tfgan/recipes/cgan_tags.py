"""The second paper's image tagging: noise and an image's features -> word vectors of its tags.

    tfgan train cgan-tags --out runs/made
    tfgan train cgan-tags --data npz:FILE --out runs/tags

What the paper leaves open: initialisation (Glorot's), loss (non-saturating), update (Algorithm 1), the
number of epochs, and when momentum reaches .7 (epoch 250, as in the first paper).

The paper's data is not public. On made data (`toy:tags`: 3,000 images, 20 topics, noise .3, spread 1,
256 features), of the ten words found for images held out, these were words of the image's topics: 1.000
after 4 epochs of 96 steps, where chance is .07 and a ridge regression to the mean word vector finds all
too. Where the features tell less (50 topics, noise .7; narrow networks), .46 to .60 at best,
ridge .69, and many passes over few images hurt: the discriminator learns the pairs by heart, and .46
after 60 epochs is .12 after 120. A d_loss that falls below .6 says so. Adam (1e-3 along a cosine)
ended at .45 there.
"""

from tfgan.cgan import CGAN
from tfgan.networks import mirza2014
from tfgan.recipes.compiling import compile_as_published
from tfgan.recipes.recipe import Recipe
from tfgan.recipes.settings import TRAINING


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
    return compile_as_published(gan, settings, steps_per_epoch)


RECIPE = Recipe(
    name="cgan-tags",
    reproduces="Mirza & Osindero 2014, section 4.2: words for images, from features",
    data="toy:tags",
    time="0.5 s a step on two busy cores (256 features)",
    score="made data (toy:tags): 1.000 of the words are right, chance .07",
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
        "decay": 1.00004,
        "ema_decay": 0.0,
        **TRAINING,
        "sample_every": 5,
    },
    build=build,
    conditional=True,
    tags=True,
    least_steps=1_000,
)
