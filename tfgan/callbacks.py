"""Keras callbacks that watch and keep a GAN."""

import csv
import math
import sys
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfgan import plots, tagging
from tfgan.conditions import Labels
from tfgan.errors import InputError
from tfgan.files import replacing
from tfgan.metrics import parzen


class SampleGrid(keras.callbacks.Callback):
    """Draws the same latents after every few epochs: `directory/epoch-0001.png`, ...

    A conditional GAN gets one row per class.

    Args:
        directory: where the PNGs go; made if it does not exist.
        every: int >= 1. Epochs between pictures; the last epoch of `fit` is always drawn.
        count: int. Images per class (10), or in all of a GAN without condition (100).
        seed: int. Of the latents.
        class_names: names by class, or None.

    Raises:
        InputError: if `every` is below 1.
    """

    def __init__(self, directory, *, every=1, count=None, seed=0, class_names=None):
        super().__init__()
        self.directory = Path(directory)
        self.every = _at_least_one("every", every)
        self.count = count
        self.seed = seed
        self.class_names = class_names

    def on_train_begin(self, logs=None):
        self._draw()  # what cannot be drawn says so now, not after an epoch

    def on_epoch_end(self, epoch, logs=None):
        number = epoch + 1
        if number % self.every and number != self.params.get("epochs"):
            return
        plots.save(self._draw(), self.directory / f"epoch-{number:04d}.png")

    def _draw(self):
        return plots.samples(self.model, count=self.count, seed=self.seed, class_names=self.class_names)


class SampleTags(keras.callbacks.Callback):
    """Finds tags of the same images after every few epochs: `directory/epoch-0001.tsv`, ...

    Args:
        directory: where the tables go, see `tfgan.tagging.table`; made if it does not exist.
        tags: `tfgan.data.Tags`, whose first validation images are taken.
        every: int >= 1. Epochs between tables; the last epoch of `fit` always has one.
        count: int. Images.
        seed: int. Of the latents.

    Raises:
        InputError: if `every` is below 1.
    """

    def __init__(self, directory, tags, *, every=1, count=tagging.COUNT, seed=0):
        super().__init__()
        self.directory = Path(directory)
        self.tags = tags
        self.every = _at_least_one("every", every)
        self.count = count
        self.seed = seed

    def on_epoch_end(self, epoch, logs=None):
        number = epoch + 1
        if number % self.every and number != self.params.get("epochs"):
            return
        text = tagging.table(self.model, self.tags, split="valid", count=self.count, seed=self.seed)
        with replacing(self.directory / f"epoch-{number:04d}.tsv") as temporary:
            temporary.write_text(text, encoding="utf-8")


class Checkpoint(keras.callbacks.Callback):
    """Keeps the model in one file, replaced whole: a kill leaves the file of before.

    Written at the end of an epoch if the last time was long enough ago, and at the end of `fit`.

    Args:
        path: `.keras` file.
        seconds: float. Least time between two writes.
    """

    def __init__(self, path, *, seconds=30.0):
        super().__init__()
        self.path = Path(path)
        self.seconds = seconds

    def on_train_begin(self, logs=None):
        self._last = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        if time.monotonic() - self._last >= self.seconds:
            self._save()

    def on_train_end(self, logs=None):
        self._save()

    def _save(self):
        with replacing(self.path) as temporary:
            self.model.save(temporary)
        self._last = time.monotonic()


class BestParzen(keras.callbacks.Callback):
    """Keeps the model of the highest Parzen log-likelihood of validation images.

    Adds `val_parzen` (nats) to the logs of the epochs it measures.

    Args:
        path: `.keras` file for the best model.
        valid: validation images `(n, H, W, C)`; the papers use 1,000.
        every: int >= 1. Epochs between measurements.
        samples: int. Images drawn, spread evenly over the classes; the papers use 10,000.
        best: float. Only a score above this one is kept: what an earlier part of the run reached.
        seed: int. Of the latents.

    Raises:
        InputError: if `every` is below 1; when training begins, if the GAN's condition is no label.

    Reference:
        Mirza & Osindero, 2014, section 4.1 (arXiv 1411.1784): the best estimate on the validation
        set was the stopping point.
    """

    def __init__(self, path, valid, *, every=1, samples=10_000, best=float("-inf"), seed=0):
        super().__init__()
        self.path = Path(path)
        self.valid = valid
        self.every = _at_least_one("every", every)
        self.samples = samples
        self.best = best
        self.seed = seed

    def on_train_begin(self, logs=None):
        if not isinstance(self.model.condition, (Labels, type(None))):
            raise InputError(
                f"BestParzen spreads its samples over classes, the GAN's condition is "
                f"{self.model.condition}: leave the callback out."
            )

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every and epoch + 1 != self.params.get("epochs"):
            return
        conditions = None
        if self.model.condition is not None:
            conditions = np.arange(self.samples) % self.model.condition.num_classes
        images = self.model.sample(self.samples, conditions, seed=self.seed)
        _, means = parzen.select_sigma(images, self.valid)
        value = float(means.max())
        if logs is not None:
            logs["val_parzen"] = value
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
        self.rows = []
        if first_epoch and self.path.is_file():
            with open(self.path, newline="", encoding="utf-8") as file:
                self.rows = [r for r in csv.DictReader(file) if int(r["epoch"]) <= first_epoch]

    def best(self, name):
        """Returns the highest value of a column so far, or -infinity."""
        return max((float(row[name]) for row in self.rows if row.get(name)), default=-math.inf)

    def on_epoch_begin(self, epoch, logs=None):
        self._start = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        seconds = round(time.monotonic() - self._start, 3)
        self.rows.append({"epoch": epoch + 1, "seconds": seconds, **(logs or {})})
        names = dict.fromkeys(name for row in self.rows for name in row)
        with (
            replacing(self.path) as temporary,
            open(temporary, "w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(self.rows)


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
        self.calls = _at_least_one("calls", calls)
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


class WonDiscriminator(keras.callbacks.Callback):
    """Says once, in one line on stderr, that the discriminator tells all fakes: nothing is learnt then.

    Args:
        d_loss: float. Mean loss of an epoch, in nats, below which it has won; log 2 = 0.69 is a draw.
        epochs: int >= 1. Epochs in a row.
    """

    def __init__(self, *, d_loss=0.02, epochs=5):
        super().__init__()
        self.d_loss = d_loss
        self.epochs = _at_least_one("epochs", epochs)
        self.in_a_row = 0

    def on_epoch_end(self, epoch, logs=None):
        self.in_a_row = self.in_a_row + 1 if logs["d_loss"] < self.d_loss else 0
        if self.in_a_row == self.epochs:
            print(
                f"\nthe discriminator has won (d_loss {logs['d_loss']:.1g} in epoch {epoch + 1}): the "
                "samples will not get better; try another seed, smaller learning rates, Adam (recipes "
                "cgan-digits, gan-digits) or more images.",
                file=sys.stderr,
            )


def _at_least_one(name, value):
    if not isinstance(value, int) or value < 1:
        raise InputError(f"{name} must be an integer of at least 1, got {value!r}.")
    return value
