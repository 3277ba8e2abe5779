import numpy as np
import pytest

from tfgan.errors import InputError
from tfgan.metrics import memorization


def test_by_hand():
    train = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    distances, indices = memorization.nearest(np.array([[0.0, 0.0], [0.6, 0.8]]), train)
    np.testing.assert_allclose(distances, [0, np.hypot(0.4, 0.2)], atol=1e-12)
    np.testing.assert_array_equal(indices, [0, 1])


def test_against_all_pairs():
    rng = np.random.default_rng(0)
    images, train = rng.random((40, 4, 4, 1)), rng.random((70, 4, 4, 1))
    all_pairs = np.sqrt(((images[:, None] - train[None]) ** 2).sum((2, 3, 4)))
    distances, indices = memorization.nearest(images, train)
    np.testing.assert_allclose(distances, all_pairs.min(1), rtol=1e-9)
    np.testing.assert_array_equal(indices, all_pairs.argmin(1))


def test_copies_are_found():
    train = np.random.default_rng(1).random((30, 8, 8, 1))
    distances, indices = memorization.nearest(train[5:9], train)
    np.testing.assert_allclose(distances, 0, atol=1e-6)
    np.testing.assert_array_equal(indices, [5, 6, 7, 8])


def test_other_size():
    with pytest.raises(InputError, match="one shape"):
        memorization.nearest(np.zeros((2, 4)), np.zeros((2, 5)))
