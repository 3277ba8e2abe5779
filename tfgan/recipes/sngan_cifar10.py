"""SNGAN on CIFAR-10: residual networks, spectral normalisation, hinge loss.

    tfgan train sngan-cifar10 --out runs/sngan-cifar10
    tfgan train sngan-cifar10 --set conditional=true --out runs/projection

The paper's schedule is 100,000 steps of the generator (5 of the discriminator each) at widths of 256
(G) and 128 (D); narrower and shorter here.
"""

from tfgan.recipes import images
from tfgan.recipes.recipe import Recipe

RECIPE = Recipe(
    name="sngan-cifar10",
    reproduces="Miyato et al. 2018: spectral normalisation, on CIFAR-10",
    data="cifar10",
    time="not run in full: 0.30 s a step of D on one core, 2.7 h",
    score="not measured",
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
