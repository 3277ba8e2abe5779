"""A GAN of your own photographs, 64 x 64.

    tfgan train folder-64 --data folder:DIR --out runs/photos

A few hundred images do. The discriminator would learn them by heart, so what it is shown is augmented,
as strongly as it overfits (ADA). Subfolders are classes: then images are drawn by class. Smaller
images stay as they are, larger ones become 64 x 64 (`--set image_size=96` for other sizes); 20 passes
over many images, at least 10,000 steps over few. Batches are of 32, of 10,000 images or more of 64; r1
grows with the pixels.

The rate and r1 were chosen by eye, on 400 CIFAR-10 JPEGs of horses and ships after 3,000 steps: at
2e-4 and 1.0 blurs, at 5e-4 and 0.1 textures, at 1e-3 and 0.02 ships at sea and meadows. The score
is of the whole run (seed 1): a classifier's accuracy on 10,000 samples and on 40 held-out images,
and the distance in pixels to the nearest training image of each. For a Frechet distance 40 are too few.
"""

from tfgan.recipes import images
from tfgan.recipes.recipe import Recipe


def choose(data):
    """Batches by the number of images; R1 by that of pixels, as in Karras et al. 2020, appendix C."""
    side = data.image_shape[0]
    return {"batch_size": 32 if data.sizes["train"] < 10_000 else 64, "r1": 0.02 * (side / 32) ** 2}


RECIPE = Recipe(
    name="folder-64",
    reproduces="your own photographs, with adaptive augmentation (Karras et al. 2020)",
    data="",
    time="12 min on a busy core for 400 images of 32 x 32 (38 ms a step alone)",
    score="400 JPEGs of two classes: accuracy 0.966 (real 0.950); nearest training image 10.9 (11.4)",
    settings={
        **images.SETTINGS,
        "epochs": 20,
        "batch_size": 32,
        "conditional": True,
        "batch_norm": False,
        "minibatch_stddev": True,
        "learning_rate": 1e-3,
        "r1": 0.02,
        "penalty_every": 4,
        "augment": "flip,color,translation,cutout",
        "augment_strength": "adaptive",
        "ada_images": 100_000,
        "sample_every": 1,
    },
    build=images.build,
    conditional=None,
    least_steps=10_000,
    choose=choose,
    largest_side=64,
)
