"""One batch on several replicas: which rows of it a replica has, and sums over all of them.

R replicas of b rows take the step that one takes of R b rows: what is random is drawn for the whole
batch, of which each keeps its rows, and a mean over its rows counts as much as they are of the batch.
Outside of `on` all this is nothing: a replica has the whole batch.
"""

import contextlib
import contextvars
from typing import Any, NamedTuple

import tensorflow as tf
from keras import ops

from tfgan import parts, scoped


class _Part(NamedTuple):
    places: Any  # int32 (count,): which rows of the batch are this replica's
    count: Any  # int32 scalar tensor: how many; 0 of a batch that is too small for all
    total: Any  # int32 scalar tensor: rows of the batch
    context: Any  # tf.distribute.ReplicaContext


_part: contextvars.ContextVar[_Part | None] = contextvars.ContextVar("part", default=None)


@contextlib.contextmanager
def on(count):
    """While this lasts, a replica's step is traced.

    Args:
        count: int32 scalar tensor: rows of the batch that are this replica's. One that has none makes
            its step on a row that counts nothing, see `filled`.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        yield
        return
    counts = of_each(tf.reshape(count, [1]))[:, 0]
    before = tf.range(context.num_replicas_in_sync) < context.replica_id_in_sync_group
    first = tf.reduce_sum(tf.where(before, counts, 0))
    total = tf.reduce_sum(counts)
    places = tf.minimum(first + tf.range(tf.maximum(count, 1)), total - 1)
    with scoped.holding(_part, _Part(places, count, total, context)):
        yield


def filled(values):
    """A replica's rows, one of zeros where it has none."""
    missing = tf.maximum(1 - tf.shape(values)[0], 0)
    return tf.pad(values, [[0, missing], *([0, 0] for _ in values.shape[1:])])


def apart(seed):
    """A seed, integer tensor `(2,)`, made another one on each replica; on the first it stays."""
    part = _part.get()
    if part is None:
        return seed
    number = tf.cast(part.context.replica_id_in_sync_group, tf.uint32)
    return seed + tf.cast(tf.stack([number * 0x9E3779B9, 0]), seed.dtype)  # 2**32 over the golden ratio


def counted(values):
    """How many rows of a tensor of this replica's rows count: int32 scalar tensor."""
    part = _part.get()
    return tf.shape(values)[0] if part is None else part.count


def rows(count, draw, axis=0, some=None):
    """This replica's rows of what `draw` makes for the whole batch.

    Args:
        count: int or integer tensor: this replica's rows, or several times as many: batches on end.
        draw: function of a number of rows, that returns a tensor of as many.
        axis: int. Where its rows are.
        some: function of int32 scalar tensors: the first row, a number of rows, and how many `draw`
            would be asked for; returns those alone of what it makes, of the same type. None: all are
            made, and the others' thrown away.
    """
    part = _part.get()
    if part is None:
        return draw(count)
    each = tf.size(part.places)
    times = count // each
    if some is None or parts.inside():  # XLA takes no loop over what has a shape that it cannot know
        places = part.total * tf.range(times)[:, None] + part.places
        return tf.gather(draw(part.total * times), tf.reshape(places, [-1]), axis=axis)

    def of_one(number):
        return some(part.total * number + part.places[0], each, part.total * times)

    like = some(tf.constant(0), tf.constant(1), tf.constant(1))
    found = tf.map_fn(of_one, tf.range(times), fn_output_signature=like.dtype)  # (times, each, ...)
    found = tf.reshape(found, tf.concat([[count], tf.shape(found)[2:]], axis=0))
    return tf.ensure_shape(found, [None, *like.shape[1:]])


def of_batch(values, make):
    """This replica's rows of `make(values)`, which takes and gives those of the whole batch."""
    part = _part.get()
    if part is None:
        return make(values)
    parts.refuse("what compares the images of a batch, such as MinibatchStdDev,")
    whole = part.context.all_gather(values[: part.count], axis=0)
    whole = tf.ensure_shape(whole, [None, *values.shape[1:]])
    return filled(
        tf.gather(make(whole), part.places[: part.count])
    )  # what counts nothing tells nothing


def mean(values):
    """The mean of a tensor `(batch, ...)` over the rows of all replicas; gradients pass through it.

    For losses that compare with a batch's mean: `shared` alone makes no mean of the batch of such.
    Several batches on end make one of that many times the rows.
    """
    part = _part.get()
    if part is None:
        return ops.mean(values)
    parts.refuse("a loss that takes the mean of a batch, such as relativistic_average,")
    values = tf.reshape(values, [-1, tf.size(part.places), *values.shape[1:]])  # (times, rows, ...)
    total = part.context.all_reduce(tf.distribute.ReduceOp.SUM, tf.reduce_sum(values[:, : part.count]))
    of_a_row = tf.size(values) // tf.size(part.places)
    return total / tf.cast(part.total * of_a_row, values.dtype)


def moments(values, axes):
    """Mean and variance of a tensor over some axes, over the rows of all replicas; for a batch alone.

    Gradients pass through it. There is one sum over the replicas, where Keras's synchronized batch
    normalization has three, and rows that only stand in for missing ones count nothing. Each replica
    tells its own moments, from which those of all are made (Chan, Golub, LeVeque 1983, eq. 2.1), so
    that means far from 0 cancel nothing. None outside of `on`.

    Args:
        values: float `(batch, ...)`.
        axes: list of int, 0 among them; one axis, and no more, is not.

    Returns:
        Two tensors of the size of that axis.
    """
    part = _part.get()
    if part is None:
        return None
    mean, variance = tf.nn.moments(values, axes)
    count = tf.cast(tf.size(values) // tf.size(mean), values.dtype)
    own = tf.concat([mean, variance, [count]], axis=0)
    own = tf.where(part.count > 0, own, tf.zeros_like(own))
    found = of_each(own)  # (R, 2 n + 1)
    means, variances = tf.split(found[:, :-1], 2, axis=1)
    shares = found[:, -1:] / tf.reduce_sum(found[:, -1])
    mean = tf.reduce_sum(shares * means, axis=0)
    return mean, tf.reduce_sum(shares * (variances + tf.square(means - mean)), axis=0)


def shared(loss):
    """A mean over this replica's rows, as it adds to the mean over the batch."""
    part = _part.get()
    if part is None:
        return loss
    loss = tf.convert_to_tensor(loss)
    return loss * tf.cast(part.count, loss.dtype) / tf.cast(part.total, loss.dtype)


def summed(values):
    """The sums of tensors over all replicas: like `values`, a structure; None stays None."""
    part = _part.get()
    if part is None:
        return values
    given = [value for value in tf.nest.flatten(values) if value is not None]
    sums = iter(part.context.all_reduce(tf.distribute.ReduceOp.SUM, given))
    return tf.nest.map_structure(lambda value: None if value is None else next(sums), values)


def of_each(own):
    """The numbers `(n,)` of every replica, on all of them: `(R, n)`."""
    context = tf.distribute.get_replica_context()
    number, count = context.replica_id_in_sync_group, context.num_replicas_in_sync
    place = tf.one_hot(number, count, dtype=own.dtype)
    return context.all_reduce(tf.distribute.ReduceOp.SUM, place[:, None] * own)
