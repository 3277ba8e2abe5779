"""The networks of the conditional GAN paper: `Generator`, `Discriminator` (MNIST's), and its tags'.

Reference:
    Mirza & Osindero, *Conditional Generative Adversarial Nets*, 2014 (arXiv 1411.1784).
"""

from tfgan.networks.mirza2014.matching import MatchingDiscriminator
from tfgan.networks.mirza2014.mnist import Discriminator, Generator
from tfgan.networks.mirza2014.tags import TagDiscriminator, TagGenerator

__all__ = ["Discriminator", "Generator", "MatchingDiscriminator", "TagDiscriminator", "TagGenerator"]
