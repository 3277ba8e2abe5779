"""A GAN of your own photographs, 64 x 64.

    tfgan train folder-64 --data folder:DIR --out runs/photos

A few hundred images do. The discriminator would learn them by heart, so what it is shown is augmented,
as strongly as it overfits (ADA). Subfolders are classes: then images are drawn by class.
"""

from tfgan.recipes import images
from tfgan.recipes.recipe import Recipe

RECIPE = Recipe(
    name="folder-64",
    reproduces="your own photographs, with adaptive augmentation (Karras et al. 2020)",
    data="",
    time="TODO",
    score="TODO",
    settings={
        **images.SETTINGS,
        "epochs": 100,
        "image_size": 64,
        "batch_size": 32,
        "conditional": True,
        "batch_norm": False,
        "minibatch_stddev": True,
        "r1": 1.0,
        "penalty_every": 4,
        "augment": "flip,color,translation,cutout",
        "augment_strength": "adaptive",
        "ada_images": 100_000,
        "sample_every": 10,
    },
    build=images.build,
    conditional=None,
    least_steps=10_000,
)
