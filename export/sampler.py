"""Images by number: what a data set of samples is made of.

Image i of a data set is the image of row seed `(seed << 32) + i`, as the signature `sample` defines
it. The network always runs on the same rows at once, whatever is asked for: sums round otherwise in
batches of another size.
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfgan.conditions import Kind, Labels, MultiLabel, Vector
from tfgan.errors import InputError
from tfgan.export import card, signatures
from tfgan.export.comparison import sha256
from tfgan.export.verify import newest
from tfgan.gan import GAN
from tfgan.reading import read_json, refusing

SEED_SHIFT = 32
_CHUNK_VALUES = 2**21  # of images at once, whatever their size
_LARGEST_CHUNK = 512  # images; larger ones are no faster


class Rows(NamedTuple):
    """Some images in a row.

    Attributes:
        start: int, number of the first.
        seeds: int64 `(n,)`.
        condition: int32 `(n,)` or `(n, num_labels)`, float32 `(n, dim)` or None.
        images: uint8 `(n, H, W, C)`; float32 `(n, ...)` of what is not in [0, 1]; or PNG files, as
            bytes in an object array `(n,)`.
    """

    start: int
    seeds: np.ndarray
    condition: np.ndarray | None
    images: np.ndarray

    def between(self, start, stop):
        """Those of them numbered `start` to `stop - 1`."""
        part = slice(max(0, start - self.start), stop - self.start)
        condition = None if self.condition is None else self.condition[part]
        return Rows(self.start + part.start, self.seeds[part], condition, self.images[part])


class Generator(NamedTuple):
    """A generator as its `sample` signature, wherever it comes from.

    Attributes:
        sample: function of `seeds` (and `condition`) -> {"images"}.
        image_shape: tuple.
        bounded: bool, whether its images lie in [0, 1].
        png: bool, whether PNG files can hold them.
        condition: `tfgan.conditions.Kind` or None.
        seen: some conditions of the training data `(n, dim)`; None of labels, or where none are known.
        class_names: list of str or None.
        made_of: dict, what tells it from others.
        max_batch: int or None. Rows that it takes at once.
        keep: what has to live as long as `sample`.
    """

    sample: object
    image_shape: tuple
    bounded: bool
    png: bool
    condition: Kind | None
    seen: np.ndarray | None
    class_names: list | None
    made_of: dict
    max_batch: int | None
    keep: object


def open_generator(source):
    """Returns the `Generator` of a GAN, a run directory or a SavedModel (the newest of its versions).

    Raises:
        InputError: if it is none of them or cannot be read, or if nobody said what its condition is.
    """
    if isinstance(source, GAN):
        return _of_gan(card.source_of(source), {"weights_sha256": _weights_hash(source)})
    if not isinstance(source, (str, Path)):
        raise InputError(f"expected a GAN, a run directory or a SavedModel, got {source!r}.")
    path = Path(source)
    if not path.exists():
        raise InputError(f"{path} does not exist: give a run directory or a SavedModel.")
    if (path / "gan.keras").is_file():
        return _of_gan(card.source_of(path), {"gan.keras_sha256": sha256(path / "gan.keras")})
    return _of_saved_model(newest(path))


def _of_gan(source, made_of):
    gan = source.gan
    if gan.conditional and gan.condition is None:
        raise InputError(
            "nobody said what this CGAN's condition is: make it with CGAN(..., condition=...)."
        )
    names = signatures.of_images(gan)
    module, by_name = signatures.module(gan, names=("sample",))
    return Generator(
        by_name["sample"],
        tuple(gan.image_shape),
        "uint8" in names,
        "sample_png" in names,
        gan.condition,
        _seen_rows(gan),
        source.config.get("class_names"),
        made_of,
        None,
        module,
    )


def _seen_rows(gan):
    rows = getattr(gan.seen_conditions, "rows", None)
    return None if rows is None or not len(rows) else rows


def _of_saved_model(path):
    if not (path / "saved_model.pb").is_file():
        raise InputError(f"{path} holds neither a finished run (gan.keras) nor a SavedModel.")
    with refusing(lambda reason: f"{path} has no readable signature `sample` ({reason})."):
        loaded = tf.saved_model.load(str(path))
        sample = loaded.signatures["sample"]
        inputs = sample.structured_input_signature[1]
        shape = tuple(map(int, sample.structured_outputs["images"].shape[1:]))
    condition, class_names = _condition_of(path, inputs.get("condition"))
    return Generator(
        sample,
        shape,
        "uint8" in loaded.signatures,
        "sample_png" in loaded.signatures,
        condition,
        None,
        class_names,
        {"saved_model_sha256": _files_hash(path)},
        _max_batch_of(path),
        loaded,
    )


def _max_batch_of(path):
    """How many rows a SavedModel takes; None of one that an older tfgan wrote, which takes any."""
    file = path / card.LIMITS
    if not file.is_file():
        return None
    remedy = "restore it, or export anew"
    limits = read_json(file, remedy)
    with refusing(lambda reason: f"{file} is damaged ({reason}): {remedy}."):
        return max(1, int(limits["max_batch"]))


def _condition_of(path, spec):
    """(condition, class names) of a SavedModel."""
    if spec is None:
        return None, None
    if len(spec.shape) == 2 and spec.dtype == tf.float32:
        return Vector(spec.shape[1]), None
    if len(spec.shape) not in (1, 2) or spec.dtype != tf.int32:
        raise InputError(
            f"{path} takes conditions {spec.dtype.name} {spec.shape}, expected labels or vectors: "
            "make the CGAN with CGAN(..., condition=...), and export anew."
        )
    file, remedy = path / card.CLASSES, "export anew"
    with refusing(lambda reason: f"{file} does not say how many classes there are: {remedy}."):
        classes = read_json(file, remedy)
        names, several = classes["class_names"], len(spec.shape) == 2
        kind = MultiLabel(classes["num_labels"]) if several else Labels(classes["num_classes"])
        count = classes["num_labels" if several else "num_classes"]
        if names is not None and (len(names) != count or not all(isinstance(n, str) for n in names)):
            raise ValueError
        return kind, names


def _files_hash(path):
    files = [path / "saved_model.pb", *sorted((path / "variables").iterdir())]
    return hashlib.sha256("".join(map(sha256, files)).encode()).hexdigest()


def _weights_hash(gan):
    digest = hashlib.sha256(gan.noise.encode())
    for variable in gan.sampler.variables:
        digest.update(f"{variable.path} {variable.shape} {variable.dtype}".encode())
        digest.update(np.ascontiguousarray(variable.numpy()).data.tobytes())
    return digest.hexdigest()


class Sampler:
    """Makes the images of a generator, by number.

    Args:
        generator: `Generator`.
        seed: int from 0 to 2**31 - 1.
        condition: int32 `(n,)` or float32 `(n, dim)`, taken in turn, or None without condition.
        as_png: bool. Whether images come as PNG files.
    """

    def __init__(self, generator, seed, condition, *, as_png):
        self.generator = generator
        self.seed = seed
        self.condition = condition
        values = int(np.prod(generator.image_shape))
        largest = max(1, min(_LARGEST_CHUNK, _CHUNK_VALUES // values))
        largest = min(largest, generator.max_batch or largest)
        self.chunk_size = 1 << (largest.bit_length() - 1)
        self._run = self._compiled(as_png)

    def chunk(self, start):
        """Returns the `Rows` from number `start` on, a multiple of `chunk_size`, that many.

        Raises:
            InputError: if the network makes numbers that are not finite.
        """
        numbers = start + np.arange(self.chunk_size, dtype="int64")
        seeds = (self.seed << SEED_SHIFT) + numbers
        given = [tf.constant(seeds)]
        condition = None
        if self.condition is not None:
            condition = self.condition[numbers % len(self.condition)]
            given.append(tf.constant(condition))
        try:
            images = self._run(*given).numpy()
        except tf.errors.InvalidArgumentError as error:
            reason = _reason(error.message)
            raise InputError(
                f"the generator fails at images {start} to {numbers[-1]}: {reason}"
            ) from None
        return Rows(start, seeds, condition, images)

    def _compiled(self, as_png):
        sample, bounded = self.generator.sample, self.generator.bounded
        specs = [tf.TensorSpec((self.chunk_size,), tf.int64)]
        if self.condition is not None:
            shape = (self.chunk_size, *self.condition.shape[1:])
            specs.append(tf.TensorSpec(shape, self.condition.dtype))

        @tf.function(input_signature=specs, autograph=False)
        def run(seeds, *condition):
            given = {"condition": condition[0]} if condition else {}
            images = tf.debugging.check_numerics(sample(seeds=seeds, **given)["images"], "the images")
            if not bounded:
                return images
            pixels = signatures.pixels(images)
            return tf.io.encode_png(pixels) if as_png else pixels

        return run.get_concrete_function()


def _reason(message):
    """The line that says why, of an error that begins with where in the graph it was."""
    lines = [line.strip() for line in message.splitlines()]
    where = ("File ", "[[", "Detected at", "Graph execution", "Stack trace", "<")
    lines = [line for line in lines if line and not line.startswith(where)]
    return lines[-1][:200] if lines else "no reason given"
