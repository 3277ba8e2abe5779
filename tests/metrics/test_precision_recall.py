"""Precision, recall, density and coverage of sets whose neighbourhoods are known."""

import numpy as np
import pytest
from makers import one_line

from tfgan.errors import InputError
from tfgan.metrics.precision_recall import scores


def cloud(count, seed=0, dim=4):
    return np.random.default_rng(seed).normal(size=(count, dim))


def by_hand(real, fake, k):
    """From the definition, with loops."""

    def gap(a, b):
        return np.linalg.norm(a - b)

    def radii(rows):
        return [sorted(gap(a, b) for b in rows)[k] for a in rows]

    real_radii, fake_radii = radii(real), radii(fake)
    inside = np.array(
        [[gap(r, f) < radius for f in fake] for r, radius in zip(real, real_radii, strict=True)]
    )
    near = np.array(
        [[gap(r, f) < radius for f, radius in zip(fake, fake_radii, strict=True)] for r in real]
    )
    return {
        "precision": inside.any(0).mean(),
        "recall": near.any(1).mean(),
        "density": inside.sum(0).mean() / k,
        "coverage": inside.any(1).mean(),
    }


@pytest.mark.parametrize("k", [1, 3, 5])
def test_is_its_definition_whatever_the_memory(k):
    real, fake = cloud(40), 0.5 + 0.8 * cloud(55, seed=1)
    wanted = by_hand(real, fake, k)
    for memory in (1, 3000, 2**27):
        assert scores(real, fake, nearest_k=k, memory=memory) == pytest.approx(wanted, abs=1e-12)
    assert scores(real + 1e4, fake + 1e4, nearest_k=k) == pytest.approx(wanted, abs=1e-12)


def test_disjoint_identical_and_nested_sets():
    real = cloud(300)
    nothing = dict.fromkeys(["precision", "recall", "density", "coverage"], 0.0)
    assert scores(real, real + 100) == nothing
    assert scores(real, real) == pytest.approx(dict.fromkeys(nothing, 1.0), abs=1e-3)
    # Half the real modes: all samples good, half the real images reached; and the other way round.
    both = np.concatenate([cloud(300), cloud(300, seed=1) + 100])
    half = scores(both, cloud(600, seed=2))
    assert half["precision"] > 0.9
    assert half["recall"] == pytest.approx(0.5, abs=0.05)
    assert half["coverage"] == pytest.approx(0.5, abs=0.05)
    whole = scores(cloud(600, seed=2), both)
    assert whole["precision"] == pytest.approx(0.5, abs=0.05)
    assert whole["recall"] > 0.9


def test_two_draws_of_one_distribution():
    """The expectations of Naeem et al., section 4: density 1, coverage by counting orders."""
    n, m, k = 1500, 1000, 3
    i = np.arange(1, k + 1)
    coverage = 1 - np.prod((n - i) / (n + m - i))
    found = [scores(cloud(n, 2 * s, 2), cloud(m, 2 * s + 1, 2), nearest_k=k) for s in range(4)]
    assert np.mean([one["coverage"] for one in found]) == pytest.approx(coverage, abs=0.02)
    assert np.mean([one["density"] for one in found]) == pytest.approx(1, abs=0.04)


def test_an_outlier_among_real_images_inflates_precision_and_not_density():
    real = np.concatenate([cloud(200, dim=2), [[50.0, 0]]])  # its ball holds all that is not far
    fake = cloud(200, seed=1, dim=2) * 0.1 + [30.0, 0]
    found = scores(real, fake)
    assert found["precision"] == 1
    assert found["density"] == pytest.approx(0.2)  # one ball, over k
    assert found["coverage"] == pytest.approx(1 / 201)


def test_refuses():
    with pytest.raises(InputError, match="more than 5 rows in both sets, got 6 and 5") as error:
        scores(cloud(6), cloud(5))
    one_line(error)
    with pytest.raises(InputError, match="nearest_k"):
        scores(cloud(6), cloud(6), nearest_k=0)
    with pytest.raises(InputError, match="same number"):
        scores(cloud(9), cloud(9, dim=3))
