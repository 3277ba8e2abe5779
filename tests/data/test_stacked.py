"""Three grey images in the three channels of one."""

import numpy as np
import pytest
from makers import one_line, stripes

from tfgan import configs
from tfgan.data import load, stacked
from tfgan.errors import InputError


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(stacked, "SIZES", {"train": 300, "valid": 40, "test": 60})


@pytest.fixture
def source(make_npz):
    images, labels = stripes(90)
    return f"npz:{make_npz(images=images, labels=labels)}"


def test_channels_are_images_of_the_source(source, small):
    """Each of the image's own split, and the label says which classes they are of."""
    data, plain = load(f"stacked:{source}"), load(source)
    assert data.image_shape == (8, 8, 3)
    assert data.condition.num_classes == 27
    assert data.class_names[:4] == ("0 0 0", "0 0 1", "0 0 2", "0 1 0")
    assert data.stack.num_classes == 3
    assert plain.stack is None
    for split, size in stacked.SIZES.items():
        singles, classes = plain.arrays(split)
        known = {image.tobytes(): label for image, label in zip(singles, classes, strict=True)}
        images, labels = data.arrays(split)
        assert len(images) == data.sizes[split] == size
        for image, label in zip(images, labels, strict=True):
            a, b, c = (known[image[..., i : i + 1].tobytes()] for i in range(3))
            assert label == 9 * a + 3 * b + c
        np.testing.assert_array_equal(data.conditions(split), labels)
        images, labels = data.stack.singles(split)
        np.testing.assert_array_equal(images, singles)
        np.testing.assert_array_equal(labels, classes)
        images, labels = data.stack.singles(split, 4)
        assert len(images) == len(labels) == 4


def test_triples_are_drawn_evenly_and_always_the_same(small):
    data = load("stacked:digits")
    assert data.condition.num_classes == 1000
    labels = data.conditions("train")
    digits = np.stack([labels // 100, labels // 10 % 10, labels % 10])
    counts = np.stack([np.bincount(row, minlength=10) for row in digits])
    assert np.abs(counts - 30).max() < 5 * np.sqrt(30)
    correlation = np.corrcoef(digits)
    assert np.abs(correlation[~np.eye(3, dtype=bool)]).max() < 5 / np.sqrt(300)
    again = load("stacked:digits", seed=3)
    assert again.fingerprint == data.fingerprint != load("digits").fingerprint
    np.testing.assert_array_equal(again.conditions("train"), labels)
    assert load("stacked:digits", image_size=4).image_shape == (4, 4, 3)


def test_sizes_of_the_literature():
    assert stacked.SIZES == {"train": 128_000, "valid": 10_000, "test": 26_000}


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda make, pixels: f"npz:{make(images=pixels(30))}", "without class labels"),
        (
            lambda make, pixels: f"npz:{make(images=pixels(30, (4, 4, 3)), labels=np.arange(30))}",
            "images of 3 channels.*stacked:mnist",
        ),
        (
            lambda make, pixels: f"npz:{make(images=pixels(60), labels=np.arange(60))}",
            "60 classes.*100000",
        ),
        (lambda make, pixels: "minst", "did you mean mnist"),
    ],
)
def test_refused(made, words, make_npz, pixels):
    with pytest.raises(InputError, match=words) as error:
        load(f"stacked:{made(make_npz, pixels)}")
    one_line(error)


def test_other_split(source, small):
    with pytest.raises(InputError, match="got 'dev'"):
        load(f"stacked:{source}").stack.singles("dev")


def test_a_path_holds_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert configs.absolute("stacked:npz:a.npz") == f"stacked:npz:{tmp_path / 'a.npz'}"
    assert configs.absolute("stacked:mnist") == "stacked:mnist"
