"""TensorFlow's stateless random numbers for many seeds at once.

`tf.random.stateless_*` take one seed a call. These make a row for each of many seeds, of the bits that
`alg="philox"` makes of that seed alone, by integer ops that every TensorFlow runtime has.

Reference:
    Salmon et al., 2011, "Parallel random numbers: as easy as 1, 2, 3": Philox4x32-10.
"""

import math

import tensorflow as tf

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_LOW = 0xFFFFFFFF
_SEED_KEY = (0x3EC8F720, 0x02461E29)  # with which TensorFlow scrambles seeds


def normal(seeds, number, count):
    """N(0, 1) numbers, float32 `(batch, count)`; of a seed those of `stateless_normal` within 1e-6.

    Args:
        seeds: int64 `(batch,)`.
        number: int from 0 to 2**63 - 1: a row's seed pair is `[seed, number]`.
        count: int >= 1.
    """
    pairs = _fractions(bits(seeds, number, count))  # (B, blocks, 4)
    radius = tf.sqrt(-2.0 * tf.math.log(tf.maximum(pairs[..., ::2], 1e-7)))  # (B, blocks, 2)
    angle = tf.cast(2.0 * math.pi * tf.cast(pairs[..., 1::2], tf.float64), tf.float32)
    values = tf.stack([tf.sin(angle) * radius, tf.cos(angle) * radius], axis=-1)
    return _rows(values, count)


def uniform(low, high):
    """A function as `normal` is, of U(low, high): the numbers of `stateless_uniform`."""

    def draw(seeds, number, count):
        return _rows(_fractions(bits(seeds, number, count)) * (high - low) + low, count)

    return draw


def bits(seeds, number, count):
    """Random bits, uint32 `(batch, ceil(count / 4), 4)`; the arguments as in `normal`.

    The first `count` of a row are `stateless_uniform((count,), seed, None, None, tf.uint32)`.
    """
    halves = tf.cast(tf.bitcast(seeds, tf.uint32), tf.uint64)  # (B, 2), the low word first
    zeros = tf.zeros_like(halves[:, :1])
    mixed = _philox(
        [halves[:, :1], halves[:, 1:], zeros + (number & _LOW), zeros + (number >> 32)],
        [zeros + key for key in _SEED_KEY],
    )  # 4 of (B, 1): the key, and the upper half of a counter that begins at 0
    blocks = zeros + tf.cast(tf.range(-(-count // 4)), tf.uint64)  # (B, blocks)
    words = _philox([blocks, tf.zeros_like(blocks), mixed[2], mixed[3]], mixed[:2])
    return tf.cast(tf.stack(words, axis=-1), tf.uint32)  # (B, blocks, 4)


def _philox(words, key):
    """Ten rounds of Philox4x32 on counters of four words; all uint64 below 2**32."""
    for turn in range(_ROUNDS):
        k0, k1 = ((k + turn * step) & _LOW for k, step in zip(key, _KEY_STEPS, strict=True))
        (high0, low0), (high1, low1) = (
            _halves(word * factor) for word, factor in zip(words[::2], _MULTIPLIERS, strict=True)
        )
        words = [high1 ^ words[1] ^ k0, low1, high0 ^ words[3] ^ k1, low0]
    return words


def _halves(product):
    return tf.bitwise.right_shift(product, tf.constant(32, tf.uint64)), product & _LOW


def _fractions(words):
    """float32 in [0, 1) of the low 23 bits of each word, as TensorFlow takes them."""
    return tf.bitcast((words & 0x7FFFFF) | 0x3F800000, tf.float32) - 1.0


def _rows(values, count):
    return tf.reshape(values, (tf.shape(values)[0], -1))[:, :count]  # (B, count)
