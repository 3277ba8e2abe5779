import keras
import numpy as np
import pytest
from makers import one_line

from tfgan.errors import InputError
from tfgan.networks import goodfellow2014

SHAPES = [(28, 28, 1), (8, 8, 1), (5, 7, 3)]


def test_sizes_of_the_paper():
    generator = goodfellow2014.Generator((28, 28, 1))
    shapes = [w.shape for w in generator.get_weights()]
    assert shapes == [(100, 1200), (1200,), (1200, 1200), (1200,), (1200, 784), (784,)]
    discriminator = goodfellow2014.Discriminator((28, 28, 1))
    shapes = [w.shape for w in discriminator.get_weights()]
    assert shapes == [(784, 1200), (1200,), (240, 1200), (1200,), (240, 1), (1,)]


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_and_ranges(shape):
    generator = goodfellow2014.Generator(shape, latent_dim=6, units=10)
    discriminator = goodfellow2014.Discriminator(shape, units=5)
    images = generator(np.random.default_rng(0).normal(size=(3, 6)) * 100)
    assert images.shape == (3, *shape)
    assert np.min(images) >= 0
    assert np.max(images) <= 1
    assert discriminator(images).shape == (3, 1)


@pytest.mark.parametrize(
    ("network", "limit"), [(goodfellow2014.Generator, 0.05), (goodfellow2014.Discriminator, 0.005)]
)
def test_initialisation(network, limit):
    for weights in network((28, 28, 1)).get_weights():
        if weights.ndim == 1:
            assert not weights.any()
        else:
            assert np.abs(weights).max() <= limit
            if weights.size > 10_000:  # uniform: the standard deviation is limit / sqrt(3)
                np.testing.assert_allclose(weights.std(), limit / 3**0.5, rtol=0.02)


def test_forward_by_hand():
    generator = goodfellow2014.Generator((2, 2, 1), latent_dim=3, units=4)
    generator.set_weights(
        [np.random.default_rng(i).normal(size=w.shape) for i, w in enumerate(generator.get_weights())]
    )
    w1, b1, w2, b2, w3, b3 = generator.get_weights()
    z = np.random.default_rng(9).normal(size=(5, 3)).astype("float32")
    h = np.maximum(np.maximum(z @ w1 + b1, 0) @ w2 + b2, 0) @ w3 + b3
    np.testing.assert_allclose(
        generator(z).numpy().reshape(5, 4), 1 / (1 + np.exp(-h)), rtol=1e-4, atol=1e-6
    )


def test_marginal_bias():
    """With zero weights every image is the mean image; extremes are clipped to finite logits."""
    generator = goodfellow2014.Generator((2, 2, 1), latent_dim=3, units=4)
    mean = np.array([0.0, 0.25, 0.5, 1.0]).reshape(2, 2, 1)
    generator.set_mean_image(mean)
    bias = generator.get_weights()[-1]
    np.testing.assert_allclose(
        bias, [np.log(1e-7 / (1 - 1e-7)), np.log(1 / 3), 0, -np.log(1e-7 / (1 - 1e-7))], rtol=1e-5
    )
    zeros = [w * 0 for w in generator.get_weights()[:-1]]
    generator.set_weights([*zeros, bias])
    np.testing.assert_allclose(generator(np.ones((1, 3)))[0], mean, atol=1e-6)
    with pytest.raises(InputError, match="mean image"):
        generator.set_mean_image(np.zeros((3, 3, 1)))


def test_dropout_only_while_training():
    discriminator = goodfellow2014.Discriminator((28, 28, 1))
    x = np.random.default_rng(0).random((4, 28, 28, 1), dtype="float32")
    a, b = (discriminator(x, training=True).numpy() for _ in range(2))
    assert not np.array_equal(a, b)
    a, b = (discriminator(x, training=False).numpy() for _ in range(2))
    np.testing.assert_array_equal(a, b)
    rates = [layer.rate for layer in discriminator.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.2, 0.5, 0.5]


@pytest.mark.parametrize("name", ["Generator", "Discriminator"])
def test_round_trip(name, tmp_path):
    model = getattr(goodfellow2014, name)((4, 5, 3), units=7)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == model.get_config()
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(28, 28), 28, (28, 28, 0), "28", (28.0, 28, 1), None])
def test_wrong_image_shape(shape):
    for network in (goodfellow2014.Generator, goodfellow2014.Discriminator):
        with pytest.raises(InputError, match="image_shape") as error:
            network(shape)
        one_line(error)
