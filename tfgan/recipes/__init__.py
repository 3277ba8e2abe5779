"""Named experiments. A recipe is one file here and one line in `RECIPES`."""

from tfgan.recipes import (
    cgan_digits,
    cgan_mnist,
    gan_cifar10_conv,
    gan_cifar10_fc,
    gan_digits,
    gan_mnist,
    gan_tfd,
    gan_tfd_pretraining,
)
from tfgan.recipes.recipe import Recipe, get, override

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
    )
}

__all__ = ["RECIPES", "Recipe", "get", "override"]
