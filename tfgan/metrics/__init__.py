"""Quality of samples: pure functions on arrays of images."""

from tfgan.metrics import classifier, memorization, parzen

__all__ = ["classifier", "memorization", "parzen"]
