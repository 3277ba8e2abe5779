"""What is NaN or infinite: a loss, a GAN's state, and the first tensor of a step.

`loop` asks after every step for the losses, which is all that a compiled loop can ask at no cost: a
look at every gradient would read about as much memory as the optimizers do. The rest is `rewind`'s.
"""

import contextvars

import keras
import numpy as np
import tensorflow as tf

from tfgan import scoped

# Below this a loss scale has collapsed: float16 gradients that overflow at it are above 6e10.
LEAST_SCALE = 2.0**-20

_notes: contextvars.ContextVar = contextvars.ContextVar("notes", default=None)


def losses_are(gan):
    """Whether what a GAN recorded since its metrics were reset is finite, and no loss scale collapsed.

    Returns:
        bool scalar tensor. A NaN or infinity stays in the sums, so no step is missed.
    """
    totals = [metric.total.value for metric in gan.metrics if hasattr(metric, "total")]
    total = tf.add_n([tf.convert_to_tensor(total) for total in totals]) if totals else 0.0
    finite = tf.math.is_finite(total)
    for _, scale in scales(gan):
        finite &= scale.value >= LEAST_SCALE
    return finite


def felt(loss, *logits):
    """A loss as it is, but NaN or infinite where logits are.

    XLA's arithmetic on CPUs may lose a NaN: its `softplus(nan)` and `sigmoid(nan)` were NaN at one time
    and a number at another. Sums lose none.
    """
    total = tf.add_n([tf.reduce_sum(tf.cast(part, loss.dtype)) for part in logits])
    return loss + tf.where(tf.math.is_finite(total), tf.zeros_like(total), total)


def scales(gan):
    """The loss scales of a GAN's optimizers: list of (name, variable)."""
    return [
        (name, optimizer.dynamic_scale)
        for name, optimizer in gan.optimizers().items()
        if isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    ]


def is_finite(variable):
    """Whether a Keras variable holds no NaN and no infinity, as one without floats does."""
    values = values_of(variable)
    return not tf.as_dtype(values.dtype).is_floating or bool(np.isfinite(values).all())


def values_of(variable):
    """A variable's values as an array that on a CPU is no copy: to be read at once."""
    return np.asarray(tf.convert_to_tensor(variable.value))


def is_state(gan):
    """Whether the whole `state` of a GAN is finite."""
    return all(is_finite(variable) for _, variable in state(gan))


def state(gan):
    """All that must be finite in a compiled GAN.

    Returns:
        list of (name, Keras variable): the weights of both networks and of the generator's average, and
        what the optimizers remember.
    """
    averages = {} if gan.ema_generator is None else {"ema_generator": gan.ema_generator}
    named = [
        (f"weight {path_of(role, network, variable)}", variable)
        for role, network in (gan.networks() | averages).items()
        for variable in network.weights
    ]
    # An infinite loss scale takes no step, and is halved: see `losses_are` for one that collapses.
    spared = {id(scale) for _, scale in scales(gan)}
    for name, optimizer in gan.optimizers().items():
        variables = [v for v in optimizer.variables if id(v) not in spared]
        named += [(f"slot {name}/{v.path}", v) for v in variables]
    return named


def path_of(role, network, variable):
    """A weight's name as in "discriminator/maxout_1/kernel"."""
    return f"{role}/{variable.path.removeprefix(network.name + '/')}"


def first_bad(gan):
    """Describes the first part of a GAN's state that is not finite, or returns None."""
    for name, variable in state(gan):
        if not is_finite(variable):
            return described(name, *map(int, _counts(tf.convert_to_tensor(variable.value))))
    return None


def described(name, nan, infinite, size):
    """Says how many of a tensor's values are bad: "d_loss (nan)", "images (inf in 3 of 64 values)"."""
    kinds = [kind for kind, count in (("nan", nan), ("inf", infinite)) if count]
    if size == 1:
        return f"{name} ({kinds[0]})"
    return f"{name} ({' and '.join(kinds)} in {nan + infinite} of {size} values)"


# Steps note their tensors, in order of computation. Where nobody listens, that is nothing at all.


def noting():
    """While this lasts, what steps `note` is kept: a list of (name, int64 tensor `(3,)` of counts)."""
    return scoped.holding(_notes, [])


def note(name, values):
    """Notes a tensor of a step, under a name; None and numbers are left aside."""
    notes = _notes.get()
    if notes is None or values is None or isinstance(values, float):
        return
    values = values.values if isinstance(values, tf.IndexedSlices) else tf.convert_to_tensor(values)
    if values.dtype.is_floating:
        notes.append((name, _counts(values)))


def note_gradients(gradients, variables, network, role, optimizer, of="gradient"):
    """Notes the gradients of a network; scaled ones under a name of their own: they may be infinite."""
    scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    for gradient, variable in zip(gradients, variables, strict=True):
        name = f"{of} of {path_of(role, network, variable)}"
        note(f"scaled {name}" if scaled else name, gradient)


def note_state(gan, role):
    """Notes the weights and slots of one player after its update."""
    if _notes.get() is None:
        return
    parts = (f"weight {role}/", f"slot {role[0]}_optimizer/", f"weight ema_{role}/")
    for name, variable in state(gan):
        if name.startswith(parts):
            note(name, variable.value)


def first_noted(notes):
    """Describes the first tensor noted that is not finite, or returns None.

    Args:
        notes: pairs of a name and counts `(3,)`.
    """
    bad = [(name, counts) for name, counts in notes if counts[0] + counts[1]]
    # Infinite scaled gradients are normal: the optimizer leaves that step out and lowers its scale.
    own = [note for note in bad if not note[0].startswith("scaled ")]
    for name, counts in own or bad:
        return described(name, *map(int, counts))
    return None


def _counts(values):
    kinds = [tf.math.is_nan(values), tf.math.is_inf(values)]
    counts = [tf.math.count_nonzero(kind) for kind in kinds]
    return tf.stack([*counts, tf.size(values, out_type=tf.int64)])
