"""The directions found are those along which images change most."""

import keras
import numpy as np
from makers import small_gan

import tfgan
from tfgan.export import directions


def linear_gan(matrix):
    """A GAN whose images are the latents times a matrix."""
    dense = keras.layers.Dense(matrix.shape[1], use_bias=False)
    generator = keras.Sequential([keras.Input((len(matrix),)), dense, keras.layers.Reshape((2, 3, 1))])
    dense.set_weights([matrix])
    discriminator = keras.Sequential([keras.Input((2, 3, 1)), keras.layers.Flatten()])
    discriminator.add(keras.layers.Dense(1))
    return tfgan.GAN(generator, discriminator, seed=0)


def test_of_a_linear_generator_are_its_singular_vectors():
    matrix = np.random.default_rng(0).normal(size=(4, 6)).astype("float32") / 9
    left, values, right = np.linalg.svd(matrix)
    signs = np.sign(values * right[:4].sum(axis=1))
    vectors, shares = directions.principal(linear_gan(matrix), 3)
    np.testing.assert_allclose(vectors, (left * signs).T[:3], atol=1e-4)
    np.testing.assert_allclose(shares, (values**2 / np.sum(values**2))[:3], rtol=1e-4)


def test_along_them_images_change_more_than_along_others(gan):
    vectors, shares = directions.principal(gan, 2)
    assert vectors.shape == (2, gan.latent_dim)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(2), atol=1e-6)
    assert 1 >= sum(shares) >= shares[0] >= shares[1] > 0
    z = gan.draw_latents(20, seed=5)
    condition = gan.example_condition(20)
    others = np.random.default_rng(0).normal(size=(10, gan.latent_dim))

    def change(direction):
        step = (0.5 * direction / np.linalg.norm(direction)).astype("float32")
        return np.square(gan.images_of(z + step, condition) - gan.images_of(z - step, condition)).sum()

    assert change(vectors[0]) > np.mean([change(other) for other in others])


def test_are_no_more_than_latents_and_repeatable():
    gan = small_gan()
    vectors, shares = directions.principal(gan, 50)
    assert vectors.shape == (gan.latent_dim, gan.latent_dim)
    assert abs(sum(shares) - 1) < 1e-6
    np.testing.assert_array_equal(directions.principal(gan, 50)[0], vectors)


def test_of_a_constant_generator():
    vectors, shares = directions.principal(linear_gan(np.zeros((4, 6), "float32")), 2)
    assert np.isfinite(vectors).all()
    np.testing.assert_array_equal(shares, 0)
