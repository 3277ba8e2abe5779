"""R3GAN on CIFAR-10: relativistic pairing loss, R1 and R2 penalties, no normalisation.

    tfgan train r3gan-cifar10 --out runs/r3gan-cifar10

The paper trains wider networks on 200 million images and 8 GPUs; narrower and far shorter here.
"""

from tfgan.recipes import images
from tfgan.recipes.recipe import Recipe

RECIPE = Recipe(
    name="r3gan-cifar10",
    reproduces="Huang et al. 2024 (R3GAN): a modern baseline, on CIFAR-10",
    data="cifar10",
    time="not run in full: 1.0 s a step on one core, 9 h",
    score="not measured: some hundred steps only",
    settings={
        **images.SETTINGS,
        "epochs": 50,
        "network": "r3gan",
        "latent_dim": 64,
        "conditional": True,
        "loss": "relativistic_pairing",
        "r1": 0.0125,  # of images in [0, 1]; .05 of the paper's
        "r2": 0.0125,
        "beta_1": 0.0,
        "beta_2": 0.99,
        "sample_every": 1,
    },
    build=images.build,
    conditional=True,
    least_steps=20_000,
)
