"""Batches drawn from a data set on the host, stacked for a program of many steps."""

import tensorflow as tf

from tfgan import batches


def drawing(gan, element_spec, rows):
    """Returns `(iterator, limit) -> ([(count, stacks), (odd_count, odd_stacks)], more)`.

    It takes up to `limit` batches. A batch of another size than those before, such as the last of an
    epoch, ends the stack and comes apart.

    stacks: list of `(rows, batch, ...)`, of which the first `count` are batches, the others zeros.
    more: bool. Whether the data may go on.
    """
    specs = batches.specs_of(gan, element_spec)
    one_size = specs[0].shape[:1].is_fully_defined()
    no_batch = [[size or 0 for size in spec.shape] for spec in specs]

    def append(state, parts):
        pairs = zip(state["arrays"], parts, strict=True)
        arrays = [array.write(state["count"], part) for array, part in pairs]
        return {**state, "arrays": arrays, "count": state["count"] + 1, "size": tf.shape(parts[0])[0]}

    def put_apart(state, parts):
        return {**state, "odd": [part[None] for part in parts]}  # (1, B, ...)

    def put(state, batch):
        pairs = zip(batches.parts_of(gan, batch), specs, strict=True)
        parts = [tf.ensure_shape(part, spec.shape) for part, spec in pairs]
        if one_size:
            return append(state, parts)
        fits = (state["count"] == 0) | (tf.shape(parts[0])[0] == state["size"])
        return tf.cond(fits, lambda: append(state, parts), lambda: put_apart(state, parts))

    def body(iterator, state):
        item = iterator.get_next_as_optional()
        return tf.cond(
            item.has_value(),
            lambda: put(state, item.get_value()),
            lambda: {**state, "more": tf.constant(False)},
        )

    def fill(stack):
        """Zeros behind the batches, so that every stack has as many rows."""

        def filled():
            shape = tf.concat([[rows - tf.shape(stack)[0]], tf.shape(stack)[1:]], 0)
            return tf.concat([stack, tf.zeros(shape, stack.dtype)], 0)

        stack = tf.cond(tf.shape(stack)[0] < rows, filled, lambda: stack)
        return tf.ensure_shape(stack, [rows, *stack.shape[1:]])

    @tf.function(autograph=False)
    def draw(iterator, limit):
        with tf.device("CPU"):
            state = {
                "arrays": [
                    tf.TensorArray(spec.dtype, 0, dynamic_size=True, element_shape=spec.shape)
                    for spec in specs
                ],
                "count": tf.constant(0),
                "size": tf.constant(0),
                "odd": [tf.zeros([0, *s], spec.dtype) for s, spec in zip(no_batch, specs, strict=True)],
                "more": tf.constant(True),
            }
            shapes = {
                **dict.fromkeys(("count", "size", "more"), tf.TensorShape(())),
                "arrays": [tf.TensorShape(None)] * len(specs),
                "odd": [tf.TensorShape([None, *spec.shape]) for spec in specs],
            }
            (state,) = tf.while_loop(
                lambda s: s["more"] & (s["count"] < limit) & (tf.shape(s["odd"][0])[0] == 0),
                lambda s: [body(iterator, s)],
                [state],
                shape_invariants=[shapes],
                parallel_iterations=1,
            )
            stacks = tf.cond(
                state["count"] > 0,
                lambda: [fill(array.stack()) for array in state["arrays"]],
                lambda: [tf.zeros([rows, *s], p.dtype) for s, p in zip(no_batch, specs, strict=True)],
            )
            odd_count = tf.shape(state["odd"][0])[0]
            odd = [fill(stack) for stack in state["odd"]]
            return [(state["count"], stacks), (odd_count, odd)], state["more"]

    return draw
