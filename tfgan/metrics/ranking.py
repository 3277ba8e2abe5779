"""Tags of an image from many word vectors drawn for it, and how many of them are right.

Reference:
    Mirza & Osindero, 2014, section 4.2 (arXiv 1411.1784): 100 draws an image, the 20 words nearest to
    each by cosine, the 10 most frequent of them.
"""

import numpy as np
import tensorflow as tf

from tfgan.errors import InputError

DRAWS, NEAREST, KEPT = 100, 20, 10


def rank(draws, word_vectors, *, nearest=NEAREST, kept=KEPT, memory=2**28):
    """The words that come up most often among those nearest to the draws of an image.

    Of words equally frequent, the one of the larger sum of cosines, over the draws it is near to,
    comes first; of words equally near, the one of the lower index.

    Args:
        draws: float `(images, draws, word_dim)`.
        word_vectors: float `(words, word_dim)`, none of them 0.
        nearest: int >= 1. Words counted for each draw.
        kept: int >= 1. Words returned.
        memory: int. Bytes that the cosines computed at a time may take.

    Returns:
        int64 `(images, kept)`: indices of words, the best first; fewer columns where there are fewer
        words, or where `nearest` is smaller than `kept`.

    Raises:
        InputError: if the widths differ.
    """
    draws, vectors = np.asarray(draws, "float32"), np.asarray(word_vectors, "float32")
    if draws.ndim != 3 or vectors.ndim != 2 or draws.shape[2] != vectors.shape[1]:
        raise InputError(
            f"draws (images, draws, dim) and word vectors (words, dim) must have one dim, got "
            f"{draws.shape} and {vectors.shape}."
        )
    nearest = min(nearest, len(vectors))
    kept = min(kept, nearest)
    result = np.empty((len(draws), kept), "int64")
    directions = tf.constant(_unit(vectors).T)
    step = max(1, memory // (4 * len(vectors) * draws.shape[1]))
    for start in range(0, len(draws), step):
        part = draws[start : start + step]
        cosines = tf.matmul(tf.constant(_unit(part.reshape(-1, part.shape[2]))), directions)
        near, which = (top.numpy() for top in tf.math.top_k(cosines, nearest))
        rows = (len(part), -1)  # (images, draws * nearest)
        for i, (words, weights) in enumerate(
            zip(which.reshape(rows), near.reshape(rows), strict=True), start
        ):
            found, place, counts = np.unique(words, return_inverse=True, return_counts=True)
            sums = np.bincount(place, weights)
            result[i] = found[np.lexsort((-sums, -counts))[:kept]]
    return result


def _unit(vectors):
    """Rows divided by their length; those of length 0 stay."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def precision_recall(ranked, known):
    """How many of the words found are known tags, and how many known tags are found.

    Args:
        ranked: int `(images, kept)`.
        known: for each image the indices of its tags, at least one.

    Returns:
        (float64 `(images,)`, float64 `(images,)`).
    """
    hits = np.array([np.isin(row, words).sum() for row, words in zip(ranked, known, strict=True)])
    return hits / ranked.shape[1], hits / np.array([len(words) for words in known])


def most_frequent(words, count, *, kept=KEPT):
    """The words that are tags most often: what a guess that does not look at images would say.

    Args:
        words: int `(n,)`: the word of each tag given.
        count: int. Words there are.
        kept: int. Words returned.

    Returns:
        int64 `(kept,)`: the most frequent first, the lower index first among equals.
    """
    return np.argsort(-np.bincount(words, minlength=count), kind="stable")[:kept]
