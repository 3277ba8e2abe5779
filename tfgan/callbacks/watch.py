"""Callbacks that watch, and warn in one line on stderr."""

import sys

import keras
import numpy as np

from tfgan.callbacks.sampling import check_drawable, even_samples, is_due
from tfgan.checks import at_least_one
from tfgan.errors import InputError
from tfgan.metrics import coverage

LEAST_SPREAD = 0.5  # of the real images', below which samples count as collapsed
_FEW_STEPS = 500  # before which a generator may know nothing yet
_RISE = 1.1  # from one measurement to the next, of samples that are still spreading


class ModeCoverage(keras.callbacks.Callback):
    """Measures while training how much of the data's variety samples have; warns of a collapse.

    Adds to the logs of the epochs it measures: `spread`, the root mean square distance of samples to
    their mean (of their class, for a conditional GAN) over that of real images; where `judge` is
    given, `modes`, how many of the data's modes samples reach; and `collapsed`, 1 for yes. Warns in
    one line on stderr the first time that the spread is below a half and does not rise by a tenth from
    one measurement to the next (an untrained generator's samples are all alike too), or that a mode is
    missed in the second half of the epochs; and again when a collapse has healed and come back.

    Args:
        real: `(images, labels)`, some real images `(n, H, W, C)`, float in [0, 1] or uint8, and their
            classes int `(n,)`, or None for them.
        judge: function of images float `(n, H, W, C)` that returns each one's mode, int `(n,)` in
            `[0, num_modes)`, -1 for none: `tfgan.metrics.coverage.nearest_mode`, or a classifier; or
            None.
        num_modes: int. How many there are, where `judge` is given.
        every: int >= 1. Epochs between measurements; the last epoch is always measured.
        samples: int. Images drawn each time, spread evenly over the classes.
        seed: int. Of the latents.

    Raises:
        InputError: if `every`, `samples` or `num_modes` is below 1, or no real image is given; when
            training begins, if the GAN does not know how its conditions are distributed.

    Reference:
        Goodfellow et al., 2014, section 6 (arXiv 1406.2661): "the Helvetica scenario".
    """

    def __init__(self, real, *, judge=None, num_modes=None, every=1, samples=2_000, seed=0):
        super().__init__()
        self.every = at_least_one("every", every)
        self.samples = at_least_one("samples", samples)
        self.seed = seed
        self.judge = judge
        if judge is not None:
            self.num_modes = at_least_one("num_modes", num_modes)
        self.real_images, self.real_labels = real
        if not len(self.real_images):
            raise InputError("ModeCoverage compares with real images, got none: give some.")
        self._collapsed = False
        self._spread = 0.0  # of the measurement before

    def kept_state(self):
        return {"collapsed": bool(self._collapsed), "spread": float(self._spread)}

    def restore_state(self, state):
        self._collapsed, self._spread = bool(state["collapsed"]), float(state["spread"])

    def on_train_begin(self, logs=None):
        check_drawable(self)
        if self.judge is not None:
            modes = self.judge(self.real_images)
            counts = np.bincount(modes[modes >= 0], minlength=self.num_modes)
            self._shares = counts / max(1, counts.sum())

    def on_epoch_end(self, epoch, logs=None):
        if not is_due(self, epoch):
            return
        epochs = self.params.get("epochs") or epoch + 1
        found = self.measure()
        missed = 2 * (epoch + 1) >= epochs and found.get("modes", 0) < found.get("of", 0)
        spread = found.get("spread", 1.0)
        rises = spread > _RISE * self._spread and epoch + 1 < epochs
        collapsed = (spread < LEAST_SPREAD and not rises) or missed
        self._spread = spread
        if collapsed and not self._collapsed:
            self._warn(epoch + 1, found)
        self._collapsed = collapsed
        if logs is not None:
            logs.update({name: found[name] for name in ("spread", "modes") if name in found})
            logs["collapsed"] = float(collapsed)

    def measure(self):
        """Returns dict: `spread` if real images vary; with a judge `modes`, `of`, `inside`, `kl`."""
        images, conditions = even_samples(self.model, self.samples, seed=self.seed)
        spread = coverage.relative_spread(
            images, self.real_images, labels=conditions, real_labels=self.real_labels
        )
        found = {} if spread is None else {"spread": spread}
        if self.judge is not None:
            reached = coverage.coverage(self.judge(images), self.num_modes, shares=self._shares)
            found |= {**reached, "modes": reached.pop("covered")}
        return found

    def _warn(self, epoch, found):
        reached = []
        if "modes" in found:
            reached.append(f"{found['modes']} of {found['of']} modes")
        if "spread" in found:
            reached.append(f"{found['spread']:.2f} of the real images' spread")
        steps = int(self.model.train_steps.numpy())
        early = "" if steps >= _FEW_STEPS else f"; or more training, of which {steps} steps are little"
        saturates = getattr(self.model, "training_config", {}).get("loss") == "minimax"
        other_loss = ", loss non_saturating instead of minimax" if saturates else ""
        print(
            f"\nmode collapse in epoch {epoch}: samples reach {', '.join(reached)}; what helps: "
            "more discriminator steps per generator step (d_steps=2), smaller learning rates, no "
            f"momentum (Adam's beta_1=0), larger batches{other_loss}{early}.",
            file=sys.stderr,
        )
