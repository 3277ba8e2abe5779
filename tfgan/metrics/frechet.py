"""Frechet distance between two sets of features."""

import numpy as np

from tfgan.errors import InputError


def distance(features, others):
    """Squared Frechet distance between Gaussians fitted to two sets of features.

    Args:
        features, others: float `(n, dim)`, `n` at least 2.

    Returns:
        float >= 0; 0 for sets of equal mean and covariance. Its unit is the features', squared.

    Raises:
        InputError: for other shapes.

    Reference:
        Heusel et al., 2017, equation 6 (arXiv 1706.08500).
    """
    (mean, covariance), (other_mean, other_covariance) = map(_moments, (features, others))
    if mean.shape != other_mean.shape:
        raise InputError(
            f"both sets must have features of one width, got {len(mean)} and {len(other_mean)}."
        )
    # The trace of sqrt(A B) by the symmetric sqrt(A) B sqrt(A), whose eigenvalues are real.
    root = _root(covariance)
    product = np.linalg.eigvalsh(root @ other_covariance @ root)
    cross = np.sqrt(np.maximum(product, 0)).sum()
    apart = np.square(mean - other_mean).sum()
    return float(max(0, apart + np.trace(covariance) + np.trace(other_covariance) - 2 * cross))


def _moments(features):
    features = np.asarray(features, "float64")
    if features.ndim != 2 or len(features) < 2:
        raise InputError(f"features must be (n, dim), n at least 2, got shape {features.shape}.")
    return features.mean(0), np.cov(features, rowvar=False).reshape(features.shape[1], -1)


def _root(matrix):
    """The symmetric square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
