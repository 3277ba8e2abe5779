"""A conditional convolutional GAN on Fashion-MNIST, or on any labelled 28 x 28 images.

tfgan train cdcgan-fashion --out runs/cdcgan-fashion
tfgan train cdcgan-fashion --data mnist --out runs/cdcgan-mnist
"""

from tfgan.recipes import images
from tfgan.recipes.recipe import Recipe

RECIPE = Recipe(
    name="cdcgan-fashion",
    reproduces="conditional convolutional GAN with a projection discriminator (Miyato & Koyama 2018)",
    data="fashion_mnist",
    time="said before training starts; not trained in full here yet",
    score="not measured yet",
    settings={
        **images.SETTINGS,
        "epochs": 20,
        "batch_size": 100,
        "channels": 32,
        "conditional": True,
        "sample_every": 1,
    },
    build=images.build,
    conditional=True,
    least_steps=5_000,
)
