"""GAN losses: from logits to scalars, in nats.

Every loss is a pair of functions and one line in `LOSSES`. Both work on logits through softplus, which
stays finite with finite gradients where `log(sigmoid(x))` does not.
"""

from collections.abc import Callable
from typing import NamedTuple

import keras
from keras import ops

from tfgan.errors import InputError


class Loss(NamedTuple):
    """What the two players minimise.

    Attributes:
        d_loss: `(real_logits, fake_logits) -> scalar`. Minimised by the discriminator.
        g_loss: `(fake_logits,) -> scalar`. Minimised by the generator.
    """

    d_loss: Callable
    g_loss: Callable


def cross_entropy_d_loss(real_logits, fake_logits):
    """Discriminator's loss of the GAN game: half of its binary cross-entropy on real and fake.

    `0.5 * (mean(-log D(x)) + mean(-log(1 - D(G(z)))))`, with `D = sigmoid(logit)`; it is -V(D, G) / 2.

    Args:
        real_logits: float `(batch, 1)`.
        fake_logits: float `(batch, 1)`.

    Returns:
        float scalar, in nats; log 2 = 0.693 for a discriminator that cannot tell.

    Reference:
        Goodfellow et al., 2014, equation 1 (arXiv 1406.2661). The 0.5 is the published code's.
    """
    real = ops.mean(ops.softplus(ops.negative(real_logits)))
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


LOSSES = {
    "minimax": Loss(cross_entropy_d_loss, minimax_g_loss),
    "non_saturating": Loss(cross_entropy_d_loss, non_saturating_g_loss),
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
    if not isinstance(loss, (tuple, list)) or len(loss) != 2 or not all(map(callable, loss)):
        raise InputError(
            f"loss must be one of {', '.join(LOSSES)}, or a tfgan.losses.Loss of two functions, "
            f"got {loss!r}."
        )
    return Loss(*loss)


def serialize(loss):
    """Returns what `deserialize` makes the loss of: its name, or its functions' Keras configs.

    Functions must be registered (`keras.saving.register_keras_serializable`) to be found again.
    """
    if isinstance(loss, str):
        return loss
    return [keras.saving.serialize_keras_object(function) for function in loss]


def deserialize(config):
    """The inverse of `serialize`."""
    if isinstance(config, str):
        return config
    return Loss(*(keras.saving.deserialize_keras_object(function) for function in config))
