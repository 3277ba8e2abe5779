import numpy as np
import pytest
import tensorflow as tf

from tfgan.conditions import MultiLabel, Vector
from tfgan.data import load
from tfgan.errors import InputError


def refused(path, words):
    with pytest.raises(InputError, match=words) as error:
        load(f"npz:{path}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("images_key", "labels_key"), [("images", "labels"), ("x", "y")])
def test_own_split(make_npz, pixels, images_key, labels_key):
    images = pixels(30)
    data = load(f"npz:{make_npz(**{images_key: images, labels_key: np.arange(30)})}")

    assert data.sizes == {"train": 24, "valid": 3, "test": 3}
    assert data.condition.num_classes == 30
    for split in data.sizes:
        got, labels = data.arrays(split)
        np.testing.assert_array_equal(np.rint(got * 255).astype("uint8"), images[labels])


def test_keras_style(make_npz, pixels):
    images = pixels(30)
    labels = np.arange(30) % 5
    path = make_npz(
        x_train=images[:24, ..., 0],
        y_train=labels[:24, np.newaxis].astype("uint8"),
        x_test=images[24:, ..., 0],
        y_test=labels[24:, np.newaxis].astype("uint8"),
    )
    data = load(f"npz:{path}")

    assert data.sizes == {"train": 20, "valid": 4, "test": 6}
    for split, part in {"train": slice(20), "valid": slice(20, 24), "test": slice(24, 30)}.items():
        got, classes = data.arrays(split)
        np.testing.assert_array_equal(np.rint(got * 255), images[part])
        np.testing.assert_array_equal(classes, labels[part])


def test_sorted_labels_do_not_starve_a_split(make_npz, pixels):
    path = make_npz(
        x_train=pixels(60), y_train=np.arange(60) // 20, x_test=pixels(6), y_test=np.arange(6) // 2
    )
    data = load(f"npz:{path}")
    assert set(data.arrays("train")[1]) == {0, 1, 2}
    assert len(set(data.arrays("valid")[1])) > 1


def test_floats_are_kept(make_npz):
    images = np.random.default_rng(0).random((12, 4, 4, 3))
    data = load(f"npz:{make_npz(x=images)}")
    got = np.concatenate([data.arrays(split)[0] for split in data.sizes])
    assert got.dtype == np.float32
    assert {x.tobytes() for x in got} == {x.tobytes() for x in images.astype("float32")}


@pytest.mark.parametrize("kind", ["uint8", "bool", "float64"])
def test_conditions_of_several_numbers(make_npz, pixels, kind):
    """0 and 1 are several labels at once, floats are vectors: each stays with its image."""
    images = pixels(40)
    given = np.random.default_rng(0).integers(0, 2, (40, 5)).astype(kind)
    if kind == "float64":
        given += np.arange(40)[:, None] / 10
    data = load(f"npz:{make_npz(images=images, labels=given)}")
    assert data.condition == (Vector(5) if kind == "float64" else MultiLabel(5))
    assert data.class_names == (None if kind == "float64" else ("0", "1", "2", "3", "4"))
    assert data.train.element_spec[1] == tf.TensorSpec((5,), data.condition.dtype)
    for split in data.sizes:
        got, rows = data.arrays(split)
        assert rows.dtype == data.condition.dtype
        origin = np.rint(got[:, 0, 0, 0] * 255).astype(int)  # images begin with their number
        np.testing.assert_allclose(rows, given[origin], rtol=1e-6)
        np.testing.assert_array_equal(data.conditions(split), rows)
    few = data.conditions("train", limit=6)
    assert len(few) == 6
    whole = {row.tobytes() for row in data.conditions("train")}
    assert {row.tobytes() for row in few} <= whole
    other = load(f"npz:{make_npz(images=images, labels=given[::-1])}")
    assert other.fingerprint != data.fingerprint


def test_keras_style_of_several_labels(make_npz, pixels):
    """Which may be sorted in any way: no split is a tail of them."""
    rows = np.int64([[0, 1]] * 30 + [[1, 0]] * 30)
    path = make_npz(x_train=pixels(60), y_train=rows, x_test=pixels(6), y_test=rows[:6])
    data = load(f"npz:{path}")
    assert data.condition == MultiLabel(2)
    for split in ("train", "valid"):
        assert len(np.unique(data.arrays(split)[1], axis=0)) == 2
    path = make_npz(x_train=pixels(60), y_train=rows, x_test=pixels(6), y_test=np.zeros((6, 3), int))
    refused(path, r"of one kind, got int32 \(n, 2,\) and int32 \(n, 3,\)")


def test_names_of_labels(make_npz, pixels):
    images = pixels(30)
    names = np.array(["smiling", "hat", "glasses"])
    path = make_npz(images=images, labels=np.eye(3, dtype=bool)[np.arange(30) % 3], label_names=names)
    assert load(f"npz:{path}").class_names == tuple(names)
    path = make_npz(images=images, labels=np.arange(30) % 2, label_names=names)
    data = load(f"npz:{path}")
    assert data.class_names == tuple(names)
    assert data.condition.num_classes == 3  # one of them without images
    for labels, wrong, words in (
        (np.arange(30) % 3, names[:2], r"3 strings.*\(2,\)"),
        (np.zeros((30, 2), int), names, r"2 strings.*\(3,\)"),
        (np.arange(30) % 3, np.arange(3), "3 strings.*int64"),
        (np.arange(30) % 3, np.array("a"), "3 strings"),
        (np.linspace(0, 2, 60).reshape(30, 2), names, "leave them out"),
    ):
        refused(make_npz(images=images, labels=labels, label_names=wrong), words)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"images": np.zeros((10, 2, 2)), "labels": np.eye(10)}, "but float: save.*argmax.*uint8"),
        ({"images": np.zeros((10, 2, 2)), "labels": np.full((10, 2), np.nan)}, "NaN or infinity"),
        ({"images": np.zeros((10, 2, 2)), "labels": np.zeros((10, 2, 2), int)}, "whole numbers"),
        ({"images": np.zeros((10, 2, 2)), "labels": np.zeros((10, 0), int)}, "whole numbers"),
        ({"pictures": np.zeros((10, 2, 2))}, "must hold an array `images`.*it holds pictures"),
        ({"images": np.full((10, 2, 2), 2.5)}, r"float in \[0, 1\], found 2.5: rescale"),
        ({"images": np.full((10, 2, 2), -0.5)}, "found -0.5"),
        ({"images": np.full((10, 2, 2), np.nan)}, "found NaN"),
        ({"images": np.full((10, 2, 2), np.inf)}, "found inf"),
        ({"images": np.zeros((10, 2, 2), "int64")}, "uint8.*got int64"),
        ({"images": np.zeros((10, 4), "uint8")}, r"shape .*got \(10, 4\)"),
        ({"images": np.zeros((0, 4, 4), "uint8")}, "shape"),
        ({"images": np.zeros((9, 4, 4), "uint8")}, "at least 10 images.*got 9"),
        ({"images": np.zeros((10, 2, 2)), "labels": np.zeros(9, int)}, "got 9 for 10 images"),
        ({"images": np.zeros((10, 2, 2)), "labels": np.full(10, -1)}, "at least 0, found -1"),
        ({"images": np.zeros((10, 2, 2)), "labels": np.full(10, 0.5)}, "whole numbers.*float64"),
        ({"images": np.zeros((10, 2, 2)), "labels": np.full((10, 3), 2)}, "must be 0 or 1"),
        ({"images": np.zeros((10, 2, 2)), "labels": np.full(10, 2**40)}, "labels.*below 100000"),
        ({"images": np.array([None] * 10)}, "plain arrays.*cannot be read"),
        (
            {
                "x_train": np.zeros((10, 2, 2)),
                "y_train": np.zeros(10, int),
                "x_test": np.zeros((5, 2, 2)),
            },
            "no y_test",
        ),
        ({"x_train": np.zeros((10, 2, 2)), "x_test": np.zeros((5, 2, 3))}, "one shape"),
    ],
)
def test_wrong_arrays(make_npz, arrays, words):
    refused(make_npz(**arrays), words)


def test_wrong_files(tmp_path):
    refused(tmp_path / "none.npz", "found none")
    refused(tmp_path, "cannot be read")
    text = tmp_path / "text.npz"
    text.write_text("no zip")
    refused(text, "must be an npz file")
    text.write_bytes(b"")
    refused(text, "must be an npz file")
    np.save(tmp_path / "one.npy", np.zeros(3))
    refused(tmp_path / "one.npy", "one bare array")


def test_cut_off_file(make_npz):
    path = make_npz()
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    refused(path, "must be an npz file")
    damaged = bytearray(content)
    damaged[200] ^= 255
    path.write_bytes(damaged)
    refused(path, "must be an npz file")
