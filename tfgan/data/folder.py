"""`folder:DIR`: image files, in one folder or one subfolder a class.

Layouts: `DIR/*.png` (no labels, or several for each image in `DIR/attributes.csv`, see
`tfgan.data.attributes`), `DIR/CLASS/*.png`, and either of them under `DIR/train`, `DIR/test` and
`DIR/valid` (or `val`, `validation`), which then are the splits. PNG, JPEG, BMP and GIF (the first
frame); alpha is dropped, photographs are turned as their EXIF orientation tells.
"""

import hashlib
import os
import re

import numpy as np
import tensorflow as tf

from tfgan.conditions import MultiLabel
from tfgan.data import attributes
from tfgan.data.dataset import Loaded, Split, collect, map_images, workers
from tfgan.data.headers import looks_whole, read_header, read_orientation
from tfgan.data.memory import from_arrays
from tfgan.data.order import Order
from tfgan.data.resize import resize
from tfgan.data.splits import SPLITS, divide
from tfgan.errors import InputError, shortened
from tfgan.reading import quiet

_BYTES_A_PIXEL = 32  # of an image in colour, as uint8 and twice as float32
EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".gif")
_SPLIT_FOLDERS = {
    "train": "train",
    "test": "test",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
}


def load(argument, *, data_dir, image_size, memory_limit):
    """Returns the `Loaded` of a folder of images.

    Args:
        argument: str. The folder.
        data_dir: not used.
        image_size: (height, width) or None: all images have one size.
        memory_limit: int, bytes. More uint8 pixels than this are decoded from disk each epoch.

    Raises:
        InputError: if there is no such folder, a class or the whole has no images, a file cannot
            be decoded, or sizes differ and there is no `image_size`.
    """
    if not os.path.isdir(argument):
        raise InputError(f"expected a folder at {argument}, found none: check folder:DIR.")
    files, class_names, condition = _find(argument)
    rows = divide(
        {split: len(paths) for split, (paths, _) in files.items()}, what=argument, permute=True
    )
    turns = {
        split: np.array([_told(read_orientation, path) for path in paths], "int32")
        for split, (paths, _) in files.items()
    }
    shape, largest = _common_shape(
        [path for paths, _ in files.values() for path in paths],
        np.concatenate([turns[split] for split in files]),
        image_size,
    )
    parallel = _parallel(largest, memory_limit)
    count = sum(len(paths) for paths, _ in files.values())
    if count * int(np.prod(shape)) > memory_limit:
        return _streamed(argument, files, turns, rows, shape, class_names, condition, parallel=parallel)
    arrays = {
        split: _decode_all(paths, turns[split], labels, shape, parallel)
        for split, (paths, labels) in files.items()
    }
    return from_arrays(
        arrays,
        rows,
        num_classes=None if class_names is None or condition else len(class_names),
        class_names=class_names,
        condition=condition,
    )


def typical_side(argument):
    """The median, over a folder's images, of their shorter side, in pixels.

    Args:
        argument: str. The folder.

    Raises:
        InputError: as `load`.
    """
    if not os.path.isdir(argument):
        raise InputError(f"expected a folder at {argument}, found none: check folder:DIR.")
    files, _, _ = _find(argument)
    return int(
        np.median([min(_told(read_header, path)[:2]) for paths, _ in files.values() for path in paths])
    )


def _find(root):
    """(dict: the source's split -> (paths, labels or None), names or None, `MultiLabel` or None)."""
    folders = _subfolders(root)
    named = {_SPLIT_FOLDERS.get(name): path for name, path in folders.items()}
    if "train" not in named or None in named or len(named) < max(2, len(folders)):
        named = {"train": root}
    classes = {split: _subfolders(path) for split, path in named.items()}
    names = sorted({name for found in classes.values() for name in found})
    files = {split: _files(path, classes[split], names) for split, path in named.items()}
    if len({labels is None for _, labels in files.values()}) > 1:
        raise InputError(
            f"{root}: expected class folders in every split or in none, found them in some: "
            "arrange train and test alike."
        )
    if names:
        attributes.refuse(named.values())
        return files, tuple(names), None
    return _with_attributes(root, named, files)


