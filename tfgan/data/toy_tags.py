"""`toy:tags`: made images with tags, of which the right ones are known.

The data of the paper that the setting is from is not public.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Made:
    """What `make` made.

    Attributes:
        arrays: dict, for `numpy.savez`: features, word_vectors, tags, words.
        right: bool `(images, words)`: the words of an image's topics, of which its tags are some.
    """

    arrays: dict
    right: np.ndarray


def make(
    images=2000,
    *,
    topics=20,
    topic_words=10,
    dim=100,
    word_dim=50,
    code_dim=20,
    noise=0.5,
    spread=0.6,
    seed=0,
):
    """Images of one topic or two, with 3 to 5 tags drawn from the topics' words.

    An image is a code of `code_dim` numbers, its topics' plus noise; its features are random rectified
    mixtures of the code, as the last layer of a convolutional network might be. Word vectors lie about
    the direction of their topic.

    Args:
        noise: float. Standard deviation of each number of a code; the topics' have 1. The more, the
            less the features tell of the topics.
        spread: float. Length of a word's deviation from its topic's unit vector.
    """
    rng = np.random.default_rng(seed)
    has = np.zeros((images, topics), bool)
    for row in has:
        row[rng.choice(topics, rng.integers(1, 3), replace=False)] = True
    codes = has @ rng.standard_normal((topics, code_dim)) / has.sum(axis=1, keepdims=True) ** 0.5
    codes += noise * rng.standard_normal(codes.shape)
    mixtures = rng.standard_normal((code_dim, dim)) * np.sqrt(2 / code_dim)
    features = np.maximum(codes @ mixtures, 0)

    topic_of_word = rng.permutation(np.repeat(np.arange(topics), topic_words))
    directions = rng.standard_normal((topics, word_dim))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    deviations = rng.standard_normal((len(topic_of_word), word_dim)) * spread / np.sqrt(word_dim)
    # Numbers of order 1, as skip-gram vectors have.
    word_vectors = (directions[topic_of_word] + deviations) * np.sqrt(word_dim / (1 + spread**2))

    right = has[:, topic_of_word]
    pairs = [
        (image, word)
        for image in range(images)
        for word in rng.choice(np.flatnonzero(right[image]), rng.integers(3, 6), replace=False)
    ]
    arrays = {
        "features": features.astype("float32"),
        "word_vectors": word_vectors.astype("float32"),
        "tags": np.array(pairs),
        "words": np.array([f"topic{topic}-word{word}" for word, topic in enumerate(topic_of_word)]),
    }
    return Made(arrays, right)
