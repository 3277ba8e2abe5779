"""The callback that compares what the discriminator makes of images it knows and of others."""

import math
import sys

import keras
import numpy as np
import tensorflow as tf

from tfgan.callbacks.sampling import is_due
from tfgan.checks import at_least_one
from tfgan.errors import InputError

_GAP = 0.25  # in accuracy between training and held-out images, with two standard errors on top


class Overfitting(keras.callbacks.Callback):
    """Measures how right the discriminator is about training images, fakes and held-out images.

    In inference mode, without augmentation, on the same images and latents each time; fakes are the
    generator's own, not its moving average's, one for each training image and with its condition.

    Adds to the logs of the epochs it measures:

    - `d_accuracy_real`, `d_accuracy_held_out`, `d_accuracy_fake`: shares of training images, held-out
      real images and fakes on the right side of the loss's threshold (logit 0; 1/2 for least squares).
      Where a loss has none (Wasserstein's, relativistic ones) only differences of logits mean
      something: the first two are shares of all pairs with a fake in which the real image's logit is
      higher, ties for a half, and there is no third.
    - `d_logit_real`, `d_logit_held_out`, `d_logit_fake`: mean logits.
    - `d_overfitting`: ADA's r_v, (real - held out) / (real - fake) of the mean logits: 0 where held-out
      images look like training images to the discriminator, 1 where they look like fakes. Left out
      where training images are not above fakes.

    Says once, in one line on stderr, that the discriminator is far better (by 0.25 and two standard
    errors) on training than on held-out images.

    Args:
        train: `(images, conditions)`, some training images float `(n, H, W, C)` in [0, 1] and their
            conditions `(n, ...)`, or None for them.
        held_out: likewise, of real images that are not trained on.
        every: int >= 1. Epochs between measurements; the last epoch is always measured.
        seed: int. Of the latents.
        batch_size: int >= 1. Images looked at at a time.

    Raises:
        InputError: if `every` or `batch_size` is below 1, there are no images, or conditions are
            missing where, when training begins, the GAN has one.

    Reference:
        Karras et al., 2020, section 3, equation 1 (arXiv 2006.06676).
    """

    def __init__(self, train, held_out, *, every=1, seed=0, batch_size=500):
        super().__init__()
        self.every = at_least_one("every", every)
        self.batch_size = at_least_one("batch_size", batch_size)
        self.seed = seed
        self.train = train
        self.held_out = held_out
        if not len(train[0]) or not len(held_out[0]):
            raise InputError(
                "Overfitting compares training with held-out images, got "
                f"{len(train[0])} and {len(held_out[0])}: give some of both."
            )
        self._warned = False

    def kept_state(self):
        return {"warned": self._warned}

    def restore_state(self, state):
        self._warned = bool(state["warned"])

    def on_train_begin(self, logs=None):
        if self.model.conditional and (self.train[1] is None or self.held_out[1] is None):
            raise InputError("Overfitting of a CGAN needs the images' conditions: give both pairs.")

    def on_epoch_end(self, epoch, logs=None):
        if not is_due(self, epoch):
            return
        found = self.measure()
        if logs is not None:
            logs.update(found)
        gap = found["d_accuracy_real"] - found["d_accuracy_held_out"]
        if gap > _GAP + 1 / math.sqrt(len(self.held_out[0])) and not self._warned:
            self._warned = True
            self._warn(epoch + 1, found)

    def measure(self):
        """Returns what is added to the logs, as dict of float."""
        logits = self.logits()
        threshold = self.model.loss_pair.threshold
        if threshold is None:
            right = {name: share_above(logits[name], logits["fake"]) for name in ("real", "held_out")}
        else:
            right = {name: np.mean(logits[name] > threshold) for name in ("real", "held_out")}
            right["fake"] = np.mean(logits["fake"] <= threshold)
        means = {name: float(np.mean(values)) for name, values in logits.items()}
        found = {f"d_accuracy_{name}": float(share) for name, share in right.items()}
        found |= {f"d_logit_{name}": mean for name, mean in means.items()}
        if means["real"] > means["fake"]:
            lost = means["real"] - means["held_out"]
            found["d_overfitting"] = lost / (means["real"] - means["fake"])
        return found

    def logits(self):
        """Returns dict of "real", "held_out" and "fake": the discriminator's logits, float `(n,)`."""
        gan = self.model
        conditions = self.train[1] if gan.conditional else None
        latents = gan.draw_latents(len(self.train[0]), seed=self.seed)
        fakes = gan.images_of(latents, conditions, batch_size=self.batch_size, ema=False)
        return {
            "real": self._judged(*self.train),
            "held_out": self._judged(*self.held_out),
            "fake": self._judged(fakes, conditions),
        }

    def _judged(self, images, conditions):
        parts = []
        for start in range(0, len(images), self.batch_size):
            rows = slice(start, start + self.batch_size)
            condition = tf.constant(conditions[rows]) if self.model.conditional else None
            shown = tf.constant(np.asarray(images[rows], "float32"))
            parts.append(self.model.discriminate(shown, condition, training=False).numpy()[:, 0])
        return np.concatenate(parts)

    def _warn(self, epoch, found):
        better = (
            "stronger or adaptive augmentation"
            if self.model.augment
            else 'augmentation (augment="color,translation,cutout", of recipes by --set)'
        )
        print(
            f"\nthe discriminator overfits in epoch {epoch}: it is right about "
            f"{found['d_accuracy_real']:.2f} of training images and {found['d_accuracy_held_out']:.2f} "
            f"of held-out ones; what helps: {better}, more images, dropout or fewer epochs.",
            file=sys.stderr,
        )


def share_above(values, others):
    """Share of all pairs of a value and another in which the value is higher; ties count half.

    Args:
        values: float `(n,)`.
        others: float `(m,)`.

    Returns:
        float in [0, 1]: the area under the ROC curve; 1/2 where nothing tells them apart.
    """
    ordered = np.sort(others)
    below = np.searchsorted(ordered, values, side="left")
    up_to = np.searchsorted(ordered, values, side="right")
    return float(np.mean(below + up_to) / (2 * len(others)))
