"""Mode collapse in numbers: which modes samples reach, and how far apart samples lie.

Reference:
    Goodfellow et al., 2014, section 6 ("the Helvetica scenario"); modes and high-quality samples as in
    Srivastava et al., 2017, section 4.1 (arXiv 1705.07761).
"""

import numpy as np

from tfgan.errors import InputError
from tfgan.metrics.distances import as_rows, of_images, squared_distance_chunks

LEAST_SHARE = 0.1  # of its fair number of samples, for a mode to count as covered


def nearest_mode(samples, centres, radius):
    """The mode each sample belongs to: the nearest centre, if it is near enough.

    Args:
        samples: float `(n, ...)`.
        centres: float `(n_modes, dim)`.
        radius: float. A sample farther than this from every centre belongs to none; for round
            Gaussians in the plane, 3 standard deviations hold 98.9 % of true points.

    Returns:
        int64 `(n,)`: the mode, -1 for none.

    Raises:
        InputError: if the sizes differ.
    """
    rows, others = as_rows(samples, centres)
    modes = np.empty(len(rows), "int64")
    for part, squared in squared_distance_chunks(rows, others):
        near = squared.min(axis=1) <= radius**2
        modes[part] = np.where(near, squared.argmin(axis=1), -1)
    return modes


def coverage(modes, num_modes, *, shares=None):
    """Which modes a set of samples reaches.

    Args:
        modes: int `(n,)`: each sample's mode in `[0, num_modes)`, -1 for none. From `nearest_mode`,
            or a classifier's labels.
        num_modes: int >= 1.
        shares: float `(num_modes,)`, the data's fraction of each mode; None is equal ones.

    Returns:
        dict: `covered`, the number of modes that hold at least a tenth of their share of the
        samples; `reached`, of those that hold at least one; `of`, how many modes the data has;
        `inside`, the fraction of samples that belong to a mode; `kl`, the divergence of the samples'
        modes from the data's in nats, None where it is infinite: no sample belongs to any mode, or
        some to one that the data does not have.

    Raises:
        InputError: for no samples, or modes out of range.
    """
    modes = np.asarray(modes)
    if not modes.size or modes.min() < -1 or modes.max() >= num_modes:
        raise InputError(f"modes must be one or more integers from -1 to {num_modes - 1}.")
    shares = np.full(num_modes, 1 / num_modes) if shares is None else np.asarray(shares, "float64")
    counts = np.bincount(modes[modes >= 0], minlength=num_modes)
    present = shares > 0
    enough = counts >= np.maximum(1, LEAST_SHARE * shares * len(modes))
    found = counts / max(1, counts.sum())
    nonzero = found > 0
    finite = nonzero.any() and present[nonzero].all()
    kl = np.sum(found[nonzero] * np.log(found[nonzero] / shares[nonzero])) if finite else None
    return {
        "covered": int(np.sum(enough & present)),
        "reached": int(np.sum((counts > 0) & present)),
        "of": int(present.sum()),
        "inside": float(counts.sum() / len(modes)),
        "kl": None if kl is None else float(kl),
    }


def spread(images):
    """Root mean square distance of images to their mean.

    The square is the unbiased estimate of the variance over all pixels, so that sets of other sizes
    compare. 0 where all images are the same, or are one.

    Args:
        images: `(n, ...)`, float in [0, 1] or uint8.

    Returns:
        float, in pixel units.
    """
    rows = of_images(images)
    mean = rows.mean()
    squares = sum(np.sum((block - mean) ** 2) for _, block in rows.blocks())
    return float(np.sqrt(squares / max(1, len(rows) - 1)))


def relative_spread(images, real_images, *, labels=None, real_labels=None):
    """Spread of images over that of real ones; with labels within classes, each of which counts alike.

    Args:
        images: `(n, ...)`, float in [0, 1] or uint8.
        real_images: `(n_real, ...)`, likewise.
        labels: int `(n,)`, or None.
        real_labels: int `(n_real,)`, or None.

    Returns:
        float: 1 is as varied as the data, 0 is one image (a class). None where the real images do not
        vary, or no class has two images on both sides.
    """
    images, real_images = np.asarray(images), np.asarray(real_images)
    if labels is None:
        pairs = [(images, real_images)]
    else:
        ours, theirs = np.asarray(labels), np.asarray(real_labels)
        pairs = [(images[ours == one], real_images[theirs == one]) for one in np.unique(ours)]
    squares = [[spread(side) ** 2 for side in pair] for pair in pairs if min(map(len, pair)) > 1]
    total, real_total = np.sum(squares, axis=0) if squares else (0.0, 0.0)
    return float(np.sqrt(total / real_total)) if real_total > 0 else None
