import keras
import numpy as np
import pytest
from makers import one_line

from tfgan.conditions import Labels, Vector
from tfgan.errors import InputError
from tfgan.networks import mirza2014

NETWORKS = [mirza2014.Generator, mirza2014.Discriminator, mirza2014.MatchingDiscriminator]


def test_sizes_of_the_paper():
    generator = mirza2014.Generator((28, 28, 1), condition=Labels(10))
    assert {w.shape for w in generator.get_weights() if w.ndim == 2} == {
        (100, 200),
        (10, 1000),
        (1200, 1200),
        (1200, 784),
    }
    discriminator = mirza2014.Discriminator((28, 28, 1), condition=Labels(10))
    assert {w.shape for w in discriminator.get_weights() if w.ndim == 2} == {
        (784, 240 * 5),
        (10, 50 * 5),
        (290, 240 * 4),
        (240, 1),
    }


def test_initialisation():
    generator = mirza2014.Generator((28, 28, 1), condition=Labels(10), latent_limit=0.5)
    discriminator = mirza2014.Discriminator((28, 28, 1), condition=Labels(10))
    limits = {(100, 200): 0.5, (10, 1000): 0.05, (1200, 1200): 0.05, (1200, 784): 0.05}
    limits |= {(784, 1200): 0.005, (10, 250): 0.005, (290, 960): 0.005, (240, 1): 0.005}
    for weights in [*generator.get_weights(), *discriminator.get_weights()]:
        if weights.ndim == 1:
            assert not weights.any()
        else:
            limit = limits[weights.shape]
            assert 0.9 * limit < np.abs(weights).max() <= limit


@pytest.mark.parametrize("shape", [(28, 28, 1), (8, 8, 1), (5, 7, 3)])
def test_shapes_and_ranges(shape):
    condition = Labels(4)
    generator = mirza2014.Generator(shape, condition=condition, latent_dim=6)
    discriminator = mirza2014.Discriminator(shape, condition=condition)
    labels = np.array([0, 1, 3])
    images = generator([np.zeros((3, 6)), labels])
    assert images.shape == (3, *shape)
    assert np.min(images) >= 0
    assert np.max(images) <= 1
    assert discriminator([images, labels]).shape == (3, 1)


def test_condition_enters_both_networks():
    condition = Labels(3)
    generator = mirza2014.Generator((4, 4, 1), condition=condition)
    z = np.ones((2, 100), "float32")
    a, b = generator([z, np.array([0, 2])])
    assert np.abs(a - b).max() > 0
    discriminator = mirza2014.Discriminator((4, 4, 1), condition=condition)
    x = np.ones((2, 4, 4, 1), "float32")
    a, b = discriminator([x, np.array([0, 2])]).numpy()
    assert a != b


