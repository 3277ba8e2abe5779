"""R3GAN on CIFAR-10: relativistic pairing loss, R1 and R2 penalties, no normalisation.

    tfgan train r3gan-cifar10 --out runs/r3gan-cifar10

The paper trains wider networks on 200 million images and 8 GPUs; narrower and far shorter here.

Briefly trained on CIFAR-10 as JPEGs (`--data folder:cifar10 --set learning_rate=1e-3 --set anneal=false
--set epochs=2`; 1,300 steps, 33 min on a busy core, seed 1): the colours of classes, first shapes, no
objects. Of 10,000 samples, by a classifier that is right on 0.608 of the test images: accuracy 0.454,
Frechet distance on its features 4.8, of real images 0.05.
"""

from tfgan.recipes import images
from tfgan.recipes.recipe import Recipe

RECIPE = Recipe(
    name="r3gan-cifar10",
    reproduces="Huang et al. 2024 (R3GAN): a modern baseline, on CIFAR-10",
    data="cifar10",
    time="not run in full: 1.0 s a step on one core, 9 h",
    score="briefly trained only: Frechet 4.8 after 1,300 steps, see the recipe's file",
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
