"""Callbacks that write: the model, the best model, a log, a trace."""

import csv
import io
import math
import sys
import time
from pathlib import Path

import keras
import tensorflow as tf

from tfgan.callbacks.guard import are_finite
from tfgan.callbacks.sampling import check_drawable, even_samples, is_due
from tfgan.checks import at_least_one
from tfgan.files import read_csv, replacing
from tfgan.metrics import parzen


class Checkpoint(keras.callbacks.Callback):
    """Keeps the model in one file, replaced whole: a kill leaves the file of before.

    Written at the end of the first epoch, of others if the last time was long enough ago, and at the
    end of `fit`; never with a weight that is NaN or infinite: the file then stays as it was.

    Args:
        path: `.keras` file.
        seconds: float. Least time between two writes.
    """

    def __init__(self, path, *, seconds=30.0):
        super().__init__()
        self.path = Path(path)
        self.seconds = seconds

    def on_train_begin(self, logs=None):
        self._last = -math.inf

    def on_epoch_end(self, epoch, logs=None):
        if time.monotonic() - self._last >= self.seconds:
            self._save()

    def on_train_end(self, logs=None):
        self._save()

    def _save(self):
        if not are_finite(self.model):
            return
        with replacing(self.path) as temporary:
            self.model.save(temporary)
        self._last = time.monotonic()


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
        images, _ = even_samples(self.model, self.samples, seed=self.seed, ema=self.ema)
        _, means = parzen.select_sigma(images, self.valid)
        value = float(means.max())
        if logs is not None:
            logs[self.name] = value
        if value > self.best:
            self.best = value
            with replacing(self.path) as temporary:
                self.model.save(temporary)


class MetricsLog(keras.callbacks.Callback):
    """A CSV file with a row per epoch, replaced whole; a run that goes on keeps its rows.

    Args:
        path: `.csv` file.
        first_epoch: int. Epochs done: later rows, of an epoch whose checkpoint was lost, go.
    """

    def __init__(self, path, *, first_epoch=0):
        super().__init__()
        self.path = Path(path)
        self.rows = []  # of earlier parts of the run
        self._names, self._lines = [], []
        if first_epoch and self.path.is_file():
            self.rows = [r for r in read_csv(self.path) if int(r["epoch"]) <= first_epoch]

    def best(self, name):
        """Returns the highest value of a column so far, or -infinity."""
        return max((float(row[name]) for row in self.rows if row.get(name)), default=-math.inf)

    def on_epoch_begin(self, epoch, logs=None):
        self._start = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        seconds = round(time.monotonic() - self._start, 3)
        if not self._names:
            for row in self.rows:
                self._append(row)
        self._append({"epoch": epoch + 1, "seconds": seconds, **(logs or {})})
        with (
            replacing(self.path) as temporary,
            open(temporary, "w", newline="", encoding="utf-8") as file,
        ):
            file.write(_csv_line(self._names))
            file.writelines(self._lines)

    def _append(self, row):
        """Keeps a row as its line of the file.

        All lines are written after every epoch: made anew from numbers each time, those of some
        thousand short epochs took longer than the training, and as dicts took several times the memory.
        """
        new = [name for name in row if name not in self._names]
        if new:
            more = "," * len(new)
            self._lines = [f"{line[:-2]}{more}\r\n" for line in self._lines]
            self._names += new
        self._lines.append(_csv_line(row.get(name, "") for name in self._names))


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
