import keras
import numpy as np
import pytest
import tensorflow as tf
from clock import Clock
from makers import small_gan


@pytest.fixture
def trained(images):
    """A GAN with constant rates, its clock of so many steps, and data without end."""

    def make(budget, **options):
        gan = small_gan()
        rates = {f"{player}_optimizer": keras.optimizers.Adam(rate) for player, rate in RATES.items()}
        gan.compile(**rates, jit_compile=False, steps_per_execution=2)
        clock = Clock(budget, **options)
        clock.set_model(gan)
        return gan, clock, tf.data.Dataset.from_tensor_slices(images).repeat().batch(5)

    return make


RATES = {"g": 1e-3, "d": 4e-3}


def test_ends_after_its_steps(trained):
    gan, clock, data = trained(12, of_steps=True)
    clock.train(4, data, check=False)
    assert (clock.steps, int(gan.train_steps.numpy())) == (4, 4)
    clock.train(9, data, check=False)  # two at a time: the next even number
    assert (clock.steps, int(gan.train_steps.numpy())) == (10, 10)
    clock.train(10, data, check=False)
    assert clock.steps == 10
    assert clock.first_s > clock.seconds / 4  # which compiled
    np.testing.assert_allclose(float(gan.g_optimizer.learning_rate), RATES["g"], rtol=1e-6)


def test_ends_after_its_time(trained):
    gan, clock, data = trained(0.4)
    clock.train(0.2, data, check=False)
    assert 0.2 <= clock.seconds < 0.4
    before = int(gan.train_steps.numpy())
    clock.train(0.4, data, check=False)
    assert 0.4 <= clock.seconds < 0.8
    assert clock.steps == int(gan.train_steps.numpy()) > before


def test_rates_fall_along_a_half_cosine(trained):
    gan, clock, data = trained(8, anneal=True, of_steps=True)
    for steps in (2, 4, 8):
        clock.train(steps, data, check=False)
        left = 0.5 * (1 + np.cos(np.pi * steps / 8))
        for name, rate in RATES.items():
            optimizer = getattr(gan, f"{name}_optimizer")
            np.testing.assert_allclose(float(optimizer.learning_rate), rate * left, atol=1e-9)
