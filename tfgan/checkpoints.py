"""Checkpoints: files of models that tell whether they are whole, and folders of the last few.

`step-000001234.keras` is a Keras file, which `keras.saving.load_model` reads, with one entry more,
`tfgan.json`: the sha256 of each other entry, and where training stood. That is its epoch, the batches
done of it, the sums behind its metrics and what callbacks remember: all that makes the next step what
it would have been, besides the model.
"""

import contextlib
import dataclasses
import hashlib
import itertools
import json
import lzma
import os
import re
import struct
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from tfgan import keras_files
from tfgan.errors import InputError, shortened
from tfgan.files import replacing
from tfgan.reading import open_regular

_SEAL = keras_files.SEAL
_FORMAT = 1
_NAME = re.compile(r"step-(\d{9,})\.keras")
_CHUNK = 1 << 20
# What zipfile raises of damaged archives (a wrong CRC, offsets and lengths that lead nowhere, methods
# that do not exist), and Keras and HDF5 of what is in them.
_DAMAGE = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError, NotImplementedError),
    *(struct.error, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)
_WRONG_STATE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_MOST = 2**31  # epochs, or steps of one, are fewer


class DamagedError(InputError):
    """A file is not what was written; `reason` says in a few words what is wrong."""

    def __init__(self, path, reason):
        super().__init__(f"{path} cannot be read ({reason}): restore it, or train anew.")
        self.reason = reason


@dataclasses.dataclass(frozen=True)
class Position:
    """Where training stands: what `fit` takes as `initial_epoch` and `initial_step`.

    Attributes:
        epoch: int. Epochs done.
        step: int. Batches done of the epoch after them.
        metrics: dict: metric's name -> list of what it adds up, in float32, over those batches:
            numbers, or lists of one a replica.
        callbacks: dict: class of a callback -> its `kept_state()`.
    """

    epoch: int = 0
    step: int = 0
    metrics: dict[str, list] = dataclasses.field(default_factory=dict)
    callbacks: dict[str, Any] = dataclasses.field(default_factory=dict)


def position_of(gan, epoch, step, callbacks=()):
    """The `Position` of a GAN in training, with what those of the callbacks remember that can tell.

    All processes of its strategy must call this.
    """
    metrics = {}
    if step:
        values = iter(gan.make_train_function().sums().T.tolist())
        for metric in gan.metrics:
            own = itertools.islice(values, len(metric.variables))
            metrics[metric.name] = [value[0] if len(value) == 1 else value for value in own]
    remembered = {type(one).__name__: one.kept_state() for one in _that_remember(callbacks)}
    return Position(epoch, step, metrics, remembered)


def put_back(position, gan, callbacks=()):
    """Sets a GAN's metrics, and what callbacks remember, to what they were at a position.

    Raises:
        DamagedError: if a callback cannot take back what it is said to remember.
    """
    values = [value for metric in gan.metrics for value in position.metrics.get(metric.name, ())]
    if len(values) == sum(len(metric.variables) for metric in gan.metrics):
        rows = np.reshape(np.array(values, "float32"), (len(values), -1)).T
        gan.make_train_function().put_sums(rows)
    for one in _that_remember(callbacks):
        name = type(one).__name__
        if name in position.callbacks:
            try:
                one.restore_state(position.callbacks[name])
            except _WRONG_STATE as error:
                raise DamagedError(
                    f"what the newest checkpoint says of {name}", shortened(repr(error))
                ) from error


def _that_remember(callbacks):
    return [one for one in callbacks if hasattr(one, "kept_state")]


def save(gan, path, position=None):
    """Writes a GAN as a sealed Keras file, whole or not at all.

    Args:
        gan: `tfgan.GAN`.
        path: `.keras` file.
        position: `Position` or None.
    """
    _spare_keras_its_examples()
    with replacing(path) as temporary:
        gan.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            seal = {
                "format": _FORMAT,
                "sha256": {name: _digest(archive, name) for name in archive.namelist()},
                "position": None if position is None else dataclasses.asdict(position),
            }
            archive.writestr(_SEAL, json.dumps(seal, indent=1))


def _spare_keras_its_examples():
    """Keras 3.15 makes an example of each kind of object at every save, and means to make it once.

    It looks for what it remembers under another name than it keeps it. An optimizer made for nothing
    leaves some 70 kB of TensorFlow's memory behind: a run saved every 30 seconds, 400 MB a day.
    """
    with contextlib.suppress(ImportError, AttributeError):  # of another version, which is as it is
        from keras.src.backend.common import global_state
        from keras.src.saving import saving_lib

        for kind in ("Functional", "Layer", "Metric", "Optimizer", "Sequential"):
            name = f"saving_attr_skiplist_{kind}"
            if global_state.get_global_attribute(name) is None:
                global_state.set_global_attribute(name, saving_lib.get_attr_skipset(kind))


