"""What a run goes on from, and what it says where it cannot."""

import contextlib
import re

import tensorflow as tf

from tfgan import checkpoints, keras_files, recorded
from tfgan.errors import InputError, shortened
from tfgan.files import unwritable

_OLD = "last.keras"  # the only checkpoint, in runs of earlier versions
_OF_DATA = re.compile(r"([^\n]*)\n\s*\[\[\{\{node .*IteratorGetNext", re.DOTALL)  # TensorFlow's words
_OF_MEMORY = re.compile(r"\b(OOM|Out of memory)\b[^\n]*", re.IGNORECASE)  # behind where it happened


def last(kept):
    """The newest checkpoint of a run's folder of them, that of an earlier version, or None."""
    old = kept / _OLD
    return checkpoints.newest(kept) or (old if old.is_file() else None)


def check(path):
    """Refuses to go on with a run that was trained on and has no checkpoint: it would begin anew.

    Args:
        path: run directory. One that was killed in its first epoch has none, and one row at most.

    Raises:
        InputError: if so.
    """
    log = path / "metrics.csv"
    epochs = len(recorded.read_log(log)) if log.is_file() else 0
    if last(path / "checkpoints") is None and (epochs > 1 or (path / "gan.keras").is_file()):
        raise InputError(
            f"{path / 'checkpoints'} holds no checkpoint, and the run has trained {epochs} epochs: "
            "restore one, or train anew into another --out."
        )


def restore(gan, kept, steps_per_epoch):
    """Loads the newest whole checkpoint of a run, if there is one; returns its `Position`.

    Raises:
        InputError: as `checkpoints.restore`.
    """
    found = last(kept)
    if found is not None and found.name == _OLD:
        checkpoints.read(found, lambda file: keras_files.load_weights(gan, file))
        return checkpoints.Position(int(gan.train_steps.numpy()) // steps_per_epoch)
    return checkpoints.restore(gan, kept)


def kept_text(path):
    """Says what a run directory keeps."""
    kept = last(path / "checkpoints")
    return "nothing was kept" if kept is None else f"the last good state is {kept}, and whole"


@contextlib.contextmanager
def told(path):
    """Makes a line, which says what is kept, of a full disk, a full memory, and unreadable data.

    Args:
        path: run directory.
    """
    try:
        yield
    except InputError:
        raise
    except (OSError, RuntimeError, ValueError, tf.errors.OpError) as error:
        state = kept_text(path)
        if reason := unwritable(error):
            raise InputError(
                f"{path} cannot be written to ({reason}): training stopped, {state}; make room or "
                "choose another --out, and go on with --resume."
            ) from error
        if isinstance(error, tf.errors.ResourceExhaustedError):
            found = _OF_MEMORY.search(str(error))
            reason = shortened(found[0] if found else error)
            raise InputError(
                f"memory ran out ({reason}): training stopped, {state}; go on with --resume where "
                "there is more, or train anew with a smaller batch_size or network."
            ) from error
        if found := _OF_DATA.search(
            str(error)
        ):  # such as images of large folders are decoded in training
            raise InputError(
                f"an image cannot be read ({shortened(found[1])}): training stopped, {state}; restore "
                "the data, or remove what is damaged and train anew."
            ) from error
        raise
