"""Penalties on the discriminator's gradient with respect to images. One is a function and a line here.

Slopes are by pixels in [0, 1]: of images in [-1, 1], as many papers have them, they are half as large,
so that their weights of R1 and R2 are to be divided by 4 here.

Each takes `(discriminate, real_images, fake_images, seed)` and returns a float32 scalar:

discriminate: function of images `(batch, ...)` that returns logits `(batch, 1)`, each of its own image.
real_images, fake_images: float `(batch, ...)`, of one shape.
seed: integer tensor `(2,)`, of what is drawn.
"""

import tensorflow as tf

from tfgan import checks, randomness, replicas
from tfgan.errors import InputError


def r1(discriminate, real_images, fake_images, seed):
    """`1/2 mean ||grad D(x)||^2` on real images.

    Reference:
        Mescheder et al., 2018, equation 9 (arXiv 1801.04406).
    """
    return 0.5 * tf.reduce_mean(squared_norms(discriminate, real_images))


def r2(discriminate, real_images, fake_images, seed):
    """`1/2 mean ||grad D(G(z))||^2` on fake images.

    Reference:
        Mescheder et al., 2018, equation 10 (arXiv 1801.04406).
    """
    return 0.5 * tf.reduce_mean(squared_norms(discriminate, fake_images))


def gradient_penalty(discriminate, real_images, fake_images, seed):
    """`mean (||grad D(a x + (1 - a) G(z))|| - 1)^2`, with a ~ U(0, 1) for each pair of images.

    Reference:
        Gulrajani et al., 2017, Algorithm 1 (arXiv 1704.00028).
    """
    ones = [1] * (len(real_images.shape) - 1)

    def draw(count):
        return randomness.uniform((count, *ones), seed)

    a = replicas.rows(tf.shape(real_images)[0], draw)  # (B, 1, ...)
    a = tf.cast(a, real_images.dtype)
    mixed = a * real_images + (1 - a) * fake_images
    return tf.reduce_mean(tf.square(_safe_sqrt(squared_norms(discriminate, mixed)) - 1))


PENALTIES = {"r1": r1, "r2": r2, "gradient_penalty": gradient_penalty}


def check(penalties):
    """Returns the weights of penalties, a dict of floats and schedules; without those of weight 0.

    Args:
        penalties: dict of a name in `PENALTIES` -> weight >= 0 or a Keras schedule, or None for none.

    Raises:
        InputError: for another name, or what is no such weight.
    """
    if penalties is None:
        return {}
    if not isinstance(penalties, dict) or not penalties.keys() <= PENALTIES.keys():
        raise InputError(
            f"penalties must be a dict of weights, such as {{'r1': 10.0}}, of {', '.join(PENALTIES)}, "
            f"got {penalties!r}."
        )
    weights = {
        name: checks.at_least_zero_or_schedule(f"the weight of {name}", weight)
        for name, weight in penalties.items()
    }
    return {name: weight for name, weight in weights.items() if weight != 0}


def total(weights, step, discriminate, real_images, fake_images, seed):
    """Returns the sum of penalties, float scalar.

    Args:
        weights: dict, from `check`, not empty.
        step: int64 scalar tensor: the discriminator's, for schedules.
        discriminate, real_images, fake_images, seed: as above.
    """
    return tf.add_n(
        [
            (weight(step) if callable(weight) else weight)
            * PENALTIES[name](discriminate, real_images, fake_images, seed)
            for name, weight in weights.items()
        ]
    )


def squared_norms(discriminate, images):
    """`||grad D(x)||^2` of each image, over all its pixels and channels.

    Args:
        discriminate: as above.
        images: float `(batch, ...)`.

    Returns:
        float `(batch,)`, in at least float32.
    """
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = discriminate(images)
    slopes = tape.gradient(logits, images, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    slopes = tf.cast(slopes, tf.float64 if slopes.dtype == tf.float64 else tf.float32)
    return tf.reduce_sum(tf.square(slopes), axis=list(range(1, len(slopes.shape))))


def _safe_sqrt(x):
    """Square root whose slope at 0 is 0 instead of infinite."""
    positive = x > 0
    return tf.where(positive, tf.sqrt(tf.where(positive, x, 1.0)), 0.0)
