"""Named experiments. A recipe is one file here and one line in `RECIPES`."""

from tfgan.recipes import (
    cae_mnist,
    cdcgan_fashion,
    cgan_digits,
    cgan_mnist,
    cgan_tags,
    dbn_mnist,
    dcgan_mnist,
    folder_64,
    gan_cifar10_conv,
    gan_cifar10_fc,
    gan_digits,
    gan_mnist,
    gan_tfd,
    gan_tfd_pretraining,
    gan_toy,
    gsn_mnist,
    r3gan_cifar10,
    sngan_cifar10,
    stacked_mnist,
)
from tfgan.recipes.recipe import Recipe, get
from tfgan.recipes.settings import override, recorded

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        cgan_digits.RECIPE,
        gan_digits.RECIPE,
        gan_mnist.RECIPE,
        cgan_mnist.RECIPE,
        gan_tfd_pretraining.RECIPE,
        gan_tfd.RECIPE,
        gan_cifar10_fc.RECIPE,
        gan_cifar10_conv.RECIPE,
        cgan_tags.RECIPE,
        gan_toy.RECIPE,
        gan_toy.RING,
        gan_toy.GRID,
        dcgan_mnist.RECIPE,
        cdcgan_fashion.RECIPE,
        sngan_cifar10.RECIPE,
        r3gan_cifar10.RECIPE,
        stacked_mnist.RECIPE,
        folder_64.RECIPE,
        dbn_mnist.RECIPE,
        cae_mnist.RECIPE,
        gsn_mnist.RECIPE,
    )
}

__all__ = ["RECIPES", "Recipe", "get", "override", "recorded"]
