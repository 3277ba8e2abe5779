"""R3GAN as published: blocks, scales at the start, and options."""

import numpy as np
import pytest
import tensorflow as tf
from makers import one_line

from tfgan.errors import InputError
from tfgan.networks import r3gan

PUBLISHED = {"channels": 24, "max_channels": 24, "blocks": 2, "expansion": 2, "groups": 6}


def test_a_block():
    """All stages have as many blocks, of three convolutions, the middle one grouped."""
    generator = r3gan.Generator((32, 32, 3), **PUBLISHED)
    blocks = [block for stage in generator.stages for block in stage.blocks]
    assert len(blocks) == 4 * 2
    for block in blocks:
        shapes = [c.kernel.shape for c in block.convolutions]
        assert shapes == [(1, 1, 24, 48), (3, 3, 48 // 6, 48), (1, 1, 48, 24)]
        assert [c.use_bias for c in block.convolutions] == [True, True, False]
    assert generator.basis.basis.shape == (4, 4, 24)
    assert all(up.linear is None for up in generator.ups)


def test_initialisation():
    """Fixup: the last convolution of a block from 0, the others smaller by depth^(-1/4)."""
    discriminator = r3gan.Discriminator((16, 16, 3), channels=32, blocks=2)
    gain = np.sqrt(2 / 1.04) * 6**-0.25
    for stage in discriminator.stages:
        for block in stage.blocks:
            first, second, third = block.convolutions
            for layer, inputs in ((first, 1), (second, 9)):
                fan_in = inputs * layer.kernel.shape[-2]
                np.testing.assert_allclose(np.std(layer.kernel), gain / np.sqrt(fan_in), rtol=0.15)
            assert not np.any(third.kernel)
            assert not np.any(first.bias)
    values = discriminator.projection.kernel.numpy()
    np.testing.assert_allclose(values.std(), 1 / 4, rtol=0.1)


def test_the_start_is_the_resampled_basis():
    """Blocks begin as the identity: the image is linear in the latents."""
    generator = r3gan.Generator((16, 16, 2), channels=4, latent_dim=3)
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 5, 3)).astype("float32")
    linear = lambda z: generator(z, training=True).numpy() - 0.5  # noqa: E731
    np.testing.assert_allclose(linear(a + 2 * b), linear(a) + 2 * linear(b), atol=1e-4)
    inside = generator(10 * a, training=False).numpy()
    np.testing.assert_allclose(inside, np.clip(generator(10 * a, training=True), 0, 1), atol=1e-6)
    assert np.ptp(generator(10 * a, training=True)) > 1


def test_the_last_convolution_is_depthwise():
    discriminator = r3gan.Discriminator((12, 12, 1), channels=4)
    x = np.random.default_rng(0).standard_normal((3, 6, 6, 8)).astype("float32")
    kernel = discriminator.projection.kernel.numpy()
    expected = tf.nn.depthwise_conv2d(x, kernel[..., None], (1, 1, 1, 1), "VALID")[:, 0, 0]
    np.testing.assert_allclose(discriminator.projection(x), expected, rtol=1e-4, atol=1e-4)


def test_groups_must_divide():
    with pytest.raises(InputError, match="groups=3 must divide the 64") as error:
        r3gan.Generator((8, 8, 1), groups=3)
    one_line(error)
