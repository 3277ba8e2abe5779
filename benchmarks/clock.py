"""Training for a given time, whatever the model: what benchmarks at equal time share."""

import math
import time

import keras


class Clock(keras.callbacks.Callback):
    """Counts the time that `fit` takes, over several calls of it, and ends each where it is told.

    The first call of the training function, which compiles, is kept apart. With `anneal`, the constant
    rates of the model's `g_optimizer` and `d_optimizer` fall to 0 along a half cosine of the budget:
    what a recipe does over its steps, of which nobody knows here how many there will be.

    Args:
        budget: float. Seconds of training in all; or steps, if `of_steps`.
        anneal: bool.
        of_steps: bool.

    Attributes:
        seconds: float. What training has taken so far, without the first call.
        first_s: float or None. Seconds of the first call.
        steps: int. Batches so far.
    """

    def __init__(self, budget, *, anneal=False, of_steps=False):
        super().__init__()
        self.budget, self.anneal, self.of_steps = budget, anneal, of_steps
        self.seconds, self.first_s, self.steps = 0.0, None, 0
        self._until, self._rates = budget, None

    @property
    def spent(self):
        """What is used up of the budget, in its unit."""
        return self.steps if self.of_steps else self.seconds

    def train(self, until, data, **kwargs):
        """Goes on with `fit` until so much of the budget is used up.

        Args:
            until: float, in the budget's unit.
            data: `tf.data.Dataset` of batches, without end.
            **kwargs: of `fit`.
        """
        self._until = until
        if self.spent < until:
            self.model.fit(data, epochs=1, verbose=0, callbacks=[self], **kwargs)

    def on_train_begin(self, logs=None):
        if self.anneal and self._rates is None:
            optimizers = (self.model.g_optimizer, self.model.d_optimizer)
            self._rates = [(one, float(one.learning_rate)) for one in optimizers]

    def on_epoch_begin(self, epoch, logs=None):
        self._last, self._batch = time.perf_counter(), -1

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        if self.first_s is None:
            self.first_s = now - self._last
        else:
            self.seconds += now - self._last
        self._last = now
        self.steps += batch - self._batch  # Keras names the last of those that it ran at a time
        self._batch = batch
        if self.anneal:
            left = 0.5 * (1 + math.cos(math.pi * min(1.0, self.spent / self.budget)))
            for optimizer, rate in self._rates:
                optimizer.learning_rate = rate * left
        if self.spent >= self._until:
            self.model.stop_training = True
