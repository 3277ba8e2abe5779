"""Random numbers of training steps: of one seed the same whether XLA compiles a step or not.

TensorFlow and XLA make the same bits of a seed by Philox, but other floats of them. Here they are XLA's
everywhere, unless XLA has no compiler for a device: there normal numbers and fast bits are others.
"""

import functools

import tensorflow as tf

from tfgan import threefry


def uniform(shape, seed, low=0.0, high=1.0):
    """Uniform numbers in [low, high), float32.

    Args:
        shape: list or tuple of ints and int32 scalar tensors.
        seed: integer tensor `(2,)`.
        low, high: float.
    """
    upper = tf.bitwise.right_shift(_philox(shape, seed), tf.constant(9, tf.uint32))
    fractions = tf.cast(tf.cast(upper, tf.int32), tf.float32) * 2.0**-23
    return fractions * (high - low) + low


def normal(shape, seed):
    """N(0, 1) numbers, float32; the arguments as in `uniform`."""
    return _by_xla(_normal, shape, seed, otherwise=_normal)


def fast_bits(shape, seed):
    """Uniform random uint32, by Threefry, whose rounds XLA vectorises; the arguments as in `uniform`.

    Reference:
        Salmon et al., 2011, "Parallel random numbers: as easy as 1, 2, 3".
    """
    return _by_xla(_threefry, shape, seed, otherwise=_philox)  # TensorFlow's own ops know no Threefry


def rows_of_fast_bits(first, count, total, others, seed):
    """Rows `first` to `first + count` of `fast_bits((total, *others), seed)`.

    Args:
        first, count, total: int32 scalar tensors.
        others: tuple of ints.
        seed: integer tensor `(2,)`.
    """
    if not _compiles():
        return _philox((total, *others), seed)[first : first + count]
    found = _rows_by_xla(others)(first, count, total, seed)
    return tf.ensure_shape(found, (None, *others))


@functools.cache
def _rows_by_xla(others):
    def draw(first, count, total, seed):
        return threefry.rows(first, count, total, others, seed)

    return tf.function(draw, jit_compile=True, autograph=False)


def _by_xla(draw, shape, seed, *, otherwise):
    """`draw(shape, seed)` compiled by XLA, also amid a plain graph."""
    if not _compiles():
        return otherwise(shape, seed)
    shape = tf.convert_to_tensor(shape, tf.int32)
    known = tf.get_static_value(shape)
    return tf.ensure_shape(
        _compiled(draw)(shape, seed), [None] * shape.shape[0] if known is None else known
    )


@functools.cache
def _compiled(draw):
    return tf.function(draw, jit_compile=True, autograph=False, reduce_retracing=True)


def _normal(shape, seed):
    return tf.random.stateless_normal(shape, seed, alg="philox")


def _philox(shape, seed):
    return tf.random.stateless_uniform(shape, seed, None, None, tf.uint32, alg="philox")


def _threefry(shape, seed):
    return tf.random.stateless_uniform(shape, seed, None, None, tf.uint32, alg="threefry")


@functools.cache
def _compiles():
    """Whether XLA has a compiler for this machine's device."""
    try:
        with tf.init_scope():
            _compiled(_normal)(tf.constant([1]), tf.constant([0, 0]))
    except tf.errors.OpError:
        return False
    return True
