"""Gaussian Parzen-window log-likelihood, by the papers' protocol.

The estimate says little about how images look: 10,000 k-means centroids of MNIST score above
10,000 real images. Set it beside other measures.

Reference:
    Goodfellow et al., 2014, section 5 (arXiv 1406.2661); Breuleux et al., 2009.
"""

import math

import numpy as np

from tfgan.errors import InputError
from tfgan.metrics.distances import as_rows, squared_distance_chunks

SIGMAS = tuple(np.logspace(-1, 0, 10))


def log_likelihood(samples, data, sigma):
    """Gaussian Parzen-window log-likelihood of `data` under `samples`.

    `logmeanexp_i(-|x - mu_i|^2 / 2 sigma^2) - dim * log(sigma sqrt(2 pi))`, in float64 throughout.

    Args:
        samples: `(n_samples, ...)`, float in [0, 1] or uint8: the kernels' centres.
        data: `(n_data, ...)`, likewise.
        sigma: float > 0, or several. Kernel width, in pixel units.

    Returns:
        float64 `(n_data,)`: log-likelihood of each image, in nats; for several sigmas
        `(n_sigmas, n_data)`, at the price of one.

    Raises:
        InputError: if the dims differ or a sigma is not positive.
    """
    sigmas = np.atleast_1d(np.asarray(sigma, "float64"))
    if not np.all(sigmas > 0):
        raise InputError(f"sigma must be positive, got {sigma}.")
    centres, rows = as_rows(samples, data)
    shift = centres.mean()  # distances do not change, cancellation shrinks
    centres.shift(shift)
    rows.shift(shift)
    result = np.empty((len(sigmas), len(rows)))
    for part, squared in squared_distance_chunks(rows, centres):
        nearest = squared.min(axis=1, keepdims=True)
        squared -= nearest
        for i, s in enumerate(sigmas):
            mean = np.exp(squared * (-0.5 / s**2)).mean(axis=1)
            result[i, part] = np.log(mean) - nearest[:, 0] / (2 * s**2)
    result -= rows.shape[1] * np.log(sigmas * math.sqrt(2 * math.pi))[:, None]
    return result if np.ndim(sigma) else result[0]


def select_sigma(samples, valid, sigmas=SIGMAS):
    """Returns the sigma of highest mean log-likelihood on validation images, and those means.

    Args:
        samples: `(n_samples, ...)`.
        valid: `(n_valid, ...)`.
        sigmas: candidates; by default the papers', `logspace(-1, 0, 10)`.

    Returns:
        (float, float64 `(n_sigmas,)`), in nats.
    """
    means = log_likelihood(samples, valid, sigmas).mean(axis=1)
    return float(sigmas[int(np.argmax(means))]), means


def score(samples, valid, test, sigmas=SIGMAS):
    """The papers' number: sigma chosen on `valid`, mean log-likelihood of `test`.

    Args:
        samples: `(n_samples, ...)`; the papers draw 10,000.
        valid: `(n_valid, ...)`; the papers use 1,000.
        test: `(n_test, ...)`; the papers use all 10,000.
        sigmas: candidates.

    Returns:
        dict: `log_likelihood`, `standard_error` (std / sqrt n_test), `sigma`, all in nats or pixel
        units.
    """
    sigma, _ = select_sigma(samples, valid, sigmas)
    values = log_likelihood(samples, test, sigma)
    return {
        "log_likelihood": float(values.mean()),
        "standard_error": float(values.std() / math.sqrt(len(values))),
        "sigma": sigma,
    }
