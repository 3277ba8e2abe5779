"""Quality of samples: pure functions on arrays of images, or of their features."""

from tfgan.metrics import (
    classifier,
    coverage,
    features,
    frechet,
    kernel,
    memorization,
    ms_ssim,
    parzen,
    precision_recall,
)

__all__ = [
    "classifier",
    "coverage",
    "features",
    "frechet",
    "kernel",
    "memorization",
    "ms_ssim",
    "parzen",
    "precision_recall",
]
