"""`mnist`, `tfds:NAME[/CONFIG]`: TensorFlow Datasets, prepared on disk or downloaded.

The images are the feature `image`, the labels the ClassLabel feature `label` if there is one. TFDS
shuffles examples when it writes them, so its splits are cut into contiguous runs:
`train[:50000]` and `train[50000:]` for MNIST.
"""

import difflib
import hashlib
import itertools
import json
import os
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfgan.data.dataset import Loaded, Split, as_stored, collect, map_images, workers
from tfgan.data.fetch import first_line, prepare, urls
from tfgan.data.memory import from_arrays
from tfgan.data.order import Order, Part
from tfgan.data.resize import resize
from tfgan.data.splits import SPLITS, divide
from tfgan.errors import InputError
from tfgan.reading import refusing

_SHUFFLE_BYTES = 2**28  # of encoded examples, in all streams
_STREAMS = 16  # at most, whatever the processes: batches are the same for any number of them
_OPEN = 4  # files of a stream that are read in turn
_RECORDS = 64  # that are fetched at once
_SPLIT_NAMES = {
    "train": "train",
    "test": "test",
    "validation": "valid",
    "valid": "valid",
    "val": "valid",
}


def load(argument, *, data_dir, image_size, memory_limit):
    """Returns the `Loaded` of a TensorFlow Datasets name.

    Args:
        argument: str. NAME or NAME/CONFIG.
        data_dir: str or None: `$TFDS_DATA_DIR`, else TFDS's default.
        image_size: (height, width) or None: all images have one size.
        memory_limit: int, bytes. More uint8 pixels than this are read from disk each epoch.

    Raises:
        InputError: if the name is unknown, has no `image`, or can neither be found nor downloaded.
    """
    builder = _builder(argument, data_dir)
    label = _check_features(builder.info.features, argument)
    shape = _shape(builder.info.features["image"], image_size, argument)
    if not builder.is_prepared():
        prepare(builder, argument)
    if builder.info.file_format not in _readers():
        known = " or ".join(known.value for known in _readers())
        raise InputError(
            f"tfds:{argument} was prepared as {builder.info.file_format.value}, expected {known}: "
            "prepare it anew, in another folder."
        )
    names, sizes = _splits(builder, argument)
    rows = divide(sizes, what=argument, permute=False)
    readers = {
        split: Split(len(index), _reader(builder, names[origin], index, shape, label))
        for split, (origin, index) in rows.items()
    }
    if sum(sizes.values()) * int(np.prod(shape)) > memory_limit:
        streams = {split: Split(item.size, _streamed(item.read)) for split, item in readers.items()}
        return Loaded(
            image_shape=shape,
            splits=streams,
            fingerprint=_fingerprint(builder, sizes, shape),
            num_classes=None if label is None else label.num_classes,
            class_names=None if label is None else tuple(label.names),
        )
    with refusing(lambda reason: _damaged(argument, builder, reason)):
        arrays = {
            split: collect(item.read(Order(), as_stored), item.size) for split, item in readers.items()
        }
    return from_arrays(
        arrays,
        {split: (split, np.arange(item.size)) for split, item in readers.items()},
        num_classes=None if label is None else label.num_classes,
        class_names=None if label is None else tuple(label.names),
    )


def _tfds():
    import tensorflow_datasets  # slow, so only here

    return tensorflow_datasets


def _builder(name, data_dir):
    """TFDS's builder of a name."""
    tfds = _tfds()
    data_dir = data_dir or os.environ.get("TFDS_DATA_DIR") or None
    data_dir = data_dir and os.path.expanduser(data_dir)
    _check_name(name, data_dir)
    try:
        return tfds.builder(name, data_dir=data_dir)
    except tfds.core.registered.DatasetNotFoundError:
        names = tfds.list_builders(with_community_datasets=False)
        close = difflib.get_close_matches(name.partition("/")[0], names, n=1)
        hint = f"did you mean tfds:{close[0]}?" if close else "see tensorflow.org/datasets/catalog."
        raise InputError(
            f"expected a TensorFlow Datasets name, got {name!r}, which it does not know and "
            f"{data_dir or 'its folder'} does not hold: {hint}"
        ) from None
    except Exception as error:  # of builders' own code, or of metadata on disk
        raise InputError(
            f"TensorFlow Datasets must know {name!r}, it says: {first_line(error)}: "
            "check the name, configuration and version."
        ) from None


