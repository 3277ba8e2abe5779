"""The paper's theorems, by number."""

import math

import keras
import numpy as np
import pytest
from makers import one_line

import tfgan
from tfgan import theory
from tfgan.errors import InputError

LOG2, LOG4 = math.log(2), math.log(4)
P, Q = np.array([0.75, 0.25]), np.array([0.25, 0.75])
ONE, OTHER = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.5, 0.5])


def histogram(seed, bins=12, zeros=0):
    rng = np.random.default_rng(seed)
    p = rng.gamma(0.5, size=bins)
    p[rng.permutation(bins)[:zeros]] = 0
    return p / p.sum()


def normal(x, mean, std):
    return np.exp(-0.5 * ((x - mean) / std) ** 2) / (std * math.sqrt(2 * math.pi))


PAIRS = {
    "smooth": (histogram(0), histogram(1)),
    "zeros": (histogram(2, zeros=5), histogram(3, zeros=4)),
    "matrix": (histogram(4).reshape(3, 4), histogram(5).reshape(3, 4)),
    "tiny": (np.array([1 - 1e-300, 1e-300]), np.array([1e-300, 1 - 1e-300])),
}


@pytest.fixture(params=PAIRS)
def pair(request):
    return PAIRS[request.param]


def test_numbers_of_the_paper():
    assert theory.criterion(P, P) == pytest.approx(-1.3862943611, abs=1e-10)
    np.testing.assert_allclose(theory.optimal_discriminator(P, Q), P, rtol=1e-15)
    assert theory.js(P, Q) == pytest.approx(0.1308120, abs=1e-7)
    assert theory.criterion(P, Q) == pytest.approx(-1.1246703, abs=1e-7)


def test_disjoint_supports_and_zeros_are_exact():
    assert theory.criterion(ONE, OTHER) == 0
    assert theory.js(ONE, OTHER) == LOG2
    assert theory.kl(ONE, OTHER) == theory.cross_entropy(ONE, OTHER) == math.inf
    assert theory.entropy(ONE) == 0
    assert theory.entropy(OTHER) == theory.kl(OTHER, [0.5, 0.25, 0.25]) == LOG2
    assert theory.js(P, P) == theory.kl(P, P) == 0
    assert theory.value([1, 0, 0], ONE, OTHER) == 0
    assert theory.value([0, 0, 0], ONE, OTHER) == -math.inf
    best = theory.optimal_discriminator([0.5, 0.5, 0.0], [0.0, 0.5, 0.0])
    np.testing.assert_array_equal(best, [1, 0.5, 0.5])  # where nothing is, 1/2
    logits = theory.optimal_logits([0.5, 0.5, 0.0, 0.0], [0.0, 0.5, 0.5, 0.0])
    np.testing.assert_array_equal(logits, [math.inf, 0, -math.inf, 0])
    assert theory.value(theory.optimal_logits(ONE, OTHER), ONE, OTHER, from_logits=True) == 0


def test_binary_cross_entropy():
    d = np.array([0.0, 0.2, 1.0])
    np.testing.assert_allclose(theory.binary_cross_entropy(1, d), [math.inf, -math.log(0.2), 0])
    np.testing.assert_allclose(theory.binary_cross_entropy(0, d), [0, -math.log(0.8), math.inf])
    np.testing.assert_allclose(theory.binary_cross_entropy(d, d), [0, theory.entropy([0.2, 0.8]), 0])
    # V is minus the two cross-entropies D is trained with.
    d = np.array([0.3, 0.9])
    expected = -P @ theory.binary_cross_entropy(1, d) - Q @ theory.binary_cross_entropy(0, d)
    assert theory.value(d, P, Q) == pytest.approx(expected, rel=1e-14)


def test_identities(pair):
    p, q = pair
    c = theory.criterion(p, q)
    assert c == pytest.approx(-LOG4 + 2 * theory.js(p, q), abs=1e-14)
    m = (p + q) / 2
    assert c == pytest.approx(-LOG4 + theory.kl(p, m) + theory.kl(q, m), abs=1e-14)
    mixed = (q + 0.01) / np.sum(q + 0.01)
    assert theory.cross_entropy(p, mixed) == pytest.approx(theory.entropy(p) + theory.kl(p, mixed))
    assert theory.js(p, q) == pytest.approx(theory.js(q, p), abs=1e-15)
    by_entropies = theory.entropy(m) - (theory.entropy(p) + theory.entropy(q)) / 2
    assert theory.js(p, q) == pytest.approx(by_entropies, abs=1e-14)


