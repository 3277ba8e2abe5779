"""Formats of data sets of samples: files of many images each, or folders of PNG files.

tfrecord    images-00000-of-00100.tfrecord   `tf.train.Example`s
npz         images-00000-of-00100.npz        arrays `images`, `seeds` and `labels` or `conditions`
webdataset  images-000000.tar                of each image 000000000.png, .json and .cls
png         0/000000000.png                  a folder per class
"""

import json
import os
import re
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfgan.export.saving import disk_errors
from tfgan.files import replacing

HIDDEN = ".images-"  # what names of unfinished shards begin with


class Layout(NamedTuple):
    """How a data set is cut.

    Attributes:
        folder: where it lies.
        images: int, of the data set.
        shard_size: int, images of a shard; the last has what is left.
        image_shape: tuple.
        dtype: str, of what is stored: "uint8" or "float32".
        num_classes: int, or None where conditions are no labels.
        class_names: list of str, or None.
    """

    folder: Path
    images: int
    shard_size: int
    image_shape: tuple
    dtype: str
    num_classes: int | None
    class_names: list | None

    @property
    def labelled(self):
        """bool: whether there are labels."""
        return self.num_classes is not None

    @property
    def shards(self):
        """int: how many shards there are."""
        return -(-self.images // self.shard_size)

    def numbers(self, shard):
        """range: the numbers of a shard's images."""
        start = shard * self.shard_size
        return range(start, min(start + self.shard_size, self.images))

    def class_name(self, label):
        """str, or None where nobody said."""
        return self.class_names[label] if self.class_names else None


class OneFile:
    """A format of one file per shard, which appears whole under its name.

    Args:
        name: str, pattern of `shard` and `shards`.
        write: function (path, rows, layout, count) that writes the file.
        takes_png: bool. Whether rows hold PNG files.
    """

    def __init__(self, name, write, *, takes_png):
        self._name, self._write, self.takes_png = name, write, takes_png

    def is_there(self, layout, shard):
        return self._path(layout, shard).is_file()

    def store(self, layout, shard, rows):
        """Writes a shard of an iterable of `Rows`; returns its bytes."""
        path = self._path(layout, shard)
        with replacing(path) as temporary:
            self._write(temporary, rows, layout, len(layout.numbers(shard)))
        return path.stat().st_size

    def _path(self, layout, shard):
        return layout.folder / self._name.format(shard=shard, shards=layout.shards)


class Folders:
    """PNG files in a folder per class, or in one: a shard is as many of them."""

    takes_png = True

    def is_there(self, layout, shard):
        """Tells it by one file: they come in order."""
        return any(layout.folder.glob(self._pattern(layout, layout.numbers(shard)[-1])))

    def store(self, layout, shard, rows):
        """Writes the files of an iterable of `Rows` aside, then moves each; returns their bytes."""
        size, moves = 0, {}
        with tempfile.TemporaryDirectory(dir=layout.folder, prefix=f"{HIDDEN}{shard}-") as aside:
            for number, _, condition, data in _each(rows):
                name = f"{number:09d}.png"
                with open(f"{aside}/{name}", "wb", buffering=0) as file:
                    file.write(data)
                size += len(data)
                moves[name] = self._class_folder(layout, condition) if layout.labelled else "."
            os.sync()
            for folder in set(moves.values()):
                (layout.folder / folder).mkdir(exist_ok=True)
            for name, folder in moves.items():
                os.replace(f"{aside}/{name}", f"{layout.folder}/{folder}/{name}")
        return size

    @staticmethod
    def _pattern(layout, number):
        return f"{'*/' if layout.labelled else ''}{number:09d}.png"

    @staticmethod
    def _class_folder(layout, label):
        """Sorted by name, the folders are in the order of the labels."""
        number = f"{label:0{len(str(layout.num_classes - 1))}d}"
        name = re.sub(r"[^\w-]+", "_", layout.class_name(label) or "")
        return number if name in ("", number, str(label)) else f"{number}-{name}"


def _each(rows):
    """(number, seed, condition or None, image or file) of each image."""
    for part in rows:
        conditions = [None] * len(part.images) if part.condition is None else part.condition
        numbers = range(part.start, part.start + len(part.images))
        yield from zip(numbers, part.seeds.tolist(), conditions, part.images, strict=True)


def _write_tfrecord(path, rows, layout, count):
    height, width, channels = layout.image_shape
    example = tf.train.Example()  # one for all: making one takes longer than filling it
    features = example.features.feature
    features["image/format"].bytes_list.value[:] = [b"png"]
    features["image/height"].int64_list.value[:] = [height]
    features["image/width"].int64_list.value[:] = [width]
    features["image/channels"].int64_list.value[:] = [channels]
    with disk_errors(path), tf.io.TFRecordWriter(str(path)) as writer:
        for _, seed, condition, data in _each(rows):
            features["image/encoded"].bytes_list.value[:] = [data]
            features["seed"].int64_list.value[:] = [seed]
            if condition is not None:
                _set_condition(features, condition, layout)
            writer.write(example.SerializeToString(deterministic=True))


def _set_condition(features, condition, layout):
    if not layout.labelled:
        features["condition"].float_list.value[:] = condition
        return
    features["image/class/label"].int64_list.value[:] = [int(condition)]
    if layout.class_names:
        text = layout.class_name(condition).encode()
        features["image/class/text"].bytes_list.value[:] = [text]


def _write_npz(path, rows, layout, count):
    """As `numpy.savez`, without all images in memory."""
    seeds, conditions = [], []
    with zipfile.ZipFile(path, "w") as archive:
        with archive.open(zipfile.ZipInfo("images.npy"), "w", force_zip64=True) as file:
            head = {
                "descr": np.lib.format.dtype_to_descr(np.dtype(layout.dtype)),
                "fortran_order": False,
                "shape": (count, *layout.image_shape),
            }
            np.lib.format.write_array_header_1_0(file, head)
            for part in rows:
                file.write(part.images.tobytes())
                seeds.append(part.seeds)
                conditions.append(part.condition)
        arrays = {"seeds": np.concatenate(seeds)}
        if conditions[0] is not None:
            arrays["labels" if layout.labelled else "conditions"] = np.concatenate(conditions)
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def _write_tar(path, rows, layout, count):
    with open(path, "wb") as file:
        for number, seed, condition, data in _each(rows):
            about = {"index": number, "seed": seed}
            if layout.labelled:
                about |= {"label": int(condition), "text": layout.class_name(condition)}
                _add_to_tar(file, f"{number:09d}.cls", str(condition).encode())
            elif condition is not None:
                about["condition"] = condition.tolist()
            _add_to_tar(file, f"{number:09d}.json", json.dumps(about).encode())
            _add_to_tar(file, f"{number:09d}.png", data)
        file.write(
            bytes(-file.tell() % tarfile.RECORDSIZE or tarfile.RECORDSIZE)
        )  # its end: empty blocks


def _add_to_tar(file, name, data):
    """A member of nobody's, dated 1970, in the ustar format; `tarfile` is slower than the network."""
    head = name.encode().ljust(100, b"\0")
    head += b"0000644\x000000000\x000000000\x00%011o\x0000000000000\x00" % len(data)  # mode ... time
    tail = b"0" + bytes(100) + b"ustar\x0000" + bytes(64) + b"0000000\x000000000\x00"
    checksum = sum(head) + 8 * ord(" ") + sum(tail)
    file.write((head + b"%06o\x00 " % checksum + tail).ljust(tarfile.BLOCKSIZE, b"\0"))
    file.write(data + bytes(-len(data) % tarfile.BLOCKSIZE))


FORMATS: dict[str, OneFile | Folders] = {
    "tfrecord": OneFile("images-{shard:05d}-of-{shards:05d}.tfrecord", _write_tfrecord, takes_png=True),
    "npz": OneFile("images-{shard:05d}-of-{shards:05d}.npz", _write_npz, takes_png=False),
    "webdataset": OneFile("images-{shard:06d}.tar", _write_tar, takes_png=True),
    "png": Folders(),
}
