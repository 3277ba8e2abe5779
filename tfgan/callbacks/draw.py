"""Callbacks that draw."""

import sys
from pathlib import Path

import keras

from tfgan import plots, tagging
from tfgan.callbacks.sampling import is_due
from tfgan.checks import at_least_one
from tfgan.errors import printable
from tfgan.files import write_text


class SampleGrid(keras.callbacks.Callback):
    """Draws the same latents every few epochs: `directory/epoch-0001.png`, ...; then moving pictures.

    A conditional GAN gets one row per class, or per condition drawn from the training data's. Where
    `fit` ends, `directory/animation.gif` shows all pictures so far, of earlier parts of a run too, and
    stays if there is but one; see `plots.film`. Pictures that cannot be read are left out, which a line
    on stderr says.

    Args:
        directory: where the PNGs go; made if it does not exist.
        every: int >= 1. Epochs between pictures; the last epoch of `fit` is always drawn.
        every_steps: int >= 1 or None. Discriminator steps between further pictures, named
            `step-000200.png` by the steps done, of which the animation then is made. With
            `steps_per_execution=K` they are drawn where K steps end, at or after the step asked for.
        animation: bool. Whether to write the animation.
        count: int. Images per class (10), or in all of a GAN without condition (100).
        seed: int. Of the latents.
        class_names: names by class, or None.

    Raises:
        InputError: if `every` or `every_steps` is below 1.
    """

    def __init__(
        self,
        directory,
        *,
        every=1,
        every_steps=None,
        animation=True,
        count=None,
        seed=0,
        class_names=None,
    ):
        super().__init__()
        self.directory = Path(directory)
        self.every = at_least_one("every", every)
        self.every_steps = every_steps and at_least_one("every_steps", every_steps)
        self.animation = animation
        self.count = count
        self.seed = seed
        self.class_names = class_names
        self.async_safe = every_steps is None  # else batches' ends wait for the device

    def on_train_begin(self, logs=None):
        self._draw()  # what cannot be drawn says so now, not after an epoch
        self._drawn_at = int(self.model.train_steps.numpy())
        self._last_epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        if self.every_steps:
            self._begun_at = int(self.model.train_steps.numpy())

    def on_train_batch_end(self, batch, logs=None):
        if not self.every_steps:
            return
        due = self._drawn_at - self._drawn_at % self.every_steps + self.every_steps
        if self._begun_at + batch + 1 < due:  # the last call of an epoch may have made fewer steps
            return
        done = int(self.model.train_steps.numpy())
        if done >= due:
            self._drawn_at = done
            self._save(f"step-{done:06d}.png")

    def on_epoch_end(self, epoch, logs=None):
        self._last_epoch = epoch + 1
        if is_due(self, epoch):
            self._save(f"epoch-{epoch + 1:04d}.png")

    def on_train_end(self, logs=None):
        pictures = self._pictures() if self.animation else []
        if len(pictures) > 1:
            animation = self.directory / "animation.gif"
            left_out: list[Path] = []
            plots.film(pictures, animation, left_out=left_out)
            if left_out:
                names = ", ".join(sorted(picture.name for picture in left_out))
                text = f"left out of {animation}, as they cannot be read: {names}"
                print(printable(text), file=sys.stderr)

    def _pictures(self):
        """Files of the animation in their order, without those of other runs that went on longer."""
        kind = "step" if self.every_steps else "epoch"
        files = {
            int(file.stem.removeprefix(f"{kind}-")): file
            for file in self.directory.glob(f"{kind}-*.png")
            if file.stem.removeprefix(f"{kind}-").isdecimal()
        }
        last = self._drawn_at if self.every_steps else self._last_epoch
        return [files[number] for number in sorted(files) if number <= last]

    def _save(self, name):
        plots.save(self._draw(), self.directory / name)

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
