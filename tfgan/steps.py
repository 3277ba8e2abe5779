"""The training steps of a GAN: plain functions of the model and one batch."""

import contextlib

import tensorflow as tf

from tfgan import averaging
from tfgan.errors import InputError

# Streams of random numbers that must not meet: latents come from the seed (seed, stream + step).
D_STREAM, G_STREAM, TEST_STREAM, SAMPLE_STREAM, MISMATCH_STREAM = (n << 48 for n in range(5))


def train_step(gan, real_images, condition):
    """One step on one batch, by the GAN's update rule.

    Args:
        gan: compiled `tfgan.GAN`.
        real_images: float `(batch, H, W, C)` in [0, 1].
        condition: `(batch, ...)` or None.
    """
    step = tf.identity(gan.train_steps)
    if gan.update == "simultaneous":
        simultaneous_step(gan, real_images, condition, step)
    else:
        d_step(gan, real_images, condition, step)
        if gan.d_steps == 1:
            g_step(gan, real_images, condition, step)
        else:
            tf.cond(
                tf.equal((step + 1) % gan.d_steps, 0),
                lambda: g_step(gan, real_images, condition, step),
                lambda: None,
            )
    gan.train_steps.assign_add(1)


def d_step(gan, real_images, condition, step):
    """One discriminator step of Algorithm 1; the generator stays as it is."""
    z = latents_like(gan, real_images, D_STREAM, step)
    with _statistics_kept(gan.generator):
        fake_images = gan.generate(z, condition, training=True)
    with tf.GradientTape() as tape:
        real_logits = gan.discriminate(real_images, condition, training=True)
        fake_logits = gan.discriminate(fake_images, condition, training=True)
        wrong_logits = _wrong_logits(gan, real_images, condition, step)
        d_loss = _d_loss(gan, real_logits, fake_logits, *wrong_logits)
        total = _with_regularization(d_loss, gan.discriminator)
    variables = gan.discriminator.trainable_variables
    gan.d_optimizer.apply(tape.gradient(total, variables), variables)
    gan.record(
        tf.shape(real_images)[0],
        d_loss=d_loss,
        d_real=tf.sigmoid(real_logits),
        d_fake=tf.sigmoid(fake_logits),
    )


def _wrong_logits(gan, real_images, condition, step):
    """Of real images with other labels than theirs, where the discriminator learns from such pairs.

    Returns:
        Tuple of one tensor of logits `(batch, 1)`, or of none.
    """
    if not gan.mismatched:
        return ()
    wrong = gan.condition.mismatch(condition, gan.seed_pair(step + MISMATCH_STREAM))
    return (gan.discriminate(real_images, wrong, training=True),)


def _d_loss(gan, real_logits, *negatives):
    """The discriminator's loss, to which each kind of negatives adds as much."""
    # One kind stays as it is: XLA sums the gradients of a concatenation in another order.
    logits = tf.concat(negatives, axis=0) if len(negatives) > 1 else negatives[0]
    return gan.loss_pair.d_loss(real_logits, logits)


def g_step(gan, real_images, condition, step):
    """One generator step of Algorithm 1 on fresh latents; the discriminator stays as it is."""
    z = latents_like(gan, real_images, G_STREAM, step)
    with _statistics_kept(gan.discriminator), tf.GradientTape() as tape:
        fake_images = gan.generate(z, condition, training=True)
        fake_logits = gan.discriminate(fake_images, condition, training=True)
        g_loss = gan.loss_pair.g_loss(fake_logits)
        total = _with_regularization(g_loss, gan.generator)
    variables = gan.generator.trainable_variables
    _update_generator(gan, tape.gradient(total, variables), variables)
    gan.record(tf.shape(real_images)[0], g_loss=g_loss)


