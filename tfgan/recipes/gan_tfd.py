"""The first paper's GAN on the Toronto Face Database, as its published code ran it.

    tfgan train gan-tfd --data tfd:TFD_48x48.mat --out runs/gan-tfd

First 50 epochs of `gan-tfd-pretraining`, in RUN/pretraining. Then 22 epochs of a new front, 100 ->
ReLU 8000 -> sigmoid 100, before the whole pretrained generator, against a fresh discriminator. All of
it learns: `train.yaml` puts the pretrained layers into one MLP with the front, freezes none, and starts
again at learning rate .05 and momentum .5. Training images are TFD's unlabelled ones, as there.

TFD cannot be downloaded freely: read your own `TFD_48x48.mat`, or try it on other images with `--data`.
"""

from tfgan.networks import goodfellow2014
from tfgan.recipes import gan_tfd_pretraining
from tfgan.recipes.recipe import Recipe
from tfgan.recipes.settings import TRAINING


def build(data, settings, steps_per_epoch, pretrained=None):
    generator = goodfellow2014.TFDGenerator(
        pretrained or gan_tfd_pretraining.make_generator(data, settings),
        latent_dim=settings["latent_dim"],
        units=settings["units"],
    )
    return gan_tfd_pretraining.compiled(generator, data, settings, steps_per_epoch)


RECIPE = Recipe(
    name="gan-tfd",
    reproduces="Goodfellow et al. 2014, table 1 and figure 2b: GAN on the Toronto Face Database",
    data="tfd:TFD_48x48.mat",
    time="not run in full: 1.0 s a step on two shared cores, 20 h with pretraining",
    score="published Parzen 2057 +- 26; not run on TFD here",
    settings={
        "seed": 1,
        "epochs": 22,
        "pretraining_epochs": 50,
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
        "sample_every": 2,
    },
    build=build,
    pretraining="gan-tfd-pretraining",
)
