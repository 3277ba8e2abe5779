"""Time and memory of the Parzen estimate at the papers' size, beside the formula with float64 pairs.

    python benchmarks/parzen.py

10,000 samples, 1,000 validation and 10,000 test images of 784 pixels, drawn uniformly (the estimator's
work does not depend on the values). The formula forms all differences of a chunk of rows, as one would
write it from the paper; it is timed on 100 test images and scaled.
"""

import resource
import time

import numpy as np

from tfgan.metrics import parzen


def formula(samples, data, sigma):
    """The definition, row by row."""
    result = []
    for row in data:
        exponents = -((samples - row) ** 2).sum(axis=1) / (2 * sigma**2)
        top = exponents.max()
        result.append(top + np.log(np.exp(exponents - top).mean()))
    return np.array(result) - samples.shape[1] * np.log(sigma * np.sqrt(2 * np.pi))


def main():
    rng = np.random.default_rng(0)
    samples, valid, test = (rng.random((n, 784), "float32") for n in (10_000, 1_000, 10_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    result = parzen.score(samples, valid, test)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wide = samples.astype("float64")
    start = time.perf_counter()
    values = formula(wide, test[:100].astype("float64"), result["sigma"])
    naive = (time.perf_counter() - start) * len(test) / 100
    ours = parzen.log_likelihood(samples, test[:100], result["sigma"])
    print(f"score of {len(test)} images: {seconds:.1f} s, peak memory {after / 1e6:.2f} GB")
    print(f"  of which imports and data {before / 1e6:.2f} GB")
    print(f"the formula, row by row: {naive:.0f} s, {naive / seconds:.0f} times as long")
    print(f"largest difference between them: {np.abs(ours - values).max():.1e} nats")


if __name__ == "__main__":
    main()
