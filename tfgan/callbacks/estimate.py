"""The callback that says how long training will take."""

import keras

from tfgan.times import duration


class Estimate(keras.callbacks.Callback):
    """Says before the first step, in one line, how long all of them will take here.

    As measured where `fit` chooses `steps_per_execution` by measuring ("auto"); silent elsewhere. The
    time for pictures and measurements comes on top.

    Args:
        first_epoch: int. What `fit` gets as `initial_epoch`.
    """

    def __init__(self, *, first_epoch=0):
        super().__init__()
        self.first_epoch = first_epoch

    def on_train_begin(self, logs=None):
        seconds, steps = self.model.seconds_per_step, self.params.get("steps")
        if seconds is None or steps is None:
            return
        count = steps * (self.params["epochs"] - self.first_epoch)
        print(f"about {duration(seconds * count)} here: {count} steps of {1000 * seconds:.3g} ms")
