from collections import Counter

import numpy as np
import pytest

from tfgan.errors import InputError
from tfgan.metrics import ranking


def brute_force(draws, vectors, nearest, kept):
    """The same by loops: for each draw the nearest words, then the most frequent."""
    result = []
    for image in draws:
        counts, sums = Counter(), Counter()
        for draw in image:
            cosines = [v @ draw / np.sqrt((v @ v) * (draw @ draw)) for v in vectors]
            for word in sorted(range(len(vectors)), key=lambda w: -cosines[w])[:nearest]:
                counts[word] += 1
                sums[word] += cosines[word]
        result.append(sorted(counts, key=lambda w: (-counts[w], -sums[w]))[:kept])
    return result


@pytest.mark.parametrize("memory", [1, 2**28])
def test_rank_is_the_brute_force(memory):
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((60, 4)) * rng.uniform(0.1, 10, (60, 1))
    draws = rng.standard_normal((5, 1, 4)) + 0.5 * rng.standard_normal((5, 30, 4))
    for nearest, kept in ((20, 10), (5, 3), (1, 1)):
        ranked = ranking.rank(draws, vectors, nearest=nearest, kept=kept, memory=memory)
        assert ranked.tolist() == brute_force(draws, vectors, nearest, kept)


def test_rank_of_known_words():
    """Frequency decides, then nearness, then the index; length never does."""
    vectors = np.array([[1, 0], [0, 2], [-3, 0], [0, -4], [0, 1]])
    draws = np.array([[[0, 5], [0, 0.1], [9, 0]], [[-1, 0.1]] * 3])
    assert ranking.rank(draws, vectors, nearest=1, kept=1).tolist() == [[1], [2]]
    assert ranking.rank(draws, vectors, nearest=2, kept=2).tolist() == [[1, 4], [2, 1]]
    tilted = np.array([[[1, 0.1], [0.3, 1]]])  # each word once or twice; 0 is nearer than 4
    assert ranking.rank(tilted, vectors[[0, 3, 4]], nearest=1, kept=1).tolist() == [[0]]


def test_few_words():
    ranked = ranking.rank(np.ones((2, 3, 2)), np.eye(2))
    assert ranked.shape == (2, 2)
    with pytest.raises(InputError, match="one dim"):
        ranking.rank(np.ones((2, 3, 4)), np.eye(2))


def test_a_draw_of_zeros_is_no_error():
    assert ranking.rank(np.zeros((1, 2, 3)), np.eye(3)).shape == (1, 3)


def test_precision_recall():
    ranked = np.array([[0, 1, 2, 3], [4, 5, 6, 7]])
    precision, recall = ranking.precision_recall(ranked, [[1, 3, 9], [8]])
    np.testing.assert_allclose(precision, [0.5, 0.0])
    np.testing.assert_allclose(recall, [2 / 3, 0.0])
    precision, recall = ranking.precision_recall(ranked, [range(4), range(10)])
    np.testing.assert_allclose(precision, [1.0, 1.0])
    np.testing.assert_allclose(recall, [1.0, 0.4])


def test_most_frequent():
    words = np.array([3, 1, 1, 3, 0, 5, 3])
    np.testing.assert_array_equal(ranking.most_frequent(words, 6, kept=4), [3, 1, 0, 5])
