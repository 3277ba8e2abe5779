"""Generators and discriminators, one file per paper or family.

They are examples, not requirements: any Keras models serve as generator and discriminator.

`FAMILIES` are the convolutional ones, for square images of any size and number of channels, each with
and without a condition: `FAMILIES["dcgan"].Generator((32, 32, 3))`.
"""

from tfgan.networks import dcgan, goodfellow2014, heads, mirza2014, r3gan, resnet

FAMILIES = {"dcgan": dcgan, "resnet": resnet, "r3gan": r3gan}

__all__ = ["FAMILIES", "dcgan", "goodfellow2014", "heads", "mirza2014", "r3gan", "resnet"]
