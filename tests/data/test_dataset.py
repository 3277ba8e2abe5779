"""The contract every source keeps, and the pipeline under all of them."""

import pathlib
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from tfgan.conditions import Labels
from tfgan.data import SOURCES, load, stacked, toy
from tfgan.data.resize import check_image_size, resize_array
from tfgan.data.splits import divide, is_sorted
from tfgan.errors import InputError

TFDS_NAMES = {"mnist": ("3.0.1", 1), "fashion_mnist": ("3.0.1", 1), "cifar10": ("3.0.2", 3)}

WITHOUT_LABELS = {"tfd:"}


@pytest.fixture
def example(make_folder, make_npz, make_idx, make_tfd, make_tfds, monkeypatch):
    """Function of a key of SOURCES: (source, keyword arguments) of a made example."""

    def make(key):
        if key == "digits":
            return key, {}
        if key in TFDS_NAMES:
            version, channels = TFDS_NAMES[key]
            side = 28 if channels == 1 else 32
            shape, names = (side, side, channels), "0123456789"
            return key, {"data_dir": make_tfds(key, version, shape=shape, names=names)}
        if key == "tfds:":
            return "tfds:tiny", {"data_dir": make_tfds()}
        if key == "toy:":
            monkeypatch.setattr(toy, "COUNT", 200)
            return "toy:ring", {}
        if key == "stacked:":
            monkeypatch.setattr(stacked, "SIZES", {"train": 50, "valid": 5, "test": 8})
            return "stacked:digits", {}
        made = {
            "folder:": lambda: make_folder()[0],
            "npz:": make_npz,
            "idx:": make_idx,
            "tfd:": make_tfd,
        }
        assert key in made, f"a new source {key} needs a made example here"
        return f"{key}{made[key]()}", {}

    return make


def order(dataset):
    """The images of a pass, as bytes."""
    return [image.numpy().tobytes() for image in images_of(dataset)]


def images_of(dataset):
    """The images of a dataset of images, or of (image, label)."""
    if isinstance(dataset.element_spec, tuple):
        return dataset.map(lambda image, label: image)
    return dataset


@pytest.mark.parametrize("key", SOURCES)
def test_every_source_keeps_the_contract(key, example):
    source, options = example(key)
    data = load(source, **options)

    assert data.name == source
    labelled = key not in WITHOUT_LABELS
    if labelled:
        assert isinstance(data.condition, Labels)
        assert len(data.class_names) == data.condition.num_classes
    else:
        assert data.condition is data.class_names is None
    assert len(data.fingerprint) >= 16
    assert int(data.fingerprint, 16) >= 0
    for split in ("train", "valid", "test"):
        dataset = getattr(data, split)
        size = data.sizes[split]
        assert int(dataset.cardinality()) == size >= 1
        assert int(dataset.batch(2, drop_remainder=True).cardinality()) == size // 2
        image_spec = images_of(dataset).element_spec
        assert image_spec.shape == data.image_shape
        assert image_spec.dtype == tf.float32
        images, labels = data.arrays(split)
        assert images.shape == (size, *data.image_shape)
        assert images.dtype == np.float32
        assert 0 <= images.min() <= images.max() <= 1
        assert images.max() > 0.5
        assert (labels is not None) == labelled
        if labelled:
            label_spec = dataset.element_spec[1]
            assert (label_spec.shape, label_spec.dtype) == ((), tf.int32)
            assert labels.dtype == np.int32
            assert set(labels.tolist()) <= set(range(data.condition.num_classes))
            np.testing.assert_array_equal(data.conditions(split), labels)
        else:
            assert data.conditions(split) is None
        passed = order(dataset)
        assert sorted(passed) == sorted(image.tobytes() for image in images)
        if split != "train":
            assert passed == [image.tobytes() for image in images]


@pytest.mark.parametrize(
    "key",  # read as tfds: is
    [pytest.param(key, marks=pytest.mark.slow if key in TFDS_NAMES else ()) for key in SOURCES],
)
def test_every_source_orders_by_seed_alone(key, example):
    source, options = example(key)
    first, same, other = (load(source, seed=seed, **options) for seed in (0, 0, 1))
    passes = [order(first.train) for _ in range(3)]

    assert len({tuple(images) for images in passes}) == 3, "each epoch has its own order"
    assert [order(same.train) for _ in range(3)] == passes
    assert order(other.train) != passes[0]
    assert order(first.train_batches(1, epoch=2).unbatch()) == passes[2]
    halves = [first.train_batches(4, epoch=2, process=(i, 2)) for i in range(2)]
    rows = zip(*(images_of(half).as_numpy_iterator() for half in halves), strict=True)
    images = [image.tobytes() for batch in rows for half in batch for image in half]
    assert images == passes[2][: len(images)]
    assert len(images) == first.sizes["train"] // 4 * 4
    assert first.fingerprint == same.fingerprint == other.fingerprint
    for split in ("train", "valid", "test"):
        np.testing.assert_array_equal(first.arrays(split)[0], other.arrays(split)[0])


