"""GAN losses: from logits to scalars; the cross-entropies are in nats.

Every loss is a pair of functions and one line in `LOSSES`. Cross-entropies go through softplus, which
stays finite with finite gradients where `log(sigmoid(x))` does not.
"""

import inspect
from collections.abc import Callable
from typing import NamedTuple

import keras
from keras import ops

from tfgan import replicas
from tfgan.errors import InputError


class Loss(NamedTuple):
    """What the two players minimise.

    Attributes:
        d_loss: `(real_logits, fake_logits) -> scalar`. Minimised by the discriminator. One that takes
            `label_smoothing=` too knows one-sided label smoothing.
        g_loss: `(fake_logits,) -> scalar`, or `(fake_logits, real_logits)` of a relativistic loss.
            Minimised by the generator.
        relativistic: bool. Whether a logit counts against those of the other side.
        threshold: float or None. The logit above which the discriminator means real; None where only
            differences of logits mean something.
    """

    d_loss: Callable
    g_loss: Callable
    relativistic: bool = False
    threshold: float | None = 0.0


def cross_entropy_d_loss(real_logits, fake_logits, label_smoothing=0.0):
    """Discriminator's loss of the GAN game: half of its binary cross-entropy on real and fake.

    `0.5 * (mean(-log D(x)) + mean(-log(1 - D(G(z)))))`, with `D = sigmoid(logit)`; it is -V(D, G) / 2.

    Args:
        real_logits: float `(batch, 1)`.
        fake_logits: float `(batch, 1)`.
        label_smoothing: float in [0, 1). The target of real images is 1 less this; of fakes 0.

    Returns:
        float scalar, in nats; log 2 = 0.693 for a discriminator that cannot tell.

    Reference:
        Goodfellow et al., 2014, equation 1 (arXiv 1406.2661). The 0.5 is the published code's.
        One-sided label smoothing: Salimans et al., 2016, section 3.4 (arXiv 1606.03498).
    """
    real = ops.mean(ops.softplus(ops.negative(real_logits)))
    if label_smoothing:  # -(1 - s) log D - s log(1 - D) = -log D + s logit
        real = ops.add(real, ops.multiply(label_smoothing, ops.mean(real_logits)))
    fake = ops.mean(ops.softplus(fake_logits))
    return ops.multiply(0.5, ops.add(real, fake))


def minimax_g_loss(fake_logits):
    """Generator's loss of the minimax game: `mean(log(1 - D(G(z))))`.

    Its logit gradient, -sigmoid(logit), vanishes while the discriminator wins.

    Args:
        fake_logits: float `(batch, 1)`.

    Returns:
        float scalar <= 0, in nats.

    Reference:
        Goodfellow et al., 2014, Algorithm 1 (arXiv 1406.2661).
    """
    return ops.negative(ops.mean(ops.softplus(fake_logits)))


def non_saturating_g_loss(fake_logits):
    """Generator's non-saturating loss: `mean(-log D(G(z)))`.

    Its logit gradient is sigmoid(logit) - 1: strongest where the discriminator wins.

    Args:
        fake_logits: float `(batch, 1)`.

    Returns:
        float scalar >= 0, in nats.

    Reference:
        Goodfellow et al., 2014, section 3 (arXiv 1406.2661).
    """
    return ops.mean(ops.softplus(ops.negative(fake_logits)))


def least_squares_d_loss(real_logits, fake_logits, label_smoothing=0.0):
    """Discriminator's least squares: `0.5 * (mean((D(x) - 1)^2) + mean(D(G(z))^2))`, D the logit.

    Args:
        real_logits, fake_logits: float `(batch, 1)`.
        label_smoothing: float in [0, 1). The target of real images is 1 less this.

    Returns:
        float scalar >= 0; 0.25 for a discriminator that cannot tell, which says 0.5 of everything.

    Reference:
        Mao et al., 2017, equation 9 (arXiv 1611.04076).
    """
    real = ops.mean(ops.square(ops.subtract(real_logits, 1 - label_smoothing)))
    return ops.multiply(0.5, ops.add(real, ops.mean(ops.square(fake_logits))))


def least_squares_g_loss(fake_logits):
    """Generator's least squares: `0.5 * mean((D(G(z)) - 1)^2)`, D the logit.

    Args:
        fake_logits: float `(batch, 1)`.

    Returns:
        float scalar >= 0.

    Reference:
        Mao et al., 2017, equation 9 (arXiv 1611.04076).
    """
    return ops.multiply(0.5, ops.mean(ops.square(ops.subtract(fake_logits, 1.0))))


def hinge_d_loss(real_logits, fake_logits):
    """Discriminator's hinge loss: `mean(max(0, 1 - D(x))) + mean(max(0, 1 + D(G(z))))`.

    Args:
        real_logits, fake_logits: float `(batch, 1)`.

    Returns:
        float scalar >= 0; 2 for logits of 0.

    Reference:
        Lim & Ye, 2017 (arXiv 1705.02894); Miyato et al., 2018, equation 16 (arXiv 1802.05957).
    """
    real = ops.mean(ops.relu(ops.subtract(1.0, real_logits)))
    return ops.add(real, ops.mean(ops.relu(ops.add(1.0, fake_logits))))


def wasserstein_d_loss(real_logits, fake_logits):
    """Critic's loss: `mean(D(G(z))) - mean(D(x))`, for a D held to a Lipschitz constant.

    Args:
        real_logits, fake_logits: float `(batch, 1)`.

    Returns:
        float scalar; its negative estimates the Wasserstein distance, in units of D.

    Reference:
        Arjovsky et al., 2017, equation 2 (arXiv 1701.07875).
    """
    return ops.subtract(ops.mean(fake_logits), ops.mean(real_logits))


