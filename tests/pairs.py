"""Pairs of parameters, few of which run by default."""

import pytest


def paired(ones, others):
    """All pairs for `parametrize`; slow but for the first two, the second two and so on."""
    return [
        pytest.param(one, other, marks=() if i == j else pytest.mark.slow)
        for i, one in enumerate(ones)
        for j, other in enumerate(others)
    ]
