"""The exponential moving average of a generator's weights."""

import tensorflow as tf

from tfgan.errors import InputError, shortened


def check_decay(decay):
    """Returns a decay as a float, None for none.

    Raises:
        InputError: if it is no number in (0, 1).
    """
    if decay is None:
        return None
    if isinstance(decay, bool) or not isinstance(decay, (int, float)) or not 0 < decay < 1:
        raise InputError(
            f"ema_decay must lie between 0 and 1 such as 0.999, or be None, got {decay!r}."
        )
    return float(decay)


def copy(generator, run):
    """Returns a second network of the same configuration and weights, which is not trained.

    Args:
        generator: built Keras model.
        run: function of a network that calls it once, which builds it.

    Raises:
        InputError: if the network cannot be made from its configuration.
    """
    try:
        twin = type(generator).from_config(generator.get_config())
        run(twin)
        twin.set_weights(generator.get_weights())
    except Exception as error:  # whatever a user's network raises
        reason = shortened(error)
        raise InputError(
            f"ema_decay needs a generator that can be made anew from its get_config(), and "
            f"{generator.name!r} cannot ({type(error).__name__}: {reason}): mend get_config, or leave "
            "ema_decay out."
        ) from error
    twin.trainable = False
    return twin


def update(average, generator, step, decay, *, moved):
    """Moves an average on by one step of its generator.

    `average <- d average + (1 - d) weight`, `d = min(decay, (1 + step) / (10 + step))`: the ramp
    forgets the untrained weights sooner. Weights that are not trained, such as moving statistics, are
    copied.

    Args:
        average: Keras model, from `copy`.
        generator: Keras model.
        step: int64 scalar tensor. Steps the generator has made before this one.
        decay: float in (0, 1).
        moved: bool scalar tensor. Whether the generator's weights were updated: not while gradients
            accumulate, nor where a scaled loss overflowed.

    Reference:
        Polyak & Juditsky, 1992; for GANs Yazici et al., 2019 (arXiv 1806.04498).
    """
    step = tf.cast(step, tf.float32)
    decay = tf.minimum(decay, (1.0 + step) / (10.0 + step))
    share = tf.where(moved, 1.0 - decay, 0.0)
    trained = {id(variable) for variable in generator.trainable_variables}
    for mean, weight in zip(average.weights, generator.weights, strict=True):
        if id(weight) in trained:
            mean.assign_sub(tf.cast(share, mean.dtype) * (mean.value - weight.value))
        else:
            mean.assign(weight)