def wasserstein_g_loss(fake_logits):
    """Generator's loss against a critic: `-mean(D(G(z)))`; also the hinge loss's.

    Args:
        fake_logits: float `(batch, 1)`.

    Returns:
        float scalar.

    Reference:
        Arjovsky et al., 2017 (arXiv 1701.07875); Miyato et al., 2018, equation 17 (arXiv 1802.05957).
    """
    return ops.negative(ops.mean(fake_logits))


def relativistic_pairing_d_loss(real_logits, fake_logits):
    """Discriminator's loss on pairs: `mean(-log sigmoid(D(x) - D(G(z))))`.

    The i-th real image is paired with the i-th fake.

    Args:
        real_logits, fake_logits: float `(batch, 1)`.

    Returns:
        float scalar, in nats; log 2 for a discriminator that cannot tell.

    Reference:
        Jolicoeur-Martineau, 2019 (arXiv 1807.00734); Huang et al., 2024, equation 2 (arXiv 2501.05441).
    """
    return ops.mean(ops.softplus(ops.subtract(fake_logits, real_logits)))


def relativistic_pairing_g_loss(fake_logits, real_logits):
    """Generator's loss on pairs: `mean(-log sigmoid(D(G(z)) - D(x)))`.

    Args:
        fake_logits, real_logits: float `(batch, 1)`.

    Returns:
        float scalar, in nats.

    Reference:
        As `relativistic_pairing_d_loss`.
    """
    return relativistic_pairing_d_loss(fake_logits, real_logits)


def relativistic_average_d_loss(real_logits, fake_logits):
    """Discriminator's loss against the other side's mean.

    `0.5 * (mean(-log sigmoid(D(x) - mean D(G(z)))) + mean(-log(1 - sigmoid(D(G(z)) - mean D(x)))))`.

    Args:
        real_logits, fake_logits: float `(batch, 1)`.

    Returns:
        float scalar, in nats; log 2 for a discriminator that cannot tell.

    Reference:
        Jolicoeur-Martineau, 2019, section 4.2 (arXiv 1807.00734). The 0.5 is for cross-entropy's scale.
    """
    real = ops.subtract(real_logits, replicas.mean(fake_logits))
    fake = ops.subtract(fake_logits, replicas.mean(real_logits))
    return cross_entropy_d_loss(real, fake)


def relativistic_average_g_loss(fake_logits, real_logits):
    """Generator's loss against the other side's mean: the discriminator's, the sides exchanged.

    Args:
        fake_logits, real_logits: float `(batch, 1)`.

    Returns:
        float scalar, in nats.

    Reference:
        As `relativistic_average_d_loss`.
    """
    return relativistic_average_d_loss(fake_logits, real_logits)


LOSSES = {
    "minimax": Loss(cross_entropy_d_loss, minimax_g_loss),
    "non_saturating": Loss(cross_entropy_d_loss, non_saturating_g_loss),
    "least_squares": Loss(least_squares_d_loss, least_squares_g_loss, threshold=0.5),
    "hinge": Loss(hinge_d_loss, wasserstein_g_loss),
    "wasserstein": Loss(wasserstein_d_loss, wasserstein_g_loss, threshold=None),
    "relativistic_pairing": Loss(
        relativistic_pairing_d_loss, relativistic_pairing_g_loss, relativistic=True, threshold=None
    ),
    "relativistic_average": Loss(
        relativistic_average_d_loss, relativistic_average_g_loss, relativistic=True, threshold=None
    ),
}


def get(loss):
    """Returns the `Loss` of that name; a `Loss` (or a pair of functions) passes through.

    Raises:
        InputError: for an unknown name, or what is no pair of functions.
    """
    if isinstance(loss, str):
        if loss not in LOSSES:
            raise InputError(f"loss must be one of {', '.join(LOSSES)}, got {loss!r}.")
        return LOSSES[loss]
    if not isinstance(loss, (tuple, list)) or len(loss) < 2 or not all(map(callable, loss[:2])):
        raise InputError(
            f"loss must be one of {', '.join(LOSSES)}, or a tfgan.losses.Loss of two functions, "
            f"got {loss!r}."
        )
    return Loss(*loss)


def check_label_smoothing(pair, label_smoothing):
    """Returns the label smoothing of a loss as a float.

    Raises:
        InputError: if it is no number in [0, 1), or above 0 for a loss without targets.
    """
    number = isinstance(label_smoothing, (int, float)) and not isinstance(label_smoothing, bool)
    if not number or not 0 <= label_smoothing < 1:
        raise InputError(f"label_smoothing must lie in [0, 1), got {label_smoothing!r}.")
    if label_smoothing and "label_smoothing" not in inspect.signature(pair.d_loss).parameters:
        with_targets = [
            name
            for name, known in LOSSES.items()
            if "label_smoothing" in inspect.signature(known.d_loss).parameters
        ]
        raise InputError(
            f"label_smoothing={label_smoothing} goes with the losses {', '.join(with_targets)}, which "
            "have a target for real images: leave it out, or choose one of them."
        )
    return float(label_smoothing)


def serialize(loss):
    """Returns what `deserialize` makes the loss of: its name, or its functions' Keras configs.

    Functions must be registered (`keras.saving.register_keras_serializable`) to be found again.
    """
    if isinstance(loss, str):
        return loss
    pair = Loss(*loss)
    functions = [keras.saving.serialize_keras_object(function) for function in pair[:2]]
    return [*functions, pair.relativistic, pair.threshold]


def deserialize(config):
    """The inverse of `serialize`."""
    if isinstance(config, str):
        return config
    functions = [keras.saving.deserialize_keras_object(function) for function in config[:2]]
    return Loss(*functions, *config[2:])
