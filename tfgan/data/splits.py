"""Which rows of a source are train, valid and test: a function of its sizes, never of a seed."""

import numpy as np

from tfgan.errors import InputError

SPLITS = ("train", "valid", "test")
MIN_IMAGES = 10
_MAX_VALID = 10_000
_SPLIT_SEED = 2014  # a constant: everyone gets the same split


def divide(sizes, *, what, permute=True):
    """Assigns each row of a source to a split.

    A source's own valid and test splits are kept. Without its own test split, 10 % of the rows
    become test and 10 % valid (unless it has that one). With it, the last sixth of train, at most
    10,000 rows, becomes valid: MNIST's usual 50,000 + 10,000 + 10,000.

    Args:
        sizes: dict. Rows of `train` and, where the source has them, `valid` and `test`.
        what: str. The source, for error messages.
        permute: bool. Whether rows are first put in a random order that is always the same;
            data ordered by class needs it. Without it every split is a contiguous run.

    Returns:
        dict: split -> (the source's split it comes from, int64 row indices).

    Raises:
        InputError: if there are too few images.
    """
    total = sum(sizes.values())
    if total < MIN_IMAGES or sizes["train"] < 3 or min(sizes.values()) < 1:
        counts = ", ".join(f"{n} {split}" for split, n in sizes.items())
        raise InputError(
            f"{what} must hold at least {MIN_IMAGES} images in all, 3 to train on and 1 in each "
            f"other split, got {counts}: add images."
        )
    rows = {split: _order(n, permute) for split, n in sizes.items()}
    train, count = rows["train"], sizes["train"]
    result = {split: (split, rows[split]) for split in sizes}
    if "test" not in sizes:
        tenth = max(1, count // 10)
        train, result["test"] = train[:-tenth], ("train", train[-tenth:])
        if "valid" not in sizes:
            train, result["valid"] = train[:-tenth], ("train", train[-tenth:])
    elif "valid" not in sizes:
        part = min(_MAX_VALID, max(1, count // 6))
        train, result["valid"] = train[:-part], ("train", train[-part:])
    result["train"] = ("train", train)
    return {split: result[split] for split in SPLITS}


def _order(count, permute):
    if permute:
        return np.random.default_rng(_SPLIT_SEED).permutation(count).astype("int64")
    return np.arange(count, dtype="int64")


def is_sorted(labels):
    """Whether labels come (several at once may come) class by class: a tail of them would miss some."""
    if labels is None:
        return False
    if labels.ndim > 1:  # there are many orders they may have
        return True
    if labels[0] == labels[-1]:
        return False
    return bool(np.all(labels[1:] >= labels[:-1]))