def test_dropout_in_both_only_while_training():
    condition, labels = Labels(3), np.array([0, 1])
    generator = mirza2014.Generator((4, 4, 1), condition=condition)
    discriminator = mirza2014.Discriminator((4, 4, 1), condition=condition)
    inputs = {
        generator: [np.ones((2, 100), "float32"), labels],
        discriminator: [np.ones((2, 4, 4, 1), "float32"), labels],
    }
    for network, x in inputs.items():
        a, b = (network(x, training=True).numpy() for _ in range(2))
        assert not np.array_equal(a, b)
        a, b = (network(x, training=False).numpy() for _ in range(2))
        np.testing.assert_array_equal(a, b)
        drops = [layer for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
        assert [layer.rate for layer in drops] == [0.5, 0.5]


def test_matching_is_realness_and_match():
    """The logit is affine in the embedded condition: what y adds to it is <E y, h(x)>."""
    d = mirza2014.MatchingDiscriminator((4, 4, 1), condition=Labels(3), image_units=6, units=5)
    assert {w.shape for w in d.get_weights() if w.ndim == 2} == {(16, 30), (6, 20), (5, 1), (3, 5)}
    x = np.random.default_rng(0).random((7, 4, 4, 1), "float32")
    logits = np.stack([d([x, np.full(7, y)]).numpy() for y in range(3)])  # (3, 7, 1)
    h = d.hidden2(d.hidden1(d.flatten(x))).numpy()  # (7, 5)
    realness = h @ d.realness.kernel.numpy() + d.realness.bias.numpy()
    match = (d.embedding.kernel.numpy() @ h.T)[..., None]  # (3, 7, 1)
    np.testing.assert_allclose(logits, realness + match, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("network", NETWORKS)
def test_round_trip(network, tmp_path):
    model = network((4, 5, 3), condition=Labels(6), dropout=0.25)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.condition == Labels(6)
    assert loaded.get_config() == model.get_config()
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("network", NETWORKS)
def test_no_condition(network):
    with pytest.raises(InputError, match="Labels") as error:
        network((4, 4, 1), condition=None)
    one_line(error)


TAG_NETWORKS = [mirza2014.TagGenerator, mirza2014.TagDiscriminator]


def test_tag_sizes_of_the_paper():
    generator = mirza2014.TagGenerator(condition=Vector(4096))
    shapes = [w.shape for w in generator.get_weights() if w.ndim == 2]
    assert shapes == [(100, 500), (4096, 2000), (2500, 200)]
    discriminator = mirza2014.TagDiscriminator(condition=Vector(4096))
    shapes = [w.shape for w in discriminator.get_weights() if w.ndim == 2]
    assert shapes == [(200, 500), (4096, 1200), (1700, 1000 * 3), (1000, 1)]
    assert (generator.noise, generator.latent_dim) == ("normal", 100)
    for network in (generator, discriminator):
        assert network.dropout == 0.5
        for weights in network.get_weights():
            if weights.ndim == 1:
                assert not weights.any()
            else:
                limit = np.sqrt(6 / sum(weights.shape))
                assert 0.8 * limit < np.abs(weights).max() <= limit


def relu(x):
    return np.maximum(x, 0)


def test_tag_generator_by_hand():
    generator = mirza2014.TagGenerator(
        4, condition=Vector(6), latent_dim=3, latent_units=5, condition_units=7
    )
    rng = np.random.default_rng(0)
    generator.set_weights([rng.standard_normal(w.shape) for w in generator.get_weights()])
    wz, bz, wy, by, w, b = generator.get_weights()
    z, y = rng.standard_normal((2, 3)), rng.standard_normal((2, 6))
    expected = np.concatenate([relu(z @ wz + bz), relu(y @ wy + by)], axis=1) @ w + b
    np.testing.assert_allclose(generator([z, y]), expected, rtol=1e-4, atol=1e-4)
    assert expected.min() < 0  # linear: no bound


def test_tag_discriminator_by_hand():
    discriminator = mirza2014.TagDiscriminator(
        4, condition=Vector(6), word_units=5, condition_units=7, units=8
    )
    rng = np.random.default_rng(0)
    discriminator.set_weights([rng.standard_normal(w.shape) for w in discriminator.get_weights()])
    wx, bx, wy, by, wj, bj, w, b = discriminator.get_weights()
    x, y = rng.standard_normal((2, 4)), rng.standard_normal((2, 6))
    h = np.concatenate([relu(x @ wx + bx), relu(y @ wy + by)], axis=1)
    h = np.stack([h @ wj[:, piece::3] + bj[piece::3] for piece in range(3)]).max(axis=0)
    np.testing.assert_allclose(discriminator([x, y]), h @ w + b, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("network", TAG_NETWORKS)
def test_tag_dropout_and_round_trip(network, tmp_path):
    model = network(3, condition=Vector(6), dropout=0.25)
    drops = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert {layer.rate for layer in drops} == {0.25}
    width = 100 if network is mirza2014.TagGenerator else 3
    x = [np.ones((2, width), "float32"), np.ones((2, 6), "float32")]
    a, b = (model(x, training=True).numpy() for _ in range(2))
    assert not np.array_equal(a, b)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.condition == Vector(6)
    assert loaded.get_config() == model.get_config()
    np.testing.assert_array_equal(loaded(x), model(x))


@pytest.mark.parametrize("network", TAG_NETWORKS)
def test_tag_network_without_condition(network):
    with pytest.raises(InputError, match="Vector") as error:
        network(condition=None)
    one_line(error)


def test_latents_are_standardised():
    condition, labels = Labels(3), np.array([0, 1, 2])
    options = {"condition": condition, "latent_dim": 5, "units": 6}
    plain = mirza2014.Generator((4, 4, 1), **options)
    scaled = mirza2014.Generator((4, 4, 1), latent_mean=0.5, latent_std=0.25, **options)
    scaled.set_weights(plain.get_weights())
    z = np.random.default_rng(0).random((3, 5), "float32")
    np.testing.assert_allclose(scaled([z, labels]), plain([(z - 0.5) / 0.25, labels]), atol=1e-6)
    again = mirza2014.Generator.from_config(scaled.get_config())
    assert (again.latent_mean, again.latent_std) == (0.5, 0.25)


@pytest.mark.parametrize("std", [0, -1, float("nan")])
def test_wrong_latent_std(std):
    with pytest.raises(InputError, match="latent_std") as error:
        mirza2014.Generator((4, 4, 1), condition=Labels(3), latent_std=std)
    one_line(error)
