import math

import numpy as np
import pytest
from makers import one_line

from tfgan.data import toy
from tfgan.errors import InputError
from tfgan.metrics import coverage


def test_nearest_mode_of_true_points():
    """3 standard deviations of a round Gaussian in the plane hold 1 - exp(-9 / 2) of it."""
    modes = toy.grid()
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(25), 2000)
    points = modes.centres[labels] + modes.sigma * rng.standard_normal((50_000, 2))
    found = coverage.nearest_mode(points[:, None, None], modes.centres, 3 * modes.sigma)
    inside = found >= 0
    assert inside.mean() == pytest.approx(1 - math.exp(-4.5), abs=0.002)
    np.testing.assert_array_equal(found[inside], labels[inside])


def test_coverage_by_hand():
    modes = [0] * 60 + [1] * 30 + [2] * 2 + [-1] * 8
    found = coverage.coverage(modes, 4)
    shares = np.array([60, 30, 2]) / 92
    assert found == {
        "covered": 2,  # the third has 2 of 100, its share is 25
        "reached": 3,
        "of": 4,
        "inside": pytest.approx(0.92),
        "kl": pytest.approx(np.sum(shares * np.log(shares * 4))),
    }


def test_shares_of_the_data_count():
    modes = [0] * 97 + [1] * 3
    assert coverage.coverage(modes, 3, shares=[0.96, 0.04, 0.0])["covered"] == 2
    assert coverage.coverage(modes, 3, shares=[0.96, 0.04, 0.0])["of"] == 2
    assert coverage.coverage(modes, 2, shares=[0.97, 0.03])["kl"] == pytest.approx(0)
    assert coverage.coverage(modes, 2)["covered"] == 1
    assert coverage.coverage([-1, -1], 2) == {
        "covered": 0,
        "reached": 0,
        "of": 2,
        "inside": 0.0,
        "kl": None,
    }
    unseen = coverage.coverage([0, 1], 2, shares=[1.0, 0.0])  # the data has no such mode
    assert (unseen["covered"], unseen["of"], unseen["kl"]) == (1, 1, None)


@pytest.mark.parametrize("modes", [[], [2], [-2]])
def test_wrong_modes(modes):
    with pytest.raises(InputError, match="from -1 to 1") as error:
        coverage.coverage(modes, 2)
    one_line(error)


def test_spread():
    """Of a Gaussian it is sigma sqrt(dim), however many there are."""
    rng = np.random.default_rng(0)
    assert coverage.spread(0.05 * rng.standard_normal((40_000, 2, 3, 1))) == pytest.approx(
        0.05 * math.sqrt(6), rel=0.01
    )
    few = [coverage.spread(rng.standard_normal((2, 50))) ** 2 for _ in range(300)]
    assert np.mean(few) == pytest.approx(50, rel=0.05)
    assert coverage.spread(np.full((5, 2, 2, 1), 7, "uint8")) == pytest.approx(0)
    assert coverage.spread(rng.random((1, 4))) == 0


def test_relative_spread_is_within_classes_each_alike():
    """A perfect sampler has 1, also where real classes are uneven; the distance of classes is none."""
    rng = np.random.default_rng(0)

    def draw(labels, width=1.0):
        sigma = width * np.where(labels, 0.02, 0.2)[:, None]
        return np.where(labels, 0.8, 0.2)[:, None] + sigma * rng.standard_normal((len(labels), 30))

    real_labels = np.repeat([0, 1], [1800, 200])
    labels = np.arange(4000) % 2
    given = {"labels": labels, "real_labels": real_labels}
    real = draw(real_labels)
    for width in (1.0, 0.5):
        found = coverage.relative_spread(draw(labels, width), real, **given)
        assert found == pytest.approx(width, abs=0.02)
    assert coverage.relative_spread(real, real) == 1
    alone = {"labels": [0, 0, 1], "real_labels": [0, 1, 1]}
    assert coverage.relative_spread(np.eye(3), 2 * np.ones((3, 3)), **alone) is None
    assert coverage.relative_spread(np.eye(3), np.ones((3, 3))) is None
