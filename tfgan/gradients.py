"""Gradients of a training step: of both players at once, of penalties, and what passes leave behind."""

import contextlib

import tensorflow as tf

from tfgan import finite, lazily, optimizers, parts, penalties, precision, replicas

# A fake logit's slope is not taken smaller than this on the shared way back: the discriminator's
# gradient would be lost in rounding anyway, and the slopes of images stay clear of underflow.
_LEAST_SLOPE = 1e-24


def shared(tape, outputs, d_slopes, g_slope, variables, fake_images, own=1.0):
    """Gradients of both players by one backward pass through the discriminator.

    Where each logit depends on its own image only, what arrives at a fake image is its logit's slope
    times the logit's own gradient: the generator's differs from the discriminator's by the scalar
    g_slope / d_slope per image, -(1 - s) / s (times 2 for D's factor 0.5) for the non-saturating loss.

    Args:
        tape: watched the discriminator and `fake_images`.
        outputs: (real logits, fake logits, perhaps others, *the discriminator's own losses).
        d_slopes: of d_loss by those logits, each `(batch, 1)`.
        g_slope: d g_loss / d fake logits, `(batch, 1)`.
        variables: the discriminator's.
        fake_images: `(batch, H, W, C)`.
        own: what is passed back from the discriminator's own losses; 1 where d_loss is not scaled.

    Returns:
        The discriminator's gradients, and d g_loss / d fake_images.
    """
    real_slope, fake_slope, *others = d_slopes
    fake_slope = tf.where(
        tf.abs(fake_slope) < _LEAST_SLOPE, tf.cast(_LEAST_SLOPE, fake_slope.dtype), fake_slope
    )
    *gradients, image_slope = passed_back(
        tape, outputs, [*variables, fake_images], (real_slope, fake_slope, *others), own
    )
    ratio = tf.cast(g_slope / fake_slope, image_slope.dtype)
    ones = tf.ones(tf.rank(image_slope) - 1, tf.int32)
    ratio = tf.reshape(ratio, tf.concat([[-1], ones], 0))  # (B, 1, 1, 1)
    return gradients, image_slope * ratio


def passed_back(tape, outputs, sources, slopes, own=1.0):
    """Passes slopes back from the first outputs, and `own` from the networks' losses after them."""
    slopes = [tf.cast(slope, output.dtype) for slope, output in zip(slopes, outputs, strict=False)]
    owns = [tf.ones_like(output) * tf.cast(own, output.dtype) for output in outputs[len(slopes) :]]
    return tape.gradient(outputs, sources, [*slopes, *owns])


def of_penalties(gan, real_images, fake_images, condition, step, seed):
    """Gradients of the penalties, `penalty_every` times them every as many steps and else 0.

    Args:
        gan: compiled GAN with penalties.
        real_images, fake_images: float `(batch, ...)`, as the discriminator is shown them.
        condition: `(batch, ...)` or None.
        step: int64 scalar tensor.
        seed: integer tensor `(2,)`.

    Returns:
        One tensor for each trainable variable of the discriminator.
    """
    network, every = gan.discriminator, gan.penalty_every
    variables = network.trainable_variables
    count = replicas.counted(real_images)
    real, fake = (tf.stop_gradient(_not_half(x)) for x in (real_images, fake_images))

    def discriminate(images):
        return gan.discriminate(images, condition, training=True)

    def penalised():
        with statistics_kept(network), tf.GradientTape() as tape:
            penalty = penalties.total(gan.penalties, step, discriminate, real, fake, seed)
            total = optimizers.scaled(gan.d_optimizer, every * penalty)
            gan.record(count, penalty=penalty)
            finite.note("penalty", penalty)
        gradients = tape.gradient(total, variables)
        pairs = zip(gradients, variables, strict=True)
        return [tf.zeros_like(v.value) if g is None else g for g, v in pairs]

    def computed():
        with precision.exact(network):  # the way back, too
            return parts.apart(penalised)

    return lazily.when(
        gan,
        lazily.penalties_due,
        step,
        computed,
        lambda: [tf.zeros_like(variable.value) for variable in variables],
    )


def _not_half(images):
    """Images in at least float32."""
    return images if images.dtype == tf.float64 else tf.cast(images, tf.float32)


@contextlib.contextmanager
def statistics_kept(network):
    """Undoes what a pass does to a network's non-trainable weights, such as moving statistics.

    Each network's statistics then are those of its own steps. Dropout's seeds are no weights and go on.
    """
    before = [(weight, tf.identity(weight.value)) for weight in network.non_trainable_weights]
    yield
    for weight, value in before:
        weight.assign(value)


def iterate_powers(network):
    """One power iteration of each layer with spectral normalization: once a step, not once a call."""
    for layer in network._flatten_layers():
        if callable(getattr(layer, "power_iteration", None)):
            layer.power_iteration()