def _with_attributes(root, folders, files):
    """As `_find`, of folders without classes."""
    found = {split: attributes.read(folders[split], paths) for split, (paths, _) in files.items()}
    if len({names for names, _ in found.values()}) > 1:
        raise InputError(
            f"{root}: expected the same labels in the {attributes.FILE} of every split, got "
            f"{' and '.join(str(names)[:60] for names, _ in found.values())}: make them alike."
        )
    names = found["train"][0]
    files = {split: (paths, found[split][1]) for split, (paths, _) in files.items()}
    return files, names, None if names is None else MultiLabel(len(names))


def _files(folder, classes, names):
    """(paths, labels) of one folder; labels None if it has no class folders."""
    loose = _images(folder)
    if not classes:
        if not loose:
            raise InputError(
                f"{folder} must hold images ({', '.join(EXTENSIONS)}) or a subfolder of them a "
                "class, found none: check folder:DIR."
            )
        return loose, None
    if loose:
        raise InputError(
            f"{folder} must hold either images or class folders, found both ({loose[0]} and "
            f"{next(iter(classes.values()))}): move one of them away."
        )
    paths, labels = [], []
    for name, path in classes.items():
        found = _images(path)
        if not found:
            raise InputError(
                f"class folder {path} must hold images ({', '.join(EXTENSIONS)}), found none: "
                "add some or remove it."
            )
        paths += found
        labels += [names.index(name)] * len(found)
    return paths, np.array(labels, "int32")


def _subfolders(folder):
    """dict: name -> path of the visible subfolders, sorted; links to a parent are no classes."""
    above = os.path.realpath(folder) + os.sep
    paths = {name: os.path.join(folder, name) for name in _visible(folder)}
    return {
        name: path
        for name, path in paths.items()
        if os.path.isdir(path) and not above.startswith(os.path.realpath(path) + os.sep)
    }


def _images(folder):
    """Sorted paths of the images right in a folder; what has an image's name must be a file."""
    names = [name for name in _visible(folder) if name.lower().endswith(EXTENSIONS)]
    paths = [os.path.join(folder, name) for name in names]
    for path in paths:
        if not os.path.exists(path):
            raise _undecodable(path, "a link that leads nowhere")
        if not os.path.isfile(path) and not os.path.isdir(path):
            raise _undecodable(path, "a pipe, a socket or a device")
    return [path for path in paths if os.path.isfile(path)]


def _visible(folder):
    return sorted(name for name in os.listdir(folder) if not name.startswith("."))


