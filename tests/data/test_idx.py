import gzip
import os
import struct

import numpy as np
import pytest

from tfgan.data import load
from tfgan.errors import InputError

SPELLINGS = [{"dot": dot, "gz": gz} for dot in (False, True) for gz in (False, True)]


def refused(folder, words):
    with pytest.raises(InputError, match=words) as error:
        load(f"idx:{folder}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_files(make_idx, pixels, spelling):
    data = load(f"idx:{make_idx(**spelling)}")
    images = pixels(24)

    assert data.sizes == {"train": 20, "valid": 4, "test": 6}
    assert data.image_shape == (6, 5, 1)
    assert data.condition.num_classes == 3
    for split, part in {"train": images[:20], "valid": images[20:], "test": pixels(6)}.items():
        np.testing.assert_array_equal(np.rint(data.arrays(split)[0] * 255), part)
    np.testing.assert_array_equal(data.arrays("train")[1], np.arange(20) % 3)
    np.testing.assert_array_equal(data.arrays("valid")[1], np.arange(20, 24) % 3)


def test_sorted_by_class(make_idx):
    """A tail of such files would hold one class only."""
    data = load(f"idx:{make_idx(train=60, test=12, by_class=True)}")
    assert set(data.arrays("valid")[1]) == {0, 1, 2}


def test_without_labels(make_idx):
    data = load(f"idx:{make_idx(labels=False)}")
    assert data.condition is None
    assert next(iter(data.train)).shape == (6, 5, 1)


@pytest.mark.parametrize(
    "name",
    [
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ],
)
def test_missing_file(make_idx, name):
    folder = make_idx()
    os.remove(os.path.join(folder, name))
    refused(folder, f"expected {name}.*found none")


def test_missing_folder(tmp_path):
    refused(tmp_path / "none", "expected a folder")
    refused(tmp_path, "train-images")


def rewrite(folder, name, change):
    path = os.path.join(folder, name)
    with open(path, "rb") as file:
        content = file.read()
    with open(path, "wb") as file:
        file.write(change(content))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: content[:-1], r"must hold 720 bytes .*24 x 6 x 5.*got 719"),
        (lambda content: content + b"x", "got 721"),
        (lambda content: content[:10], "16 bytes of header, got 10"),
        (lambda _: b"", "header, got 0"),
        (lambda content: struct.pack(">I", 2049) + content[4:], r"images \(first.*2051.*got 2049"),
        (lambda _: struct.pack(">4I", 2051, 0, 6, 5), "must hold 0 bytes"),
    ],
)
def test_damaged_images(make_idx, change, words):
    folder = make_idx()
    rewrite(folder, "train-images-idx3-ubyte", change)
    refused(folder, f"train-images-idx3-ubyte.*{words}")


def test_labels_of_another_set(make_idx):
    folder = make_idx()
    rewrite(folder, "t10k-labels-idx1-ubyte", lambda c: struct.pack(">2I", 2049, 5) + c[8:-1])
    refused(folder, "t10k-labels.*got 5 for the 6")


def test_images_of_another_size(make_idx, pixels):
    folder = make_idx()
    rewrite(
        folder,
        "t10k-images-idx3-ubyte",
        lambda _: struct.pack(">4I", 2051, 6, 5, 6) + pixels(6).tobytes(),
    )
    refused(folder, "one size")


def test_damaged_gzip(make_idx):
    folder = make_idx(gz=True)
    name = "train-images-idx3-ubyte.gz"
    rewrite(folder, name, lambda content: content[:-20])
    refused(folder, f"{name}.*gzip file")
    rewrite(folder, name, lambda _: b"not gzip at all")
    refused(folder, f"{name}.*gzip file")
    rewrite(folder, name, lambda _: gzip.compress(b"short"))
    refused(folder, f"{name}.*header")
