import numpy as np
import pytest
from makers import one_line

from tfgan.data import load, toy
from tfgan.errors import InputError


@pytest.mark.parametrize(("name", "count"), [("ring", 8), ("grid", 25)])
def test_points_lie_around_their_modes(name, count):
    data = load(f"toy:{name}")
    points, labels = data.arrays("train")
    assert points.shape == (48_000, 1, 1, 2)
    assert data.condition.num_classes == count == len(data.modes.centres)
    assert points.min() > 0
    assert points.max() < 1
    away = points[:, 0, 0] - data.modes.centres[labels]
    for mode in range(count):
        own = away[labels == mode]
        assert len(own) == pytest.approx(48_000 / count, rel=0.1)
        np.testing.assert_allclose(own.mean(axis=0), 0, atol=5 * data.modes.sigma / np.sqrt(len(own)))
        np.testing.assert_allclose(np.cov(own.T), np.eye(2) * data.modes.sigma**2, atol=3e-6)


def test_modes_lie_as_named():
    ring, grid = toy.ring().centres, toy.grid().centres
    np.testing.assert_allclose(np.linalg.norm(ring - 0.5, axis=1), 0.4)
    np.testing.assert_allclose(
        np.linalg.norm(ring - np.roll(ring, 1, axis=0), axis=1), 0.8 * np.sin(np.pi / 8)
    )
    assert {tuple(point) for point in np.round(grid, 6)} == {
        (x, y) for x in (0.1, 0.3, 0.5, 0.7, 0.9) for y in (0.1, 0.3, 0.5, 0.7, 0.9)
    }


def test_refused():
    with pytest.raises(InputError, match="did you mean ring") as error:
        load("toy:rings")
    one_line(error)
    with pytest.raises(InputError, match="image_size") as error:
        load("toy:ring", image_size=8)
    one_line(error)