def _check_name(name, data_dir):
    """Refuses what would make TFDS import other code than its own.

    It fetches and runs the code of names with a namespace (`kaggle:NAME`), and imports any module that
    a prepared folder names.
    """
    core = _tfds().core
    try:
        parsed, _ = core.naming.parse_builder_name_kwargs(name)
    except (ValueError, AssertionError):
        return  # TFDS says what is wrong
    if parsed.namespace:
        raise InputError(
            f"expected a name of TensorFlow Datasets' own catalog, got {name!r}, whose code others "
            "wrote: prepare it yourself, and give folder:DIR or npz:FILE."
        )
    for folder in core.utils.file_utils.list_data_dirs(given_data_dir=data_dir):
        for file in sorted((Path(folder) / parsed.name).glob("**/features.json")):
            for kind in _kinds_in(file):
                if not kind.startswith("tensorflow_datasets."):
                    raise InputError(
                        f"{file} names {kind[:100]!r}, which is no feature of TensorFlow Datasets, and "
                        "would be imported: remove the folder, and prepare it anew."
                    )


def _kinds_in(file):
    """What Python names a file of features has, at any depth."""
    try:
        waiting = [json.loads(file.read_text(encoding="utf-8"))]
    except (OSError, ValueError, RecursionError):
        return  # TFDS says what is wrong
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            for key in ("type", "python_class_name", "pythonClassName", "proto_cls"):
                if isinstance(value.get(key), str):
                    yield value[key]
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _damaged(name, builder, reason):
    return (
        f"tfds:{name} cannot be read from {builder.data_dir} ({reason}): remove that folder, and "
        "prepare the data anew."
    )


def _check_features(features, name):
    """The ClassLabel of the data, or None."""
    tfds = _tfds()
    found = list(features) if isinstance(features, tfds.features.FeaturesDict) else []
    image = features["image"] if "image" in found else None
    if not isinstance(image, tfds.features.Image) or image.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"tfds:{name} must have a feature `image` of 8 or 16 bits, it has "
            f"{', '.join(found) or type(features).__name__}: choose an image data set."
        )
    label = features["label"] if "label" in found else None
    return label if isinstance(label, tfds.features.ClassLabel) else None


def _shape(image, image_size, name):
    height, width, channels = image.shape
    if image_size is None and None in (height, width):
        raise InputError(
            f"tfds:{name} has images of different sizes, expected one size: resize them as they "
            "are read with --set image_size=32, or load(..., image_size=32)."
        )
    return (*(image_size or (height, width)), min(channels or 3, 3))


def _splits(builder, name):
    """(dict: our split -> TFDS's, dict: our split -> size)."""
    infos = builder.info.splits
    names = {_SPLIT_NAMES[split]: split for split in infos if split in _SPLIT_NAMES}
    if "train" not in names:
        raise InputError(
            f"tfds:{name} must have a split `train`, it has {', '.join(infos) or 'none'}: "
            "choose another data set."
        )
    return names, {ours: infos[theirs].num_examples for ours, theirs in names.items()}


def _reader(builder, split, rows, shape, label):
    """Function of (order, pixels) -> dataset of images, or (image, label)."""
    tfds = _tfds()
    names = ["image"] if label is None else ["image", "label"]
    partly = tfds.decode.PartialDecoding(dict.fromkeys(names, True))
    features = partly.extract_features(builder.info.features)
    records = _readers()[builder.info.file_format](builder, split, rows)

    def element(record):
        example = features.deserialize_example(record)
        image = _uint8(example["image"], shape)
        return image if label is None else (image, tf.cast(example["label"], tf.int32))

    def read(order, pixels):
        dataset = records(order).map(element, num_parallel_calls=workers(), deterministic=True)
        return map_images(dataset, pixels)

    return read


def _readers():
    """What reads each of the formats that are taken: function of (builder, split, rows)."""
    formats = _tfds().core.FileFormat
    return {formats.TFRECORD: _streams, formats.ARRAY_RECORD: _listed}


