import numpy as np
import pytest
from makers import one_line

from tfgan.errors import InputError
from tfgan.metrics import parzen
from tfgan.metrics.distances import squared_distance_chunks


def direct(samples, data, sigma):
    """The formula, term by term."""
    result = []
    for x in data:
        density = np.exp(-((x - samples) ** 2).sum(1) / (2 * sigma**2)) / (
            (2 * np.pi * sigma**2) ** (samples.shape[1] / 2)
        )
        result.append(np.log(density.mean()))
    return np.array(result)


@pytest.mark.parametrize("sigma", [0.1, 0.5, 2.0])
def test_against_the_formula(sigma):
    rng = np.random.default_rng(0)
    samples, data = rng.random((50, 3)), rng.random((20, 3))
    np.testing.assert_allclose(
        parzen.log_likelihood(samples, data, sigma), direct(samples, data, sigma), rtol=1e-9
    )


def test_closed_form_of_one_kernel():
    """One sample on the data itself: the Gaussian's peak, -d log(sigma sqrt(2 pi))."""
    x = np.full((1, 28, 28, 1), 0.5)
    value = parzen.log_likelihood(x, x, 0.2)
    np.testing.assert_allclose(value, -784 * np.log(0.2 * np.sqrt(2 * np.pi)), rtol=1e-12)


def test_expected_value_of_gaussian_samples():
    """Many samples of N(0, 1) with kernels N(0, s^2) estimate the density of N(0, 1 + s^2)."""
    rng = np.random.default_rng(1)
    samples, data, sigma = rng.normal(size=(200_000, 1)), rng.normal(size=(300, 1)), 0.3
    variance = 1 + sigma**2
    expected = -(data[:, 0] ** 2) / (2 * variance) - 0.5 * np.log(2 * np.pi * variance)
    found = parzen.log_likelihood(samples, data, sigma)
    np.testing.assert_allclose(found.mean(), expected.mean(), atol=0.01)


def test_far_data_stays_finite():
    """exp underflows here; the sum of logarithms does not."""
    samples, data = np.zeros((3, 784)), np.ones((2, 784))
    value = parzen.log_likelihood(samples, data, 0.1)
    expected = -784 / (2 * 0.01) - 784 * np.log(0.1 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(value, expected, rtol=1e-12)


def test_chunks_change_nothing(monkeypatch):
    rng = np.random.default_rng(2)
    samples, data = rng.random((40, 5)), rng.random((33, 5))
    whole = parzen.log_likelihood(samples, data, 0.2)
    monkeypatch.setattr(
        parzen,
        "squared_distance_chunks",
        lambda a, b: squared_distance_chunks(a, b, memory=8 * 40 * 7),
    )
    np.testing.assert_allclose(parzen.log_likelihood(samples, data, 0.2), whole, rtol=1e-12)


def test_several_sigmas_at_once():
    rng = np.random.default_rng(3)
    samples, data = rng.random((30, 4)), rng.random((10, 4))
    both = parzen.log_likelihood(samples, data, [0.1, 0.7])
    assert both.shape == (2, 10)
    np.testing.assert_allclose(both[1], parzen.log_likelihood(samples, data, 0.7), rtol=1e-12)


def test_uint8_is_pixels():
    pixels = np.random.default_rng(4).integers(0, 256, (20, 4, 4, 1)).astype("uint8")
    np.testing.assert_allclose(
        parzen.log_likelihood(pixels, pixels, 0.2),
        parzen.log_likelihood(pixels / 255, pixels / 255, 0.2),
        rtol=1e-12,
    )


def test_sigmas_of_the_papers():
    np.testing.assert_allclose(parzen.SIGMAS[:5], [0.1, 0.129, 0.167, 0.215, 0.278], atol=5e-4)
    assert len(parzen.SIGMAS) == 10
    assert parzen.SIGMAS[-1] == 1


def test_score_selects_on_valid_and_reports_the_test_mean():
    rng = np.random.default_rng(5)
    samples, valid, test = (rng.normal(0.5, 0.2, (n, 6)) for n in (400, 100, 150))
    result = parzen.score(samples, valid, test)
    means = [direct(samples, valid, s).mean() for s in parzen.SIGMAS]
    assert result["sigma"] == parzen.SIGMAS[int(np.argmax(means))]
    values = direct(samples, test, result["sigma"])
    np.testing.assert_allclose(result["log_likelihood"], values.mean(), rtol=1e-9)
    np.testing.assert_allclose(result["standard_error"], values.std() / 150**0.5, rtol=1e-9)


@pytest.mark.parametrize(
    ("samples", "sigma", "words"),
    [
        (np.zeros((3, 5)), 0.2, "number of pixels"),
        (np.zeros((0, 4)), 0.2, "non-empty"),
        (np.zeros((3, 4)), 0.0, "positive"),
        (np.zeros((3, 4)), -1, "positive"),
    ],
)
def test_refuses(samples, sigma, words):
    with pytest.raises(InputError, match=words) as error:
        parzen.log_likelihood(samples, np.zeros((2, 4)), sigma)
    one_line(error)
