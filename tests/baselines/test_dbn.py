"""The deep belief network, against all its states."""

import numpy as np
import pytest
import tensorflow as tf
from test_rbm import joint, random_rbm, states

from tfgan.baselines import DBN


def random_dbn(scale=1.0, **kwargs):
    dbn = DBN((4,), hidden=(3, 2), seed=5, **kwargs)
    for machine, other in zip(dbn.machines, (random_rbm(4, 3, 1), random_rbm(3, 2, 2)), strict=True):
        for name in ("kernel", "visible_bias", "hidden_bias"):
            getattr(machine, name).assign(scale * getattr(other, name))
    return dbn


def test_samples_are_the_models():
    dbn = random_dbn(3.0, chains=20_000, burn_in=100)  # drawn down as means, they would be 0.054 off
    top = joint(dbn.machines[1])[0].sum(axis=1)  # p(h1)
    given = dbn.machines[0].visible_given(tf.constant(states(3))).numpy().astype("float64")
    pixels = states(4).astype("float64")
    shares = np.array([top @ np.prod(np.where(v == 1, given, 1 - given), axis=1) for v in pixels])
    assert shares.sum() == pytest.approx(1, abs=1e-6)
    images = dbn.sample(20_000, seed=1)
    drawn = (np.random.default_rng(0).random(images.shape) < images) @ [8, 4, 2, 1]
    found = np.bincount(drawn, minlength=16) / 20_000
    assert 0.5 * abs(found - shares).sum() < 0.02


def test_layers_learn_in_turn():
    rows = (np.random.default_rng(0).random((40, 4)) < 0.5).astype("float32")
    dbn = random_dbn()
    dbn.compile(steps_per_layer=4, steps_per_execution=4)
    weights = [[w.numpy() for w in dbn.variables_of(layer)] for layer in (0, 1)]

    def changed():
        dbn.fit(rows, batch_size=10, epochs=1, verbose=0)
        now = [[w.numpy() for w in dbn.variables_of(layer)] for layer in (0, 1)]
        found = [
            any((a != b).any() for a, b in zip(*pair, strict=True))
            for pair in zip(weights, now, strict=True)
        ]
        weights[:] = now
        return found

    assert [changed() for _ in range(3)] == [[True, False], [False, True], [False, True]]


def test_a_machine_learns_from_what_the_one_below_expects():
    dbn = random_dbn()
    rows = tf.constant(states(4))
    expected = 1 / (
        1 + np.exp(-(states(4) @ dbn.machines[0].kernel.numpy() + dbn.machines[0].hidden_bias))
    )
    np.testing.assert_allclose(dbn.below(rows, 1), expected, atol=1e-6)
    np.testing.assert_array_equal(dbn.below(rows, 0), rows)