def test_optimal_discriminator_maximises_the_value(pair):
    p, q = pair
    c = theory.criterion(p, q)
    assert theory.value(theory.optimal_logits(p, q), p, q, from_logits=True) == pytest.approx(
        c, abs=1e-14
    )
    best = np.minimum(theory.optimal_discriminator(p, q), 1 - 1e-16 * (q > 0))  # no 1 by rounding
    assert theory.value(best, p, q) == pytest.approx(c, abs=1e-14)
    rng = np.random.default_rng(0)
    felt = p + q > 1e-6
    for size in (1e-3, 0.1, 1.0):
        for _ in range(20):
            other = np.clip(best + size * rng.choice([-1, 1], best.shape), 0.01, 0.99)
            assert theory.value(np.where(felt, other, best), p, q) < c


@pytest.mark.parametrize(("mean", "std"), [(0, 1), (1.5, 0.7), (-2, 2)])
def test_gaussians_by_quadrature(mean, std):
    x, w = theory.quadrature(-20, 20, 300)
    p, q = normal(x, 0.3, 1.2), normal(x, mean, std)
    entropy = 0.5 * math.log(2 * math.pi * math.e * 1.2**2)
    kl = math.log(std / 1.2) + (1.2**2 + (0.3 - mean) ** 2) / (2 * std**2) - 0.5
    assert theory.entropy(p, weights=w) == pytest.approx(entropy, abs=1e-10)
    assert theory.kl(p, q, weights=w) == pytest.approx(kl, abs=1e-10)
    assert theory.cross_entropy(p, q, weights=w) == pytest.approx(entropy + kl, abs=1e-10)
    c = theory.criterion(p, q, weights=w)
    assert c == pytest.approx(-LOG4 + 2 * theory.js(p, q, weights=w), abs=1e-10)
    best = theory.optimal_logits(p, q)
    assert theory.value(best, p, q, weights=w, from_logits=True) == pytest.approx(c, abs=1e-10)
    np.testing.assert_allclose(1 / (1 + np.exp(-best)), theory.optimal_discriminator(p, q), rtol=1e-13)


def test_quadrature_is_exact_for_polynomials():
    x, w = theory.quadrature(-1, 3, 4)
    assert w @ x**7 == pytest.approx((3**8 - 1) / 8, rel=1e-13)


