"""Keras callbacks that watch and keep a GAN."""

from tfgan.callbacks.board import TensorBoard
from tfgan.callbacks.checkpoint import Checkpoint
from tfgan.callbacks.draw import OneDimensional, SampleGrid, SampleTags
from tfgan.callbacks.estimate import Estimate
from tfgan.callbacks.guard import Guard
from tfgan.callbacks.keep import BestParzen, MetricsLog, Profile
from tfgan.callbacks.overfitting import Overfitting
from tfgan.callbacks.watch import ModeCoverage

__all__ = [
    "BestParzen",
    "Checkpoint",
    "Estimate",
    "Guard",
    "MetricsLog",
    "ModeCoverage",
    "OneDimensional",
    "Overfitting",
    "Profile",
    "SampleGrid",
    "SampleTags",
    "TensorBoard",
]
