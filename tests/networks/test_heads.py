"""What a conditional discriminator makes of features and condition, by hand."""

import numpy as np
import pytest
from makers import one_line

from tfgan.conditions import Labels, Vector
from tfgan.errors import InputError
from tfgan.layers import SpectralNormalization
from tfgan.networks.heads import CONDITIONINGS, Head


def made(conditioning, **options):
    """A head of varied weights, its features, encoded labels, and what it returns."""
    rng = np.random.default_rng(0)
    head = Head(Labels(3), conditioning, units=4, **options)
    h = rng.standard_normal((6, 5)).astype("float32")
    y = np.eye(3, dtype="float32")[np.arange(6) % 3]
    head(h, y)
    head.set_weights([rng.standard_normal(w.shape) for w in head.get_weights()])
    return head, h, y, head(h, y)


@pytest.mark.parametrize("conditioning", ["projection", "matching"])
def test_projection(conditioning):
    head, h, y, logits = made(conditioning)
    w, b = head.logit.get_weights()
    (embedding,) = head.embedding.get_weights()
    expected = h @ w + b + np.sum((y @ embedding) * h, axis=1, keepdims=True)
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


def test_fused():
    head, h, y, logits = made("fused")
    (embedding,) = head.embedding.get_weights()
    (wh, bh), (w, b) = head.hidden.get_weights(), head.logit.get_weights()
    joint = np.concatenate([h, y @ embedding], axis=1) @ wh + bh
    np.testing.assert_allclose(logits, np.where(joint > 0, joint, 0.2 * joint) @ w + b, rtol=1e-3)


def test_auxiliary_logits_do_not_see_the_condition():
    head, h, y, (logits, guess) = made("auxiliary")
    (w, b), (wc, bc) = head.logit.get_weights(), head.guess.get_weights()
    np.testing.assert_allclose(logits, h @ w + b, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(guess, h @ wc + bc, rtol=1e-4, atol=1e-5)
    for a, b in zip(head(h, y[::-1].copy()), (logits, guess), strict=True):
        np.testing.assert_array_equal(a, b)


def test_without_condition():
    head = Head(None, use_bias=False)
    h = np.random.default_rng(0).standard_normal((6, 5)).astype("float32")
    logits = head(h)
    (w,) = head.get_weights()
    np.testing.assert_allclose(logits, h @ w, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_all_layers_are_wrapped(conditioning):
    head = Head(Vector(3), conditioning, wrap=SpectralNormalization)
    head(np.ones((2, 5)), np.ones((2, 3)))
    kernels = [w for w in head.trainable_weights if w.name == "kernel"]
    assert len(kernels) == len([w for w in head.weights if w.name == "vector"]) >= 2


@pytest.mark.parametrize("condition", [None, Labels(3)])
def test_unknown_conditioning(condition):
    with pytest.raises(InputError, match="auxiliary, got 'concat'") as error:
        Head(condition, "concat")
    one_line(error)
