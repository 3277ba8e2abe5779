"""The callback that keeps the last few states of training, and lets it stop where one is whole."""

import time
from pathlib import Path

import keras

from tfgan import checkpoints
from tfgan.callbacks.guard import are_finite
from tfgan.checks import at_least_one
from tfgan.errors import InputError, StoppedError
from tfgan.processes import Team

_SECONDS = 30.0
_SHARE = 1 / 50  # of the time, that writing takes at most where the seconds are left open


class Checkpoint(keras.callbacks.Callback):
    """Keeps the last few states of training in a folder, each written whole or not at all.

    Written where a call of the training program ends (every `steps_per_execution` steps), if that is
    due; at the end of the first epoch, of others if it is due; at the end of `fit`; and where training
    diverged, as it was before. Never with a weight that is NaN or infinite. See `tfgan.checkpoints` for
    the files, and its `restore` for how training goes on from them. It belongs last in the list of
    callbacks.

    Args:
        folder: of the checkpoints; made if it does not exist.
        seconds: float > 0. Time between two of them; None is 30, and more where writing would take
            over a fiftieth of the time.
        steps: int >= 1 or None. Training steps between two of them, besides.
        keep: int >= 1. How many are kept.
        callbacks: others of this `fit`, whose memory (`kept_state`) belongs to the state.
        stopping: `tfgan.stopping.Stopping` or None. Where it was asked, training saves and ends.
        team: `tfgan.processes.Team` of processes that train together: each has this callback, the chief
            writes, and training ends in all where one of them was asked or its `stop_training` set.

    Raises:
        InputError: if a number is out of range, or the folder is called like a file.
        StoppedError: when a step is done, if `stopping` was asked.
    """

    def __init__(
        self, folder, *, seconds=None, steps=None, keep=3, callbacks=(), stopping=None, team=None
    ):
        super().__init__()
        self.folder = Path(folder)
        if self.folder.suffix == ".keras":
            raise InputError(
                f"Checkpoint keeps several files in a folder, got {folder}: name a folder."
            )
        if seconds is not None and not seconds > 0:
            raise InputError(f"seconds must be a positive number or None, got {seconds!r}.")
        self.seconds = seconds
        self.steps = None if steps is None else at_least_one("steps", steps)
        self.keep = at_least_one("keep", keep)
        self.others = callbacks
        self.stopping = stopping
        self.team = team or Team()

    def on_train_begin(self, logs=None):
        self._epoch = None
        self._written = None  # where the newest checkpoint of this `fit` stands
        self._written_at = time.monotonic()
        self._written_in = 0.0
        self._written_steps = self._train_steps()
        self.model.keep_state = self._keep_before
        asked, _ = self._agreed()
        if asked:
            raise StoppedError("stopped before the first step")

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch
        self._began = epoch, self._train_steps() - self.model.train_function.begun

    def on_train_batch_end(self, batch, logs=None):
        asked, due = self._agreed()
        if asked or due:
            # Keras's count goes beyond the batches of an epoch's last call.
            self._write(self._epoch, self.model.train_function.done)
        if asked:
            self._stop()

    def on_epoch_end(self, epoch, logs=None):
        asked, due = self._agreed()
        if asked or due or self._written is None:
            self._write(epoch + 1, 0)
        if asked and epoch + 1 < self.params.get("epochs", 0):
            self._stop()
        self._epoch = epoch + 1

    def on_train_end(self, logs=None):
        if self._epoch is not None:
            self._write(self._epoch, 0)

    def _keep_before(self):
        """Writes the GAN as `fit` puts it back where it diverged.

        An epoch whose steps are all done is not at its end: nothing has logged it. What is judged a
        call late, or seen in weights alone, may have begun in an epoch before the one begun last.
        """
        epoch, steps = self._began
        done, whole = self._train_steps() - steps, self.params.get("steps")
        if done < 0 and whole:
            back, done = divmod(done, whole)
            epoch += back
        if self._train_steps() and done >= 0:
            self._write(epoch, done)

    def _agreed(self):
        """Whether training is to stop, and whether a checkpoint is due, in any of the processes."""
        asked = self.stopping is not None and self.stopping.asked
        flags = (asked, self._is_due(), self.model.stop_training)
        asked, due, self.model.stop_training = self.team.any(*flags)
        return asked, due

    def _is_due(self):
        seconds = self.seconds or max(_SECONDS, self._written_in / _SHARE)
        if time.monotonic() - self._written_at >= seconds:
            return True
        return self.steps is not None and self._train_steps() - self._written_steps >= self.steps

    def _write(self, epoch, step):
        if self._written == (epoch, step) or not are_finite(self.model):
            return
        start, steps = time.monotonic(), self._train_steps()
        position = checkpoints.position_of(self.model, epoch, step, self.others)
        if self.team.chief:
            checkpoints.save(self.model, checkpoints.file_of(self.folder, steps), position)
            checkpoints.keep(self.folder, self.keep)
        self._written, self._written_steps = (epoch, step), steps
        self._written_at = time.monotonic()
        self._written_in = self._written_at - start

    def _stop(self):
        raise StoppedError(f"stopped after step {self._train_steps()}")

    def _train_steps(self):
        return int(self.model.train_steps.numpy())
