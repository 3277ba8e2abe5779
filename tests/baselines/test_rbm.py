"""The restricted Boltzmann machine, against all its states."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import one_line

from tfgan.baselines import RBM
from tfgan.baselines.draws import Draws
from tfgan.errors import InputError


def states(units):
    return np.array(list(itertools.product((0.0, 1.0), repeat=units)), "float32")


def random_rbm(visible, hidden, seed=0, **kwargs):
    """A machine of weights that matter."""
    rbm, rng = RBM((visible,), hidden=hidden, seed=seed, **kwargs), np.random.default_rng(seed)
    for weight in (rbm.kernel, rbm.visible_bias, rbm.hidden_bias):
        weight.assign(rng.normal(0, 0.8, weight.shape))
    return rbm


def joint(rbm):
    """p(v, h) of all states, `(2**visible, 2**hidden)`, straight from the definition."""
    b, c, w = (v.numpy().astype("float64") for v in (rbm.visible_bias, rbm.hidden_bias, rbm.kernel))
    v, h = states(len(b)).astype("float64"), states(len(c)).astype("float64")
    weights = np.exp((v @ b)[:, None] + h @ c + v @ w @ h.T)
    return weights / weights.sum(), np.log(weights.sum())


def seed(number=3):
    return Draws(number, 0)


@pytest.mark.parametrize(("visible", "hidden"), [(5, 7), (7, 5), (1, 1)])
def test_all_states_sum_to_one(visible, hidden):
    rbm = random_rbm(visible, hidden)
    together, log_z = joint(rbm)
    assert rbm.log_partition() == pytest.approx(log_z, abs=1e-5)
    likelihood = rbm.log_likelihood(states(visible))
    np.testing.assert_allclose(likelihood, np.log(together.sum(axis=1)), atol=1e-5)
    np.testing.assert_allclose(np.exp(likelihood).sum(), 1.0, rtol=1e-5)


def test_more_states_than_are_taken_at_a_time():
    rbm = RBM((17,), hidden=18, seed=0)
    rbm.visible_bias.assign(np.linspace(-1, 1, 17))
    rbm.kernel.assign(np.zeros((17, 18)))
    wanted = np.logaddexp(0, np.linspace(-1, 1, 17)).sum() + 18 * np.log(2)
    assert rbm.log_partition() == pytest.approx(wanted, rel=1e-6)


def test_energies():
    rbm = random_rbm(4, 3)
    v, h = states(4), states(3)
    pairs = np.repeat(v, len(h), axis=0), np.tile(h, (len(v), 1))
    energy = rbm.energy(*map(tf.constant, pairs)).numpy().reshape(len(v), len(h))
    together, log_z = joint(rbm)
    np.testing.assert_allclose(-energy, np.log(together) + log_z, atol=1e-5)
    free = rbm.free_energy(tf.constant(v)).numpy()
    np.testing.assert_allclose(free, -np.logaddexp.reduce(-energy, axis=1), atol=1e-5)


def slopes(rbm, rows):
    """The exact slope of mean log p(rows), by enumeration, and what the model expects of (v, h)."""

    def moments(weights):
        v, h = states(rbm.dim).astype("float64"), states(rbm.hidden).astype("float64")
        return v.T @ weights @ h, weights.sum(axis=1) @ v, weights.sum(axis=0) @ h

    together, _ = joint(rbm)
    given = together / together.sum(axis=1, keepdims=True)  # p(h | v)
    numbers = rows @ 2 ** np.arange(rbm.dim)[::-1]
    shares = np.bincount(numbers.astype(int), minlength=2**rbm.dim) / len(rows)
    of_data, of_model = moments(shares[:, None] * given), moments(together)
    return [data - model for data, model in zip(of_data, of_model, strict=True)]


def learned(rbm, rows, draws):
    """The slope that a step takes, upwards."""
    variables = [rbm.kernel, rbm.visible_bias, rbm.hidden_bias]
    with tf.GradientTape() as tape:
        loss, _ = rbm.losses(tf.constant(rows), draws, training=False)
    return [-gradient.numpy() for gradient in tape.gradient(loss, variables)]


@pytest.mark.parametrize(("visible", "hidden", "number"), [(4, 3, 0), (3, 6, 1)])
def test_slopes_of_the_likelihood(visible, hidden, number):
    """Where the chains are the model's, the step is that of the likelihood."""
    count, rng = 40_000, np.random.default_rng(number)
    rbm = random_rbm(visible, hidden, number, persistent=True, particles=count)
    rows = (rng.random((50, visible)) < 0.7).astype("float32")
    shares = joint(rbm)[0].sum(axis=1)
    rbm.chain.assign(states(visible)[rng.choice(len(shares), count, p=shares)])
    found = learned(rbm, rows, seed(number))
    for one, exact in zip(found, slopes(rbm, rows), strict=True):
        np.testing.assert_allclose(one, exact, atol=5 * 0.5 / np.sqrt(count))


