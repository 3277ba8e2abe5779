"""Frechet distance between two sets of features, from moments that can be gathered by batches.

The number depends on the features and on how many samples there are: it falls as samples are added.
Compare only numbers of the same features and counts, and look at that of two sets of real images.

Reference:
    Heusel et al., 2017 (arXiv 1706.08500).
"""

import warnings

import numpy as np

from tfgan.errors import FewSamplesWarning, InputError

_BYTES = 2**26  # of features made float64 at a time


class Moments:
    """Count, mean and centred second moment of features, in float64.

    Any split of the features into batches, and any order of merging, gives the same numbers up to
    rounding. Takes `8 * dim ** 2` bytes, whatever the count.

    Args:
        dim: int >= 1. Width of the features.

    Attributes:
        count: int.
        mean: float64 `(dim,)`.
        second: float64 `(dim, dim)`: the sum of `(x - mean)(x - mean)^T`.

    Reference:
        Chan, Golub & LeVeque, *Updating formulae and a pairwise algorithm for computing sample
        variances*, 1979, equation 2.1, in several dimensions.
    """

    def __init__(self, dim):
        if dim < 1:
            raise InputError(f"features must have at least one number each, got {dim}.")
        self.count, self.mean, self.second = 0, np.zeros(dim), np.zeros((dim, dim))

    def update(self, features):
        """Adds features, float `(n, dim)`, n at least 0; returns self.

        Raises:
            InputError: for another shape, NaN or infinity.
        """
        features = np.asarray(features)
        dim = len(self.mean)
        if features.ndim != 2 or features.shape[1] != dim:
            raise InputError(f"features must be (n, {dim}), got shape {features.shape}.")
        step = max(1, _BYTES // (8 * dim))
        for start in range(0, len(features), step):
            part = features[start : start + step].astype("float64")
            mean = part.mean(axis=0)
            if not np.isfinite(mean).all():
                raise InputError("features must be finite numbers, got NaN or infinity.")
            part -= mean
            self._add(len(part), mean, part.T @ part)
        return self

    def merge(self, other):
        """Adds what other `Moments` have gathered; returns self.

        Raises:
            InputError: if their features have another width.
        """
        _check_widths(self, other)
        self._add(other.count, other.mean, other.second)
        return self

    def _add(self, count, mean, second):
        if not count:
            return
        total = self.count + count
        apart = mean - self.mean
        self.second += second
        self.second += np.outer(apart, apart) * (self.count * count / total)
        self.mean = self.mean + apart * (count / total)
        self.count = total

    @property
    def covariance(self):
        """float64 `(dim, dim)`: the unbiased estimate.

        Raises:
            InputError: for fewer than two samples.
        """
        if self.count < 2:
            raise InputError(f"a covariance needs at least 2 samples, got {self.count}: add samples.")
        return self.second / (self.count - 1)


def moments(features):
    """Returns the `Moments` of features, float `(n, dim)`.

    Raises:
        InputError: for another shape, NaN or infinity.
    """
    features = np.asarray(features)
    if features.ndim != 2:
        raise InputError(f"features must be (n, dim), n at least 2, got shape {features.shape}.")
    return Moments(features.shape[1]).update(features)


def distance(features, others):
    """Squared Frechet distance between Gaussians fitted to two sets of features.

    `|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))`. Warns of a set with no more samples than features:
    its covariance has no inverse, and the distance is too large by far.

    Args:
        features, others: float `(n, dim)`, `n` at least 2; or `Moments`.

    Returns:
        float >= 0; 0 for sets of equal mean and covariance. Its unit is the features', squared.

    Raises:
        InputError: for other shapes, NaN or infinity.

    Reference:
        Heusel et al., 2017, equation 6 (arXiv 1706.08500); Dowson & Landau, 1982.
    """
    ours, theirs = (one if isinstance(one, Moments) else moments(one) for one in (features, others))
    _check_widths(ours, theirs)
    covariance, other_covariance = ours.covariance, theirs.covariance
    few, dim = min(ours.count, theirs.count), len(ours.mean)
    if few <= dim:
        warnings.warn(
            f"Frechet distance of {few} samples with {dim} features each: the covariance is singular "
            "and the distance too large; measure more samples than features.",
            FewSamplesWarning,
            stacklevel=2,
        )
    # The trace of sqrt(A B) by the symmetric sqrt(A) B sqrt(A), whose eigenvalues are real.
    root = _root(covariance)
    product = np.linalg.eigvalsh(root @ other_covariance @ root)
    cross = np.sqrt(np.maximum(product, 0)).sum()
    apart = np.square(ours.mean - theirs.mean).sum()
    return float(max(0, apart + np.trace(covariance) + np.trace(other_covariance) - 2 * cross))


def intra_class(features, labels, others, other_labels):
    """Mean over classes of the Frechet distance within the class.

    It tells a generator that ignores its condition, or collapses within classes, where the distance
    of the whole sets does not. Warns, once, of classes with no more samples than features.

    Args:
        features, others: float `(n, dim)`.
        labels, other_labels: int `(n,)`. The same classes, with at least 2 samples each.

    Returns:
        (float, the mean; dict of int to float, the distance of each class).

    Raises:
        InputError: if a class is missing on one side or has a single sample, or as `distance`.

    Reference:
        Miyato & Koyama, 2018, section 5.1 (arXiv 1802.05637).
    """
    features, others = np.asarray(features), np.asarray(others)
    labels, other_labels = np.asarray(labels), np.asarray(other_labels)
    if len(labels) != len(features) or len(other_labels) != len(others):
        raise InputError("intra-class Frechet distance needs one label per row of features.")
    if features.ndim != 2 or others.ndim != 2:
        raise InputError(f"features must be (n, dim), got shapes {features.shape} and {others.shape}.")
    fewest, found = None, {}
    for one in np.union1d(labels, other_labels):
        sides = np.flatnonzero(labels == one), np.flatnonzero(other_labels == one)
        few = min(map(len, sides))
        if few < 2:
            raise InputError(
                f"class {one} has {len(sides[0])} samples and {len(sides[1])} to compare them with: "
                "intra-class Frechet distance needs at least 2 on both sides."
            )
        fewest = few if fewest is None else min(few, fewest)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FewSamplesWarning)
            pairs = zip((features, others), sides, strict=True)
            found[int(one)] = distance(*(_moments_of(*pair) for pair in pairs))
    if fewest is None:
        raise InputError("intra-class Frechet distance needs samples, got none.")
    if fewest <= features.shape[1]:
        warnings.warn(
            f"intra-class Frechet distance of classes of {fewest} samples with {features.shape[1]} "
            "features each: the covariances are singular and the distance too large; measure more "
            "samples a class than features.",
            FewSamplesWarning,
            stacklevel=2,
        )
    return float(np.mean(list(found.values()))), found


def _moments_of(features, rows):
    """The `Moments` of some rows, of which no more are copied than are looked at."""
    found = Moments(features.shape[1])
    step = max(1, _BYTES // (8 * features.shape[1]))
    for start in range(0, len(rows), step):
        found.update(features[rows[start : start + step]])
    return found


def _check_widths(ours, theirs):
    if len(ours.mean) != len(theirs.mean):
        raise InputError(
            f"both sets must have features of one width, got {len(ours.mean)} and {len(theirs.mean)}."
        )


def _root(matrix):
    """The symmetric square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
