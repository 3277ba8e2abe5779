"""The callback that writes for TensorBoard."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from matplotlib.backends.backend_agg import FigureCanvasAgg

from tfgan import plots
from tfgan.callbacks.sampling import is_due
from tfgan.checks import at_least_one


class TensorBoard(keras.callbacks.TensorBoard):
    """Keras's TensorBoard callback, with pictures of samples and what becomes of both networks.

    Scalars of every epoch go to `directory/train`, as Keras writes them. `directory/networks` gets both
    learning rates after every epoch (`learning_rate/generator`, `learning_rate/discriminator`), and
    every few epochs a grid of samples of the same latents (`samples`) and a histogram of each weight
    (`generator/...`, `discriminator/...`).

    Args:
        directory: TensorBoard's log directory; made if it does not exist.
        every: int >= 1. Epochs between grids and histograms; the last epoch of `fit` always has them.
        samples: bool. Whether to write grids; False for samples that cannot be drawn.
        histograms: bool. Whether to write histograms.
        count: int. Of the grid, as `class_names` and `seed`: see `SampleGrid`.
        **kwargs: further arguments of `keras.callbacks.TensorBoard`.

    Raises:
        InputError: if `every` is below 1.
    """

    def __init__(
        self,
        directory,
        *,
        every=1,
        samples=True,
        histograms=True,
        count=None,
        seed=0,
        class_names=None,
        **kwargs,
    ):
        super().__init__(str(directory), **{"write_graph": False, **kwargs})
        self.directory = Path(directory)
        self.every = at_least_one("every", every)
        self.samples = samples
        self.histograms = histograms
        self.grid = {"count": count, "seed": seed, "class_names": class_names}

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self._networks_writer = tf.summary.create_file_writer(str(self.directory / "networks"))

    def on_train_end(self, logs=None):
        super().on_train_end(logs)
        self._networks_writer.close()

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        with self._networks_writer.as_default(step=epoch):
            self._write_rates()
            if is_due(self, epoch):
                if self.histograms:
                    self._write_weights()
                if self.samples:
                    figure = plots.samples(self.model, **self.grid)
                    tf.summary.image("samples", pixels(figure)[None])
        self._networks_writer.flush()

    def _write_rates(self):
        for name, optimizer in self.model.optimizers().items():
            role = {"g_optimizer": "generator", "d_optimizer": "discriminator"}.get(name, name)
            rate = keras.ops.convert_to_numpy(optimizer.learning_rate)
            tf.summary.scalar(f"learning_rate/{role}", rate)

    def _write_weights(self):
        for name, network in self.model.networks().items():
            for weight in network.weights:
                tag = weight.path.removeprefix(f"{network.name}/")
                tf.summary.histogram(f"{name}/{tag}", weight.numpy())


def pixels(figure):
    """What a matplotlib figure looks like: uint8 `(height, width, 3)`."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]