@pytest.mark.parametrize("key", sorted(set(SOURCES) - {"toy:"}))  # points have no size
def test_every_source_resizes(key, example):
    source, options = example(key)
    data = load(source, image_size=(4, 3), **options)

    assert data.image_shape[:2] == (4, 3)
    assert next(iter(images_of(data.train))).shape == data.image_shape


@pytest.mark.parametrize("source", ["folder", "tfds"])
def test_streamed_content_equals_content_in_memory(source, make_folder, make_tfds):
    if source == "folder":
        name, options = f"folder:{make_folder()[0]}", {}
    else:
        name, options = "tfds:tiny", {"data_dir": make_tfds()}
    for size in (None, 4):
        held = load(name, image_size=size, **options)
        streamed = load(name, image_size=size, memory_limit=0, **options)

        assert streamed.sizes == held.sizes
        assert streamed.class_names == held.class_names
        for split in held.sizes:
            for ours, theirs in zip(streamed.arrays(split), held.arrays(split), strict=True):
                np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_array_equal(streamed.mean_image(), held.mean_image())
        np.testing.assert_array_equal(streamed.conditions("train"), held.conditions("train"))
        passes = [order(streamed.train) for _ in range(2)]
        assert passes[0] != passes[1]
        assert sorted(passes[0]) == sorted(passes[1]) == sorted(order(held.train))
        again = load(name, image_size=size, memory_limit=0, **options)
        assert [order(again.train), order(again.train)] == passes
        batches = streamed.train_batches(5).unbatch()
        passes = [order(batches) for _ in range(2)]
        assert order(streamed.train_batches(5, epoch=1).unbatch()) == passes[1]
        assert again.fingerprint == streamed.fingerprint


def test_fingerprint_follows_content(make_npz, pixels):
    images, labels = pixels(20), np.arange(20) % 2
    prints = [load(f"npz:{make_npz(images=images, labels=labels)}").fingerprint]
    changed = images.copy()
    changed[7, 0, 0, 0] ^= 1
    prints.append(load(f"npz:{make_npz(images=changed, labels=labels)}").fingerprint)
    prints.append(load(f"npz:{make_npz(images=images, labels=1 - labels)}").fingerprint)
    prints.append(load(f"npz:{make_npz(images=images)}").fingerprint)
    path = make_npz(images=images, labels=labels)
    prints.append(load(f"npz:{path}", image_size=3).fingerprint)

    assert len(set(prints)) == 5
    assert load(f"npz:{path}").fingerprint == prints[0]


def test_streamed_fingerprint_follows_content_not_time(make_folder):
    folder, images, _ = make_folder()
    before = load(f"folder:{folder}", memory_limit=0).fingerprint
    file = sorted(folder.glob("a/*.png"))[0]
    content = file.read_bytes()
    file.write_bytes(content)
    assert load(f"folder:{folder}", memory_limit=0).fingerprint == before
    file.write_bytes(sorted(folder.glob("b/*.png"))[0].read_bytes())
    assert load(f"folder:{folder}", memory_limit=0).fingerprint != before
    assert len(images) == 30


def test_pixels_are_divided_by_255(make_npz):
    images = np.zeros((12, 1, 1, 1), "uint8")
    images[:] = 51
    data = load(f"npz:{make_npz(images=images)}")

    assert data.condition is None
    assert data.class_names is None
    np.testing.assert_allclose(next(iter(data.train)), [[[0.2]]], rtol=1e-7)
    assert data.arrays("test")[1] is None
    np.testing.assert_allclose(data.mean_image(), [[[0.2]]], rtol=1e-7)


