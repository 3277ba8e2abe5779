"""Directions in latent space along which a generator's images change most."""

import numpy as np

from tfgan import latents

_POINTS = 16
_STEP = 0.5  # of latents, in the prior's standard deviations


def principal(gan, count=5):
    """The directions along which images change most, on average over latents and conditions.

    These are the eigenvectors of the mean of J^T J, where J is the generator's Jacobian, by central
    differences half a standard deviation to each side.

    Args:
        gan: `tfgan.GAN` or `tfgan.CGAN` of images.
        count: int >= 1, at most `latent_dim` are found.

    Returns:
        (float64 `(count, latent_dim)`, orthonormal rows, the strongest first, each turned so that its
        images become brighter; float64 `(count,)`, each one's share of all change, in [0, 1]).

    Reference:
        Wang & Ponce, 2021 (arXiv 2101.06006), with pixels for its distance between images.
    """
    step = np.float32(_STEP * latents.moments(gan.noise)[1])
    centres = gan.draw_latents(_POINTS, seed=0)
    conditions = gan.example_condition(_POINTS) if gan.conditional else [None] * _POINTS
    offsets = step * np.eye(gan.latent_dim, dtype="float32")
    gram = np.zeros((gan.latent_dim, gan.latent_dim))
    brighter = np.zeros(gan.latent_dim)
    for centre, condition in zip(centres, conditions, strict=True):
        around = np.concatenate([centre + offsets, centre - offsets])
        repeated = None if condition is None else np.repeat(np.array(condition)[None], len(around), 0)
        images = gan.images_of(around, repeated).reshape(2, gan.latent_dim, -1).astype("float64")
        changes = images[0] - images[1]  # (latent_dim, H * W * C)
        gram += changes @ changes.T
        brighter += changes.sum(axis=1)
    values, vectors = np.linalg.eigh(gram)
    values, vectors = np.maximum(values[::-1][:count], 0), vectors.T[::-1][:count]
    vectors = vectors * np.where(vectors @ brighter < 0, -1, 1)[:, None]
    return vectors, values / max(float(np.trace(gram)), np.finfo("float64").tiny)
