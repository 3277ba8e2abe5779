import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan import losses
from tfgan.errors import InputError

REAL = np.array([[0.3], [-1.2], [2.0]], "float64")
FAKE = np.array([[-0.7], [0.1], [1.5]], "float64")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_cross_entropy_by_hand():
    expected = 0.5 * (-np.log(sigmoid(REAL)).mean() - np.log(1 - sigmoid(FAKE)).mean())
    np.testing.assert_allclose(losses.cross_entropy_d_loss(REAL, FAKE), expected, rtol=1e-6)


def test_undecided_discriminator_pays_log_2():
    zeros = np.zeros((4, 1), "float32")
    np.testing.assert_allclose(losses.cross_entropy_d_loss(zeros, zeros), np.log(2), rtol=1e-6)
    np.testing.assert_allclose(losses.minimax_g_loss(zeros), -np.log(2), rtol=1e-6)
    np.testing.assert_allclose(losses.non_saturating_g_loss(zeros), np.log(2), rtol=1e-6)


def test_generator_losses_by_hand():
    expected = np.log(1 - sigmoid(FAKE)).mean()
    np.testing.assert_allclose(losses.minimax_g_loss(FAKE), expected, rtol=1e-6)
    expected = -np.log(sigmoid(FAKE)).mean()
    np.testing.assert_allclose(losses.non_saturating_g_loss(FAKE), expected, rtol=1e-6)


def gradient(function, logits):
    logits = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = function(logits)
    return tape.gradient(value, logits).numpy() * len(logits)


def test_logit_gradients_of_the_papers():
    s = sigmoid(FAKE)
    np.testing.assert_allclose(gradient(losses.minimax_g_loss, FAKE), -s, rtol=1e-6)
    np.testing.assert_allclose(gradient(losses.non_saturating_g_loss, FAKE), s - 1, rtol=1e-6)


@pytest.mark.parametrize("name", losses.LOSSES)
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_finite_at_extreme_logits(name, size):
    pair = losses.LOSSES[name]
    logits = np.full((3, 1), size, "float32")
    for function in (
        pair.g_loss,
        lambda x: pair.d_loss(x, tf.zeros_like(x)),
        lambda x: pair.d_loss(tf.zeros_like(x), x),
    ):
        assert np.isfinite(function(tf.constant(logits)))
        assert np.all(np.isfinite(gradient(function, logits)))


@pytest.mark.parametrize("name", losses.LOSSES)
def test_extreme_values_are_right(name):
    pair = losses.LOSSES[name]
    good, bad = np.full((2, 1), 1e4, "float32"), np.full((2, 1), -1e4, "float32")
    np.testing.assert_allclose(pair.d_loss(good, bad), 0, atol=1e-6)
    np.testing.assert_allclose(pair.d_loss(bad, good), 1e4, rtol=1e-6)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_both_players_disagree(name):
    """More realistic fakes: better for G, worse for D."""
    pair = losses.LOSSES[name]
    assert pair.g_loss(FAKE + 1) < pair.g_loss(FAKE)
    assert pair.d_loss(REAL, FAKE + 1) > pair.d_loss(REAL, FAKE)
    assert pair.d_loss(REAL + 1, FAKE) < pair.d_loss(REAL, FAKE)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_names_round_trip(name):
    assert losses.get(losses.deserialize(losses.serialize(name))) is losses.LOSSES[name]


@keras.saving.register_keras_serializable(package="tests")
def _custom(*logits):
    return sum(keras.ops.mean(x) for x in logits)


def test_own_functions_round_trip():
    pair = losses.Loss(_custom, _custom)
    assert losses.get(losses.deserialize(losses.serialize(pair))) == pair


def test_unknown_name():
    with pytest.raises(InputError, match="non_saturating"):
        losses.get("wasserstain")
