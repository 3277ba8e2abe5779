"""SNGAN on CIFAR-10: residual networks, spectral normalisation, hinge loss.

    tfgan train sngan-cifar10 --out runs/sngan-cifar10
    tfgan train sngan-cifar10 --set conditional=true --out runs/projection

The paper's schedule is 100,000 steps of the generator (5 of the discriminator each) at widths of 256
(G) and 128 (D); narrower and shorter here.

Briefly trained on CIFAR-10 as JPEGs (`--data folder:cifar10 --set learning_rate=1e-3 --set epochs=10`;
6,510 steps of the discriminator, 1,302 of the generator, 32 min on a busy core, seed 1): colours and
outlines of vehicles and animals, no clear objects. Of 10,000 samples, by a classifier that is right on
0.608 of the test images: Frechet distance on its features 1.80, of real images 0.05; precision 0.91,
recall 0.70, density 1.06, coverage 0.86 (of real images 0.89, 0.90, 0.99, 0.97); all classes, KL .015.
"""

from tfgan.recipes import images
from tfgan.recipes.recipe import Recipe

RECIPE = Recipe(
    name="sngan-cifar10",
    reproduces="Miyato et al. 2018: spectral normalisation, on CIFAR-10",
    data="cifar10",
    time="not run in full: 0.30 s a step of D on one core, 2.7 h",
    score="briefly trained only: Frechet 1.80 after 6,510 steps of D, see the recipe's file",
    settings={
        **images.SETTINGS,
        "epochs": 50,
        "network": "resnet",
        "latent_dim": 128,
        "loss": "hinge",
        "beta_1": 0.0,
        "beta_2": 0.9,
        "d_steps": 5,
        "sample_every": 1,
    },
    build=images.build,
    least_steps=20_000,
)
