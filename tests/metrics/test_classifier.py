import numpy as np
import pytest

from tfgan.errors import InputError
from tfgan.metrics import classifier


def bars(count, seed=0):
    """Images with a bright row, whose index is the label."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(4, size=count)
    images = rng.random((count, 4, 4, 1)).astype("float32") * 0.3
    images[np.arange(count), labels] += 0.6
    return images, labels


def test_learns_and_is_repeatable():
    images, labels = bars(200)
    test_images, test_labels = bars(100, seed=1)
    model = classifier.train(images, labels, 4)
    assert classifier.accuracy(model, test_images, test_labels) > 0.97
    assert classifier.accuracy(model, test_images, (test_labels + 1) % 4) < 0.03
    pixels = np.uint8(test_images * 255)
    assert classifier.accuracy(model, pixels, test_labels) > 0.97
    again = classifier.train(images, labels, 4)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_refuses():
    images, labels = bars(10)
    with pytest.raises(InputError, match="one label per image"):
        classifier.train(images, labels[:9], 4)
    with pytest.raises(InputError, match="one label per image"):
        classifier.train(images[:0], labels[:0], 4)


def test_one_set_is_learnt_once(monkeypatch):
    made = []
    monkeypatch.setattr(classifier, "_trained", {})
    monkeypatch.setattr(classifier, "train", lambda *args, seed: made.append(seed) or object())
    images, labels = bars(6)
    first = classifier.trained(images, labels, 3, seed=1)
    assert classifier.trained(images.copy(), labels.copy(), 3, seed=1) is first
    assert classifier.trained(images, labels, 3, seed=2) is not first
    assert classifier.trained(images[::-1], labels, 3, seed=1) is not first
    assert made == [1, 2, 1]
    for seed in range(9):
        classifier.trained(images, labels, 3, seed=seed)
    assert len(classifier._trained) == 4
