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


def of_generator(pair, real_logits=REAL):
    """The generator's loss as a function of fake logits alone."""
    if pair.relativistic:
        return lambda fake_logits: pair.g_loss(fake_logits, real_logits)
    return pair.g_loss


def log_sigmoid(x):
    return -np.log1p(np.exp(-x))


R, F = REAL, FAKE
BY_HAND = {  # d_loss, g_loss
    "least_squares": (((R - 1) ** 2).mean() / 2 + (F**2).mean() / 2, ((F - 1) ** 2).mean() / 2),
    "hinge": (np.maximum(0, 1 - R).mean() + np.maximum(0, 1 + F).mean(), -F.mean()),
    "wasserstein": (F.mean() - R.mean(), -F.mean()),
    "relativistic_pairing": (-log_sigmoid(R - F).mean(), -log_sigmoid(F - R).mean()),
    "relativistic_average": (
        -(log_sigmoid(R - F.mean()).mean() + np.log(1 - sigmoid(F - R.mean())).mean()) / 2,
        -(log_sigmoid(F - R.mean()).mean() + np.log(1 - sigmoid(R - F.mean())).mean()) / 2,
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_other_losses_by_hand(name):
    pair = losses.LOSSES[name]
    np.testing.assert_allclose(pair.d_loss(REAL, FAKE), BY_HAND[name][0], rtol=1e-6)
    np.testing.assert_allclose(of_generator(pair)(FAKE), BY_HAND[name][1], rtol=1e-6)


def test_label_smoothing_by_hand():
    """The cross-entropy with the target 0.9, and least squares to it, for real images only."""
    cross_entropy = -(0.9 * np.log(sigmoid(REAL)) + 0.1 * np.log(1 - sigmoid(REAL))).mean()
    expected = 0.5 * (cross_entropy - np.log(1 - sigmoid(FAKE)).mean())
    found = losses.cross_entropy_d_loss(REAL, FAKE, label_smoothing=0.1)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    expected = 0.5 * (((REAL - 0.9) ** 2).mean() + (FAKE**2).mean())
    found = losses.least_squares_d_loss(REAL, FAKE, label_smoothing=0.1)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_smoothed_labels_hold_the_logit_back():
    """The smoothed loss is least at the target's logit, the other falls on and on."""
    for smoothing, best in ((0.1, np.log(9)), (0.3, np.log(7 / 3))):

        def loss(logit, smoothing=smoothing):
            return losses.cross_entropy_d_loss(
                np.full((1, 1), logit), np.zeros((1, 1)), label_smoothing=smoothing
            )

        assert loss(best) < min(loss(best - 0.1), loss(best + 0.1))


def test_what_label_smoothing_goes_with():
    for name, pair in losses.LOSSES.items():
        assert losses.check_label_smoothing(pair, 0) == 0
        if name in ("minimax", "non_saturating", "least_squares"):
            assert losses.check_label_smoothing(pair, 0.25) == 0.25
            continue
        with pytest.raises(InputError, match="minimax, non_saturating, least_squares"):
            losses.check_label_smoothing(pair, 0.25)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_threshold_is_where_the_discriminator_cannot_tell(name):
    """There the slopes of real and fake cancel."""
    pair = losses.LOSSES[name]
    if pair.threshold is None:
        shift = pair.d_loss(REAL + 3, FAKE + 3)  # only differences count
        np.testing.assert_allclose(shift, pair.d_loss(REAL, FAKE), rtol=1e-6)
        return
    even = tf.fill((2, 1), pair.threshold)
    with tf.GradientTape() as tape:
        tape.watch(even)
        loss = pair.d_loss(even, even)
    np.testing.assert_allclose(tape.gradient(loss, even), 0, atol=1e-7)


@pytest.mark.parametrize("name", losses.LOSSES)
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_finite_at_extreme_logits(name, size):
    pair = losses.LOSSES[name]
    logits = np.full((3, 1), size, "float32")
    for function in (
        of_generator(pair, tf.zeros((3, 1))),
        lambda x: pair.d_loss(x, tf.zeros_like(x)),
        lambda x: pair.d_loss(tf.zeros_like(x), x),
    ):
        assert np.isfinite(function(tf.constant(logits)))
        assert np.all(np.isfinite(gradient(function, logits)))


@pytest.mark.parametrize("name", ["minimax", "non_saturating"])
def test_extreme_values_are_right(name):
    pair = losses.LOSSES[name]
    good, bad = np.full((2, 1), 1e4, "float32"), np.full((2, 1), -1e4, "float32")
    np.testing.assert_allclose(pair.d_loss(good, bad), 0, atol=1e-6)
    np.testing.assert_allclose(pair.d_loss(bad, good), 1e4, rtol=1e-6)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_both_players_disagree(name):
    """More realistic fakes: better for G, worse for D."""
    pair = losses.LOSSES[name]
    g_loss = of_generator(pair)
    assert g_loss(FAKE + 0.1) < g_loss(FAKE)
    assert pair.d_loss(REAL, FAKE + 0.5) > pair.d_loss(REAL, FAKE)
    assert pair.d_loss(REAL + 0.5, FAKE) < pair.d_loss(REAL, FAKE)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_names_round_trip(name):
    assert losses.get(losses.deserialize(losses.serialize(name))) is losses.LOSSES[name]


@keras.saving.register_keras_serializable(package="tests")
def _custom(*logits):
    return sum(keras.ops.mean(x) for x in logits)


def test_own_functions_round_trip():
    pair = losses.Loss(_custom, _custom, relativistic=True, threshold=None)
    assert losses.get(losses.deserialize(losses.serialize(pair))) == pair


def test_unknown_name():
    with pytest.raises(InputError, match="non_saturating"):
        losses.get("wasserstain")
