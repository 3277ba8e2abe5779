"""TFDS sources, on data sets prepared on disk by the tests: nothing here needs a network."""

import json
import os
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from tfgan.data import fetch, load
from tfgan.errors import InputError

WORKSPACE = "/work/shared/data/tfds"


def refused(source, words, **options):
    with pytest.raises(InputError, match=words) as error:
        load(source, **options)
    assert "\n" not in str(error.value)


def images_of(data, *splits):
    arrays = [np.rint(data.arrays(split)[0] * 255).astype("uint8") for split in splits]
    return {image.tobytes() for image in np.concatenate(arrays)}


@pytest.mark.parametrize("limit", [0, 2**20])
def test_splits_and_names(make_tfds, pixels, limit):
    data = load("tfds:tiny", data_dir=make_tfds(), memory_limit=limit)

    assert data.sizes == {"train": 20, "valid": 4, "test": 6}
    assert data.image_shape == (6, 5, 1)
    assert data.class_names == ("cat", "dog", "owl")
    assert images_of(data, "train", "valid") == {image.tobytes() for image in pixels(24)}
    assert images_of(data, "test") == {image.tobytes() for image in pixels(6)}


def test_labels_stay_with_their_images(make_tfds, pixels):
    data = load("tfds:tiny", data_dir=make_tfds())
    index = {image.tobytes(): number for number, image in enumerate(pixels(24))}
    images, labels = data.arrays("train")
    for image, label in zip(images, labels, strict=True):
        assert index[np.rint(image * 255).astype("uint8").tobytes()] % 3 == label


def test_own_validation_split(make_tfds):
    folder = make_tfds(sizes={"train": 12, "validation": 3, "test": 4})
    assert load("tfds:tiny", data_dir=folder).sizes == {"train": 12, "valid": 3, "test": 4}


def test_train_alone(make_tfds):
    data = load("tfds:tiny", data_dir=make_tfds(sizes={"train": 30}))
    assert data.sizes == {"train": 24, "valid": 3, "test": 3}
    assert len(images_of(data, "train", "valid", "test")) == 30


def test_without_labels(make_tfds):
    folder = make_tfds(label=False)
    for limit in (0, 2**20):
        data = load("tfds:tiny", data_dir=folder, memory_limit=limit)
        assert data.condition is None
        assert next(iter(data.train)).shape == (6, 5, 1)


def test_environment_names_the_folder(make_tfds, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", make_tfds())
    assert load("tfds:tiny").sizes["train"] == 20


def test_unknown_sizes(make_tfds):
    folder = make_tfds(written=(None, None, 3), shape=(6, 5, 3))
    refused("tfds:tiny", "--set image_size=32", data_dir=folder)
    data = load("tfds:tiny", data_dir=folder, image_size=4)
    assert data.image_shape == (4, 4, 3)


def test_no_train_split(make_tfds):
    refused("tfds:tiny", "split `train`, it has test", data_dir=make_tfds(sizes={"test": 12}))


def test_fingerprint_of_a_stream_follows_the_data(make_tfds):
    folder = make_tfds()
    one = load("tfds:tiny", data_dir=folder, memory_limit=0).fingerprint
    assert load("tfds:tiny", data_dir=folder, memory_limit=0, seed=3).fingerprint == one
    make_tfds("bigger", sizes={"train": 25, "test": 6})
    assert load("tfds:bigger", data_dir=folder, memory_limit=0).fingerprint != one


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("tfds:mnits", "got 'mnits'.*did you mean tfds:mnist"),
        ("tfds:qqqqqq", "does not know"),
        ("tfds:mnist/none", "mnist/none.*not found"),
        ("tfds:mnist:99.9.9", "check the name, configuration and version"),
        ("tfds:bad name", "check the name"),
        ("tfds:glue", "feature `image`.*sentence"),
    ],
)
def test_wrong_names(source, words, tmp_path):
    refused(source, words, data_dir=str(tmp_path))
    assert not os.listdir(tmp_path)