def _part(split, rows, start, stop):
    """TFDS's name for some of the rows of a split; they are contiguous, since `divide` left them so."""
    return f"{split}[{rows[0] + start}:{rows[0] + stop}]"


def _listed(builder, split, rows):
    """Function of an order -> dataset of records, of ArrayRecord files, which give any of them."""
    source = builder.as_data_source(split=_part(split, rows, 0, len(rows))).data_source

    def fetch(positions):
        return np.array(source.__getitems__(positions.tolist()), object)

    def fetched(positions):
        return tf.ensure_shape(tf.numpy_function(fetch, [positions], tf.string), positions.shape)

    return lambda order: order.positions(len(rows)).batch(_RECORDS).map(fetched).unbatch()


def _streams(builder, split, rows):
    """Function of an order -> dataset of records, of TFRecord files, which are read from end to end.

    Of batches, every stream has rows of its own, whoever reads them.
    """
    about, count = builder.info.splits[split], len(rows)
    size = max(1, _bytes_of(about) / about.num_examples)

    def stream(order, start, stop, share=1.0):
        files = builder.info.splits[_part(split, rows, start, stop)].file_instructions
        buffer = int(np.clip(share * _SHUFFLE_BYTES // size, 1, stop - start))
        return _of_files(files, order, buffer)

    def records(order):
        if order.part is None:
            return stream(order, 0, count)
        batch_size, first, end = order.part
        streams = min(_STREAMS, about.num_shards, batch_size)
        edges = [batch_size * i // streams for i in range(streams + 1)]
        parts = []
        for number, (low, high) in enumerate(itertools.pairwise(edges)):
            own = Part(high - low, max(first, low) - low, min(end, high) - low)
            if own.first < own.end:
                seed = None if order.seed is None else order.seed + number
                start, stop = (count * edge // batch_size for edge in (low, high))
                own_order = Order(seed, epoch=order.epoch)
                parts.append(own.rows(stream(own_order, start, stop, 1 / streams)))
        together = tf.data.Dataset.zip(tuple(parts)).take(count // batch_size)
        return together.map(lambda *rows: tf.concat(rows, axis=0)).unbatch()

    return records


def _bytes_of(about):
    """Bytes of a split's examples; of its files, where nobody said."""
    return about.num_bytes or sum(
        tf.io.gfile.stat(file.filename).length for file in about.file_instructions
    )


def _of_files(files, order, buffer):
    """Dataset of the records of some files: as they lie there, or files and then records shuffled.

    Args:
        files: TFDS's instructions, each with `filename`, `skip` and `take`.
        order: `Order` of all records.
        buffer: int. Records held to shuffle.
    """
    names = tf.constant([file.filename for file in files])
    skips, takes = (
        tf.constant([getattr(file, name) for file in files], tf.int64) for name in ("skip", "take")
    )

    def of_file(i):
        return tf.data.TFRecordDataset(names[i]).skip(skips[i]).take(takes[i])

    indices = order.positions(len(files))
    if order.seed is None:
        return indices.flat_map(of_file)
    records = indices.interleave(of_file, cycle_length=_OPEN)
    return order.after(records.shuffle(buffer, seed=order.seed))


def _uint8(image, shape):
    """uint8 image of `shape`, inside a graph."""
    if image.dtype == tf.uint16:
        image = tf.cast(image // 257, tf.uint8)  # 65,535 becomes 255
    image = image[..., : shape[-1]]  # drops alpha
    if tuple(image.shape[:2]) != tuple(shape[:2]):
        image = resize(image, shape[:2])
    return tf.ensure_shape(image, shape)


def _streamed(read):
    return lambda order, pixels: read(order, pixels).prefetch(16)


def _fingerprint(builder, sizes, shape):
    """sha256 prefix over what identifies prepared data, without reading it."""
    info = builder.info
    config = builder.builder_config.name if builder.builder_config else ""
    bytes_of = {split: info.splits[split].num_bytes for split in sorted(info.splits)}
    sums = sorted(entry.checksum for entry in urls(builder).values())
    identity = (info.name, config, str(info.version), sorted(sizes.items()), bytes_of, sums, shape)
    return hashlib.sha256(repr((identity, SPLITS)).encode()).hexdigest()[:32]
