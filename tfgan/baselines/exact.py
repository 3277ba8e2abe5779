"""Restricted Boltzmann machines of few units, by going through all states."""

import numpy as np

from tfgan.errors import InputError

MOST_UNITS = 20
_AT_A_TIME = 1 << 14


def log_partition(visible_bias, hidden_bias, kernel):
    """log Z of a binary restricted Boltzmann machine.

    Args:
        visible_bias: float `(visible,)`.
        hidden_bias: float `(hidden,)`.
        kernel: float `(visible, hidden)`.

    Raises:
        InputError: if its smaller layer has more than 20 units.
    """
    visible, hidden, kernel = (
        np.asarray(part, "float64") for part in (visible_bias, hidden_bias, kernel)
    )
    if len(visible) < len(hidden):
        visible, hidden, kernel = hidden, visible, kernel.T
    if len(hidden) > MOST_UNITS:
        raise InputError(
            f"log Z takes 2**{len(hidden)} states, expected at most {MOST_UNITS} units in the "
            "smaller layer: estimate it, as by annealed importance sampling."
        )
    bits, total = np.arange(len(hidden)), -np.inf
    for first in range(0, 2 ** len(hidden), _AT_A_TIME):
        numbers = np.arange(first, min(first + _AT_A_TIME, 2 ** len(hidden)))
        states = (numbers[:, None] >> bits & 1).astype("float64")  # (states, hidden)
        logs = states @ hidden + np.logaddexp(0, states @ kernel.T + visible).sum(axis=-1)
        total = np.logaddexp(total, np.logaddexp.reduce(logs))
    return float(total)
