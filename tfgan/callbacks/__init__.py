"""Keras callbacks that watch and keep a GAN."""

from tfgan.callbacks.draw import OneDimensional, SampleGrid, SampleTags
from tfgan.callbacks.keep import BestParzen, Checkpoint, MetricsLog, Profile
from tfgan.callbacks.watch import ModeCoverage, WonDiscriminator

__all__ = [
    "BestParzen",
    "Checkpoint",
    "MetricsLog",
    "ModeCoverage",
    "OneDimensional",
    "Profile",
    "SampleGrid",
    "SampleTags",
    "WonDiscriminator",
]
