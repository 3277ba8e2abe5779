import sys

import h5py
import numpy as np
import pytest

from tfgan.data import load
from tfgan.errors import InputError


def refused(source, words):
    with pytest.raises(InputError, match=words) as error:
        load(f"tfd:{source}")
    assert "\n" not in str(error.value)


def stored(data, split):
    return np.rint(data.arrays(split)[0][..., 0] * 255)


def test_splits_are_those_of_the_published_files(make_tfd, pixels):
    """Unlabelled (0) to train on, valid (2) and test (3); the labelled training images (1) nowhere."""
    images = pixels(35)[..., 0]
    data = load(f"tfd:{make_tfd()}")
    assert data.image_shape == (6, 5, 1)
    assert data.condition is None
    np.testing.assert_array_equal(stored(data, "train"), images[:20])
    np.testing.assert_array_equal(stored(data, "valid"), images[26:30])
    np.testing.assert_array_equal(stored(data, "test"), images[30:])


def test_another_fold(make_tfd, pixels):
    images = pixels(35)[..., 0]
    data = load(f"tfd:{make_tfd()}:2")  # the labelled ones rolled by 6
    np.testing.assert_array_equal(stored(data, "train"), images[:20])
    np.testing.assert_array_equal(stored(data, "valid"), images[[20, 32, 33, 34]])
    np.testing.assert_array_equal(stored(data, "test"), images[21:26])


def test_matlab_7_3(make_tfd, tmp_path):
    plain = load(f"tfd:{make_tfd()}")
    import scipy.io

    arrays = scipy.io.loadmat(tmp_path / "TFD_48x48.mat", variable_names=("images", "folds"))
    file = tmp_path / "new.mat"
    with h5py.File(file, "w", userblock_size=512) as content:
        for name in ("images", "folds"):
            content[name] = arrays[name].T
    header = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    with open(file, "r+b") as raw:
        raw.write(header)
    assert load(f"tfd:{file}").fingerprint == plain.fingerprint


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"images": None}, "must hold images"),
        ({"folds": None}, "must hold folds"),
        ({"images": np.zeros((35, 6, 5))}, "images must be uint8.*float64"),
        ({"images": np.zeros((35, 30), "uint8")}, r"images must be.*\(35, 30\)"),
        ({"folds": np.zeros((34, 5), "uint8")}, r"folds must be.*\(34, 5\)"),
        ({"folds": np.zeros((35, 5), "uint8")}, "expected images for valid"),
        ({"folds": np.full((35, 5), "a")}, "folds must be"),
    ],
)
def test_wrong_arrays(make_tfd, changes, words):
    refused(make_tfd(**changes), words)


def test_wrong_fold(make_tfd):
    refused(f"{make_tfd()}:5", "folds 0 to 4")


def test_missing_file(tmp_path):
    pytest.importorskip("scipy.io")
    refused(tmp_path / "none.mat", "found none")


def test_cut_files(make_tfd):
    path = make_tfd()
    whole = path.read_bytes()
    needed = whole.index(b"labs_ex") - 64  # what lies behind it is not read
    for length in range(0, needed, 41):
        path.write_bytes(whole[:length])
        refused(path, "cannot be read|must hold|must be")
    path.write_bytes(b"not a MATLAB file, although it is long enough to be one" * 9)
    refused(path, "cannot be read")


def test_without_scipy(make_tfd, monkeypatch):
    path = make_tfd()
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    refused(path, r"tfgan\[tfd\]")
