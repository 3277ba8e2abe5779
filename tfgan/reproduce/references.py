"""What a Parzen score is worth: the same estimate of samples that no GAN made.

Each function returns 10,000 images (or as many as the name says) of a data set.
"""

import numpy as np

from tfgan.metrics import memorization

COUNT = 10_000  # as many as the papers draw from a model
LLOYD_STEPS = 10


def _train(data, count, seed):
    images, _ = data.arrays("train")
    return images[np.random.default_rng(seed).permutation(len(images))[:count]]


def real(data, seed):
    """Real training images: what a model that has learnt the data would sample."""
    return _train(data, COUNT, seed)


def fewer_real(data, seed):
    """A tenth of them: what the number of samples does to the estimate."""
    return _train(data, COUNT // 10, seed)


def k_means(data, seed):
    """Centroids of training images, by Lloyd's algorithm from random ones."""
    images, _ = data.arrays("train")
    centroids = _train(data, COUNT, seed).reshape(-1, images[0].size)  # (k, dim)
    rows = images.reshape(len(images), -1)  # (n, dim)
    for _ in range(LLOYD_STEPS):
        _, own = memorization.nearest(rows, centroids)
        counts = np.bincount(own, minlength=len(centroids))
        sums = np.zeros_like(centroids, "float64")
        np.add.at(sums, own, rows)
        kept = counts > 0  # a centroid without images stays where it is
        centroids[kept] = sums[kept] / counts[kept, None]
    return centroids.reshape(-1, *images.shape[1:])  # (k, H, W, C)


def mean_image(data, seed):
    """One image, the mean."""
    return data.mean_image()[None]


def noise(data, seed):
    """Uniform noise."""
    return np.random.default_rng(seed).random((COUNT, *data.image_shape), "float32")


REFERENCES = {
    "real": real,
    "fewer-real": fewer_real,
    "k-means": k_means,
    "mean-image": mean_image,
    "noise": noise,
}
