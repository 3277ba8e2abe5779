"""Random numbers of many seeds at once are those TensorFlow makes of each seed alone."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan import latents, philox, steps

SEEDS = [0, 1, 7, -1, 2**32 - 1, 2**40 + 3, (5 << 32) + 123, 2**63 - 1, -(2**63)]
NUMBERS = [0, 1, steps.SAMPLE_STREAM, 2**63 - 1]
COUNTS = [1, 2, 3, 4, 5, 100, 101]


def each(draw, number):
    """`draw` of every seed pair, stacked."""
    return np.stack([draw(tf.constant([seed, number], tf.int64)) for seed in SEEDS])


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("count", COUNTS)
def test_bits_are_tensorflows(number, count):
    found = philox.bits(tf.constant(SEEDS, tf.int64), number, count).numpy()
    assert found.shape == (len(SEEDS), -(-count // 4), 4)
    wanted = each(
        lambda seed: tf.random.stateless_uniform((count,), seed, None, None, tf.uint32, alg="philox"),
        number,
    )
    np.testing.assert_array_equal(found.reshape(len(SEEDS), -1)[:, :count], wanted)


@pytest.mark.parametrize("noise", latents.NOISES)
@pytest.mark.parametrize("count", COUNTS)
def test_priors_are_tensorflows(noise, count):
    found = latents.by_row(noise, tf.constant(SEEDS, tf.int64), steps.SAMPLE_STREAM, count)
    assert found.dtype == tf.float32
    wanted = each(lambda seed: latents.get(noise)((1, count), seed)[0], steps.SAMPLE_STREAM)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6 if noise == "normal" else 0)


def test_the_smallest_fractions_of_a_normal():
    """2,000,000 numbers: the tails, where a logarithm's argument is nearly 0, are among them."""
    seeds = tf.range(2, dtype=tf.int64)
    found = philox.normal(seeds, 5, 1_000_000).numpy()
    wanted = [tf.random.stateless_normal((1_000_000,), [seed, 5], alg="philox") for seed in (0, 1)]
    assert np.abs(found).max() > 4.5
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6)


def test_in_a_graph_of_any_batch():
    draw = tf.function(
        lambda seeds: philox.normal(seeds, 5, 6), input_signature=[tf.TensorSpec((None,), tf.int64)]
    )
    many = draw(tf.range(9, dtype=tf.int64)).numpy()
    np.testing.assert_array_equal(draw(tf.constant([4], tf.int64))[0], many[4])
    assert draw(tf.zeros((0,), tf.int64)).shape == (0, 6)
