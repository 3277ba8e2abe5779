"""Small networks of every family."""

import tfgan
from tfgan.networks import FAMILIES

NARROW = {"channels": 4, "max_channels": 8}


def pair(family, side, channels=1, condition=None, **of_discriminator):
    """A GAN, or a CGAN with a condition, of narrow networks."""
    networks = FAMILIES[family]
    shape = (side, side, channels)
    generator = networks.Generator(shape, condition=condition, latent_dim=5, **NARROW)
    discriminator = networks.Discriminator(shape, condition=condition, **NARROW, **of_discriminator)
    kind = tfgan.GAN if condition is None else tfgan.CGAN
    return kind(generator, discriminator, seed=7)
