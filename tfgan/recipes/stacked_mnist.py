"""Stacked MNIST: three digits in the channels of one image make 1,000 modes to cover.

tfgan train stacked-mnist --out runs/stacked
tfgan evaluate runs/stacked --metrics coverage --samples 26000
"""

from tfgan.recipes import images
from tfgan.recipes.recipe import Recipe

RECIPE = Recipe(
    name="stacked-mnist",
    reproduces="Metz et al. 2017, Srivastava et al. 2017: mode coverage on stacked MNIST",
    data="stacked:mnist",
    time="said before training starts; not trained in full here yet",
    score="not measured yet",
    settings={
        **images.SETTINGS,
        "epochs": 5,
        "batch_norm": False,
        "minibatch_stddev": True,
        "loss": "relativistic_pairing",
        "r1": 1.0,
        "r2": 1.0,
        "beta_1": 0.0,
        "beta_2": 0.99,
        "sample_every": 1,
    },
    build=images.build,
    least_steps=5_000,
)
