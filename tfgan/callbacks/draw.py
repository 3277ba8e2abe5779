"""Callbacks that draw."""

from pathlib import Path

import keras

from tfgan import plots, tagging
from tfgan.callbacks.sampling import is_due
from tfgan.checks import at_least_one
from tfgan.files import write_text


class SampleGrid(keras.callbacks.Callback):
    """Draws the same latents after every few epochs: `directory/epoch-0001.png`, ...

    A conditional GAN gets one row per class, or per condition drawn from the training data's.

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
        self.every = at_least_one("every", every)
        self.count = count
        self.seed = seed
        self.class_names = class_names

    def on_train_begin(self, logs=None):
        self._draw()  # what cannot be drawn says so now, not after an epoch

    def on_epoch_end(self, epoch, logs=None):
        if not is_due(self, epoch):
            return
        plots.save(self._draw(), self.directory / f"epoch-{epoch + 1:04d}.png")

    def _draw(self):
        return plots.samples(self.model, count=self.count, seed=self.seed, class_names=self.class_names)


class OneDimensional(keras.callbacks.Callback):
    """Takes the curves of the one-dimensional figure after every few epochs, for `plots.stages`.

    Attributes:
        snapshots: list of `plots.Snapshot`, of all `fit`s this callback was part of; the first is of
            before training.

    Args:
        density: the data's, see `plots.snapshot`.
        every: int >= 1. Epochs between snapshots; the last epoch of `fit` is always taken.
        samples: int >= 2. Numbers drawn for each density.
        seed: int. Of the latents.

    Raises:
        InputError: if `every` is below 1; before training, if the GAN is none of numbers.
    """

    def __init__(self, density, *, every=1, samples=50_000, seed=0):
        super().__init__()
        self.density = density
        self.every = at_least_one("every", every)
        self.samples = samples
        self.seed = seed
        self.snapshots = []

    def on_train_begin(self, logs=None):
        if not self.snapshots:
            self._take(0)

    def on_epoch_end(self, epoch, logs=None):
        if is_due(self, epoch):
            self._take(epoch + 1)

    def _take(self, epoch):
        options = {"samples": self.samples, "seed": self.seed, "epoch": epoch}
        self.snapshots.append(plots.snapshot(self.model, self.density, **options))


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
        self.every = at_least_one("every", every)
        self.count = count
        self.seed = seed

    def on_epoch_end(self, epoch, logs=None):
        if not is_due(self, epoch):
            return
        text = tagging.table(self.model, self.tags, split="valid", count=self.count, seed=self.seed)
        write_text(self.directory / f"epoch-{epoch + 1:04d}.tsv", text)