@pytest.mark.parametrize("k", [1, 2, 5])
def test_cd_k(k):
    """The step is what k Gibbs steps from the data give, by enumeration; of many, the likelihood's."""
    rbm = random_rbm(4, 3, cd_steps=k)
    count = 40_000
    row = np.array([1, 0, 0, 1], "float32")
    together, _ = joint(rbm)
    down = together / together.sum(axis=0)  # p(v | h)
    up = together / together.sum(axis=1, keepdims=True)  # p(h | v)
    after = np.zeros(16)
    after[0b1001] = 1
    for _ in range(k):
        after = down @ (after @ up)
    expected = rbm.hidden_given(tf.constant(states(4))).numpy()
    data = np.outer(row, expected[0b1001])
    model = np.einsum("s,si,sj->ij", after, states(4), expected)
    kernel, *_ = learned(rbm, np.tile(row, (count, 1)), seed())
    np.testing.assert_allclose(kernel, data - model, atol=5 * 0.5 / np.sqrt(count))


def test_gibbs_samples_are_the_models():
    rbm = random_rbm(4, 3, chains=20_000, burn_in=100)
    shares = joint(rbm)[0].sum(axis=1)
    images = rbm.sample(20_000, seed=1)  # probabilities of pixels
    means = np.mean(images, axis=0)
    np.testing.assert_allclose(means, shares @ states(4), atol=5 * 0.5 / np.sqrt(20_000))
    drawn = (np.random.default_rng(0).random(images.shape) < images) @ [8, 4, 2, 1]
    found = np.bincount(drawn, minlength=16) / 20_000
    assert 0.5 * abs(found - shares).sum() < 0.02


@pytest.mark.parametrize("options", [{"cd_steps": 1}, {"persistent": True, "particles": 500}])
def test_learns_a_distribution(options):
    rng = np.random.default_rng(0)
    shares = np.array([0.5, 0.3, 0.2])
    patterns = np.array([[1, 1, 0, 0, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 1]], "float32")
    rows = patterns[rng.choice(3, 200_000, p=shares)]
    rbm = RBM((5,), hidden=8, seed=1, **options)
    rbm.set_mean_image(rows.mean(axis=0))
    entropy = -(shares * np.log(shares)).sum()
    before = -rbm.log_likelihood(rows).mean() - entropy
    rate = keras.optimizers.schedules.PolynomialDecay(0.2, 2000, 0.01)
    rbm.compile(optimizer=keras.optimizers.SGD(rate), steps_per_execution=100)
    rbm.fit(rows, batch_size=100, epochs=1, verbose=0)
    after = -rbm.log_likelihood(rows).mean() - entropy  # the divergence of the model from the data
    assert before > 1.0
    assert after < 0.25


def test_hard_to_enumerate():
    with pytest.raises(InputError, match="2\\*\\*21 states, expected at most 20") as error:
        RBM((21,), hidden=25).log_partition()
    one_line(error)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"hidden": 0}, "hidden"),
        ({"cd_steps": 1.5}, "cd_steps"),
        ({"persistent": "yes"}, "persistent"),
        ({"particles": 0}, "particles"),
        ({"burn_in": 0}, "burn_in"),
    ],
)
def test_refuses(given, words):
    with pytest.raises(InputError, match=words) as error:
        RBM((4,), **given)
    one_line(error)
