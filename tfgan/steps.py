"""The training steps of a GAN: plain functions of the model and one batch."""

import tensorflow as tf

from tfgan import averaging, finite, lazily, optimizers, parts, replicas
from tfgan.errors import InputError
from tfgan.gradients import iterate_powers, of_penalties, passed_back, shared, statistics_kept
from tfgan.shown import adapt, shown

# Streams of random numbers that must not meet: latents come from the seed (seed, stream + step).
D_STREAM, G_STREAM, TEST_STREAM, SAMPLE_STREAM, MISMATCH_STREAM, PENALTY_STREAM = (
    n << 48 for n in range(6)
)
# Of augmentation and noise: on real images, on fakes in D's step, on fakes in G's.
REAL_STREAMS, FAKE_STREAMS, G_STREAMS = ((n << 48, n + 1 << 48) for n in (6, 8, 10))

METRICS = ("d_loss", "g_loss", "d_real", "d_fake", "d_condition", "penalty", "augment_strength")


def recorded(gan):
    """Names of the `METRICS` that this GAN's training gives."""
    extra = {
        "d_condition": gan.auxiliary,
        "penalty": bool(getattr(gan, "penalties", None)),
        "augment_strength": getattr(gan, "adaptive", None) is not None,
    }
    return [name for name in METRICS if extra.get(name, True)]


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
        lazily.when(
            gan,
            lazily.generator_due,
            step,
            lambda: g_step(gan, real_images, condition, step),
            lambda: None,
        )
    gan.train_steps.assign_add(1)


def d_step(gan, real_images, condition, step):
    """One discriminator step of Algorithm 1; the generator stays as it is."""
    z = latents_like(gan, real_images, D_STREAM, step)
    finite.note("images", real_images)
    finite.note("condition", condition)
    wrong = _wrong_conditions(gan, condition, step)
    variables = gan.discriminator.trainable_variables

    def passed():
        with statistics_kept(gan.generator):
            fake_images = gan.generate(z, condition, training=True)
        finite.note("fake images", fake_images)
        iterate_powers(gan.discriminator)
        images = shown(gan, real_images, step, REAL_STREAMS)
        fake_images = shown(gan, fake_images, step, FAKE_STREAMS)
        with tf.GradientTape() as tape:
            real = gan.judge(images, condition, training=True)
            fake = gan.judge(fake_images, condition, training=True)
            wrong_logits = [gan.discriminate(images, other, training=True) for other in wrong]
            d_loss = _d_loss(gan, real[0], fake[0], *wrong_logits)
            d_condition = _condition_loss(gan, condition, real, fake)
            _note_judged(real, fake, *wrong_logits, d_loss=d_loss, d_condition=d_condition)
            total = _with_regularization(d_loss + d_condition, gan.discriminator)
            total = optimizers.scaled(gan.d_optimizer, total)
        recorded = (d_loss, d_condition, real[0], fake[0])
        return tape.gradient(total, variables), images, fake_images, recorded

    gradients, real_images, fake_images, recorded = parts.apart(passed)
    _update_discriminator(gan, gradients, variables, real_images, fake_images, condition, step)
    _record_d(gan, step, *recorded)


def _wrong_conditions(gan, condition, step):
    """Other conditions than real images', where the discriminator learns from such pairs.

    Returns:
        Tuple of one tensor like `condition`, or of none.
    """
    if not gan.mismatched:
        return ()
    seed = gan.seed_pair(step + MISMATCH_STREAM)
    return (replicas.of_batch(condition, lambda whole: gan.condition.mismatch(whole, seed)),)


def _d_loss(gan, real_logits, *negatives):
    """The discriminator's loss, to which each kind of negatives adds as much."""
    # One kind stays as it is: XLA sums the gradients of a concatenation in another order.
    logits = tf.concat(negatives, axis=0) if len(negatives) > 1 else negatives[0]
    if gan.loss_pair.relativistic and len(negatives) > 1:  # pairs
        real_logits = tf.tile(real_logits, [len(negatives), 1])
    options = {"label_smoothing": gan.label_smoothing} if gan.label_smoothing else {}
    return gan.loss_pair.d_loss(real_logits, logits, **options)


def _g_loss(gan, fake_logits, real_logits):
    """The generator's loss; `real_logits` is a function that gives them."""
    if gan.loss_pair.relativistic:
        return gan.loss_pair.g_loss(fake_logits, real_logits())
    return gan.loss_pair.g_loss(fake_logits)


def _condition_loss(gan, condition, *judged):
    """Weighted loss of the auxiliary classifier, the mean over kinds of images; 0 without one."""
    if not gan.auxiliary:
        return 0.0
    found = [gan.condition.auxiliary_loss(logits, condition) for _, logits in judged]
    return gan.auxiliary_weight * tf.reduce_mean(found)


