"""Parameters few of which run by default."""

import pytest

# What is alike for both kinds of GANs: for "make_gan", with `indirect=True`.
MOSTLY_CONDITIONAL = [pytest.param("gan", marks=pytest.mark.slow), "cgan"]


def paired(ones, others):
    """All pairs for `parametrize`; slow but for the first two, the second two and so on."""
    return [
        pytest.param(one, other, marks=() if i == j else pytest.mark.slow)
        for i, one in enumerate(ones)
        for j, other in enumerate(others)
    ]