def test_no_network(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(fetch, "_reachable", lambda _: False)
    monkeypatch.setattr(fetch.urllib.request, "getproxies", dict)
    folder = tmp_path / "new"
    refused(
        "mnist",
        r"storage\.googleapis\.com.*--data digits.*TFDS_DATA_DIR.*idx:DIR",
        data_dir=str(folder),
    )
    assert not folder.exists()
    assert capsys.readouterr().out == ""


def builder(tmp_path, action):
    """What `prepare` uses of a TFDS builder, with a download that does `action`."""
    return types.SimpleNamespace(
        name="tiny",
        data_dir=str(tmp_path / "data" / "tiny" / "1.0.0"),
        info=types.SimpleNamespace(full_name="tiny/1.0.0"),
        download_and_prepare=action,
    )


def test_a_failed_download_leaves_nothing(tmp_path, capsys):
    root = tmp_path / "data"

    def fail():
        (root / "downloads" / "tiny" / "x.zip.tmp.123").mkdir(parents=True)
        (root / "downloads" / "tiny" / "x.zip.tmp.123" / "part").write_text("half")
        (root / "downloads" / "extracted").mkdir()
        (root / "tiny" / "incomplete.ABC_1.0.0").mkdir(parents=True)
        (root / "tiny" / "incomplete.ABC_1.0.0" / "part").write_text("half")
        print("Downloading ...")
        raise OSError("HTTPSConnectionPool(host='example.org', port=443): Max retries\nmore")

    with pytest.raises(InputError, match=r"fetched from example\.org") as error:
        fetch.prepare(builder(tmp_path, fail), "tiny")
    assert "\n" not in str(error.value)
    assert not root.exists()
    assert capsys.readouterr().out == ""


def test_a_failed_download_keeps_what_was_there(tmp_path):
    kept = tmp_path / "data" / "tiny" / "0.9.0" / "file"
    kept.parent.mkdir(parents=True)
    kept.write_text("whole")
    done = tmp_path / "data" / "downloads" / "tiny" / "whole.zip"

    def fail():
        done.parent.mkdir(parents=True)
        done.write_text("whole")
        raise ValueError("no space")

    with pytest.raises(InputError, match=r"its host \(no space"):
        fetch.prepare(builder(tmp_path, fail), "tiny")
    assert kept.read_text() == done.read_text() == "whole"


@pytest.mark.skipif(not os.path.isdir(WORKSPACE), reason="needs a prepared MNIST")
def test_mnist():
    data = load("mnist", data_dir=WORKSPACE, memory_limit=0)
    assert data.sizes == {"train": 50_000, "valid": 10_000, "test": 10_000}
    assert data.image_shape == (28, 28, 1)
    assert data.class_names == tuple("0123456789")
    images, labels = data.arrays("test", limit=200)
    assert 0.12 < images.mean() < 0.15
    assert set(labels.tolist()) == set(range(10))


@pytest.mark.parametrize(
    "features",
    [
        {"type": "canary_features.Image", "content": {}},
        {"pythonClassName": "canary_features.Image", "jsonFeature": {"json": "{}"}},
    ],
    ids=["old", "new"],
)
def test_features_that_would_import_a_module(make_tfds, tmp_path, monkeypatch, features):
    """TFDS imports the module that a prepared folder names: it is refused first."""
    canary, modules = tmp_path / "canary", tmp_path / "modules"
    modules.mkdir()
    (modules / "canary_features.py").write_text(f"open({str(canary)!r}, 'w').close()")
    monkeypatch.syspath_prepend(modules)
    monkeypatch.delitem(sys.modules, "canary_features", raising=False)
    folder = make_tfds()
    (file,) = Path(folder).rglob("features.json")
    file.write_text(json.dumps(features))
    refused("tfds:tiny", "names 'canary_features.Image'.*would be imported", data_dir=folder)
    assert not canary.exists()
    import tensorflow_datasets

    with pytest.raises(ValueError, match="canary_features"):
        tensorflow_datasets.builder("tiny", data_dir=folder)
    assert canary.exists()


@pytest.mark.parametrize("name", ["kaggle:digits", "huggingface:mnist", "me:mine/config"])
def test_code_of_others_is_not_fetched(name, tmp_path):
    refused(f"tfds:{name}", "whose code others wrote", data_dir=str(tmp_path))
