import numpy as np
import pytest

from tfgan.data import load


def everything(data):
    images, labels = zip(*(data.arrays(split) for split in data.sizes), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def test_sizes():
    data = load("digits")
    assert data.image_shape == (8, 8, 1)
    assert data.sizes == {"train": 1439, "valid": 179, "test": 179}
    assert data.condition.num_classes == 10
    assert data.class_names == tuple("0123456789")


def test_it_is_scikit_learns():
    theirs = pytest.importorskip("sklearn.datasets").load_digits()
    images, labels = everything(load("digits"))
    expected = {
        (tuple(image.astype(int).ravel()), int(label))
        for image, label in zip(theirs.images, theirs.target, strict=True)
    }
    levels = np.rint(images * 16).astype(int)
    assert np.abs(images * 16 - levels).max() < 0.05
    ours = {(tuple(image.ravel()), int(label)) for image, label in zip(levels, labels, strict=True)}
    assert len(images) == len(theirs.images) == 1797
    assert ours == expected


def test_every_class_is_in_every_split():
    data = load("digits")
    for split in data.sizes:
        assert set(data.arrays(split)[1].tolist()) == set(range(10))
