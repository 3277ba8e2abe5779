"""The training steps of a GAN: plain functions of the model and one batch."""

import contextlib

import tensorflow as tf

# Streams of random numbers that must not meet: latents come from the seed (seed, stream + step).
D_STREAM, G_STREAM, TEST_STREAM, SAMPLE_STREAM = (n << 48 for n in range(4))


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
        d_loss = gan.loss_pair.d_loss(real_logits, fake_logits)
        total = _with_regularization(d_loss, gan.discriminator)
    variables = gan.discriminator.trainable_variables
    gan.d_optimizer.apply(tape.gradient(total, variables), variables)
    gan.record(
        tf.shape(real_images)[0],
        d_loss=d_loss,
        d_real=tf.sigmoid(real_logits),
        d_fake=tf.sigmoid(fake_logits),
    )


def g_step(gan, real_images, condition, step):
    """One generator step of Algorithm 1 on fresh latents; the discriminator stays as it is."""
    z = latents_like(gan, real_images, G_STREAM, step)
    with _statistics_kept(gan.discriminator), tf.GradientTape() as tape:
        fake_images = gan.generate(z, condition, training=True)
        fake_logits = gan.discriminate(fake_images, condition, training=True)
        g_loss = gan.loss_pair.g_loss(fake_logits)
        total = _with_regularization(g_loss, gan.generator)
    variables = gan.generator.trainable_variables
    gan.g_optimizer.apply(tape.gradient(total, variables), variables)
    gan.record(tf.shape(real_images)[0], g_loss=g_loss)


def simultaneous_step(gan, real_images, condition, step):
    """One step of both players at the weights before it, on one batch of latents.

    Reference:
        Goodfellow et al., 2014, published code.
    """
    z = latents_like(gan, real_images, D_STREAM, step)
    with tf.GradientTape(persistent=True) as tape:
        fake_images = gan.generate(z, condition, training=True)
        real_logits = gan.discriminate(real_images, condition, training=True)
        fake_logits = gan.discriminate(fake_images, condition, training=True)
        d_loss = gan.loss_pair.d_loss(real_logits, fake_logits)
        g_loss = gan.loss_pair.g_loss(fake_logits)
        d_total = _with_regularization(d_loss, gan.discriminator)
        g_total = _with_regularization(g_loss, gan.generator)
    d_variables = gan.discriminator.trainable_variables
    g_variables = gan.generator.trainable_variables
    d_gradients = tape.gradient(d_total, d_variables)
    g_gradients = tape.gradient(g_total, g_variables)
    gan.d_optimizer.apply(d_gradients, d_variables)
    gan.g_optimizer.apply(g_gradients, g_variables)
    gan.record(
        tf.shape(real_images)[0],
        d_loss=d_loss,
        g_loss=g_loss,
        d_real=tf.sigmoid(real_logits),
        d_fake=tf.sigmoid(fake_logits),
    )


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
