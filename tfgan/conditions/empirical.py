"""How the conditions of training data are distributed: what samples' conditions are drawn from."""

import threading

import numpy as np

POOL = 4096  # rows of a pool, at most
_SEED = 2014  # a constant: the same data, the same pool
_LOCK = threading.Lock()  # batches may be looked at by several threads


class Frequencies:
    """How often each class is seen.

    Args:
        num_classes: int.

    Attributes:
        counts: int64 `(num_classes,)`.
    """

    def __init__(self, num_classes):
        self.counts = np.zeros(num_classes, "int64")

    @property
    def seen(self):
        """int: how many labels were added."""
        return int(self.counts.sum())

    def add(self, labels):
        """Adds labels of data, int `(n,)` as `Labels.check` gives them."""
        with _LOCK:
            self.counts += np.bincount(labels, minlength=len(self.counts))

    def draw(self, count, seed):
        """Draws labels, int32 `(count,)`, as often as they were seen; by an int seed, or None."""
        ends = np.cumsum(self.counts) / self.seen
        places = np.searchsorted(ends, np.random.default_rng(seed).random(count), side="right")
        return places.astype("int32")

    def state(self):
        """dict of arrays, to be saved."""
        return {"condition_counts": self.counts}

    def restore(self, state):
        """Takes what `state` gave."""
        self.counts = np.asarray(state["condition_counts"]).astype("int64")


class Pool:
    """A sample of the conditions seen: each of them is in it with equal probability.

    Args:
        kind: `tfgan.conditions.Kind`.

    Attributes:
        rows: `(at most 4096, *kind.shape)`.
        seen: int. How many were added.

    Reference:
        Vitter, 1985: algorithm R.
    """

    def __init__(self, kind):
        self.kind = kind
        self.rows = np.empty((0, *kind.shape), kind.dtype)
        self.seen = 0
        self._rng = np.random.default_rng(_SEED)

    def add(self, conditions):
        """Adds conditions of data, `(n, *shape)` as `check` gives them."""
        with _LOCK:
            room = POOL - len(self.rows)
            self.rows = np.concatenate([self.rows, conditions[:room]])
            later = conditions[max(0, room) :]
            first = self.seen + len(conditions) - len(later)
            self.seen += len(conditions)
            places = self._rng.integers(np.arange(first, first + len(later)) + 1)
            kept = places < POOL
            self.rows[places[kept]] = later[kept]  # of equal places numpy keeps the last

    def draw(self, count, seed):
        """Draws conditions `(count, *shape)` of those in the pool; by an int seed, or None."""
        return self.rows[np.random.default_rng(seed).integers(len(self.rows), size=count)]

    def state(self):
        """dict of arrays, to be saved."""
        return {"condition_pool": self.rows, "conditions_seen": np.int64(self.seen)}

    def restore(self, state):
        """Takes what `state` gave."""
        self.rows = np.asarray(state["condition_pool"]).astype(self.kind.dtype)
        self.seen = int(np.asarray(state["conditions_seen"]))
