import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import one_line

from tfgan.errors import InputError
from tfgan.layers import MaxoutConv2D
from tfgan.networks import goodfellow2014
from tfgan.networks.goodfellow2014 import (
    CIFAR10ConvDiscriminator,
    CIFAR10ConvGenerator,
    CIFAR10DenseDiscriminator,
    CIFAR10DenseGenerator,
)

SHAPE = (8, 11, 3)
SMALL = {
    "dense": lambda shape=SHAPE: (
        CIFAR10DenseGenerator(shape, latent_dim=5, units=30),
        CIFAR10DenseDiscriminator(shape, units=6),
    ),
    "conv": lambda shape=SHAPE: (
        CIFAR10ConvGenerator(shape, latent_dim=5, units=30, channels=4),
        CIFAR10ConvDiscriminator(shape, filters=(3, 4, 5), units=6),
    ),
}


def assert_uniform(weights, limit):
    assert np.abs(weights).max() <= limit
    if weights.size > 10_000:
        np.testing.assert_allclose(weights.std(), limit / 3**0.5, rtol=0.02)


def assert_initialised(model, shapes, limits):
    kernels = [w for w in model.get_weights() if w.ndim > 1 and w.any()]
    assert [w.shape for w in kernels] == shapes
    for kernel, limit in zip(kernels, limits, strict=True):
        assert_uniform(kernel, limit)


@pytest.mark.slow
def test_the_papers_generators():
    """Full size, 90 and 65 million weights."""
    dense = CIFAR10DenseGenerator((32, 32, 3))
    shapes = [(100, 8000), (8000, 8000), (8000, 3072)]
    assert_initialised(dense, shapes, [0.05, 0.05, 0.5])
    assert dense.count_params() == sum(np.prod(s) + s[1] for s in shapes)
    del dense
    conv = CIFAR10ConvGenerator((32, 32, 3))
    # Keras's transposed kernels are (height, width, output channels, input channels).
    assert_initialised(conv, [(100, 8000), (8000, 8000), (5, 5, 3, 80)], [0.05] * 3)
    assert conv.bias.bias.shape == (32, 32, 3)
    assert conv.reshape.target_shape == (10, 10, 80)


def test_the_papers_convolutional_output():
    """The last layers at full size: 10 x 10 x 80 to 32 x 32 x 3."""
    generator = CIFAR10ConvGenerator((32, 32, 3), units=2)
    assert_initialised(generator, [(100, 2), (2, 8000), (5, 5, 3, 80)], [0.05] * 3)
    assert generator.bias.bias.shape == (32, 32, 3)
    assert not any(v.numpy().any() for v in generator.variables if v.name == "bias")


def test_the_papers_discriminators():
    dense = CIFAR10DenseDiscriminator((32, 32, 3))
    assert_initialised(dense, [(3072, 8000), (1600, 8000), (1600, 1)], [0.005] * 3)
    conv = CIFAR10ConvDiscriminator((32, 32, 3))
    shapes = [(8, 8, 3, 64), (8, 8, 32, 64), (5, 5, 32, 384), (192 * 5 * 5, 2500), (500, 1)]
    assert_initialised(conv, shapes, [0.005] * 5)
    # One bias a map whatever the pixel: `tied_b: 1`.
    assert [w.shape for w in conv.get_weights() if w.ndim == 1] == [(64,), (64,), (384,), (2500,), (1,)]
    sides, shape = [], (None, 32, 32, 3)
    for layer in conv.convolutions:
        shape = layer.compute_output_shape(shape)
        sides.append(shape[1:])
    assert sides == [(16, 16, 32), (7, 7, 32), (5, 5, 192)]
    assert [drop.rate for drop in conv.drops] == [0.2, 0.5, 0.5, 0.5, 0.5]
    for model in (dense, conv):
        assert not any(w.any() for w in model.get_weights() if w.ndim == 1)


