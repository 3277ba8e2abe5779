"""When callbacks look at the GAN they watch, and how they sample it."""

from tfgan.conditions import Labels
from tfgan.errors import InputError


def is_due(callback, epoch):
    """Whether a callback acts at the end of an epoch (from 0): every `every` of them, and the last."""
    return (epoch + 1) % callback.every == 0 or epoch + 1 == callback.params.get("epochs")


def check_labels(callback):
    """Refuses, for a callback that spreads its samples over classes, conditions that are no labels."""
    condition = callback.model.condition
    if not isinstance(condition, (Labels, type(None))):
        raise InputError(
            f"{type(callback).__name__} spreads its samples over classes, the GAN's condition is "
            f"{condition}: leave the callback out."
        )


def even_samples(gan, count, *, seed, **sampling):
    """Samples spread evenly over the classes, if there are any; `sampling` goes to `gan.sample`.

    Returns:
        (images float32 `(count, H, W, C)`, labels int32 `(count,)` or None).
    """
    conditions = None if gan.condition is None else gan.condition.example(count)
    return gan.sample(count, conditions, seed=seed, **sampling), conditions
