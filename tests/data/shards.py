"""Data sets of many files, as TensorFlow Datasets prepares them."""

import os
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from array_record.python import array_record_module

NAME = "sharded"


def write(data_dir, lengths, image_of, *, file_format="tfrecord", links=1):
    """Prepares the data set `tfds:sharded`, of one split.

    Args:
        data_dir: folder.
        lengths: list of int: the images of each file.
        image_of: function of an image's number that returns uint8 `(H, W, C)`; its label is the number
            modulo 3.
        file_format: "tfrecord" or "array_record".
        links: int. How many names each file has: so many times as much data in the same bytes.
    """
    folder = Path(data_dir) / NAME / "1.0.0"
    folder.mkdir(parents=True)
    image = tfds.features.Image(shape=image_of(0).shape)
    features = tfds.features.FeaturesDict(
        {"image": image, "label": tfds.features.ClassLabel(num_classes=3)}
    )
    first, size, shards = 0, 0, len(lengths) * links
    names = [f"{NAME}-train.{file_format}-{i:05d}-of-{shards:05d}" for i in range(shards)]
    for number, length in enumerate(lengths):
        examples = [{"image": image_of(i), "label": i % 3} for i in range(first, first + length)]
        records = [features.serialize_example(features.encode_example(one)) for one in examples]
        _write_records(folder / names[number * links], records, file_format)
        size += links * sum(map(len, records))
        for i in range(1, links):
            os.link(folder / names[number * links], folder / names[number * links + i])
        first += length
    template = tfds.core.ShardedFileTemplate(
        data_dir=folder, dataset_name=NAME, split="train", filetype_suffix=file_format
    )
    split = tfds.core.SplitInfo(
        name="train",
        shard_lengths=np.repeat(lengths, links).tolist(),
        num_bytes=size,
        filename_template=template,
    )
    tfds.folder_dataset.write_metadata(
        data_dir=folder, features=features, split_infos=[split], check_data=False
    )


def _write_records(path, records, file_format):
    if file_format == "tfrecord":
        with tf.io.TFRecordWriter(str(path)) as writer:
            for record in records:
                writer.write(record)
        return
    writer = array_record_module.ArrayRecordWriter(str(path), "group_size:1")
    for record in records:
        writer.write(record)
    writer.close()
