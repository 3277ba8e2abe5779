"""Batches to train on: the same for any number of processes, of which each reads its own rows."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import shards
import tensorflow as tf
from makers import one_line, small_gan
from tensorflow_datasets.core import FileFormat

from tfgan import data
from tfgan.data import Data, order, tfds
from tfgan.errors import InputError

SHAPE = (4, 3, 1)
LENGTHS = [20, 13, 20, 7, 20, 20]  # 100 images, 80 to train on: in files 0 to 4
FORMATS = ("tfrecord", "array_record")


def image_of(number):
    return np.full(SHAPE, number, "uint8")


def numbers(batches: tf.data.Dataset):
    """Of each batch the numbers of its images, whose labels must be theirs."""
    found = []
    for images, labels in batches.as_numpy_iterator():
        np.testing.assert_array_equal(labels, images[:, 0, 0, 0] % 3)
        found.append(images[:, 0, 0, 0].tolist())
    return found


def joined(lists):
    return list(itertools.chain.from_iterable(lists))


@pytest.fixture(params=FORMATS)
def sharded(request, tmp_path) -> Data:
    shards.write(tmp_path, LENGTHS, image_of, file_format=request.param)
    return data.load(f"tfds:{shards.NAME}", data_dir=str(tmp_path), memory_limit=0)


@pytest.mark.parametrize(
    "batch_size", [7, *(pytest.param(n, marks=pytest.mark.slow) for n in (10, 3, 80))]
)
def test_processes_share_each_batch(sharded, batch_size):
    """Also more of them than a batch has rows, and where rows are not as many for all."""
    whole = sharded.train_batches(batch_size, bytes_stay=True)
    passes = [numbers(whole) for _ in range(2)]
    for batches in passes:
        assert [len(batch) for batch in batches] == [batch_size] * (80 // batch_size)
        seen = joined(batches)
        assert len(set(seen)) == len(seen)
        assert max(seen) < 80
    assert passes[0] != passes[1]
    for count in (2, 3, 5):
        parts = [
            sharded.train_batches(batch_size, process=(i, count), bytes_stay=True) for i in range(count)
        ]
        for batches in passes:
            rows = [numbers(part) for part in parts]
            assert [joined(of_batch) for of_batch in zip(*rows, strict=True)] == batches
        assert max(map(len, rows[0])) - min(map(len, rows[-1])) <= 1
    assert numbers(sharded.train_batches(batch_size, epoch=1, bytes_stay=True)) == passes[1]


@pytest.mark.parametrize("held", [1, 8])
def test_records_are_shuffled_within_so_many_bytes(held, tmp_path, monkeypatch):
    """Nothing comes sooner than a buffer of that size can have read it."""
    shards.write(tmp_path, [100], image_of, file_format="tfrecord")
    monkeypatch.setattr(tfds, "_bytes_of", lambda about: about.num_examples)
    monkeypatch.setattr(tfds, "_SHUFFLE_BYTES", held)
    source = data.load(f"tfds:{shards.NAME}", data_dir=str(tmp_path), memory_limit=0)
    seen = joined(numbers(source.train_batches(8, bytes_stay=True)))
    ahead = [number - place for place, number in enumerate(seen)]
    assert max(ahead) == held - 1
    assert sorted(seen) == list(range(80))


@pytest.mark.parametrize("given", [(0,), (-1,), (1440,), (10, 2, 2), (10, -1, 2), (10, 0, 0)])
def test_batches_that_cannot_be(given):
    batch_size, *process = given
    with pytest.raises(InputError) as error:
        data.load("digits").train_batches(batch_size, process=tuple(process) or (0, 1))
    one_line(error)


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_process_needs_its_own_files_alone(file_format, tmp_path):
    shards.write(tmp_path, [10] * 10, image_of, file_format=file_format)
    loaded = data.load(f"tfds:{shards.NAME}", data_dir=str(tmp_path), memory_limit=0)
    parts = [loaded.train_batches(20, process=(i, 2)) for i in range(2)]
    whole = [sorted(np.ravel(numbers_of_floats(part)).tolist()) for part in parts]
    assert sorted(whole[0] + whole[1]) == list(range(80))
    if file_format == "tfrecord":  # of files in a row; ArrayRecord gives any example of any file
        assert whole == [list(range(40)), list(range(40, 80))]
        for file in sorted((tmp_path / shards.NAME / "1.0.0").glob("*.tfrecord*"))[4:]:
            file.unlink()
        assert sorted(np.ravel(numbers_of_floats(parts[0])).tolist()) == whole[0]


def numbers_of_floats(batches):
    return [np.rint(images[:, 0, 0, 0] * 255).astype(int) for images, _ in batches.as_numpy_iterator()]


def test_a_process_decodes_its_own_rows_alone(tmp_path, monkeypatch):
    """Here of ArrayRecord files, where it does not even read the others."""
    shards.write(tmp_path, [50, 50], image_of, file_format="array_record")
    loaded = data.load(f"tfds:{shards.NAME}", data_dir=str(tmp_path), memory_limit=0)
    part = loaded.train_batches(8, process=(1, 4), bytes_stay=True)
    from array_record.python import array_record_data_source as source

    read, fetched = source.ArrayRecordDataSource.__getitems__, []

    def counted(self, keys):
        fetched.extend(keys)
        return read(self, keys)

    monkeypatch.setattr(source.ArrayRecordDataSource, "__getitems__", counted)
    seen = joined(numbers(part))
    assert len(seen) == 20
    assert sorted(fetched) == sorted(seen)


def test_an_order_of_more_elements_than_are_listed(monkeypatch):
    """Nothing is held of it: a permutation by a key, drawn anew each pass."""
    monkeypatch.setattr(order, "_LISTED", 10)
    given = order.Order(seed=3).positions(1000)
    passes = [list(given.as_numpy_iterator()) for _ in range(3)]
    for one in passes:
        assert sorted(one) == list(range(1000))
    assert len({tuple(one) for one in passes}) == 3
    again = order.Order(seed=3, epoch=1).positions(1000)
    assert list(again.as_numpy_iterator()) == passes[1]
    other = order.Order(seed=4).positions(1000)
    assert list(other.as_numpy_iterator()) != passes[0]
    apart = np.abs(np.diff(passes[0]))
    assert np.median(apart) > 100  # neighbours are spread


def test_fit_takes_batches_not_the_data_itself():
    with pytest.raises(InputError, match=r"data.train.batch\(100\)") as error:
        small_gan().fit(data.load("digits"))
    one_line(error)


def test_files_of_another_format_are_refused(tmp_path, monkeypatch):
    shards.write(tmp_path, [20, 20], image_of)
    monkeypatch.setattr(tfds, "_readers", lambda: {FileFormat.ARRAY_RECORD: None})
    with pytest.raises(InputError, match="prepared as tfrecord, expected array_record") as error:
        data.load(f"tfds:{shards.NAME}", data_dir=str(tmp_path))
    one_line(error)


def test_bytes_of_a_split_whose_size_nobody_said(tmp_path):
    (tmp_path / "file").write_bytes(bytes(100))
    files = [SimpleNamespace(filename=str(tmp_path / "file"))] * 2
    assert tfds._bytes_of(SimpleNamespace(num_bytes=0, file_instructions=files)) == 200
    assert tfds._bytes_of(SimpleNamespace(num_bytes=7, file_instructions=files)) == 7
