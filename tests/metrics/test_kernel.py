"""The kernel distance in closed form, its errors by repetition, and what is refused."""

import numpy as np
import pytest
from makers import one_line

from tfgan.errors import InputError
from tfgan.metrics import kernel


def by_hand(x, y):
    """The unbiased estimate by loops over pairs, from its definition."""

    def k(a, b):
        return (np.dot(a, b) / len(a) + 1) ** 3

    n, m = len(x), len(y)
    within = np.mean([k(x[i], x[j]) for i in range(n) for j in range(n) if i != j])
    others = np.mean([k(y[i], y[j]) for i in range(m) for j in range(m) if i != j])
    return within + others - 2 * np.mean([k(a, b) for a in x for b in y])


def moment_gap(mean, other_mean):
    """The squared MMD of N(mean, 1) and N(other, 1) in one dimension.

    `E (xy + 1)^3 = 1 + 3 m1 n1 + 3 m2 n2 + m3 n3`, of their raw moments; hence the square of the
    differences of moments, weighted 3, 3 and 1.
    """

    def raw(m):
        return np.array([m, m**2 + 1, m**3 + 3 * m])

    return np.sum(np.array([3, 3, 1]) * (raw(mean) - raw(other_mean)) ** 2)


def test_is_the_mean_over_pairs(monkeypatch):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 3)), rng.normal(0.5, 2, size=(9, 3))
    for memory in (1, 2**27):  # row by row, and all at once
        assert kernel.distance(x, y, memory=memory)[0] == pytest.approx(by_hand(x, y), rel=1e-12)
    one = kernel.subset_distance(x[:5], y[:5], subsets=3, subset_size=5)
    assert one["mean"] == pytest.approx(by_hand(x[:5], y[:5]), rel=1e-12)
    assert one["standard_deviation"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("mean", [0.0, 0.7])
def test_is_right_on_average_and_knows_its_error(mean):
    rng = np.random.default_rng(0)
    found = np.array(
        [
            kernel.distance(rng.normal(size=(60, 1)), rng.normal(mean, 1, size=(80, 1)))
            for _ in range(1500)
        ]
    )
    estimates, errors = found.T
    spread = estimates.std()
    assert estimates.mean() == pytest.approx(moment_gap(0, mean), abs=4 * spread / np.sqrt(1500))
    assert mean or (estimates < 0).any()
    typical = np.sqrt(np.mean(errors**2))
    low, high = (1.2, 1.6) if mean == 0 else (0.9, 1.25)
    assert low * spread < typical < high * spread


def test_subsets():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(500, 2)), rng.normal(1, 1, size=(600, 2))
    found = kernel.subset_distance(x, y, subsets=200, subset_size=100, seed=3)
    assert found["mean"] == pytest.approx(kernel.distance(x, y)[0], rel=0.1)
    assert found["standard_error"] == pytest.approx(found["standard_deviation"] / np.sqrt(200))
    assert found["standard_deviation"] > 0
    assert found == kernel.subset_distance(x, y, subsets=200, subset_size=100, seed=3)
    assert found["mean"] != kernel.subset_distance(x, y, subsets=200, subset_size=100)["mean"]


def test_refuses():
    for x, y in [((1, 3), (5, 3)), ((5, 3), (5, 2)), ((5,), (5, 1))]:
        with pytest.raises(InputError) as error:
            kernel.distance(np.zeros(x), np.zeros(y))
        one_line(error)
    for subsets, size in [(100, 6), (100, 1), (0, 5)]:
        with pytest.raises(InputError, match="from 2 to 5") as error:
            kernel.subset_distance(
                np.zeros((5, 2)), np.zeros((9, 2)), subsets=subsets, subset_size=size
            )
        one_line(error)