def simultaneous_step(gan, real_images, condition, step):
    """One step of both players at the weights before it, on one batch of latents.

    One pass of the generator, one of the discriminator over real and fake images, and one pass back:
    see `_shared_gradients`. Where a logit depends on other images of its batch (`gan.samplewise` is
    False, as with batch normalization in the discriminator) the fake half is passed back twice.

    Reference:
        Goodfellow et al., 2014, published code.
    """
    z = latents_like(gan, real_images, D_STREAM, step)
    with tf.GradientTape() as g_tape:
        fake_images = gan.generate(z, condition, training=True)
        g_outputs = (fake_images, *gan.generator.losses)
    with tf.GradientTape(persistent=not gan.samplewise) as d_tape:
        d_tape.watch(fake_images)
        # Not one concatenated batch: that passes back to the pixels of real images too, and with
        # Keras's Dropout, XLA's fusion of it took 28 ms on a CPU where the whole step takes 11.
        real_logits = gan.discriminate(real_images, condition, training=True)
        fake_logits = gan.discriminate(fake_images, condition, training=True)
        logits = (real_logits, fake_logits, *_wrong_logits(gan, real_images, condition, step))
        d_outputs = (*logits, *gan.discriminator.losses)
    with tf.GradientTape(persistent=True) as loss_tape:
        loss_tape.watch(logits)
        d_loss = _d_loss(gan, *logits)
        g_loss = gan.loss_pair.g_loss(fake_logits)
    zero = tf.UnconnectedGradients.ZERO  # a loss may do without some logits
    d_slopes = loss_tape.gradient(d_loss, logits, unconnected_gradients=zero)
    g_slope = loss_tape.gradient(g_loss, fake_logits, unconnected_gradients=zero)
    d_variables = gan.discriminator.trainable_variables
    if gan.samplewise:
        d_gradients, image_slope = _shared_gradients(
            d_tape, d_outputs, d_slopes, g_slope, d_variables, fake_images
        )
    else:
        d_gradients = _gradient(d_tape, d_outputs, d_variables, d_slopes)
        image_slope = d_tape.gradient(fake_logits, fake_images, g_slope)
    if image_slope is None:
        raise InputError(
            "the discriminator passes no gradient back to its images, which the generator learns from: "
            "replace the layer that stops it."
        )
    g_variables = gan.generator.trainable_variables
    g_gradients = _gradient(g_tape, g_outputs, g_variables, (image_slope,))
    gan.d_optimizer.apply(d_gradients, d_variables)
    _update_generator(gan, g_gradients, g_variables)
    gan.record(
        tf.shape(real_images)[0],
        d_loss=d_loss,
        g_loss=g_loss,
        d_real=tf.sigmoid(real_logits),
        d_fake=tf.sigmoid(fake_logits),
    )


# A fake logit's slope is not taken smaller than this on the shared way back: the discriminator's
# gradient would be lost in rounding anyway, and the slopes of images stay clear of underflow.
_LEAST_SLOPE = 1e-24


def _shared_gradients(tape, outputs, d_slopes, g_slope, variables, fake_images):
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

    Returns:
        The discriminator's gradients, and d g_loss / d fake_images.
    """
    real_slope, fake_slope, *others = d_slopes
    fake_slope = tf.where(
        tf.abs(fake_slope) < _LEAST_SLOPE, tf.cast(_LEAST_SLOPE, fake_slope.dtype), fake_slope
    )
    *gradients, image_slope = _gradient(
        tape, outputs, [*variables, fake_images], (real_slope, fake_slope, *others)
    )
    ratio = tf.cast(g_slope / fake_slope, image_slope.dtype)
    ones = tf.ones(tf.rank(image_slope) - 1, tf.int32)
    ratio = tf.reshape(ratio, tf.concat([[-1], ones], 0))  # (B, 1, 1, 1)
    return gradients, image_slope * ratio


def _gradient(tape, outputs, sources, slopes):
    """Passes slopes back from the first outputs, and ones from the networks' own losses after them."""
    ones = [tf.ones_like(output) for output in outputs[len(slopes) :]]
    slopes = [tf.cast(slope, output.dtype) for slope, output in zip(slopes, outputs, strict=False)]
    return tape.gradient(outputs, sources, [*slopes, *ones])


def _update_generator(gan, gradients, variables):
    """One step of the generator's optimizer, and of the moving average after it."""
    step = tf.identity(gan.g_optimizer.iterations)
    gan.g_optimizer.apply(gradients, variables)
    if gan.ema_generator is not None:
        averaging.update(gan.ema_generator, gan.generator, step, gan.ema_decay)


def test_step(gan, real_images, condition, number):
    """Records losses and scores of one batch in inference mode; nothing is updated.

    `number` tells the latents of one batch from those of another.
    """
    z = latents_like(gan, real_images, TEST_STREAM, number)
    fake_images = gan.generate(z, condition, training=False)
    real_logits = gan.discriminate(real_images, condition, training=False)
    fake_logits = gan.discriminate(fake_images, condition, training=False)
    gan.record(
        tf.shape(real_images)[0],
        d_loss=gan.loss_pair.d_loss(real_logits, fake_logits),
        g_loss=gan.loss_pair.g_loss(fake_logits),
        d_real=tf.sigmoid(real_logits),
        d_fake=tf.sigmoid(fake_logits),
    )


def latents_like(gan, images, stream, step):
    """One row of latents per image: a function of the GAN's seed, the stream and the step."""
    return gan.latents_of(tf.shape(images)[0], tf.cast(step, tf.int64) + stream)


@contextlib.contextmanager
def _statistics_kept(network):
    """Undoes what a pass does to a network's non-trainable weights, such as moving statistics.

    Each network's statistics then are those of its own steps. Dropout's seeds are no weights and go on.
    """
    before = [(weight, tf.identity(weight.value)) for weight in network.non_trainable_weights]
    yield
    for weight, value in before:
        weight.assign(value)


def _with_regularization(loss, network):
    """Adds what the network's own layers ask for (kernel_regularizer, add_loss in its last pass)."""
    return tf.add_n([loss, *network.losses]) if network.losses else loss
