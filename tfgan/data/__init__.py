"""Images to train on: sources, and the `tf.data` pipeline they share.

>>> data = load("digits")
>>> data.image_shape, data.sizes
((8, 8, 1), {'train': 1439, 'valid': 179, 'test': 179})

A source is one file and one line in `SOURCES`: a function
`loader(argument, *, data_dir, image_size, memory_limit) -> Loaded`.
"""

import difflib
import os

from tfgan.data import digits, folder, idx, npz, stacked, tfd, tfds, toy
from tfgan.data.dataset import Data, Loaded, Tags, build
from tfgan.data.resize import check_image_size
from tfgan.data.stacked import Stack
from tfgan.errors import InputError

__all__ = ["SOURCES", "Data", "Loaded", "Stack", "Tags", "load"]


def _load_stacked(argument, **options):
    """Loads another source, and stacks its images."""
    if argument.startswith("stacked:"):
        raise InputError(
            f"stacked:{argument[:60]} stacks grey images with class labels, not stacked ones: choose "
            "another source, such as stacked:mnist."
        )
    loader, inner = _find(argument)
    return stacked.of(loader(inner, **options), f"stacked:{argument}")


# Name or prefix -> loader. A prefix ends in a colon; its loader gets what follows the colon, the
# loader of a plain name gets the name.
SOURCES = {
    "digits": digits.load,
    "mnist": tfds.load,
    "fashion_mnist": tfds.load,
    "cifar10": tfds.load,
    "tfds:": tfds.load,
    "folder:": folder.load,
    "npz:": npz.load,
    "idx:": idx.load,
    "toy:": toy.load,
    "tfd:": tfd.load,
    "stacked:": _load_stacked,
}
# What follows each prefix, for error messages.
_ARGUMENTS = {
    "tfds:": "NAME[/CONFIG]",
    "folder:": "DIR",
    "npz:": "FILE",
    "idx:": "DIR",
    "toy:": "NAME",
    "tfd:": "FILE.mat[:FOLD]",
    "stacked:": "SOURCE",
}


def load(source, *, data_dir=None, image_size=None, seed=0, memory_limit=2 * 2**30):
    """Loads images, and labels where the source has them.

    The split into train, valid and test is the source's own where it has one and otherwise fixed
    by a constant: it never depends on `seed`.

    Args:
        source: str. `digits`, `mnist`, `fashion_mnist`, `cifar10`, `tfds:NAME[/CONFIG]`,
            `folder:DIR`, `npz:FILE`, `idx:DIR`, `tfd:FILE.mat[:FOLD]`, `toy:NAME` (`ring`,
            `grid`, `tags`) or `stacked:SOURCE` (three grey images of SOURCE in the three channels);
            `~` is expanded.
        data_dir: str or None. Where TensorFlow Datasets keeps its files; default
            `$TFDS_DATA_DIR`, then TFDS's own default. Other sources ignore it.
        image_size: int, (height, width) or None. Images are cropped at the centre to this aspect
            ratio, then resized with antialiasing. None keeps their size.
        seed: int. Orders the training images, anew each epoch (as ever in TensorFlow, together
            with `tf.random.set_seed` where that was called).
        memory_limit: int, bytes. `folder:` and TFDS data that would take more than this as uint8
            pixels stream from disk; all else is kept in memory.

    Returns:
        `Data`.

    Raises:
        InputError: if the source is unknown, missing, unreadable or malformed.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed must be a whole number of at least 0, got {seed!r}: give seed=0.")
    loader, argument = _find(source)
    loaded = loader(
        argument,
        data_dir=data_dir,
        image_size=check_image_size(image_size),
        memory_limit=memory_limit,
    )
    return build(source, loaded, seed)


def load_square(source, largest, **options):
    """Loads images as squares, none enlarged: of their shorter side, at most `largest` pixels.

    Args:
        source: str, see `load`.
        largest: int. The side at most.
        **options: of `load`, but for `image_size`.

    Returns:
        `Data`. A folder's images have the median of their shorter sides.

    Raises:
        InputError: as `load`.
    """
    name, _, argument = source.partition(":")
    if name == "folder":
        side = folder.typical_side(os.path.expanduser(argument))
        return load(source, image_size=min(largest, side), **options)
    loaded = load(source, **options)
    height, width = loaded.image_shape[:2]
    side = min(largest, height, width)
    return loaded if height == width == side else load(source, image_size=side, **options)


def _find(source):
    """(loader, argument) of a source string."""
    if not isinstance(source, str):
        raise InputError(
            f"a data source is a string, got {type(source).__name__}: "
            "for arrays, save them with numpy.savez and give npz:FILE."
        )
    name, colon, argument = source.partition(":")
    key = name + colon
    if key not in SOURCES:
        raise InputError(_unknown(source, name))
    if colon and not argument:
        raise InputError(f"{key} names no {_argument(key)}: give {key}{_argument(key)}.")
    return SOURCES[key], os.path.expanduser(argument) if colon else name


def _argument(key):
    return _ARGUMENTS.get(key, "FILE")


def _unknown(source, name):
    """The error line for an unknown source."""
    known = ", ".join(key + _argument(key) if key.endswith(":") else key for key in SOURCES)
    plain = {key.rstrip(":"): key for key in SOURCES}
    close = difflib.get_close_matches(name.lower(), plain, n=1)
    if os.path.isdir(os.path.expanduser(source)):
        hint = f"did you mean folder:{source}?"
    elif source.lower().endswith(".npz"):
        hint = f"did you mean npz:{source}?"
    elif close:
        key = plain[close[0]]
        hint = f"did you mean {key + _argument(key) if key.endswith(':') else key}?"
    else:
        hint = f"for a TensorFlow Datasets name, give tfds:{name}."
    return f"unknown data source {source!r}, expected one of {known}: {hint}"
