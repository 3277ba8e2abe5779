"""Callbacks that write: the best model, a log, a trace."""

import csv
import io
import math
import sys
import time
from pathlib import Path

import keras
import tensorflow as tf

from tfgan import checkpoints
from tfgan.callbacks.sampling import check_drawable, even_samples, is_due
from tfgan.checks import at_least_one
from tfgan.errors import InputError
from tfgan.files import replacing
from tfgan.metrics import parzen
from tfgan.recorded import read_log


class BestParzen(keras.callbacks.Callback):
    """Keeps the model of the highest Parzen log-likelihood of validation images.

    Adds `val_parzen` (nats) to the logs of the epochs it measures; `val_parzen_raw` with `ema=False`.

    Args:
        path: `.keras` file for the best model.
        valid: validation images `(n, H, W, C)`; the papers use 1,000.
        every: int >= 1. Epochs between measurements.
        samples: int. Images drawn, spread evenly over the classes; the papers use 10,000.
        best: float. Only a score above this one is kept: what an earlier part of the run reached.
        seed: int. Of the latents.
        ema: bool. False leaves the generator's moving average aside, where there is one.

    Raises:
        InputError: if `every` is below 1; when training begins, if the GAN does not know how its
            conditions are distributed.

    Reference:
        Mirza & Osindero, 2014, section 4.1 (arXiv 1411.1784): the best estimate on the validation
        set was the stopping point.
    """

    def __init__(self, path, valid, *, every=1, samples=10_000, best=-math.inf, seed=0, ema=True):
        super().__init__()
        self.path = Path(path)
        self.valid = valid
        self.every = at_least_one("every", every)
        self.samples = samples
        self.best = best
        self.seed = seed
        self.ema = ema
        self.name = "val_parzen" if ema else "val_parzen_raw"

    def on_train_begin(self, logs=None):
        check_drawable(self)

    def on_epoch_end(self, epoch, logs=None):
        if not is_due(self, epoch):
            return
        raw = {} if self.ema else {"ema": False}
        images, _ = even_samples(self.model, self.samples, seed=self.seed, **raw)
        _, means = parzen.select_sigma(images, self.valid)
        value = float(means.max())
        if logs is not None:
            logs[self.name] = value
        if value > self.best:
            self.best = value
            checkpoints.save(self.model, self.path)


class MetricsLog(keras.callbacks.Callback):
    """A CSV file with a row per epoch, replaced whole; a run that goes on keeps its rows.

    How many seconds each epoch took goes to another file beside it, `times.csv`: the log itself is the
    same for the same training.

    Args:
        path: `.csv` file.
        first_epoch: int. Epochs done: later rows, of an epoch whose checkpoint was lost, go.

    Raises:
        InputError: if the log is damaged, or lacks an epoch that was done.
    """

    def __init__(self, path, *, first_epoch=0):
        super().__init__()
        self.path = Path(path)
        self.times_path = self.path.with_name("times.csv")
        self.rows, times = (
            [r for r in read_log(file) if int(r["epoch"]) <= first_epoch]
            if first_epoch and file.is_file()
            else []
            for file in (self.path, self.times_path)
        )  # of earlier parts of the run
        found = [int(row["epoch"]) for row in self.rows]
        if found != list(range(1, first_epoch + 1)):
            raise InputError(
                f"{self.path} must have a row for each of the {first_epoch} epochs that were trained, "
                f"and has {len(found)} of them: restore it, or train anew."
            )
        self._log, self._times = _Lines(self.rows), _Lines(times)
        self._before = 0.0  # seconds of an epoch that were before this `fit`

    def best(self, name):
        """Returns the highest value of a column so far, or -infinity."""
        return max((float(row[name]) for row in self.rows if row.get(name)), default=-math.inf)

    def kept_state(self):
        return {"seconds": self._seconds()}

    def restore_state(self, state):
        self._before = float(state["seconds"])

    def on_epoch_begin(self, epoch, logs=None):
        self._start = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        self._log.append({"epoch": epoch + 1, **(logs or {})})
        self._times.append({"epoch": epoch + 1, "seconds": round(self._seconds(), 3)})
        self._before, self._start = 0.0, time.monotonic()
        self._times.write(self.times_path)
        self._log.write(self.path)

    def _seconds(self):
        return self._before + time.monotonic() - self._start


class _Lines:
    """Rows of a CSV file, kept as its lines.

    All lines are written after every epoch: made anew from numbers each time, those of some thousand
    short epochs took longer than the training, and as dicts took several times the memory.
    """

    def __init__(self, rows):
        self._names: list[str] = []
        self._lines: list[str] = []
        for row in rows:
            self.append(row)

    def append(self, row):
        new = [name for name in row if name not in self._names]
        if new:
            more = "," * len(new)
            self._lines = [f"{line[:-2]}{more}\r\n" for line in self._lines]
            self._names += new
        self._lines.append(_csv_line(row.get(name, "") for name in self._names))

    def write(self, path):
        with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
            file.write(_csv_line(self._names))
            file.writelines(self._lines)


def _csv_line(values):
    with io.StringIO(newline="") as text:
        csv.writer(text).writerow(values)
        return text.getvalue()


class Profile(keras.callbacks.Callback):
    """Traces a few calls of the training program, which TensorBoard's profile plugin shows.

    The first call, which compiles, is left out.

    Args:
        directory: where the trace goes; TensorBoard's log directory.
        calls: int >= 1. Of `steps_per_execution` steps each.
    """

    def __init__(self, directory, *, calls=3):
        super().__init__()
        self.directory = Path(directory)
        self.calls = at_least_one("calls", calls)
        self._running = False

    def on_train_begin(self, logs=None):
        self._stop()  # what a `fit` that raised left running
        self._done = 0

    def on_train_batch_begin(self, batch, logs=None):
        if self._done == 1 and not self._running:
            tf.profiler.experimental.start(str(self.directory))
            self._running = True

    def on_train_batch_end(self, batch, logs=None):
        self._done += 1
        if self._done == 1 + self.calls:
            self._stop()

    def on_train_end(self, logs=None):
        self._stop()
        if self._done < 2:
            print(
                f"no trace was written: there was {self._done} call of the training program, the one "
                "that compiles; train more epochs, or take fewer steps at a time.",
                file=sys.stderr,
            )

    def _stop(self):
        if self._running:
            tf.profiler.experimental.stop()
            self._running = False
