"""Makers of tiny data sets, one for each source."""

import gzip
import os
import struct

import numpy as np
import pytest
from PIL import Image


def pixels(count, shape=(6, 5, 1), seed=0):
    """uint8 images of which no two are alike."""
    images = np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype="uint8")
    images[:, 0, 0, 0] = np.arange(count) % 256
    return images


def write_image(path, image, **options):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    array = np.asarray(image)
    Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array).save(path, **options)


def write_idx(folder, kind, split, array, *, dot=False, gz=False):
    os.makedirs(folder, exist_ok=True)
    stem = {"train": "train", "test": "t10k"}[split]
    rank = {"images": 3, "labels": 1}[kind]
    path = os.path.join(folder, f"{stem}-{kind}{'.' if dot else '-'}idx{rank}-ubyte")
    magic = {"images": 2051, "labels": 2049}[kind]
    content = struct.pack(f">{1 + rank}I", magic, *array.shape[:rank]) + array.tobytes()
    path += ".gz" if gz else ""
    with gzip.open(path, "wb") if gz else open(path, "wb") as file:
        file.write(content)
    return path


@pytest.fixture(name="pixels")
def pixels_fixture():
    return pixels


@pytest.fixture
def make_folder(tmp_path):
    """Writes PNGs to DIR/CLASS, or DIR without classes; returns (DIR, images, labels)."""

    def make(count=30, classes=("b", "a", "c"), shape=(6, 5, 1), root="pictures"):
        images, folder = pixels(count, shape), tmp_path / root
        labels = np.arange(count) % max(1, len(classes))
        for number, image in enumerate(images):
            place = folder / classes[labels[number]] if classes else folder
            write_image(str(place / f"{number:04}.png"), image)
        return folder, images, labels

    return make


@pytest.fixture
def make_npz(tmp_path):
    def make(**arrays):
        if not arrays:
            arrays = {"images": pixels(30), "labels": np.arange(30) % 3}
        path = tmp_path / "arrays.npz"
        np.savez(path, **arrays)
        return path

    return make


@pytest.fixture
def make_idx(tmp_path):
    def make(train=24, test=6, *, labels=True, by_class=False, **spelling):
        folder = str(tmp_path / "idx")
        for split, count in (("train", train), ("test", test)):
            write_idx(folder, "images", split, pixels(count), **spelling)
            if labels:
                numbers = (np.arange(count) % 3).astype("uint8")
                numbers = np.sort(numbers) if by_class else numbers
                write_idx(folder, "labels", split, numbers, **spelling)
        return folder

    return make


@pytest.fixture
def make_tfd(tmp_path):
    """Writes a MATLAB file as TFD's is: 20 unlabelled images, 6 to train on, 4 valid, 5 test."""

    def make(**changes):
        scipy_io = pytest.importorskip("scipy.io")
        codes = np.repeat([0, 1, 2, 3], [20, 6, 4, 5])
        labelled = codes[20:]
        folds = np.stack([[0] * 20 + list(np.roll(labelled, 3 * fold)) for fold in range(5)], axis=1)
        arrays = {
            "images": pixels(35)[..., 0],
            "folds": folds.astype("uint8"),
            "labs_ex": np.where(codes, 1, -1)[:, np.newaxis].astype("int16"),
            **changes,
        }
        path = tmp_path / "TFD_48x48.mat"
        scipy_io.savemat(path, {name: a for name, a in arrays.items() if a is not None})
        return path

    return make


@pytest.fixture
def make_tfds(tmp_path):
    """Prepares a data set on disk, as TFDS would; returns its data_dir."""

    def make(
        name="tiny",
        version="1.0.0",
        sizes=None,
        shape=(6, 5, 1),
        label=True,
        written=None,
        names=("cat", "dog", "owl"),
    ):
        import tensorflow_datasets as tfds

        features = {"image": tfds.features.Image(shape=written or shape)}
        if label:
            features["label"] = tfds.features.ClassLabel(names=list(names))
        splits = {}
        for split, count in (sizes or {"train": 24, "test": 6}).items():
            examples = [{"image": image} for image in pixels(count, shape)]
            for number, example in enumerate(examples):
                if label:
                    example["label"] = number % 3
            splits[split] = examples
        data_dir = str(tmp_path / "tensorflow_datasets")
        tfds.dataset_builders.store_as_tfds_dataset(
            name=name,
            version=version,
            features=tfds.features.FeaturesDict(features),
            split_datasets={s: list(enumerate(e)) for s, e in splits.items()},
            data_dir=data_dir,
            disable_shuffling=False,
        )
        return data_dir

    return make