def g_step(gan, real_images, condition, step):
    """One generator step of Algorithm 1 on fresh latents; the discriminator stays as it is."""
    z = latents_like(gan, real_images, G_STREAM, step)
    variables = gan.generator.trainable_variables

    def real_logits():
        images = shown(gan, real_images, step, REAL_STREAMS)
        return tf.stop_gradient(gan.discriminate(images, condition, training=True))

    def passed():
        iterate_powers(gan.generator)
        with statistics_kept(gan.discriminator), tf.GradientTape() as tape:
            fake_images = gan.generate(z, condition, training=True)
            finite.note("fake images", fake_images)
            fake_images = shown(gan, fake_images, step, G_STREAMS)
            fake = gan.judge(fake_images, condition, training=True)
            g_loss = _g_loss(gan, fake[0], real_logits)
            finite.note("logits of fake images", fake[0])
            finite.note("g_loss", g_loss)
            total = g_loss + _condition_loss(gan, condition, fake)
            total = optimizers.scaled(gan.g_optimizer, _with_regularization(total, gan.generator))
        return tape.gradient(total, variables), g_loss, fake[0]

    gradients, g_loss, fake_logits = parts.apart(passed)
    _update_generator(gan, gradients, variables)
    gan.record(replicas.counted(real_images), g_loss=finite.felt(g_loss, fake_logits))


def simultaneous_step(gan, real_images, condition, step):
    """One step of both players at the weights before it, on one batch of latents.

    One pass of the generator, one of the discriminator over real and fake images, and one pass back:
    see `tfgan.gradients.shared`. Where a logit depends on other images of its batch (`gan.samplewise`
    is False, as with batch normalization in the discriminator) the fake half is passed back twice.

    Reference:
        Goodfellow et al., 2014, published code.
    """
    z = latents_like(gan, real_images, D_STREAM, step)
    wrong = _wrong_conditions(gan, condition, step)
    finite.note("images", real_images)
    finite.note("condition", condition)

    def passed():
        return _both_passed(gan, z, real_images, condition, wrong, step)

    gradients, real_images, fake_images, g_loss, recorded = parts.apart(passed)
    d_gradients, g_gradients = gradients
    variables = gan.discriminator.trainable_variables
    _update_discriminator(gan, d_gradients, variables, real_images, fake_images, condition, step)
    _update_generator(gan, g_gradients, gan.generator.trainable_variables)
    _record_d(gan, step, *recorded)
    gan.record(replicas.counted(real_images), g_loss=finite.felt(g_loss, recorded[-1]))


def _both_passed(gan, z, real_images, condition, wrong, step):
    """The passes of `simultaneous_step`.

    Returns:
        Gradients of the discriminator and of the generator; the images as they were shown, real and
        fake; the generator's loss; and what `_record_d` records.
    """
    iterate_powers(gan.generator)
    iterate_powers(gan.discriminator)
    real_images = shown(gan, real_images, step, REAL_STREAMS)
    with tf.GradientTape() as g_tape:
        fake_images = gan.generate(z, condition, training=True)
        finite.note("fake images", fake_images)
        fake_images = shown(gan, fake_images, step, FAKE_STREAMS)
        g_outputs = (fake_images, *gan.generator.losses)
    with tf.GradientTape(persistent=not gan.samplewise) as d_tape:
        d_tape.watch(fake_images)
        # Not one concatenated batch: that passes back to the pixels of real images too, and with
        # Keras's Dropout, XLA's fusion of it took 28 ms on a CPU where the whole step takes 11.
        real = gan.judge(real_images, condition, training=True)
        fake = gan.judge(fake_images, condition, training=True)
        of_conditions = tuple(logits for _, logits in (real, fake) if logits is not None)
        wrong_logits = [gan.discriminate(real_images, other, training=True) for other in wrong]
        logits = (real[0], fake[0], *wrong_logits)
        d_outputs = (*logits, *of_conditions, *gan.discriminator.losses)
    with tf.GradientTape(persistent=True) as loss_tape:
        loss_tape.watch((*logits, *of_conditions))
        d_loss = _d_loss(gan, *logits)
        g_loss = _g_loss(gan, fake[0], lambda: real[0])
        d_condition = _condition_loss(gan, condition, real, fake)
        _note_judged(real, fake, *logits[2:], d_loss=d_loss, g_loss=g_loss, d_condition=d_condition)
        d_total = optimizers.scaled(gan.d_optimizer, d_loss + d_condition)
        g_total = g_loss + _condition_loss(gan, condition, fake)
        g_total = optimizers.scaled(gan.g_optimizer, g_total)
    zero = tf.UnconnectedGradients.ZERO  # a loss may do without some logits
    judged = fake if gan.auxiliary else fake[:1]
    d_slopes = loss_tape.gradient(d_total, (*logits, *of_conditions), unconnected_gradients=zero)
    g_slopes = loss_tape.gradient(g_total, judged, unconnected_gradients=zero)
    d_variables = gan.discriminator.trainable_variables
    own = optimizers.scaled(gan.d_optimizer, 1.0)
    if gan.samplewise:
        d_gradients, image_slope = shared(
            d_tape, d_outputs, d_slopes, g_slopes[0], d_variables, fake_images, own
        )
    else:
        d_gradients = passed_back(d_tape, d_outputs, d_variables, d_slopes, own)
        image_slope = passed_back(d_tape, judged, fake_images, g_slopes)
    if image_slope is None:
        raise InputError(
            "the discriminator passes no gradient back to its images, which the generator learns from: "
            "replace the layer that stops it."
        )
    g_variables = gan.generator.trainable_variables
    own = optimizers.scaled(gan.g_optimizer, 1.0)
    g_gradients = passed_back(g_tape, g_outputs, g_variables, (image_slope,), own)
    recorded = (d_loss, d_condition, real[0], fake[0])
    return (d_gradients, g_gradients), real_images, fake_images, g_loss, recorded


