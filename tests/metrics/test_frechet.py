"""The Frechet distance in closed form, and what is refused."""

import numpy as np
import pytest
from makers import one_line

from tfgan.errors import FewSamplesWarning, InputError
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


@pytest.mark.filterwarnings("ignore::tfgan.errors.FewSamplesWarning")
def test_of_a_set_and_itself_is_nothing():
    rows = np.random.default_rng(0).normal(size=(50, 60))  # of a covariance that has no inverse
    assert frechet.distance(rows, rows) == pytest.approx(0, abs=1e-6)
    assert frechet.distance(rows[:, :1], rows[:, :1] + 2) == pytest.approx(4)


@pytest.mark.parametrize("features", [np.zeros((1, 3)), np.zeros(3), np.zeros((4, 2))])
def test_refuses(features):
    with pytest.raises(InputError) as error:
        frechet.distance(features, np.ones((5, 3)))
    one_line(error)


@pytest.mark.parametrize("sizes", [(400,), (1, 399), (7, 0, 93, 300), (100, 100, 200)])
def test_moments_by_batches_are_those_of_all(sizes, monkeypatch):
    monkeypatch.setattr(frechet, "_BYTES", 8 * 5 * 30)  # 30 rows at a time
    rows = np.random.default_rng(0).normal(1e3, 1, size=(400, 5))  # far from 0: no cancellation
    whole, merged = frechet.Moments(5), frechet.Moments(5)
    for part in np.split(rows, np.cumsum(sizes)[:-1]):
        whole.update(part)
        merged.merge(frechet.moments(part))
    for found in (whole, merged):
        assert found.count == 400
        np.testing.assert_allclose(found.mean, rows.mean(0), rtol=1e-12)
        np.testing.assert_allclose(found.covariance, np.cov(rows, rowvar=False), rtol=1e-7, atol=1e-9)
    assert frechet.distance(whole, rows + 3) == pytest.approx(45, rel=1e-6)  # 5 * 3 ** 2


def test_the_mean_over_classes_of_the_distance_within():
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(600, 2)), np.arange(600) % 3
    moved = rows + np.array([[0.0, 0], [1, 0], [2, 1]])[labels]  # by 0, 1 and 5 squared
    mean, each = frechet.intra_class(rows, labels, moved, labels)
    assert each == pytest.approx({0: 0, 1: 1, 2: 5}, abs=1e-9)
    assert mean == pytest.approx(2, abs=1e-9)
    # Two classes that change places: nothing is seen of the whole sets.
    apart = rows + 4 * (labels == 1)[:, None]
    swapped = np.array([1, 0, 2])[labels]
    order = np.argsort(swapped, kind="stable")
    assert frechet.distance(apart, apart[order]) == pytest.approx(0, abs=1e-9)
    assert frechet.intra_class(apart, labels, apart, swapped)[0] == pytest.approx(64 / 3, rel=0.1)


def test_few_samples_are_warned_of():
    rows = np.random.default_rng(0).normal(size=(30, 10))
    with pytest.warns(FewSamplesWarning, match="of 10 samples with 10 features") as warned:
        frechet.distance(rows, rows[:10])
    assert "\n" not in str(warned[0].message)
    frechet.distance(rows, rows[:11])
    labels = np.arange(30) % 3
    with pytest.warns(FewSamplesWarning, match="classes of 10 samples") as warned:
        frechet.intra_class(rows, labels, rows, labels)
    assert len(warned) == 1


def test_refuses_classes_that_cannot_be_compared():
    rows, labels = np.zeros((6, 2)), np.array([0, 0, 0, 1, 1, 1])
    for others in ([0, 0, 0, 1, 2, 2], [0, 0, 0, 0, 0, 1], [0] * 6):
        with pytest.raises(InputError, match=r"class [12] has") as error:
            frechet.intra_class(rows, labels, rows, others)
        one_line(error)
    with pytest.raises(InputError, match="one label per row"):
        frechet.intra_class(rows, labels[:5], rows, labels)


def test_refuses_what_is_not_finite():
    for wrong in (np.nan, np.inf):
        with pytest.raises(InputError, match="finite") as error:
            frechet.moments(np.array([[0.0], [wrong]]))
        one_line(error)
    with pytest.raises(InputError, match="one width"):
        frechet.Moments(2).merge(frechet.Moments(3))
