"""`npz:FILE`: arrays saved with `numpy.savez`; always held in memory.

Either `images` (or `x`) with optional `labels` (or `y`), or Keras's `x_train`, `y_train`, `x_test`,
`y_test`. Images are `(n, height, width)` or `(n, height, width, channels)`, uint8 or float in
[0, 1]. Labels are whole numbers from 0, `(n,)`; or several at once, 0 or 1 (integers or bool),
`(n, labels)`; or vectors, float `(n, dim)`. `label_names`, strings, may say what the labels are called.
Or features of images and tags, see `tfgan.data.tags`.
"""

import numpy as np

from tfgan.conditions import MultiLabel, Vector
from tfgan.data import tags
from tfgan.data.memory import from_arrays
from tfgan.data.npy import read_npz
from tfgan.data.splits import divide, is_sorted
from tfgan.data.tags import texts
from tfgan.errors import InputError
from tfgan.reading import refusing

MAX_CLASSES = 100_000  # beyond it a label is an identifier or a mistake, not a class

_NAMES = "label_names"

# A source's split -> its names for images and labels.
_LAYOUTS = (
    {"train": ("x_train", "y_train"), "test": ("x_test", "y_test")},
    {"train": ("images", "labels")},
    {"train": ("x", "y")},
)


def load(argument, *, data_dir, image_size, memory_limit):
    """Returns the `Loaded` of an npz file.

    Args:
        argument: str. The file.
        data_dir: not used.
        image_size: (height, width) or None.
        memory_limit: not used: the arrays are in memory anyway.

    Raises:
        InputError: if the file is missing, no npz, or its arrays are not as described above.
    """
    arrays, found = _read(argument)
    if tags.are_in(arrays):
        return tags.from_arrays(arrays, argument, image_size=image_size)
    splits = _splits(arrays, argument, found)
    shapes = {images.shape[1:] for images, _ in splits.values()}
    if len(shapes) > 1:
        raise InputError(
            f"{argument}: x_train and x_test must hold images of one shape, "
            f"got {' and '.join(map(str, shapes))}: resize them first."
        )
    labelled = [labels for _, labels in splits.values() if labels is not None]
    sizes = {split: len(images) for split, (images, _) in splits.items()}
    permute = "test" not in splits or any(is_sorted(labels) for labels in labelled)
    kind = _kind(labelled, argument)
    num_classes = count_classes(labelled, argument) if labelled and kind is None else None
    names = _label_names(arrays, num_classes, kind, argument)
    return from_arrays(
        splits,
        divide(sizes, what=argument, permute=permute),
        image_size=image_size,
        num_classes=len(names) if names and num_classes else None,
        class_names=names,
        condition=kind,
    )


def _kind(labels, path):
    """`MultiLabel` or `Vector` of a list of arrays; None of class labels, or without."""
    kinds = {(values.shape[1:], values.dtype) for values in labels}
    if len(kinds) > 1:
        described = " and ".join(sorted(f"{dtype} (n, {str(shape)[1:-1]})" for shape, dtype in kinds))
        raise InputError(
            f"{path}: y_train and y_test must be of one kind, got {described}: make them alike."
        )
    for shape, dtype in kinds:
        if shape:
            return Vector(*shape) if dtype.kind == "f" else MultiLabel(*shape)
    return None


def _label_names(arrays, num_classes, kind, path):
    """tuple of str, one a class or label: the file's, else their numbers; None without labels."""
    count = num_classes if kind is None else getattr(kind, "num_labels", None)
    names = arrays.get(_NAMES)
    if names is None:
        return None if count is None else tuple(map(str, range(count)))
    if count is None:
        raise InputError(f"{path}: label_names name labels, of which it has none: leave them out.")
    least = names.ndim == 1 and len(names) >= count  # there may be classes that no image has
    if not least or names.dtype.kind != "U" or (kind is not None and len(names) > count):
        raise InputError(
            f"{path}: label_names must be {count} strings, one per label, got {names.dtype} "
            f"{names.shape}: save numpy.array(names, dtype=str)."
        )
    if len(names) > MAX_CLASSES:
        raise InputError(f"{path}: label_names must be {MAX_CLASSES} at most, got {len(names)}.")
    return texts(names, f"{path}: label_names")


def count_classes(labels, what):
    """int: the highest label of a list of arrays, plus 1.

    Raises:
        InputError: if it is so high that the labels cannot be classes.
    """
    count = 1 + max(int(values.max()) for values in labels)
    if count > MAX_CLASSES:
        raise InputError(
            f"{what}: labels must lie below {MAX_CLASSES}, got {count - 1}: "
            "number the classes 0, 1, 2, ..."
        )
    return count


