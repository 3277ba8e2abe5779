"""Named experiments. A recipe is one file here and one line in `RECIPES`."""

from tfgan.recipes import cgan_digits, cgan_mnist, cgan_tags, gan_digits, gan_mnist
from tfgan.recipes.recipe import Recipe, get, override

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        cgan_digits.RECIPE,
        gan_digits.RECIPE,
        gan_mnist.RECIPE,
        cgan_mnist.RECIPE,
        cgan_tags.RECIPE,
    )
}

__all__ = ["RECIPES", "Recipe", "get", "override"]