def _digest(archive, name):
    digest = hashlib.sha256()
    with archive.open(name) as entry:
        while chunk := entry.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def check(path):
    """Checks that a Keras file is what was written.

    Args:
        path: `.keras` file; one without a seal, such as `model.save` writes, is checked by its CRC.

    Returns:
        Its `Position`, or None where it has none.

    Raises:
        DamagedError: if it is not.
        InputError: if a newer version of tfgan wrote it.
    """
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            keras_files.check_members(archive.infolist())
            if _SEAL not in archive.namelist():
                if (name := archive.testzip()) is not None:
                    raise DamagedError(path, f"{name} has another CRC")
                return None
            seal = json.loads(archive.read(_SEAL))
            if seal["format"] > _FORMAT:
                raise InputError(
                    f"{path} was written by a newer version of tfgan (format {seal['format']}, this "
                    f"one reads {_FORMAT}): update tfgan."
                )
            names = set(archive.namelist()) - {_SEAL}
            found = {name: _digest(archive, name) for name in names}
            if found != seal["sha256"]:
                raise DamagedError(path, "its content has another sha256")
            return None if seal["position"] is None else _position(**seal["position"])
    except InputError:
        raise
    except _DAMAGE as error:
        raise DamagedError(path, shortened(error)) from error


def _position(**found):
    """The `Position` of a seal; ValueError where an entry is none that `position_of` gives."""
    position = Position(**found)
    for name, is_right in _ENTRIES.items():
        value = getattr(position, name)
        if not is_right(value):
            raise ValueError(f"its {name} is {repr(value)[:60]}")
    return position


def _is_count(value):
    return type(value) is int and 0 <= value < _MOST


def _are_sums(value):
    return isinstance(value, dict) and all(isinstance(s, list) and _is_array(s) for s in value.values())


def _is_array(values):
    try:
        array = np.array(values)
    except ValueError:  # lists of several lengths
        return False
    return array.dtype.kind in "if" and array.ndim in (1, 2)


def _are_states(value):
    return isinstance(value, dict) and all(isinstance(state, dict) for state in value.values())


# What each entry of a position must be.
_ENTRIES = {"epoch": _is_count, "step": _is_count, "metrics": _are_sums, "callbacks": _are_states}


def read(path, reader):
    """Checks a Keras file and reads it.

    Args:
        path: `.keras` file.
        reader: function of the path, such as `tfgan.keras_files.load_model`.

    Returns:
        What the reader returns, and the file's `Position` or None.

    Raises:
        DamagedError: if it is damaged or cannot be read.
    """
    position = check(path)
    try:
        return reader(path), position
    except _DAMAGE as error:
        raise DamagedError(path, shortened(error)) from error


def file_of(folder, steps):
    """`pathlib.Path` of the checkpoint after so many training steps."""
    return Path(folder) / f"step-{steps:09d}.keras"


def files(folder):
    """The checkpoints of a folder, `pathlib.Path`s, newest first.

    Raises:
        OSError: if it is no folder, or may not be read.
    """
    folder = Path(folder)
    names = os.listdir(folder) if folder.exists() else []
    found = [(_NAME.fullmatch(name), folder / name) for name in names]
    numbered = [(int(match.group(1)), path) for match, path in found if match]
    return [path for _, path in sorted(numbered, reverse=True)]


def newest(folder):
    """The newest checkpoint of a folder by name, `pathlib.Path`, or None."""
    return next(iter(files(folder)), None)


def keep(folder, count):
    """Removes all checkpoints of a folder but the newest `count`."""
    for path in files(folder)[count:]:
        path.unlink(missing_ok=True)


def restore(gan, folder, *, callbacks=(), say=None):
    """Loads the newest whole checkpoint of a folder into a compiled GAN.

    A damaged one is told, set aside as `.damaged`, and the one before it taken.

    Args:
        gan: compiled `tfgan.GAN`, built like the one that was saved.
        folder: what `callbacks.Checkpoint` was given.
        callbacks: those of `fit`: what they remember is put back.
        say: function of a line, called for each damaged checkpoint; None prints to stderr.

    Returns:
        `Position` from which `fit(initial_epoch=, initial_step=)` goes on, the same to the last bit
        where its data come in the same order; `Position(0, 0)` if there is no checkpoint.

    Raises:
        InputError: if there are checkpoints and none of them is whole.
    """
    damaged = []
    for path in files(folder):
        try:
            _, position = read(path, lambda file: keras_files.load_weights(gan, file))
            if position is None:
                raise DamagedError(path, f"it does not say where training stood, no {_SEAL}")
            put_back(position, gan, callbacks)
        except DamagedError as error:
            damaged.append((path, error))
            continue
        for one, why in damaged:
            (say or _warn)(f"{one} is damaged ({why.reason}): going on from {path.name}, before it.")
            # Its number is higher than those to come: it would be taken for the newest again.
            one.replace(one.with_name(one.name + ".damaged"))
        return position
    if damaged:
        _, why = damaged[0]
        if len(damaged) == 1:
            raise why
        raise InputError(
            f"none of the {len(damaged)} checkpoints in {folder} can be read ({why.reason}): "
            "restore one, or train anew."
        )
    return Position()


def _warn(line):
    print(f"tfgan: {line}", file=sys.stderr)