def _update_discriminator(gan, gradients, variables, real_images, fake_images, condition, step):
    """One step of the discriminator's optimizer, with the penalties' gradients where they are due."""
    noted = {"network": gan.discriminator, "role": "discriminator", "optimizer": gan.d_optimizer}
    finite.note_gradients(gradients, variables, **noted)
    if gan.penalties:
        extra = of_penalties(
            gan, real_images, fake_images, condition, step, gan.seed_pair(step + PENALTY_STREAM)
        )
        finite.note_gradients(extra, variables, **noted, of="penalty's gradient")
        gradients = [
            theirs if mine is None else mine + tf.cast(theirs, mine.dtype)
            for mine, theirs in zip(gradients, extra, strict=True)
        ]
    optimizers.apply(gan.d_optimizer, gradients, variables)
    finite.note_state(gan, "discriminator")


def _note_judged(real, fake, *wrong, **losses):
    """Notes what the discriminator made of images, and the losses of it, in order of computation."""
    for (logits, condition_logits), which in ((real, "images"), (fake, "fake images")):
        finite.note(f"logits of {which}", logits)
        finite.note(f"condition's logits of {which}", condition_logits)
    for logits in wrong:
        finite.note("logits of images with other conditions", logits)
    for name, loss in losses.items():
        finite.note(name, loss)


def _record_d(gan, step, d_loss, d_condition, real_logits, fake_logits):
    """Records one discriminator step, and what follows from it for the augmentation."""
    adapt(gan, real_logits, fake_logits, step)
    values = {
        "d_loss": finite.felt(d_loss, real_logits, fake_logits),
        "d_real": tf.sigmoid(real_logits),
        "d_fake": tf.sigmoid(fake_logits),
        "d_condition": d_condition,
        "augment_strength": gan.augment_strength.value,
    }
    names = recorded(gan)
    values = {name: value for name, value in values.items() if name in names}
    gan.record(replicas.counted(real_logits), **values)


def _update_generator(gan, gradients, variables):
    """One step of the generator's optimizer, and of the moving average after it."""
    step = tf.identity(gan.g_optimizer.iterations)
    finite.note_gradients(gradients, variables, gan.generator, "generator", gan.g_optimizer)
    optimizers.apply(gan.g_optimizer, gradients, variables)
    if gan.ema_generator is not None:
        moved = gan.g_optimizer.iterations > step
        averaging.update(gan.ema_generator, gan.generator, step, gan.ema_decay, moved=moved)
    finite.note_state(gan, "generator")


def test_step(gan, real_images, condition, number):
    """Records losses and scores of one batch in inference mode; nothing is updated.

    `number` tells the latents of one batch from those of another.
    """
    z = latents_like(gan, real_images, TEST_STREAM, number)
    fake_images = gan.generate(z, condition, training=False)
    real = gan.judge(real_images, condition, training=False)
    fake = gan.judge(fake_images, condition, training=False)
    extra = {"d_condition": _condition_loss(gan, condition, real, fake)} if gan.auxiliary else {}
    gan.record(
        replicas.counted(real_images),
        d_loss=finite.felt(gan.loss_pair.d_loss(real[0], fake[0]), real[0], fake[0]),
        g_loss=finite.felt(_g_loss(gan, fake[0], lambda: real[0]), fake[0]),
        d_real=tf.sigmoid(real[0]),
        d_fake=tf.sigmoid(fake[0]),
        **extra,
    )


def latents_like(gan, images, stream, step):
    """One row of latents per image: a function of the GAN's seed, the stream and the step."""
    number = tf.cast(step, tf.int64) + stream
    return replicas.rows(tf.shape(images)[0], lambda count: gan.latents_of(count, number))


def _with_regularization(loss, network):
    """Adds what the network's own layers ask for (kernel_regularizer, add_loss in its last pass)."""
    return tf.add_n([loss, *network.losses]) if network.losses else loss
