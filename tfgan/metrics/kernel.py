"""Kernel distance between two sets of features: the squared maximum mean discrepancy, unbiased.

Unlike the Frechet distance it needs no Gaussian features and its estimate is right on average for any
number of samples; so it can fall below 0 where the sets are alike.

Reference:
    Binkowski et al., 2018 (arXiv 1801.01401); Gretton et al., 2012, equation 3.
"""

import math

import numpy as np

from tfgan.errors import InputError
from tfgan.metrics.distances import Rows

SUBSETS, SUBSET_SIZE = 100, 1_000  # torch-fidelity's


def distance(features, others, *, memory=2**28):
    """Unbiased estimate of the squared MMD, kernel `(x.y / dim + 1)^3`, of two whole sets.

    Args:
        features: float `(n, dim)`, n at least 2.
        others: float `(m, dim)`, m at least 2.
        memory: int. Bytes that the kernels computed at a time may take.

    Returns:
        (float, the estimate, which may be below 0; float, its standard error: over new draws of both
        sets. For sets of one distribution it is up to 1.5 times too large, since it is of first
        order, by the variance of each sample's share).

    Raises:
        InputError: for other shapes.

    Reference:
        Binkowski et al., 2018, section 4 (arXiv 1801.01401); the error: Sutherland et al., 2017,
        equation 5 (arXiv 1611.04488).
    """
    ours, theirs = map(Rows, _checked(features, others))
    n, m = len(ours), len(theirs)
    within, theirs_within = (_sums_within(rows, memory) for rows in (ours, theirs))
    across, theirs_across = _sums(ours, theirs, memory)
    shares = within / (n - 1) - across / m  # of each sample, in the estimate
    theirs_shares = theirs_within / (m - 1) - theirs_across / n
    error = math.sqrt(4 * shares.var(ddof=1) / n + 4 * theirs_shares.var(ddof=1) / m)
    return float(shares.mean() + theirs_shares.mean()), error


def subset_distance(features, others, *, subsets=SUBSETS, subset_size=SUBSET_SIZE, seed=0):
    """Mean of the unbiased estimate over random subsets: the kernel inception distance of the field.

    Equal to torch-fidelity's of the same seed. Every sample is in many subsets, so that their spread
    says how much an estimate from `subset_size` samples varies; for the error of all samples see
    `distance`.

    Args:
        features: float `(n, dim)`.
        others: float `(m, dim)`.
        subsets: int >= 1. How many pairs of subsets are drawn.
        subset_size: int >= 2. Rows of each, drawn without replacement.
        seed: int in [0, 2**32).

    Returns:
        dict: `mean`; `standard_deviation` over the subsets; `standard_error` of the mean over other
        subsets of the same samples, `standard_deviation / sqrt(subsets)`; `subsets`, `subset_size`,
        `seed`.

    Raises:
        InputError: for other shapes, or a set smaller than `subset_size`.

    Reference:
        Binkowski et al., 2018, section 4 (arXiv 1801.01401).
    """
    ours, theirs = _checked(features, others)
    few = min(len(ours), len(theirs))
    if subsets < 1 or not 2 <= subset_size <= few:
        raise InputError(
            f"{subsets} subsets of {subset_size} cannot be drawn from {len(ours)} and {len(theirs)} "
            f"rows: give subsets of at least 1, and subset_size from 2 to {few}."
        )
    # RandomState and the order of its draws, so that numbers are those of torch-fidelity.
    rng, found = np.random.RandomState(seed), np.empty(subsets)
    for i in range(subsets):
        sides = [rows[rng.choice(len(rows), subset_size, replace=False)] for rows in (ours, theirs)]
        found[i] = _unbiased(*(side.astype("float64") for side in sides))
    return {
        "mean": float(found.mean()),
        "standard_deviation": float(found.std()),
        "standard_error": float(found.std() / math.sqrt(subsets)),
        "subsets": subsets,
        "subset_size": subset_size,
        "seed": seed,
    }


class ToFixed:
    """Unbiased estimates of the squared MMD of one set of features after another to the same one.

    Estimates of disjoint sets of samples may be averaged; that of all of them together has the same
    mean.

    Args:
        others: float `(m, dim)`, m at least 2.
        memory: int. Bytes that the kernels computed at a time may take.
    """

    def __init__(self, others, *, memory=2**28):
        others, _ = _checked(others, others)
        self._others, self._memory = others, memory
        self._within = _sums_within(Rows(others), memory).mean() / (len(others) - 1)

    def __call__(self, features):
        """Returns the estimate for features, float `(n, dim)`, n at least 2.

        Raises:
            InputError: for other shapes.
        """
        ours, theirs = map(Rows, _checked(features, self._others))
        within = _sums_within(ours, self._memory).mean() / (len(ours) - 1)
        across = _sums(ours, theirs, self._memory)[0].mean() / len(theirs)
        return float(within + self._within - 2 * across)


def kernel(rows, others):
    """The polynomial kernel `(x.y / dim + 1)^3` of float64 rows, `(n, m)`."""
    return _cubed(rows @ others.T, rows.shape[1])


def _checked(features, others):
    sides = [np.asarray(side) for side in (features, others)]
    for side in sides:
        if side.ndim != 2 or len(side) < 2 or side.shape[1] != sides[0].shape[1]:
            raise InputError(
                "features must be (n, dim), n at least 2 and dim the same in both sets, got shapes "
                f"{sides[0].shape} and {sides[1].shape}."
            )
    return sides


def _cubed(products, dim):
    """The kernel of products of rows, which it writes over."""
    products /= dim
    products += 1
    values = products * products
    values *= products
    return values


def _diagonal(squared_lengths, dim):
    return (squared_lengths / dim + 1) ** 3


def _sums(rows, others, memory):
    """Sums of the kernel of two `Rows` over the others, `(n,)`, and over the rows, `(m,)`."""
    step = max(1, memory // (16 * len(others)))  # the kernel and what it is made of
    sums, other_sums = np.empty(len(rows)), np.zeros(len(others))
    for start in range(0, len(rows), step):
        part = slice(start, min(start + step, len(rows)))
        values = _cubed(others.dot(rows.part(part)), rows.shape[1])  # (step, m)
        sums[part] = values.sum(axis=1)
        other_sums += values.sum(axis=0)
    return sums, other_sums


def _sums_within(rows, memory):
    """Sums of the kernel of each of some `Rows` over the others of them, `(n,)`."""
    return _sums(rows, rows, memory)[0] - _diagonal(rows.squared_lengths(), rows.shape[1])


def _unbiased(ours, theirs):
    within, theirs_within = map(_mean_within, (ours, theirs))
    return within + theirs_within - 2 * kernel(ours, theirs).mean()


def _mean_within(rows):
    """Mean of the kernel over pairs of different rows."""
    n, dim = rows.shape
    diagonal = _diagonal(np.einsum("nd,nd->n", rows, rows), dim)
    return (kernel(rows, rows).sum() - diagonal.sum()) / (n * (n - 1))