def _parallel(pixels, memory_limit):
    """Images decoded at once: of large ones, which are floats while they are resized, fewer."""
    return int(np.clip(memory_limit // (_BYTES_A_PIXEL * pixels), 1, workers()))


def _common_shape(paths, orientations, image_size):
    """(shape, most pixels of one): (height, width, channels) that all images get.

    They have colour as soon as one is in colour.
    """
    channels, largest, first = 1, 1, None
    for path, orientation in zip(paths, orientations, strict=True):
        height, width, depth = _told(read_header, path)
        if orientation >= 5:
            height, width = width, height
        channels, largest = max(channels, depth), max(largest, height * width)
        first = first or (path, height, width)
        if image_size is None and (height, width) != first[1:]:
            raise InputError(
                f"expected images of one size, got {first[0]} of {first[1]} x {first[2]} and "
                f"{path} of {height} x {width} (height x width): resize them as they are read "
                "with --set image_size=32, or load(..., image_size=32)."
            )
    assert first is not None  # divide() has counted them
    height, width = image_size or first[1:]
    return (height, width, channels), max(largest, height * width)


def _told(read, path):
    """What a reader of headers tells of a file."""
    try:
        return read(path)
    except (ValueError, OSError) as error:
        raise _undecodable(path, error) from None


def _decode(path, orientation, shape):
    """uint8 image of `shape`, inside a graph."""
    image = tf.io.decode_image(tf.io.read_file(path), channels=0, expand_animations=False)
    size = tf.shape(image)
    # 1 or 2 channels are grey and perhaps alpha; 3 or 4 colour and perhaps alpha.
    image = image[..., : tf.where(size[-1] < 3, 1, 3)]
    image = _turn(tf.broadcast_to(image, [size[0], size[1], shape[-1]]), orientation)
    fits = tf.reduce_all(tf.shape(image)[:2] == shape[:2])
    image = tf.cond(fits, lambda: image, lambda: resize(image, shape[:2]))
    return tf.ensure_shape(image, shape)


def _turn(image, orientation):
    """An image as it was taken, of one as it is stored; see `read_orientation`."""
    image = tf.cond(orientation >= 5, lambda: tf.transpose(image, [1, 0, 2]), lambda: image)
    for axis, orientations in ((1, [2, 3, 6, 7]), (0, [3, 4, 7, 8])):
        mirrored = tf.reduce_any(tf.equal(orientation, orientations))
        image = tf.where(mirrored, tf.reverse(image, [axis]), image)
    return image


def _dataset(paths, orientations, labels, rows, shape, order, parallel):
    """Dataset of uint8 images, or (image, label); shuffles file names, so no image waits."""
    with tf.device("CPU"):
        turns = tf.constant(orientations[rows])
        names = tf.constant(_names(paths)[rows])
        classes = None if labels is None else tf.constant(labels[rows])

    def read(position):
        image = _decode(names[position], turns[position], shape)
        return image if classes is None else (image, classes[position])

    return order.positions(len(rows)).map(read, num_parallel_calls=parallel, deterministic=True)


def _names(paths):
    """Paths as TensorFlow takes them: bytes, since a name need not be UTF-8."""
    return np.array([os.fsencode(path) for path in paths], object)


def _decode_all(paths, orientations, labels, shape, parallel):
    """(uint8 images, labels) of files."""
    dataset = _dataset(paths, orientations, labels, np.arange(len(paths)), shape, Order(), parallel)
    try:
        with quiet():  # of what is wrong libjpeg writes to stderr
            return collect(dataset, len(paths))
    except tf.errors.OpError:
        for path in paths:  # the pipeline's error does not say which
            try:
                with quiet():
                    tf.io.decode_image(tf.io.read_file(os.fsencode(path)), expand_animations=False)
            except tf.errors.OpError as error:
                raise _undecodable(path, error.message) from None
        raise


def _undecodable(path, reason):
    if os.path.exists(path) and not os.access(path, os.R_OK):
        return InputError(f"{path} cannot be read: change its permissions, or remove it.")
    reason = re.sub(r"^{{function_node [^}]*}} ", "", shortened(reason)).split(" [Op:")[0]
    return InputError(
        f"{path} must be a PNG, JPEG, BMP or GIF image, and cannot be decoded ({reason[:120]}): "
        "replace or remove it."
    )


def _streamed(root, files, turns, rows, shape, class_names, condition, *, parallel):
    """`Loaded` that reads the files anew each epoch."""
    splits = {}
    for split, (origin, index) in rows.items():
        paths, labels = files[origin]
        splits[split] = Split(
            len(index),
            _reader(paths, turns[origin], labels, index, shape, parallel),
            _conditions(labels, index),
        )
    return Loaded(
        image_shape=shape,
        splits=splits,
        fingerprint=_fingerprint(root, files, turns, rows, shape),
        num_classes=None if class_names is None or condition else len(class_names),
        class_names=class_names,
        condition=condition,
    )


def _conditions(labels, rows):
    return None if labels is None else lambda chosen: labels[rows[chosen]]


def _reader(paths, orientations, labels, rows, shape, parallel):
    ahead = int(np.clip(64 * 2**20 // np.prod(shape), 1, 64))

    def read(order, pixels):
        dataset = _dataset(paths, orientations, labels, rows, shape, order, parallel)
        return map_images(dataset, pixels).prefetch(ahead)

    return read


def _fingerprint(root, files, turns, rows, shape):
    """sha256 prefix over the files' names, sizes and bytes, and what is made of them."""
    digest = hashlib.sha256(f"{shape}".encode())
    for split in SPLITS:
        digest.update(f"{split} {len(rows[split][1])}".encode())
    for split, (paths, labels) in sorted(files.items()):
        if (turns[split] != 1).any():  # an older tfgan took such files as they are stored
            digest.update(turns[split].tobytes())
        if labels is not None and labels.ndim > 1:
            digest.update(labels.tobytes())
        for path in paths:
            with open(path, "rb") as file:
                content = file.read()
            if not looks_whole(content):  # else training would stop at it, hours later
                raise _undecodable(path, "cut off, or damaged")
            digest.update(os.fsencode(f"{split} {os.path.relpath(path, root)} {len(content)}"))
            digest.update(content)
    return digest.hexdigest()[:32]
