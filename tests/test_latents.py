import numpy as np
import pytest
import tensorflow as tf

from tfgan import latents
from tfgan.errors import InputError

SHAPE = (20_000, 5)
MOMENTS = {  # mean, standard deviation, bounds
    "normal": (0, 1, (-np.inf, np.inf)),
    "uniform": (0, 1, (-(3**0.5), 3**0.5)),
    "unit_uniform": (0.5, 12**-0.5, (0, 1)),
}


def draw(noise, seed):
    return latents.get(noise)(SHAPE, tf.constant(seed, tf.int64)).numpy()


@pytest.mark.parametrize("noise", latents.NOISES)
def test_moments(noise):
    mean, std, (low, high) = MOMENTS[noise]
    z = draw(noise, [1, 2])
    assert z.dtype == np.float32
    np.testing.assert_allclose(z.mean(0), mean, atol=0.03)
    np.testing.assert_allclose(z.std(0), std, atol=0.02)
    assert low <= z.min()
    assert z.max() <= high
    assert abs(np.corrcoef(z.T)[0, 1]) < 0.03


@pytest.mark.parametrize("noise", latents.NOISES)
def test_seeds(noise):
    np.testing.assert_array_equal(draw(noise, [1, 2]), draw(noise, [1, 2]))
    assert not np.array_equal(draw(noise, [1, 2]), draw(noise, [1, 3]))
    assert not np.array_equal(draw(noise, [1, 2]), draw(noise, [2, 2]))


def test_unknown():
    with pytest.raises(InputError, match="unit_uniform"):
        latents.get("gauss")
