"""Made images with tags, of which the right ones are known."""

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
    images=2000, *, topics=20, topic_words=10, dim=100, word_dim=50, noise=0.5, spread=0.6, seed=0
):
    """Images of one topic or two, with 3 to 5 tags drawn from the topics' words.

    Features are N(0, I) vectors of the topics, averaged, plus noise, then rectified, as the last layer of
    a convolutional network is. Word vectors lie about their topic's direction; the vectors of a topic's
    words are nearer to each other than to those of other topics, but not one point.

    Args:
        noise: float. Standard deviation of a feature about its topics'.
        spread: float. Length of a word's deviation from its topic's unit vector.
    """
    rng = np.random.default_rng(seed)
    topic_features = rng.standard_normal((topics, dim))
    directions = rng.standard_normal((topics, word_dim))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    topic_of_word = rng.permutation(np.repeat(np.arange(topics), topic_words))
    count = len(topic_of_word)
    deviations = rng.standard_normal((count, word_dim)) * spread / np.sqrt(word_dim)
    word_vectors = directions[topic_of_word] + deviations
    # Of a length as skip-gram vectors have: each number of order 1.
    word_vectors *= np.sqrt(word_dim / (1 + spread**2))

    has = np.zeros((images, topics), bool)
    for row in has:
        row[rng.choice(topics, rng.integers(1, 3), replace=False)] = True
    features = has @ topic_features / has.sum(axis=1, keepdims=True) ** 0.5
    features += noise * rng.standard_normal((images, dim))
    right = has[:, topic_of_word]
    pairs = [
        (image, word)
        for image in range(images)
        for word in rng.choice(np.flatnonzero(right[image]), rng.integers(3, 6), replace=False)
    ]
    arrays = {
        "features": np.maximum(features, 0).astype("float32"),
        "word_vectors": word_vectors.astype("float32"),
        "tags": np.array(pairs),
        "words": np.array([f"topic{topic}-word{word}" for word, topic in enumerate(topic_of_word)]),
    }
    return Made(arrays, right)
