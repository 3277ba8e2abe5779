import keras
import numpy as np
import pytest

from tfgan.networks import goodfellow2014
from tfgan.networks.goodfellow2014 import TFDDiscriminator, TFDGenerator, TFDPretrainingGenerator

SHAPE = (6, 5, 1)


def assert_uniform(weights, limit):
    assert np.abs(weights).max() <= limit
    np.testing.assert_allclose(weights.std(), limit / 3**0.5, rtol=0.02)
    assert abs(weights.mean()) < 5 * limit / np.sqrt(3 * weights.size)


def kernels(model):
    return [v for v in model.trainable_variables if len(v.shape) > 1]


@pytest.mark.slow
def test_the_papers_networks():
    """Full size, 150 million weights: sizes, limits, sparsity and biases of the published files."""
    generator = TFDGenerator(TFDPretrainingGenerator((48, 48, 1)))
    front, pretrained = [generator.front1, generator.front2], generator.pretrained
    layers = [*front, pretrained.hidden1, pretrained.hidden2, pretrained.image.dense]
    shapes = [(100, 8000), (8000, 100), (100, 8000), (8000, 8000), (8000, 2304)]
    assert [layer.kernel.shape for layer in layers] == shapes
    for layer, bias in zip(layers, [0, -2, 0, -2, 0], strict=True):
        assert (layer.bias.numpy() == bias).all()
    for layer in layers[:-1]:
        assert_uniform(layer.kernel.numpy(), 0.05)
    assert ((layers[-1].kernel.numpy() != 0).sum(axis=0) == 100).all()
    assert generator.count_params() == sum(np.prod(s) + s[1] for s in shapes)


def test_the_papers_discriminator():
    discriminator = TFDDiscriminator((48, 48, 1))
    shapes = [(2304, 6000), (6000,), (1200, 6000), (6000,), (1200, 1), (1,)]
    assert [w.shape for w in discriminator.get_weights()] == shapes
    for kernel in kernels(discriminator)[:2]:
        assert_uniform(kernel.numpy(), 0.005)
    assert np.abs(kernels(discriminator)[2].numpy()).max() <= 0.005
    rates = [layer.rate for layer in discriminator.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.2, 0.5, 0.5]


def test_smaller_initialisation():
    pretrained = TFDPretrainingGenerator(SHAPE, units=300)
    generator = TFDGenerator(pretrained, units=300)
    for layer in (generator.front1, generator.front2, pretrained.hidden1, pretrained.hidden2):
        assert_uniform(layer.kernel.numpy(), 0.05)
    assert ((pretrained.image.dense.kernel.numpy() != 0).sum(axis=0) == 100).all()
    assert (generator.front2.bias.numpy() == -2).all()
    assert (pretrained.hidden2.bias.numpy() == -2).all()
    for layer in (generator.front1, pretrained.hidden1):
        assert not layer.bias.numpy().any()


def test_every_kernel_has_the_published_norm():
    generator = TFDGenerator(TFDPretrainingGenerator(SHAPE, units=7), units=9)
    for model, count in ((generator, 5), (TFDDiscriminator(SHAPE, units=4), 3)):
        assert len(kernels(model)) == count
        for kernel in kernels(model):
            held = np.asarray(kernel.constraint(np.full(kernel.shape, 5.0, "float32")))
            np.testing.assert_allclose(np.linalg.norm(held, axis=0), 1.9365, rtol=1e-5)
    plain = goodfellow2014.Discriminator(SHAPE, units=4)
    assert all(kernel.constraint is None for kernel in kernels(plain))


def test_forward_by_hand():
    generator = TFDGenerator(
        TFDPretrainingGenerator(SHAPE, latent_dim=4, units=7), latent_dim=3, units=9
    )
    z = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    rng = np.random.default_rng(1)
    layers = [generator.front1, generator.front2, generator.pretrained.hidden1]
    layers += [generator.pretrained.hidden2, generator.pretrained.image.dense]
    h = z.astype("float64")
    for layer, relu in zip(layers, [True, False, True, False, False], strict=True):
        kernel, bias = (rng.normal(size=w.shape) for w in layer.get_weights())
        layer.set_weights([kernel, bias])
        h = h @ kernel + bias
        h = np.maximum(h, 0) if relu else 1 / (1 + np.exp(-h))
    np.testing.assert_allclose(generator(z).numpy().reshape(5, -1), h, rtol=1e-3, atol=1e-6)


def test_marginal_bias():
    generator = TFDPretrainingGenerator((2, 2, 1), latent_dim=3, units=4)
    mean = np.array([0.1, 0.25, 0.5, 0.9]).reshape(2, 2, 1)
    generator.set_mean_image(mean)
    generator.image.dense.kernel.assign(np.zeros((4, 4)))
    np.testing.assert_allclose(generator(np.ones((1, 3)))[0], mean, atol=1e-6)


def test_round_trip(tmp_path):
    pretrained = TFDPretrainingGenerator(SHAPE, latent_dim=4, units=7)
    models = [
        pretrained,
        TFDGenerator(pretrained, latent_dim=3, units=9),
        TFDDiscriminator(SHAPE, units=6),
    ]
    for model in models:
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert type(loaded) is type(model)
        assert loaded.get_config() == model.get_config()
        assert loaded.image_shape == SHAPE
        for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        for kernel in kernels(loaded):
            assert kernel.constraint.max_value == 1.9365
