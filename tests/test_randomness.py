import numpy as np
import pytest
import tensorflow as tf

from tfgan import randomness

SEEDS = [[0, 0], [2**31 - 1, 5]]


def uniform(shape, seed):
    return tf.random.stateless_uniform(shape, seed, -1.5, 2.0, alg="philox")


def normal(shape, seed):
    return tf.random.stateless_normal(shape, seed, alg="philox")


def bits(shape, seed):
    return tf.random.stateless_uniform(shape, seed, None, None, tf.uint32, alg="threefry")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("shape", [[50, 13, 7], [3], []])
@pytest.mark.parametrize(
    ("draw", "stock"),
    [
        (lambda shape, seed: randomness.uniform(shape, seed, -1.5, 2.0), uniform),
        (randomness.normal, normal),
        (randomness.fast_bits, bits),
    ],
)
def test_numbers_are_those_of_xla_everywhere(draw, stock, shape, seed):
    seed = tf.constant(seed)
    wanted = tf.function(stock, jit_compile=True)(shape, seed).numpy()
    rounding = 0 if wanted.dtype == np.uint32 else 1e-6
    np.testing.assert_allclose(draw(shape, seed).numpy(), wanted, atol=rounding)
    for jit_compile in (False, True):
        compiled = tf.function(draw, jit_compile=jit_compile, autograph=False)
        for given in (shape, tf.constant(shape, tf.int32)):  # known when it is traced, and not
            np.testing.assert_allclose(compiled(given, seed).numpy(), wanted, atol=rounding)


def test_shapes_are_known_as_far_as_they_can_be():
    @tf.function(input_signature=[tf.TensorSpec((), tf.int32)])
    def traced(count):
        for draw in (randomness.uniform, randomness.normal, randomness.fast_bits):
            assert draw([3, 4], [1, 2]).shape == (3, 4)
            assert draw([count, 4], [1, 2]).shape.rank == 2
        return count

    traced(2)


@pytest.mark.parametrize(("draw", "stock"), [(randomness.normal, normal), (randomness.fast_bits, bits)])
def test_where_xla_has_no_compiler(draw, stock, monkeypatch):
    def missing(draw):
        raise tf.errors.NotFoundError(None, None, "no compiler for platform METAL")

    randomness._compiles.cache_clear()
    monkeypatch.setattr(randomness, "_compiled", missing)
    try:
        found = draw([4, 3], tf.constant([1, 2])).numpy()
        assert not randomness._compiles()
    finally:
        randomness._compiles.cache_clear()
    if stock is bits:
        wanted = tf.random.stateless_uniform((4, 3), [1, 2], None, None, tf.uint32, alg="philox")
    else:
        wanted = stock((4, 3), [1, 2])
    np.testing.assert_array_equal(found, wanted.numpy())


# Sides that are even or odd, the batch or another the longest: XLA makes pairs along other ones.
SHAPES = [
    (10, 7),
    (9, 4),
    (9, 7),
    (5, 7),
    (7, 7),
    (9, 5, 4, 3),
    (9, 3, 5, 7),
    (11,),
    (9, 3, 11, 3),
    (12, 5),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_rows_of_fast_bits(shape):
    seed = tf.constant(SEEDS[1])
    total, *others = shape
    whole = randomness.fast_bits(shape, seed).numpy()
    for first in range(total):
        for count in {1, 2, 3, total} & set(range(1, total - first + 1)):
            given = (tf.constant(number) for number in (first, count, total))
            found = randomness.rows_of_fast_bits(*given, tuple(others), seed)
            np.testing.assert_array_equal(found.numpy(), whole[first : first + count])


def test_rows_of_fast_bits_where_xla_has_no_compiler(monkeypatch):
    monkeypatch.setattr(randomness, "_compiles", lambda: False)
    whole = randomness.fast_bits((6, 3), tf.constant([1, 2])).numpy()
    found = randomness.rows_of_fast_bits(2, 3, 6, (3,), tf.constant([1, 2])).numpy()
    np.testing.assert_array_equal(found, whole[2:5])
