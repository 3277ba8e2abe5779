"""Quality of samples: pure functions on arrays of images."""

from tfgan.metrics import classifier, coverage, memorization, parzen

__all__ = ["classifier", "coverage", "memorization", "parzen"]
