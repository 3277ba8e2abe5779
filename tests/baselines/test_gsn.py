"""The generative stochastic network: its moves, and what its chain comes to."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import one_line
from test_rbm import states

from tfgan.baselines import GSN
from tfgan.baselines.draws import Draws
from tfgan.errors import InputError


def draws(number=0):
    return Draws(number, 0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_odd_layers_are_updated_first():
    gsn, rng = (
        GSN((6,), hidden=(5, 4, 3), salt_and_pepper=0.0, noise=0.0, seed=0),
        np.random.default_rng(0),
    )
    for weight in (*gsn.kernels, *gsn.biases):
        weight.assign(rng.normal(0, 0.7, weight.shape))
    w, b = [[v.numpy() for v in weights] for weights in (gsn.kernels, gsn.biases)]
    x, h1, h2, h3 = [rng.random((2, units)).astype("float32") for units in (6, 5, 4, 3)]
    layers, logits = gsn.update([x, h1, h2, h3], draws())
    h1 = np.tanh(x @ w[0] + h2 @ w[1].T + b[1])
    h3 = np.tanh(h2 @ w[2] + b[3])
    h2 = np.tanh(h1 @ w[1] + h3 @ w[2].T + b[2])
    for found, wanted in zip(layers[1:], (h1, h2, h3), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(logits, h1 @ w[0].T + b[0], rtol=1e-4, atol=1e-6)
    assert set(np.unique(layers[0])) <= {0.0, 1.0}


def test_salt_and_pepper():
    gsn = GSN((100,), hidden=(4,), salt_and_pepper=0.4, seed=0)
    rows = gsn.corrupted(tf.fill((400, 100), 0.5), draws()).numpy()
    for value, share in ((0.5, 0.6), (0.0, 0.2), (1.0, 0.2)):
        assert np.mean(rows == value) == pytest.approx(share, abs=0.015)


def test_noise_of_the_layers():
    """None in the first; before and behind the others' tanh, of standard deviation 2."""
    gsn = GSN((3,), hidden=(4, 50), noise=2.0, seed=0)
    for weight in (*gsn.kernels, *gsn.biases):
        weight.assign(tf.zeros_like(weight.value))
    zeros = [tf.zeros((2000, units)) for units in (3, 4, 50)]
    layers, _ = gsn.update(zeros, draws())
    assert (layers[1].numpy() == 0).all()
    inner = np.tanh(2 * np.random.default_rng(0).normal(size=100_000)).var()
    assert np.var(layers[2]) == pytest.approx(inner + 4, rel=0.03)


def test_the_loss_sums_walkbacks():
    gsn = GSN((6,), hidden=(5, 4), walkbacks=3, salt_and_pepper=0.0, noise=0.0, seed=0)
    rows = (np.random.default_rng(0).random((4, 6)) < 0.5).astype("float32")
    loss, _ = gsn.losses(tf.constant(rows), draws(), training=True)
    layers, total, own = [rows, np.zeros((4, 5), "float32"), np.zeros((4, 4), "float32")], 0, draws()
    gsn.corrupted(tf.constant(rows), own)  # draws the same
    for _ in range(3):
        layers, logits = gsn.update(layers, own)
        p = sigmoid(logits.numpy())
        total += -(rows * np.log(p) + (1 - rows) * np.log(1 - p)).mean()
    np.testing.assert_allclose(loss, total, rtol=1e-4)


def shares(rows):
    """What part of rows of 0 and 1 each state is, in the order of `states`."""
    numbers = np.asarray(rows) @ 2 ** np.arange(rows.shape[1])[::-1]
    return np.bincount(numbers.astype(int), minlength=2 ** rows.shape[1]) / len(rows)


def trained(rows, hidden, *, steps, **kwargs):
    gsn = GSN((rows.shape[1],), hidden=hidden, seed=2, chains=4000, burn_in=100, **kwargs)
    gsn.set_mean_image(rows.mean(axis=0))
    rate = keras.optimizers.schedules.CosineDecay(1e-2, steps)
    gsn.compile(optimizer=keras.optimizers.Adam(rate), steps_per_execution=100)
    again = np.random.default_rng(1).integers(len(rows), size=100 * steps)
    gsn.fit(rows[again], batch_size=100, epochs=1, verbose=0)
    return gsn


def sampled(gsn, count=16_000):
    """What its chain draws, 0 and 1."""
    images = gsn.sample(count, seed=3)
    return np.random.default_rng(0).random(images.shape) < images


def exact_chain(data, part):
    """Where a chain of corruption and of the best independent pixels comes to.

    Args:
        data: shares of all states.
        part: of the pixels, that salt and pepper replace.
    """
    x = states(int(np.log2(len(data))))
    same = x[:, None] == x  # (clean, corrupted, pixels)
    corrupts = np.where(same, 1 - part / 2, part / 2).prod(axis=2)
    clean = data[:, None] * corrupts
    given = (clean.T @ x) / clean.sum(axis=0)[:, None]  # p(pixel = 1 | corrupted), at best
    back = np.where(x[None] == 1, given[:, None], 1 - given[:, None]).prod(axis=2)
    return np.linalg.matrix_power(corrupts @ back, 1000)[0]


def test_its_chain_comes_to_what_the_best_one_does():
    """One layer and one walkback are a denoising autoencoder, whose best chain is known."""
    rng = np.random.default_rng(0)
    rows = states(4)[rng.choice(16, 4000, p=rng.dirichlet(np.full(16, 0.3)))]
    gsn = trained(rows.astype("float32"), (32,), steps=1500, walkbacks=1)
    wanted = exact_chain(shares(rows), 0.4)
    assert 0.5 * abs(wanted - shares(rows)).sum() > 0.05  # pixels are not independent
    assert 0.5 * abs(shares(sampled(gsn)) - wanted).sum() < 0.05


def test_its_chain_comes_to_the_data_where_pixels_are_independent():
    """There p(x | corrupted) is what the model can say, so its chain must come to p(x)."""
    rows = (np.random.default_rng(0).random((4000, 3)) < [0.9, 0.6, 0.25]).astype("float32")
    np.testing.assert_allclose(exact_chain(shares(rows), 0.4), shares(rows), atol=0.02)
    gsn = trained(rows, (16,), steps=800, walkbacks=2)
    assert 0.5 * abs(shares(sampled(gsn)) - shares(rows)).sum() < 0.05


@pytest.mark.slow
def test_its_deep_chain_comes_to_patterns():
    patterns = np.random.default_rng(0).random((3, 40)) < 0.5
    rows = patterns[np.random.default_rng(1).integers(3, size=3000)].astype("float32")
    gsn = trained(rows, (64, 64), steps=3000)
    apart = (sampled(gsn, 4000)[:, None] != patterns).mean(axis=2).min(axis=1)
    assert np.mean(apart < 0.05) > 0.85


@pytest.mark.parametrize(
    "given",
    [{"walkbacks": 0}, {"salt_and_pepper": 1.0}, {"noise": -1}, {"hidden": ()}, {"hidden": (0,)}],
)
def test_refuses(given):
    name = "units" if given == {"hidden": (0,)} else next(iter(given))
    with pytest.raises(InputError, match=name) as error:
        GSN((4,), **given)
    one_line(error)
