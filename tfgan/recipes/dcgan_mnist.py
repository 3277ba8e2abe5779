"""A convolutional GAN on MNIST, or on any images of about its size.

tfgan train dcgan-mnist --out runs/dcgan-mnist
"""

from tfgan.recipes import images
from tfgan.recipes.recipe import Recipe

RECIPE = Recipe(
    name="dcgan-mnist",
    reproduces="Radford et al. 2016: convolutional GAN, on MNIST",
    data="mnist",
    time="said before training starts; not trained in full here yet",
    score="not measured yet",
    settings={
        **images.SETTINGS,
        "epochs": 20,
        "batch_size": 100,
        "channels": 32,
        "sample_every": 1,
    },
    build=images.build,
    least_steps=5_000,
)
