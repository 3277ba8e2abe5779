"""The callback that ends hopeless training, and what it knows of states worth keeping."""

import math
import sys

import keras

from tfgan import checkpoints, finite, losses
from tfgan.checks import at_least_one
from tfgan.errors import DivergedError

_SURE = 0.99  # of the discriminator's accuracies, all of them


def are_finite(gan):
    """Whether all weights of a compiled GAN are finite, and what its optimizers remember."""
    return finite.is_state(gan)


class Guard(keras.callbacks.Callback):
    """Stops training that came to NaN or infinity; names a discriminator that has won.

    `fit` itself ends where training diverges (`compile(check_finite=True)`); the guard adds where a
    good state is kept, and looks at all weights at the end of every epoch. Where `fit` does not look,
    as under a `tf.distribute` strategy, the guard looks at losses after every call of the program. It
    belongs before callbacks that measure and keep the GAN, and after `Overfitting`, whose accuracies
    it reads.

    A discriminator has won, where nothing is learnt any more: with cross-entropy (minimax,
    non-saturating, no smoothed labels) if the mean `d_loss` of an epoch is below the argument's; with
    other losses if it is right about 0.99 of real, fake and held-out images, as `Overfitting` measures
    (of relativistic losses: of pairs). With Wasserstein's never: its critic is meant to tell all.

    Args:
        d_loss: float. In nats; log 2 = 0.69 is a draw.
        epochs: int >= 1. Epochs (or measurements) in a row.
        stop: bool. Whether training ends where the discriminator has won; else one line says so once.
        checkpoint: folder that `Checkpoint` keeps, whose newest is named where training diverged; or
            None.

    Raises:
        InputError: if `epochs` is below 1.
        DivergedError: at the end of an epoch, if a loss or weight is NaN or infinite; sooner by `fit`.
    """

    async_safe = True  # a look at losses need not wait for the device: see `on_train_batch_end`

    def __init__(self, *, d_loss=0.02, epochs=5, stop=False, checkpoint=None):
        super().__init__()
        self.d_loss = d_loss
        self.epochs = at_least_one("epochs", epochs)
        self.stop = stop
        self.checkpoint = checkpoint
        self.in_a_row = 0
        self._found = None

    def kept_state(self):
        return {"in_a_row": self.in_a_row}

    def restore_state(self, state):
        self.in_a_row = int(state["in_a_row"])

    def on_train_begin(self, logs=None):
        self._found = None
        self.model.kept_text = self._kept

    def on_train_batch_end(self, batch, logs=None):
        # Keras may call this in a thread of its own, where an error would be noticed late.
        found = self._not_finite(logs)
        if found:
            self._found = self._found or found
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        if self.model.train_function is not None:  # as it is before `fit`
            self.model.train_function.look()
        found = self._found or self._not_finite(logs)
        if not found and not are_finite(self.model):
            found = "a weight is no finite number"
        if found:
            raise DivergedError(
                f"training diverged in epoch {epoch + 1}, {found}: train anew with smaller learning "
                f"rates, clipped gradients or a penalty; {self._kept()}."
            )
        won = self._has_won(logs or {})
        if won is None:
            return
        self.in_a_row = self.in_a_row + 1 if won else 0
        if self.in_a_row == self.epochs:
            self._say(epoch, logs)
            self.model.stop_training = self.model.stop_training or self.stop

    def _not_finite(self, logs):
        """Names the first training metric that is NaN or infinite, or returns None."""
        for metric in self.model.metrics:
            value = (logs or {}).get(metric.name)
            if value is not None and not math.isfinite(value):
                return f"{metric.name} is {float(value)}"
        return None

    def _kept(self):
        kept = None if self.checkpoint is None else checkpoints.newest(self.checkpoint)
        if kept is None:
            return "no good state was kept"
        return (
            f"the last good state is {kept} (keras.saving.load_model reads it, "
            "--resume goes on from it)"
        )

    def _has_won(self, logs):
        """True or False, or None where nothing is known."""
        loss = self.model.loss_pair
        if loss is None:  # nobody plays
            return None
        smoothed = self.model.label_smoothing
        if loss.d_loss is losses.cross_entropy_d_loss and not smoothed:
            return logs["d_loss"] < self.d_loss
        if loss.d_loss is losses.wasserstein_d_loss:
            return None
        accuracies = [value for name, value in logs.items() if name.startswith("d_accuracy_")]
        return min(accuracies) >= _SURE if accuracies else None

    def _say(self, epoch, logs):
        ending = "training ends" if self.stop else "the samples will not get better"
        print(
            f"\nthe discriminator has won (d_loss {logs['d_loss']:.1g} in epoch {epoch + 1}): {ending};"
            " try another seed, smaller learning rates, Adam (recipes cgan-digits, gan-digits), "
            "augmentation or more images.",
            file=sys.stderr,
        )
