"""When callbacks look at the GAN they watch, and how they sample it."""

from tfgan.conditions import Labels
from tfgan.errors import InputError


def is_due(callback, epoch):
    """Whether a callback acts at the end of an epoch (from 0): every `every` of them, and the last."""
    return (epoch + 1) % callback.every == 0 or epoch + 1 == callback.params.get("epochs")


def check_drawable(callback):
    """Refuses, for a callback that draws its samples' conditions, a GAN that does not know how."""
    gan = callback.model
    if gan.condition is None or isinstance(gan.condition, Labels) or gan.seen_conditions.seen:
        return
    raise InputError(
        f"{type(callback).__name__} draws conditions as the training data have them, of which this GAN "
        f"of {gan.condition} knows none: gan.remember_conditions(...), or leave the callback out."
    )


def even_samples(gan, count, *, seed, **sampling):
    """Samples spread evenly over the classes, if there are any; `sampling` goes to `gan.sample`.

    Conditions that are no classes are drawn as the training data have them.

    Returns:
        (images float32 `(count, H, W, C)`, labels int32 `(count,)` or None).
    """
    labels = gan.condition.example(count) if isinstance(gan.condition, Labels) else None
    return gan.sample(count, labels, seed=seed, **sampling), labels
