"""Rows of the random bits that XLA makes by Threefry of a larger shape, and no others.

Integer ops for XLA to compile, which vectorises them; alone, each would be a pass over memory.

Reference:
    Salmon et al., 2011, "Parallel random numbers: as easy as 1, 2, 3": Threefry2x32-20.
"""

import math

import tensorflow as tf

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA
_GROUPS = 5  # of four rounds


def rows(first, count, total, others, seed):
    """Rows `first` to `first + count` of `stateless_uniform((total, *others), seed, alg="threefry")`.

    XLA halves the first side of a shape that is even, else the longest, and makes two neighbours along
    it of one count of the generator.

    Args:
        first, count, total: int32 scalar tensors; of `count`, XLA must know the value.
        others: tuple of ints.
        seed: integer tensor `(2,)`.

    Returns:
        uint32 `(count, *others)`.
    """
    key = tf.unstack(tf.cast(seed, tf.uint32))
    even = [axis for axis, side in enumerate(others) if side % 2 == 0]
    longest = max(others, default=0)
    axis = even[0] if even else others.index(longest) if others else -1

    def of_pairs_of_rows():
        size = math.prod(others)
        pairs = first // 2 + tf.range(count // 2 + 1)
        words = _bits(pairs[:, None], size, tf.range(size), key)  # 2 of (pairs, size)
        found = tf.reshape(tf.stack(words, axis=1), (-1, size))  # (2 pairs, size)
        start = first % 2
        return tf.reshape(tf.slice(found, [start, 0], [count, size]), (count, *others))

    def of_pairs_of_columns():
        before, side, after = math.prod(others[:axis]), others[axis], math.prod(others[axis + 1 :])
        half = -(-side // 2)
        places = tf.range(before * half * after)
        row = first + tf.range(count)
        words = _bits(row[:, None], before * half * after, places, key)  # 2 of (count, places)
        found = tf.stack([tf.reshape(word, (-1, before, half, after)) for word in words], axis=3)
        found = tf.reshape(found, (-1, before, 2 * half, after))[:, :, :side]
        return tf.reshape(found, (count, *others))

    if not others:
        return of_pairs_of_rows()
    by_rows = total % 2 == 0
    if not even:
        by_rows |= total >= longest
    return tf.cond(by_rows, of_pairs_of_rows, of_pairs_of_columns)


def _bits(row, size, place, key):
    """Both words of the counts `row * size + place`, each uint32 of the shape of that."""
    count = tf.cast(row, tf.uint64) * size + tf.cast(place, tf.uint64)
    low = tf.cast(count & 0xFFFFFFFF, tf.uint32)
    high = tf.cast(tf.bitwise.right_shift(count, tf.constant(32, tf.uint64)), tf.uint32)
    keys = [*key, tf.bitwise.bitwise_xor(tf.bitwise.bitwise_xor(*key), tf.constant(_PARITY, tf.uint32))]
    x, y = low + keys[0], high + keys[1]
    for group in range(_GROUPS):
        for turn in _ROTATIONS[group % 2]:
            x = x + y
            y = tf.bitwise.bitwise_xor(x, _rotated(y, turn))
        x = x + keys[(group + 1) % 3]
        y = y + keys[(group + 2) % 3] + tf.constant(group + 1, tf.uint32)
    return x, y


def _rotated(word, turn):
    left = tf.bitwise.left_shift(word, tf.constant(turn, tf.uint32))
    return tf.bitwise.bitwise_or(left, tf.bitwise.right_shift(word, tf.constant(32 - turn, tf.uint32)))
