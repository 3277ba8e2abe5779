"""Images as features, with tags whose words are vectors: the data of the paper's automated tagging.

An npz file holds

    features      (images, dim) float: what an image network says of each image
    word_vectors  (words, word_dim) float: what a language model says of each word
    tags          (n, 2) int: (image, word) pairs, each image once per tag
    words         (words,) str, optional: how the words are written

An element of a split is (word vector, features). Images without a tag are left out. Splits are of
images: all tags of an image are in one split.

Reference:
    Mirza & Osindero, 2014, section 4.2 (arXiv 1411.1784).
"""

import hashlib

import numpy as np
import tensorflow as tf

from tfgan.data.dataset import Loaded, Split, Tags
from tfgan.data.splits import SPLITS, divide
from tfgan.errors import InputError

_NEEDED = ("features", "word_vectors", "tags")
NAMES = (*_NEEDED, "words")
_CHUNK_BYTES = 4 * 2**20  # gathered and handed on at a time


def are_in(arrays):
    """Whether arrays by name are of this layout, be it with one missing."""
    return any(name in arrays for name in _NEEDED) and not {"images", "x", "x_train"} & set(arrays)


def from_arrays(arrays, what, *, image_size):
    """Returns the `Loaded` of arrays by name.

    Args:
        arrays: dict, as described above.
        what: str. Where they come from, for error messages.
        image_size: (height, width) or None.

    Raises:
        InputError: if an array is missing or is not as described above.
    """
    missing = [name for name in _NEEDED if name not in arrays]
    if missing:
        raise InputError(
            f"{what} must hold features, word_vectors and tags, found no {missing[0]}: "
            "write it with numpy.savez(FILE, features=..., word_vectors=..., tags=...)."
        )
    if image_size is not None:
        raise InputError(f"{what} holds features, which have no size: leave image_size out.")
    features = _matrix(arrays["features"], f"{what}: features", "(images, dim)")
    vectors = _matrix(arrays["word_vectors"], f"{what}: word_vectors", "(words, word_dim)")
    zero = np.flatnonzero(~vectors.any(axis=1))
    if zero.size:
        raise InputError(
            f"{what}: word_vectors must not be 0, row {zero[0]} is: it has no direction, leave it out."
        )
    pairs = _pairs(arrays["tags"], len(features), len(vectors), f"{what}: tags")
    words = _words(arrays.get("words"), len(vectors), f"{what}: words")
    tagged = np.unique(pairs[:, 0])
    divided = divide({"train": len(tagged)}, what=what)
    rows = {split: tagged[index] for split, (_, index) in divided.items()}
    tags = Tags(features, vectors, words, pairs, rows)
    return Loaded(
        image_shape=vectors.shape[1:],
        splits=_splits(tags),
        fingerprint=_fingerprint(tags),
        tags=tags,
    )


def _matrix(array, what, shape):
    """float32 of an array of two axes."""
    if array.ndim != 2 or 0 in array.shape:
        raise InputError(f"{what} must have shape {shape}, got {array.shape}: reshape it.")
    if array.dtype.kind != "f":
        raise InputError(f"{what} must be float, got {array.dtype}: convert it.")
    with np.errstate(over="ignore"):  # becomes infinite, which is refused next
        array = array.astype("float32")
    broken = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if broken.size:
        raise InputError(
            f"{what} must be finite float32 numbers, row {broken[0]} has NaN or infinity: mend it."
        )
    return array


def _pairs(pairs, images, words, what):
    """int64 `(n, 2)`, sorted, without repetitions."""
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not len(pairs) or pairs.dtype.kind not in "iu":
        raise InputError(
            f"{what} must be whole numbers of shape (n, 2), one row (image, word) per tag, got "
            f"{pairs.dtype} {pairs.shape}: list the pairs."
        )
    for column, (name, count) in enumerate((("image", images), ("word", words))):
        low, high = int(pairs[:, column].min()), int(pairs[:, column].max())
        if low < 0 or high >= count:
            raise InputError(
                f"{what} must name {name}s in [0, {count}) in column {column}, found "
                f"{low if low < 0 else high}: number from 0."
            )
    return np.unique(pairs.astype("int64"), axis=0)


def _words(words, count, what):
    if words is None:
        return tuple(map(str, range(count)))
    if words.shape != (count,) or words.dtype.kind != "U":
        raise InputError(
            f"{what} must be {count} strings, one per word vector, got {words.dtype} {words.shape}: "
            "save numpy.array(words, dtype=str)."
        )
    return texts(words, what)


def texts(array, what):
    """tuple of str, of an array of strings.

    Raises:
        InputError: if one of them is no text: an array may hold any numbers.
    """
    try:
        found = tuple(map(str, array))
        "".join(found).encode()
    except (ValueError, SystemError):  # the latter of numbers that are no letters
        raise InputError(f"{what} must be strings, one of them is no text: save them anew.") from None
    return found


def _splits(tags):
    with tf.device("CPU"):  # once, whatever the number of pipelines: they capture it by reference
        features, vectors = tf.constant(tags.features), tf.constant(tags.word_vectors)
    chosen = {split: np.isin(tags.pairs[:, 0], tags.rows[split]) for split in SPLITS}
    return {split: _split(features, vectors, tags.pairs[rows]) for split, rows in chosen.items()}


def _split(features, vectors, pairs):
    """A split of tensors in memory: shuffles pairs, then gathers by the chunk."""

    def conditions(rows):
        return features.numpy()[pairs[rows, 0]]

    width = features.shape[1] + vectors.shape[1]
    chunk = int(np.clip(_CHUNK_BYTES // (4 * width), 1, 256))
    with tf.device("CPU"):
        held = tf.constant(pairs)

    def read(order, pixels):
        def gather(positions):
            picked = tf.gather(held, positions)  # (chunk, 2)
            return tf.gather(vectors, picked[:, 1]), tf.gather(features, picked[:, 0])

        return order.positions(len(pairs)).batch(chunk).map(gather).prefetch(2).unbatch()

    return Split(len(pairs), read, conditions)


def _fingerprint(tags):
    """sha256 prefix over all that is trained on, and which images are in which split."""
    digest = hashlib.sha256()
    parts = [tags.features, tags.word_vectors, tags.pairs, *(tags.rows[split] for split in SPLITS)]
    for part in parts:
        digest.update(f"{part.shape} {part.dtype}".encode())
        digest.update(np.ascontiguousarray(part).data)
    digest.update("\0".join(tags.words).encode())
    return digest.hexdigest()[:32]
