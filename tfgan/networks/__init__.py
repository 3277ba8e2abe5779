"""Generators and discriminators, one file per paper or family.

They are examples, not requirements: any Keras models serve as generator and discriminator.
"""

from tfgan.networks import goodfellow2014, mirza2014

__all__ = ["goodfellow2014", "mirza2014"]
