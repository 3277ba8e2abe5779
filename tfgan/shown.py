"""What the discriminator is shown: images with noise, or augmented as strongly as it overfits."""

import keras
import tensorflow as tf

from tfgan import augment, randomness, replicas
from tfgan.checks import at_least_one
from tfgan.errors import InputError


@keras.saving.register_keras_serializable(package="tfgan")
class Adaptive:
    """Augmentation whose strength follows how sure the discriminator is of real images (ADA).

    Every `every` steps of the discriminator the strength rises where `mean(sign(D(x)))` over their
    real images is above `target`, and else falls, by their number of images over `images`. The sign is
    of the logit less the loss's threshold; where a loss has none (Wasserstein's, relativistic ones), of
    D(x) - D(G(z)), pair by pair.

    Args:
        target: float in (-1, 1).
        images: float > 0. Real images in which the strength can rise from 0 to 1.
        every: int >= 1. Steps between adjustments.

    Raises:
        InputError: for a value out of range.

    Reference:
        Karras et al., 2020, section 3 (arXiv 2006.06676): target 0.6, 500,000 images, every 4 steps.
    """

    def __init__(self, target=0.6, images=500_000, every=4):
        if not isinstance(target, (int, float)) or not -1 < target < 1:
            raise InputError(f"target must lie between -1 and 1, got {target!r}.")
        if not isinstance(images, (int, float)) or not 0 < images < float("inf"):
            raise InputError(f"images must be a positive number, got {images!r}.")
        self.target = target
        self.images = images
        self.every = at_least_one("every", every)

    def get_config(self):
        return {"target": self.target, "images": self.images, "every": self.every}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def check_policy(policy, image_shape):
    """Returns a policy of augmentation, None for none.

    Raises:
        InputError: as `tfgan.augment.check_policy`.
    """
    if policy is None or policy == "":
        return None
    augment.check_policy(policy, image_shape)
    return policy


def check_strength(strength):
    """Returns `(Adaptive or None, the strength at the start)`.

    Raises:
        InputError: if it is neither a number in [0, 1] nor adaptive.
    """
    if strength == "adaptive":
        return Adaptive(), 0.0
    if isinstance(strength, Adaptive):
        return strength, 0.0
    number = isinstance(strength, (int, float)) and not isinstance(strength, bool)
    if not number or not 0 <= strength <= 1:
        raise InputError(f"augment_strength must lie in [0, 1], or be 'adaptive', got {strength!r}.")
    return None, float(strength)


def shown(gan, images, step, streams):
    """What the discriminator sees of images in training.

    Args:
        gan: compiled GAN.
        images: float `(batch, ...)`.
        step: int64 scalar tensor.
        streams: two numbers, of the random numbers of augmentation and of noise.

    Returns:
        Like `images`, which they are where neither is asked for.
    """
    of_augmentation, of_noise = streams
    if gan.augment is not None:
        seed = gan.seed_pair(step + of_augmentation)
        strength = gan.augment_strength.value
        images = augment.augment(images, seed, policy=gan.augment, strength=strength)
    scheduled = callable(gan.instance_noise)
    if scheduled or gan.instance_noise > 0:
        width = gan.instance_noise(step) if scheduled else gan.instance_noise
        seed = gan.seed_pair(step + of_noise)
        shape = images.shape[1:]

        def draw(count):
            return randomness.normal((count, *shape), seed)

        noise = replicas.rows(tf.shape(images)[0], draw)
        images += tf.cast(tf.cast(width, tf.float32) * noise, images.dtype)
    return images


def adapt(gan, real_logits, fake_logits, step):
    """Counts the evidence of one discriminator step; adjusts the strength when it is due."""
    if gan.augment is None or gan.adaptive is None:
        return
    threshold = gan.loss_pair.threshold
    signs = tf.sign(real_logits - (fake_logits if threshold is None else threshold))
    signs = tf.cast(signs, tf.float32)[: replicas.counted(signs)]
    found = tf.stack([tf.reduce_sum(signs), tf.cast(tf.size(signs), tf.float32)])
    evidence = gan.augment_evidence + replicas.summed(found)
    mean, count = evidence[0] / evidence[1], evidence[1]
    due = tf.equal((step + 1) % gan.adaptive.every, 0)
    move = tf.sign(mean - gan.adaptive.target) * count / gan.adaptive.images
    strength = tf.clip_by_value(gan.augment_strength + move, 0.0, 1.0)
    gan.augment_strength.assign(tf.where(due, strength, gan.augment_strength))
    gan.augment_evidence.assign(tf.where(due, tf.zeros_like(evidence), evidence))