@pytest.mark.parametrize("rate", [0.25, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_descending_the_criterion_reaches_the_data(seed, rate):
    """Proposition 2, from and to histograms with zeros."""
    p_data, p_g = histogram(seed, zeros=4), histogram(seed + 50, zeros=4)
    path = theory.descend_criterion(p_data, p_g, rate=rate)
    assert path.values[0] == pytest.approx(theory.criterion(p_data, p_g), abs=1e-9)
    assert np.diff(path.values).max() < 1e-15  # never up, but by rounding
    assert path.values[-1] == pytest.approx(-LOG4, abs=1e-14)
    np.testing.assert_allclose(path.p_g, p_data, atol=1e-12)


def test_descent_from_the_other_side_of_the_world():
    path = theory.descend_criterion(ONE, OTHER)
    assert path.values[0] == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(path.p_g, ONE, atol=1e-12)


def test_descent_of_a_density():
    x, w = theory.quadrature(0, 1, 100)
    p_data = normal(x, 0.5, 0.1)
    path = theory.descend_criterion(p_data / (w @ p_data), np.ones(100), weights=w)
    np.testing.assert_allclose(path.p_g, p_data, atol=1e-4)
    assert path.values[-1] == pytest.approx(-LOG4, abs=1e-12)


def test_gradient_of_the_descent():
    """dC/dp_g = log(1 - D*), against finite differences along changes that keep the sum."""
    p, q = PAIRS["smooth"]
    gradient = np.log1p(-theory.optimal_discriminator(p, q))
    for seed in range(3):
        change = histogram(seed + 9) - q
        step = 1e-6
        slope = (theory.criterion(p, q + step * change) - theory.criterion(p, q - step * change)) / 2e-6
        assert slope == pytest.approx(gradient @ change, rel=1e-6)


def test_a_trained_discriminator_approaches_the_best():
    """Against a frozen generator (x = sqrt of a uniform number: density 2x), data uniform on [0, 1].

    V by quadrature has no Monte-Carlo error. On 200,000 fresh samples its standard error is about
    0.001; the bound allows four of those that are measured.
    """
    inputs = keras.Input((1,))
    root = keras.layers.Lambda(lambda z: keras.ops.sqrt(z)[:, :, None, None])(inputs)
    generator = keras.Model(inputs, root)
    x = inputs = keras.Input((1, 1, 1))
    x = keras.layers.Rescaling(4.0, -2.0)(keras.layers.Flatten()(x))
    for _ in range(2):
        x = keras.layers.Dense(32, activation="tanh")(x)
    x = keras.layers.Dense(1)(x)
    gan = tfgan.GAN(generator, keras.Model(inputs, x), noise="unit_uniform", seed=0)
    adam = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.02, 400))
    gan.compile(d_optimizer=adam, d_steps=1000, jit_compile=False, steps_per_execution=50)
    data = np.random.default_rng(0).random((400 * 512, 1, 1, 1), dtype="float32")
    gan.fit(data, batch_size=512, verbose=0)
    assert gan.train_steps == 400

    def answers(points):
        images = np.asarray(points, "float32").reshape(-1, 1, 1, 1)
        logits = gan.discriminate(images, training=False).numpy()
        return 1 / (1 + np.exp(-logits[:, 0].astype("float64")))

    points, weights = theory.quadrature(0, 1)
    p_data, p_g = np.ones_like(points), 2 * points
    best = theory.optimal_discriminator(p_data, p_g)
    assert weights @ abs(answers(points) - best) < 0.01  # an untrained D is off by 0.15
    c = theory.criterion(p_data, p_g, weights=weights)
    value = theory.value(answers(points), p_data, p_g, weights=weights)
    assert c - 2e-3 < value < c
    real = np.log(answers(np.random.default_rng(1).random(200_000)))
    fake = np.log1p(-answers(gan.sample(200_000, seed=1, batch_size=200_000)))
    error = math.sqrt((real.var() + fake.var()) / 200_000)
    assert error < 2e-3
    assert abs(real.mean() + fake.mean() - value) < 4 * error
    assert real.mean() + fake.mean() < c + 4 * error


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: theory.entropy([0.5, 0.6]), r"p must sum to 1, got 1\.1"),
        (lambda: theory.entropy([]), "at least one value"),
        (lambda: theory.entropy("half"), "array of numbers"),
        (lambda: theory.kl(P, [1.5, -0.5]), "q must not be negative"),
        (lambda: theory.js(P, [math.nan, 1]), "q must hold finite"),
        (lambda: theory.js(P, [[0.5, 0.5]]), r"p and q must have one shape, got \(2,\) and \(1, 2\)"),
        (lambda: theory.entropy(P, weights=[1.0]), "weights and p must have one shape"),
        (lambda: theory.entropy(P, weights=[1.0, 0.5]), "wider interval"),
        (lambda: theory.value([0.5, 1.5], P, Q), r"d must hold probabilities in \[0, 1\]"),
        (lambda: theory.value(0.5, P, Q), "d and p_data"),
        (lambda: theory.value([0, math.nan], P, Q, from_logits=True), "d must hold finite"),
        (lambda: theory.optimal_logits(P, [0.5, math.inf]), "p_g must hold finite"),
        (lambda: theory.binary_cross_entropy([1, 1], [1, 1, 1]), "one shape"),
        (lambda: theory.optimal_discriminator(P, [0.5, -0.5]), "p_g must not be negative"),
        (lambda: theory.quadrature(1, 0), "low < high"),
        (lambda: theory.quadrature(0, math.inf), "low < high"),
        (lambda: theory.quadrature(0, 1, 0), "at least 1 point"),
        (lambda: theory.descend_criterion(P, Q, rate=1.5), "rate"),
        (lambda: theory.descend_criterion(P, Q, steps=0), "steps"),
    ],
)
def test_refuses(call, words):
    with pytest.raises(InputError, match=words) as error:
        call()
    one_line(error)
