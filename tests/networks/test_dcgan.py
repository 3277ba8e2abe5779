"""DCGAN as published, and its options."""

import itertools

import keras
import numpy as np
import pytest
from makers import one_line

from tfgan.conditions import Labels, Vector
from tfgan.errors import InputError
from tfgan.layers import MinibatchStdDev, SpectralNormalization
from tfgan.networks import dcgan
from tfgan.networks.convolutional import ConditionEmbedding


def kernels(network):
    return [w.shape for w in network.trainable_weights if w.name == "kernel"]


def test_sizes_of_the_paper():
    """Figure 1: 4 x 4 x 1024, then 512, 256, 128 and the image of 64 x 64; 5 x 5 kernels."""
    generator = dcgan.Generator((64, 64, 3), channels=128, max_channels=1024, kernel_size=5)
    assert kernels(generator) == [
        (100, 4 * 4 * 1024),
        (5, 5, 512, 1024),
        (5, 5, 256, 512),
        (5, 5, 128, 256),
        (5, 5, 3, 128),
    ]
    discriminator = dcgan.Discriminator((64, 64, 3))
    widths = [3, 64, 128, 256, 512]
    steps = list(itertools.pairwise(widths))
    assert kernels(discriminator) == [(4, 4, a, b) for a, b in steps] + [(4 * 4 * 512, 1)]


def test_initialisation():
    for network in (dcgan.Generator((32, 32, 3)), dcgan.Discriminator((32, 32, 3))):
        for weight in network.trainable_weights:
            values = weight.numpy()
            if weight.name == "gamma":
                assert abs(values.mean() - 1) < 0.01
            elif weight.name != "kernel":
                assert not values.any()
            if weight.name in ("kernel", "gamma"):
                np.testing.assert_allclose(values.std(), 0.02, rtol=0.25)


def test_images_are_tanh():
    generator = dcgan.Generator((8, 8, 1), channels=4, latent_dim=3)
    z = np.random.default_rng(0).standard_normal((5, 3)).astype("float32")
    x = generator.reshape(generator.dense(z))
    linear = generator.image(keras.ops.relu(generator.norms[0](x, training=False)))
    np.testing.assert_allclose(generator(z), (np.tanh(linear) + 1) / 2, atol=1e-6)


def test_the_first_convolution_has_no_batch_normalization():
    plain = dcgan.Discriminator((32, 32, 1), channels=4)
    assert [down.norm is None for down in plain.downs] == [True, False, False]
    without = dcgan.Discriminator((32, 32, 1), channels=4, batch_norm=False)
    assert [down.norm for down in without.downs] == [None] * 3
    biases = [w.shape for w in without.trainable_weights if w.name == "bias"]
    assert biases == [(4,), (8,), (16,), (1,)]


def test_dropout_only_while_training():
    network = dcgan.Discriminator((8, 8, 1), channels=4, dropout=0.5)
    x = np.ones((2, 8, 8, 1), "float32")
    assert not np.array_equal(network(x, training=True), network(x, training=True))
    np.testing.assert_array_equal(network(x, training=False), network(x, training=False))


def test_spectral_normalization_of_every_kernel():
    network = dcgan.Discriminator(
        (16, 16, 1), channels=4, spectral_norm=True, separable=True, condition=Labels(3)
    )
    found = [x for x in network._flatten_layers() if isinstance(x, SpectralNormalization)]
    # a full convolution, one of two parts, the logit and the embedding
    assert len(found) == len([w for w in network.trainable_weights if w.name == "kernel"]) == 5


def test_minibatch_stddev_sees_equal_images():
    """What makes all of a group equal changes the last features alone."""
    network = dcgan.Discriminator((8, 8, 1), channels=4, minibatch_stddev=True)
    assert isinstance(network.variety, MinibatchStdDev)
    x = np.random.default_rng(0).random((4, 8, 8, 1), "float32")
    together = network(x, training=False).numpy()[0]
    equal = network(x[[0, 0, 0, 0]], training=False).numpy()[0]
    assert together != equal


def test_nearest_and_separable():
    options = {"channels": 4, "latent_dim": 3, "upsample": "nearest"}
    assert kernels(dcgan.Generator((16, 16, 2), **options))[1:] == [(3, 3, 8, 4), (3, 3, 4, 2)]
    parts = kernels(dcgan.Generator((16, 16, 2), separable=True, **options))[1:]
    assert parts == [(3, 3, 8, 1), (1, 1, 8, 4), (3, 3, 4, 1), (1, 1, 4, 2)]


@pytest.mark.parametrize("condition", [Labels(5), Vector(7)])
def test_embeddings_have_the_length_of_labels(condition):
    layer = ConditionEmbedding(16)
    encoded = np.array(condition.encode(condition.example(6)))
    for scale in (1.0, 1000.0):
        embedded = layer(scale * encoded).numpy()
        np.testing.assert_allclose((embedded**2).sum(axis=1), 1, rtol=1e-3)
    nothing = layer(0 * encoded).numpy()
    np.testing.assert_array_equal(nothing, 0 * nothing)


@pytest.mark.parametrize("given", [{"upsample": "bilinear"}, {"separable": True}])
def test_wrong_options(given):
    with pytest.raises(InputError, match="upsample") as error:
        dcgan.Generator((8, 8, 1), **given)
    one_line(error)
