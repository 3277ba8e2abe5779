"""In which order elements are read, and which of them by this process: told before any is decoded."""

from typing import NamedTuple

import tensorflow as tf

_LISTED = 2**20  # elements whose order tf.data shuffles, by holding it: some 100 bytes each


class Part(NamedTuple):
    """A process's rows of each full batch: of `batch_size` those from `first` to before `end`."""

    batch_size: int
    first: int
    end: int

    def rows(self, dataset):
        """These rows of each full batch of a dataset's elements, as a dataset of them."""

        def own(batch):
            return tf.nest.map_structure(lambda rows: rows[self.first : self.end], batch)

        return dataset.batch(self.batch_size, drop_remainder=True).map(own)


class Order(NamedTuple):
    """How a split is read.

    Attributes:
        seed: int: shuffled, anew each time it is read; None: in a fixed order.
        part: `Part` that is read, or None for all elements.
        epoch: int. How often it was read before.
    """

    seed: int | None = None
    part: Part | None = None
    epoch: int = 0

    def positions(self, count):
        """Dataset of int64 positions, of 0 to count - 1, in this order."""
        positions = self._all(count)
        return positions if self.part is None else self.part.rows(positions).unbatch()

    def _all(self, count):
        indices = tf.data.Dataset.range(count)
        if self.seed is None:
            return indices
        if count <= _LISTED:
            return self.after(indices.shuffle(count, seed=self.seed))
        keys = tf.data.Dataset.random(self.seed, rerandomize_each_iteration=True)
        keys = self.after(keys).batch(2, drop_remainder=True).take(1)
        return keys.flat_map(lambda key: indices.map(lambda i: _shuffled(i, key, count)))

    def after(self, dataset):
        """A dataset that `seed` shuffles, as it stands after `epoch` passes.

        To be called on what shuffles itself: what lies on top may not begin a pass below before it is
        read, as tf.data's `shuffle` does not.
        """
        for _ in range(self.epoch):
            iter(dataset)  # draws this epoch's seeds and reads nothing
        return dataset


def _shuffled(index, key, count):
    """What comes at an index in an order of 0 to count - 1 that a key says: nothing is held of it."""
    return tf.random.experimental.index_shuffle(index, key, count - 1)