def _read(path):
    """(dict of the arrays in the file that have a meaning here, names of all)."""

    def line(reason):
        return (
            f"{path} must be an npz file of plain arrays, and cannot be read ({reason}): "
            "write it with numpy.savez(FILE, images=..., labels=...)."
        )

    names = {name for layout in _LAYOUTS for pair in layout.values() for name in pair}
    try:
        with refusing(line, but=FileNotFoundError):
            return read_npz(path, {*names, *tags.NAMES, _NAMES})
    except FileNotFoundError:
        raise InputError(
            f"expected an npz file at {path}, found none: check the path in npz:FILE."
        ) from None


def _splits(arrays, path, names):
    """dict: the source's split -> (images, labels)."""
    for layout in _LAYOUTS:
        if layout["train"][0] not in arrays:
            continue
        present = {split: keys for split, keys in layout.items() if keys[0] in arrays}
        labelled = {split: keys[1] in arrays for split, keys in present.items()}
        if len(set(labelled.values())) > 1:
            missing = next(present[split][1] for split in labelled if not labelled[split])
            raise InputError(
                f"{path}: expected labels for every split or for none, found no {missing}: "
                "add it, or leave both out."
            )
        return {
            split: _pair(arrays[images], images, arrays.get(labels), labels, path)
            for split, (images, labels) in present.items()
        }
    found = ", ".join(names)[:200] or "nothing"
    raise InputError(
        f"{path} must hold an array `images` (or `x`, or `x_train`), it holds {found}: "
        "write it with numpy.savez(FILE, images=..., labels=...)."
    )


def _pair(images, images_key, labels, labels_key, path):
    images = _images(images, f"{path}: {images_key}")
    if labels is not None:
        labels = _labels(labels, len(images), f"{path}: {labels_key}")
    return images, labels


def _images(images, what):
    """uint8 or float32 `(n, height, width, channels)`."""
    if images.ndim == 3:
        images = images[..., np.newaxis]  # (N, H, W, 1)
    if images.ndim != 4 or 0 in images.shape:
        raise InputError(
            f"{what} must have shape (n, height, width) or (n, height, width, channels), "
            f"got {images.shape}: reshape it."
        )
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind != "f":
        raise InputError(
            f"{what} must be uint8, or float in [0, 1], got {images.dtype}: "
            "convert it with .astype('uint8')."
        )
    low, high = images.min(), images.max()  # NaN if any value is
    if not (low >= 0 and high <= 1):
        value = "NaN" if np.isnan(low) else f"{low if low < 0 else high:g}"
        remedy = "remove such images" if value == "NaN" else "rescale it, or save uint8 0 to 255"
        raise InputError(f"{what} must be float in [0, 1], found {value}: {remedy}.")
    return images.astype("float32")


def _labels(labels, count, what):
    """int32 `(n,)`; int32 `(n, labels)` of 0 and 1; or float32 `(n, dim)`."""
    if labels.ndim == 2 and labels.shape[1] == 1 and labels.dtype.kind in "iu":
        labels = labels[:, 0]  # (N,), as keras.datasets.cifar10 has them
    if labels.ndim and len(labels) != count:
        raise InputError(f"{what} must be one an image, got {len(labels)} for {count} images.")
    if labels.ndim == 2 and labels.shape[1] and labels.dtype.kind in "biuf":
        return _rows(labels, what)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise InputError(
            f"{what} must be whole numbers of shape (n,), got {labels.dtype} {labels.shape}: "
            "give one class index an image, or 0 and 1 of shape (n, labels) where it has several."
        )
    if labels.min() < 0:
        raise InputError(f"{what} must be at least 0, found {labels.min()}: number from 0.")
    if labels.max() >= MAX_CLASSES:  # before int32 would wrap it
        count_classes([labels], what)
    return labels.astype("int32")


def _rows(labels, what):
    """Several labels at once, or vectors: see `_labels`."""
    binary = bool(np.isin(labels, (0, 1)).all())
    if labels.dtype.kind != "f":
        if not binary:
            raise InputError(
                f"{what} of shape {labels.shape} must be 0 or 1, one column per label that an image "
                "may have, or float vectors: convert them."
            )
        return labels.astype("int32")
    if binary:
        raise InputError(
            f"{what} of shape {labels.shape} are all 0 or 1, but float: save one_hot.argmax(axis=1) if "
            "an image has one class, .astype('uint8') if it may have several labels."
        )
    return Vector(labels.shape[1]).check(labels)