def by_hand(generator, z):
    """The linear image before contrast: matrix products, then every patch of the kernel added up."""
    h = np.maximum(z @ generator.hidden1.kernel.numpy() + generator.hidden1.bias.numpy(), 0)
    h = 1 / (1 + np.exp(-(h @ generator.hidden2.kernel.numpy() + generator.hidden2.bias.numpy())))
    if isinstance(generator, CIFAR10DenseGenerator):
        image = h @ generator.linear.kernel.numpy() + generator.linear.bias.numpy()
        return image.reshape(len(z), *generator.image_shape)
    kernel = generator.enlarge.kernel.numpy()  # (5, 5, C, channels)
    height, width, _ = generator.image_shape
    h = h.reshape(len(z), (height - 2) // 3, (width - 2) // 3, generator.channels)
    image = np.zeros((len(z), *generator.image_shape)) + generator.bias.bias.numpy()
    for i in range(h.shape[1]):
        for j in range(h.shape[2]):
            patch = np.einsum("bk,uvck->buvc", h[:, i, j], kernel)
            image[:, 3 * i : 3 * i + 5, 3 * j : 3 * j + 5] += patch
    return image


@pytest.mark.parametrize("kind", SMALL)
def test_forward_by_hand(kind):
    generator, _ = SMALL[kind]()
    rng = np.random.default_rng(0)
    generator.set_weights([rng.normal(size=w.shape) for w in generator.get_weights()])
    z = rng.normal(size=(4, 5))
    image = by_hand(generator, z)
    image -= image.mean((1, 2, 3), keepdims=True)
    image = 0.5 + 0.2 * image / image.std((1, 2, 3), keepdims=True)
    np.testing.assert_allclose(generator(z, training=True), image, atol=1e-4)
    np.testing.assert_allclose(generator(z, training=False), np.clip(image, 0, 1), atol=1e-4)


@pytest.mark.parametrize("shape", [(32, 32, 3), (8, 8, 1)])
@pytest.mark.parametrize("kind", SMALL)
def test_images_have_a_photos_contrast(kind, shape):
    generator, discriminator = SMALL[kind](shape)
    z = np.random.default_rng(0).normal(size=(20, 5)) * 100
    free = generator(z, training=True).numpy()
    np.testing.assert_allclose(free.mean((1, 2, 3)), 0.5, atol=1e-5)
    np.testing.assert_allclose(free.std((1, 2, 3)), 0.2, rtol=1e-4)
    images = generator(z).numpy()
    assert images.shape == (20, *shape)
    assert images.min() >= 0
    assert images.max() <= 1
    assert discriminator(images).shape == (20, 1)


@pytest.mark.parametrize("kind", SMALL)
def test_discriminators_see_normalised_contrast(kind):
    _, discriminator = SMALL[kind]()
    discriminator.set_weights(
        [
            np.random.default_rng(i).normal(0, 0.1, w.shape)
            for i, w in enumerate(discriminator.get_weights())
        ]
    )
    x = np.random.default_rng(0).random((4, *SHAPE), dtype="float32")
    logits = discriminator(x).numpy()
    np.testing.assert_allclose(discriminator(0.3 * x + 0.2), logits, rtol=1e-3, atol=1e-3)
    assert np.ptp(logits) > 0.01
    a, b = (discriminator(x, training=True).numpy() for _ in range(2))
    assert not np.array_equal(a, b)


def test_gradients_reach_pixels_beyond_the_range():
    """Clipped pixels would teach nothing: while training none are."""
    generator, _ = SMALL["dense"]()

    z = tf.constant(np.random.default_rng(0).normal(size=(3, 5)).astype("float32"))
    with tf.GradientTape() as tape:
        images = generator(z, training=True)
        outside = tf.reduce_sum(tf.where((images < 0) | (images > 1), images, 0.0))
    assert np.abs(tape.gradient(outside, generator.linear.kernel.value)).max() > 0


@pytest.mark.parametrize("kind", SMALL)
def test_round_trip(kind, tmp_path):
    for model in SMALL[kind]():
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert loaded.get_config() == model.get_config()
        for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(28, 28, 1), (4, 8, 3), (32, 33, 3)])
def test_sides_a_transposed_convolution_cannot_make(shape):
    with pytest.raises(InputError, match="image_size=32") as error:
        CIFAR10ConvGenerator(shape, units=2, channels=2)
    one_line(error)


@pytest.mark.parametrize("name", [n for n in goodfellow2014.__all__ if n.startswith("CIFAR10")])
def test_wrong_image_shape(name):
    with pytest.raises(InputError, match="image_shape"):
        getattr(goodfellow2014, name)((32, 32))


def test_convolutions_have_the_published_numbers():
    layers = CIFAR10ConvDiscriminator((32, 32, 3), units=2).convolutions
    assert all(isinstance(layer, MaxoutConv2D) and layer.pieces == 2 for layer in layers)
    numbers = [(n.units, n.kernel_size, n.padding, n.pool_size, n.pool_stride) for n in layers]
    assert numbers == [(32, 8, 4, 4, 2), (32, 8, 3, 4, 2), (192, 5, 3, 2, 2)]
