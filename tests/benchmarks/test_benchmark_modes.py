import json

import modes
import numpy as np
import pytest

from tfgan import losses, recipes, runs

MACHINE = {
    "command": "python benchmarks/modes.py",
    "date": "2026-01-01",
    "cores": 2,
    "cpu": "a CPU",
    "python": "3.11",
    "versions": {"keras": "3.15", "torch": None},
}


def seed(covered, inside, kl, steps=100, seconds=1.0):
    return {
        "covered": covered,
        "inside": inside,
        "kl": kl,
        "of": 8,
        "steps": steps,
        "seconds": seconds,
        "first_s": 1.0,
    }


def made(*seeds):
    return {
        "machine": MACHINE,
        "budget": 15,
        "unit": "seconds",
        "samples": 10_000,
        "weights": {"ring": [0.001, 0.002]},
        "cases": [{"recipe": "ring", "loss": "hinge", "penalty": "none", "seeds": list(seeds)}],
    }


def test_every_loss_is_there_twice_on_both():
    cases = modes.cases()
    assert len(cases) == len(set(cases)) == 2 * 2 * len(losses.LOSSES)
    assert ("ring", "wasserstein", modes.NONE) not in cases
    assert ("grid", "wasserstein", modes.GP) in cases


@pytest.mark.slow
@pytest.mark.parametrize("case", [one for one in modes.cases() if one[0] == "ring"])
def test_a_case_is_the_recipe_with_that_loss_and_penalty(case):
    recipe, loss, penalty = case
    config = modes.planned(*case, seed=3)
    gan = runs.build(config, runs.load_data(config))
    assert gan.loss_pair == losses.LOSSES[loss]
    assert gan.seed == 3
    assert gan.d_steps == (5 if penalty == modes.GP else 1)
    own = {name: recipes.RECIPES[recipe].settings[name] for name in ("r1", "r2")}
    assert own["r1"] > 0
    expected = {modes.NONE: {}, modes.R1_R2: own, modes.GP: {"gradient_penalty": 0.1}}
    assert gan.penalties == expected[penalty]
    for optimizer in (gan.g_optimizer, gan.d_optimizer):  # the clock sets them
        rate = recipes.RECIPES[recipe].settings["learning_rate"]
        np.testing.assert_allclose(float(optimizer.learning_rate), rate, rtol=1e-6)


def test_the_table_has_medians(tmp_path):
    results = made(seed(8, 0.9, 0.01), seed(2, 0.5, 0.7), seed(6, 0.6, 0.2))
    modes.write(results, tmp_path)
    assert json.loads((tmp_path / "modes.json").read_text()) == results
    text = (tmp_path / "modes.md").read_text()
    assert "| ring | hinge | none | 6 | 8 | 2 to 8 | 0.600 | 0.200 | 100 | 1.0 |" in text
    assert "ring: R1 + R2 at 0.001 and 0.002." in text
    assert "torch" not in text


def test_samples_far_from_every_mode():
    (row,) = modes.rows_of(made(seed(0, 0.0, None), seed(0, 0.0, None), seed(1, 0.1, 0.3))["cases"])
    assert row[3:8] == ["0", "8", "0 to 1", "0.000", "inf"]


@pytest.mark.slow
def test_a_case_is_trained_and_measured():
    found = modes.measure(("ring", "least_squares", modes.NONE), 1, modes.TOGETHER, True)
    assert found["steps"] == modes.TOGETHER
    assert found["of"] == 8
    assert 0 <= found["covered"] <= 8
    assert 0 <= found["inside"] <= 1


@pytest.mark.slow
def test_a_recipe_covers_the_ring():
    """At the recipe's own loss and penalty, in as many steps as it makes."""
    found = modes.measure(("ring", "relativistic_pairing", modes.R1_R2), 1, 2_000, True)
    assert found["covered"] == 8
