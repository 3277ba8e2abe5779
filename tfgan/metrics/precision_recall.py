"""Precision and recall, density and coverage of samples, by nearest neighbours in a feature space.

Precision: how many samples lie where real images do; recall: how many real images lie where samples
do. Density and coverage ask the same with the neighbourhoods of real images alone, which outliers
among the samples do not inflate. All depend on both counts and on `nearest_k`: compare numbers of the
same protocol only, and look at those of other real images.

Reference:
    Kynkaanniemi et al., 2019 (arXiv 1904.06991); Naeem et al., 2020 (arXiv 2002.09797).
"""

import numpy as np

from tfgan.errors import InputError
from tfgan.metrics.distances import as_rows, squared_distance_chunks

NEAREST_K = 5


def scores(real, fake, *, nearest_k=NEAREST_K, memory=2**27):
    """Improved precision and recall, density and coverage.

    The ball of a row reaches to its k-th nearest other row of its own set; what is nearer than that,
    strictly, lies in it. So the authors' package `prdc` counts.

    - precision: fraction of fake rows in a ball of real ones (equation 1 of the first).
    - recall: fraction of real rows in a ball of fake ones (equation 2).
    - density: balls of real rows that a fake one lies in, on average, over k (equation 3 of the
      second); can exceed 1.
    - coverage: fraction of real rows whose ball has a fake one (equation 4). Of two sets of one
      distribution and size n it is near `1 - 2^-k`, or exactly
      `1 - (n - 1) ... (n - k) / ((2n - 1) ... (2n - k))` on average.

    Args:
        real: float `(n, dim)`, n above `nearest_k`.
        fake: float `(m, dim)`, m above `nearest_k`.
        nearest_k: int >= 1.
        memory: int. Bytes that the distances computed at a time may take.

    Returns:
        dict: `precision`, `recall`, `density`, `coverage`.

    Raises:
        InputError: for other shapes, or a set too small for `nearest_k`.

    Reference:
        Kynkaanniemi et al., 2019, section 2 (arXiv 1904.06991); Naeem et al., 2020, sections 3 and 4
        (arXiv 2002.09797).
    """
    if nearest_k < 1:
        raise InputError(f"nearest_k must be at least 1, got {nearest_k}.")
    real, fake = as_rows(real, fake)
    few = min(len(real), len(fake))
    if few <= nearest_k:
        raise InputError(
            f"neighbours number {nearest_k} need more than {nearest_k} rows in both sets, got "
            f"{len(real)} and {len(fake)}: measure more samples, or lower nearest_k."
        )
    shift = real.mean()  # distances do not change, cancellation shrinks
    real.shift(shift)
    fake.shift(shift)
    real_radii, fake_radii = (_squared_radii(rows, nearest_k, memory) for rows in (real, fake))
    in_real = np.zeros(len(fake), "int64")  # balls of real rows that each fake one lies in
    in_fake, covered = np.empty(len(real), bool), np.empty(len(real), bool)
    for part, squared in squared_distance_chunks(real, fake, memory=memory):
        inside = squared < real_radii[part, None]
        in_real += inside.sum(axis=0)
        covered[part] = inside.any(axis=1)
        in_fake[part] = (squared < fake_radii).any(axis=1)
    return {
        "precision": float(np.mean(in_real > 0)),
        "recall": float(in_fake.mean()),
        "density": float(in_real.mean() / nearest_k),
        "coverage": float(covered.mean()),
    }


def _squared_radii(rows, k, memory):
    """Squared distance of each row to its k-th nearest other one."""
    radii = np.empty(len(rows))
    for part, squared in squared_distance_chunks(rows, rows, memory=memory):
        own = np.arange(part.start, part.stop)
        squared[own - part.start, own] = 0  # and not what rounding makes of it
        squared.partition(k, axis=1)  # in place
        radii[part] = squared[:, k]
    return radii
