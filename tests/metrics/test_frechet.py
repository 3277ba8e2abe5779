"""The Frechet distance in closed form, and what is refused."""

import numpy as np
import pytest
from makers import one_line

from tfgan.errors import InputError
from tfgan.metrics import frechet


def draw(mean, root, count=200_000, seed=0):
    """Rows whose sample mean and covariance are exactly `mean` and `root @ root.T`."""
    rows = np.random.default_rng(seed).standard_normal((count, len(mean)))
    rows -= rows.mean(0)
    rows = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows, rowvar=False))).T
    return mean + rows @ np.asarray(root).T


def test_of_commuting_covariances_is_the_closed_form():
    a, b = draw(np.array([0.0, 1, 2]), np.diag([1.0, 2, 3])), draw(np.ones(3), np.diag([2.0, 2, 0]))
    wanted = (1 + 0 + 1) + (1 + 0 + 9)  # means, then (sqrt - sqrt) squared of each variance
    assert frechet.distance(a, b) == pytest.approx(wanted, rel=1e-9)
    assert frechet.distance(b, a) == pytest.approx(wanted, rel=1e-6)


def test_of_covariances_that_do_not_commute():
    """Against the matrix square root by its own iteration (Denman and Beavers)."""
    rng = np.random.default_rng(3)
    roots = rng.normal(size=(2, 4, 4))
    a, b = draw(np.zeros(4), roots[0]), draw(np.zeros(4), roots[1], seed=1)
    first, second = (root @ root.T for root in roots)
    y, z = first @ second, np.eye(4)
    for _ in range(50):
        y, z = (y + np.linalg.inv(z)) / 2, (z + np.linalg.inv(y)) / 2
    wanted = np.trace(first + second - 2 * y)
    assert frechet.distance(a, b) == pytest.approx(wanted, rel=1e-6)


def test_of_a_set_and_itself_is_nothing():
    rows = np.random.default_rng(0).normal(size=(50, 60))  # of a covariance that has no inverse
    assert frechet.distance(rows, rows) == pytest.approx(0, abs=1e-6)
    assert frechet.distance(rows[:, :1], rows[:, :1] + 2) == pytest.approx(4)


@pytest.mark.parametrize("features", [np.zeros((1, 3)), np.zeros(3), np.zeros((4, 2))])
def test_refuses(features):
    with pytest.raises(InputError) as error:
        frechet.distance(features, np.ones((5, 3)))
    one_line(error)
