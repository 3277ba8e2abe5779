"""SNGAN's residual networks as published."""

import numpy as np
import tensorflow as tf

from tfgan.conditions import Labels
from tfgan.layers import SpectralNormalization
from tfgan.networks import resnet


def kernels(network):
    return [tuple(w.shape) for w in network.trainable_weights if w.name == "kernel"]


def test_sizes_of_the_paper():
    """Tables 4a and 4b, CIFAR-10."""
    generator = resnet.Generator((32, 32, 3), channels=256, max_channels=256)
    block = [(3, 3, 256, 256)] * 2 + [(1, 1, 256, 256)]
    assert sorted(kernels(generator)) == sorted([(128, 4 * 4 * 256), *block * 3, (3, 3, 256, 3)])
    discriminator = resnet.Discriminator((32, 32, 3), channels=128, max_channels=128)
    first = [(3, 3, 3, 128), (3, 3, 128, 128), (1, 1, 3, 128)]
    rest = [(3, 3, 128, 128)] * 6 + [(1, 1, 128, 128)]
    assert sorted(kernels(discriminator)) == sorted([*first, *rest, (128, 1)])
    wrapped = [x for x in discriminator._flatten_layers() if isinstance(x, SpectralNormalization)]
    assert len(wrapped) == len(kernels(discriminator))


def test_initialisation():
    generator = resnet.Generator((16, 16, 3), channels=64)
    for weight in generator.trainable_weights:
        if weight.name == "kernel":
            values = weight.numpy()
            area = np.prod(values.shape[:-2])
            gain = 2 if values.ndim == 4 and area == 9 and values.shape[-1] != 3 else 1
            limit = np.sqrt(gain * 6 / (area * sum(values.shape[-2:])))
            assert 0.99 * limit < np.abs(values).max() <= limit * (1 + 1e-6)


def test_features_are_sums_over_pixels():
    """A discriminator of zero blocks: the logit is that of the summed ReLU of the last shortcut."""
    network = resnet.Discriminator((8, 8, 2), channels=3, spectral_norm=False)
    for block in network.blocks:
        for layer in (block.convolution1, block.convolution2):
            layer.set_weights([0 * w for w in layer.get_weights()])
    x = np.random.default_rng(0).random((5, 8, 8, 2), "float32")
    first = network.blocks[0]
    shortcut = first.shortcut(first.pool(2 * x - 1))
    features = tf.reduce_sum(tf.nn.relu(shortcut), axis=(1, 2))
    np.testing.assert_allclose(network(x), network.head.logit(features), rtol=1e-4, atol=1e-5)


def test_the_condition_enters_by_batch_normalization_alone():
    generator = resnet.Generator((8, 8, 1), condition=Labels(3), channels=4, latent_dim=5)
    of_condition = [w.path for w in generator.trainable_weights if w.shape[0] == 3 and w.shape[1:]]
    assert any("scale" in path for path in of_condition)
    z, labels = np.ones((3, 5), "float32"), np.arange(3)
    a, b, c = generator([z, labels]).numpy()
    np.testing.assert_array_equal(a, b)  # it starts at the identity
    norm = generator.blocks[0].norm1.norm
    norm.scale.kernel.assign(np.arange(3.0)[:, None] * np.ones(norm.scale.kernel.shape))
    a, b, c = generator([z, labels]).numpy()
    assert len({image.tobytes() for image in (a, b, c)}) == 3
