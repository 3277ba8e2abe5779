"""The networks of the first GAN paper, a file per data set; `Generator`, `Discriminator`: MNIST's.

Reference:
    Goodfellow et al., *Generative Adversarial Nets*, 2014 (arXiv 1406.2661), and its published code.
"""

from tfgan.networks.goodfellow2014.cifar10 import (
    CIFAR10ConvDiscriminator,
    CIFAR10ConvGenerator,
    CIFAR10DenseDiscriminator,
    CIFAR10DenseGenerator,
)
from tfgan.networks.goodfellow2014.mnist import (
    DISCRIMINATOR_LIMIT,
    GENERATOR_LIMIT,
    Discriminator,
    Generator,
    ImageOutput,
    check_image_shape,
    uniform,
)
from tfgan.networks.goodfellow2014.tfd import TFDDiscriminator, TFDGenerator, TFDPretrainingGenerator

__all__ = [
    "DISCRIMINATOR_LIMIT",
    "GENERATOR_LIMIT",
    "CIFAR10ConvDiscriminator",
    "CIFAR10ConvGenerator",
    "CIFAR10DenseDiscriminator",
    "CIFAR10DenseGenerator",
    "Discriminator",
    "Generator",
    "ImageOutput",
    "TFDDiscriminator",
    "TFDGenerator",
    "TFDPretrainingGenerator",
    "check_image_shape",
    "uniform",
]