def test_arrays_limit_and_mean():
    data = load("digits")
    images, labels = data.arrays("train")
    few, few_labels = data.arrays("train", limit=7)

    np.testing.assert_array_equal(few, images[:7])
    np.testing.assert_array_equal(few_labels, labels[:7])
    assert len(data.arrays("valid", limit=10**6)[0]) == data.sizes["valid"]
    assert data.arrays("valid", limit=0)[0].shape == (0, 8, 8, 1)
    np.testing.assert_allclose(data.mean_image("train"), images.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(data.mean_image("test"), data.arrays("test")[0].mean(axis=0), atol=1e-5)


def test_fit_takes_it():
    data = load("digits")
    total = sum(len(images) for images, _ in data.train.batch(100))
    assert total == data.sizes["train"]
    full = list(data.train.batch(100, drop_remainder=True))
    assert len(full) == data.sizes["train"] // 100
    assert full[0][0].shape == (100, 8, 8, 1)


def test_an_epoch_is_fast(make_npz):
    path = make_npz(images=np.zeros((50_000, 28, 28, 1), "uint8"), labels=np.arange(50_000) % 10)
    data = load(f"npz:{path}")
    times = []
    for _ in range(3):
        start = time.perf_counter()
        count = sum(1 for _ in data.train.batch(100))
        times.append(time.perf_counter() - start)
    assert count == 400
    assert min(times) < 1.5  # seconds; 0.15 on two quiet cores


def test_import_leaves_tfds_alone():
    code = "import sys, tfgan.data; sys.exit('tensorflow_datasets' in sys.modules)"
    root = pathlib.Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"train": 60_000, "test": 10_000}, {"train": 50_000, "valid": 10_000, "test": 10_000}),
        ({"train": 90_000, "test": 10}, {"train": 80_000, "valid": 10_000, "test": 10}),
        ({"train": 24, "test": 6}, {"train": 20, "valid": 4, "test": 6}),
        ({"train": 100}, {"train": 80, "valid": 10, "test": 10}),
        ({"train": 10}, {"train": 8, "valid": 1, "test": 1}),
        ({"train": 50, "valid": 5}, {"train": 45, "valid": 5, "test": 5}),
        ({"train": 50, "valid": 5, "test": 6}, {"train": 50, "valid": 5, "test": 6}),
    ],
)
@pytest.mark.parametrize("permute", [True, False])
def test_splits_are_disjoint_and_cover(sizes, expected, permute):
    rows = divide(sizes, what="it", permute=permute)

    assert {split: len(index) for split, (_, index) in rows.items()} == expected
    used = sorted((origin, int(row)) for origin, index in rows.values() for row in index)
    assert used == sorted((origin, row) for origin, count in sizes.items() for row in range(count))
    if not permute:
        assert all(np.all(np.diff(index) == 1) for _, index in rows.values())


def test_splits_keep_to_the_end_of_train():
    rows = divide({"train": 12, "test": 2}, what="it", permute=False)
    np.testing.assert_array_equal(rows["valid"][1], [10, 11])


@pytest.mark.parametrize("sizes", [{"train": 9}, {"train": 2, "test": 20}])
def test_too_few_images(sizes):
    with pytest.raises(InputError, match=r"at least 10 images.*got") as error:
        divide(sizes, what="it")
    assert "\n" not in str(error.value)


def test_is_sorted():
    assert is_sorted(np.array([0, 0, 1, 2]))
    assert not is_sorted(np.array([0, 1, 0]))
    assert not is_sorted(np.array([1, 1, 1]))
    assert not is_sorted(None)


def test_resize_crops_the_centre():
    image = np.zeros((1, 4, 8, 1), "uint8")
    image[:, :, 2:6] = 200  # the square window of the middle
    np.testing.assert_array_equal(resize_array(image, (2, 2)), np.full((1, 2, 2, 1), 200))
    tall = image.transpose(0, 2, 1, 3)  # (N, W, H, C)
    np.testing.assert_array_equal(resize_array(tall, (2, 2)), np.full((1, 2, 2, 1), 200))


def test_resize_averages():
    checker = np.indices((8, 8)).sum(axis=0) % 2  # aliasing would keep zeros or ones
    small = resize_array(checker.astype("float32")[np.newaxis, ..., np.newaxis], (2, 2))
    np.testing.assert_allclose(small, 0.5, atol=0.05)
    assert small.dtype == np.float32


def test_image_size():
    assert check_image_size(None) is None
    assert check_image_size(3) == (3, 3)
    assert check_image_size([3, 4]) == (3, 4)
    for wrong in (0, -1, 2.5, "32", True, (1, 2, 3), (4, 0)):
        with pytest.raises(InputError, match="image_size") as error:
            load("digits", image_size=wrong)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("minst", r"unknown.*'minst'.*digits.*folder:DIR.*did you mean mnist\?"),
        ("folders:x", r"did you mean folder:DIR\?"),
        ("npz", r"did you mean npz:FILE\?"),
        ("a/b.npz", r"did you mean npz:a/b.npz\?"),
        ("zzz", "give tfds:zzz"),
        ("", "unknown"),
        ("npz:", "give npz:FILE"),
        (3, "is a string, got int"),
    ],
)
def test_unknown_source(source, words):
    with pytest.raises(InputError, match=words) as error:
        load(source)
    assert "\n" not in str(error.value)


def test_a_path_without_prefix(tmp_path):
    with pytest.raises(InputError, match="did you mean folder:/"):
        load(str(tmp_path))


def test_home_is_expanded(make_npz, tmp_path, monkeypatch):
    make_npz()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load("npz:~/arrays.npz").sizes["train"] == 24


@pytest.mark.parametrize("seed", [-1, 1.5, "0", None])
def test_wrong_seed(seed):
    with pytest.raises(InputError, match="seed"):
        load("digits", seed=seed)


def test_wrong_split_and_limit():
    data = load("digits")
    with pytest.raises(InputError, match=r"train, valid, test, got 'dev'"):
        data.arrays("dev")
    with pytest.raises(InputError, match="got 'dev'"):
        data.mean_image("dev")
    with pytest.raises(InputError, match="limit"):
        data.arrays("train", limit=-1)
