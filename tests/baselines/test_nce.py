"""Noise-contrastive estimation, on densities whose normaliser is known."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import one_line

from tfgan.baselines import NCE, Normal, NormalDensity
from tfgan.baselines.draws import Draws
from tfgan.errors import InputError


def trained(mean, std, noise, *, rows=400_000, **kwargs):
    """A normal density learned from data of one."""
    dim = len(mean)
    data = np.random.default_rng(0).normal(mean, std, (rows, dim)).astype("float32")
    nce = NCE(NormalDensity(), noise, (dim,), seed=1, **kwargs)
    rate = keras.optimizers.schedules.CosineDecay(0.02, rows // 200)
    nce.compile(optimizer=keras.optimizers.Adam(rate), steps_per_execution=100)
    nce.fit(data, batch_size=200, epochs=1, verbose=0)
    return nce, data


@pytest.mark.parametrize(
    ("mean", "std", "ratio"), [((0.5,), (0.7,), 1), ((0.3, -0.4), (0.8, 1.3), 5)], ids=["1d", "2d"]
)
def test_finds_the_normalizer(mean, std, ratio):
    noise = Normal([0.0] * len(mean), [1.5] * len(mean))
    nce, data = trained(mean, std, noise, noise_ratio=ratio)
    wanted = -sum(math.log(s * math.sqrt(2 * math.pi)) for s in std)
    assert float(nce.log_normalizer) == pytest.approx(wanted, abs=0.04)
    np.testing.assert_allclose(nce.network.mean, mean, atol=0.04)
    np.testing.assert_allclose(np.exp(nce.network.log_std), std, atol=0.04)
    x = data[:100].astype("float64")
    exact = -0.5 * np.square((x - mean) / std).sum(axis=1) + wanted
    assert np.abs(nce.log_prob(data[:100]).numpy() - exact).mean() < 0.08


def test_samples_are_weighed_noise():
    nce, _ = trained((0.5,), (0.7,), Normal([0.0], [1.5]), rows=200_000)
    rows = nce.sample(5000, seed=0)
    assert rows.mean() == pytest.approx(0.5, abs=0.06)
    assert rows.std() == pytest.approx(0.7, abs=0.06)
    np.testing.assert_array_equal(rows, nce.sample(5000, seed=0))


def test_many_samples_are_drawn_in_pieces(monkeypatch):
    """Each of proposals of its own; the first pieces are those of fewer samples."""
    monkeypatch.setattr("tfgan.baselines.nce._AT_A_TIME", 20_000)
    nce = NCE(NormalDensity(), Normal([0.0], [1.5]), (1,), seed=0, proposals=20)
    rows = nce.sample(2500, seed=0)
    assert len(np.unique(rows)) > 2200  # of 20 proposals a sample few are taken twice
    np.testing.assert_array_equal(rows[:2000], nce.sample(2000, seed=0))
    assert rows.std() == pytest.approx(1, abs=0.06)


def test_the_noise_is_what_it_says():
    noise = Normal([1.0, -2.0], [0.5, 2.0])
    rows = noise.sample(50_000, Draws(0, 0)).numpy()
    np.testing.assert_allclose(rows.mean(axis=0), [1, -2], atol=0.05)
    np.testing.assert_allclose(rows.std(axis=0), [0.5, 2], rtol=0.02)
    x = np.array([[1.0, -2.0], [2.0, 0.0]], "float32")
    wanted = [-math.log(2 * math.pi), -math.log(2 * math.pi) - 2 - 0.5]
    np.testing.assert_allclose(noise.log_prob(x), wanted, rtol=1e-5)


def test_the_loss_is_logistic_regressions():
    noise = Normal([0.0], [1.0])
    nce = NCE(NormalDensity(), noise, (1,), seed=0, noise_ratio=3)
    nce.log_normalizer.assign(-0.4)
    rows = tf.constant([[0.2], [1.0]])
    loss, _ = nce.losses(rows, Draws(5, 0), training=True)
    fakes = noise.sample(6, Draws(5, 0)).numpy()

    def h(x):
        ratio = -0.5 * x[:, 0] ** 2 - 0.4 - noise.log_prob(x).numpy() - math.log(3)
        return 1 / (1 + np.exp(-ratio))

    wanted = -np.log(h(rows.numpy())).mean() - 3 * np.log(1 - h(fakes)).mean()
    np.testing.assert_allclose(loss, wanted, rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Normal([0.0], [0.0]), "positive std"),
        (lambda: Normal([0.0, 1.0], [1.0]), "each dimension"),
        (lambda: NCE(NormalDensity(), Normal([0.0], [1.0]), (1,), noise_ratio=0), "noise_ratio"),
        (lambda: NCE(keras.layers.Dense(2), Normal([0.0], [1.0]), (1,)), r"must return \(batch, 1\)"),
    ],
)
def test_refuses(make, words):
    with pytest.raises(InputError, match=words) as error:
        make()
    one_line(error)


def test_a_network_knows_that_it_is_trained():
    network = keras.Sequential(
        [keras.layers.Input((2,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    )
    nce = NCE(network, Normal([5.0, 5.0], [1.0, 1.0]), (2,), seed=0)
    nce.compile(jit_compile=False)
    before = np.asarray(network.layers[0].moving_mean).copy()
    nce.fit(np.full((8, 2), 5.0, "float32"), batch_size=4, verbose=0)
    after = np.asarray(network.layers[0].moving_mean).copy()
    assert (after > before + 0.05).all()
    nce.evaluate(np.full((8, 2), 5.0, "float32"), verbose=0)
    np.testing.assert_array_equal(network.layers[0].moving_mean, after)


def test_noise_of_another_shape_is_refused():
    with pytest.raises(InputError, match="noise must be of 3 numbers") as error:
        NCE(NormalDensity(), Normal([0.0], [1.0]), (3,))
    one_line(error)
