"""Programs of many steps, compiled by XLA or not."""

import contextlib
import functools
import re

import tensorflow as tf

from tfgan import finite, lazily, rewind
from tfgan.errors import InputError


class XLAError(InputError):
    """XLA cannot compile a step; `reason` says in one line why."""

    def __init__(self, message, reason):
        super().__init__(message)
        self.reason = reason


@contextlib.contextmanager
def failures_of_xla(jit_compile):
    """Raises `XLAError` where XLA, if it is used, cannot compile what is run while this lasts."""
    try:
        yield
    except tf.errors.OpError as error:
        reason = _xla_failure(error) if jit_compile else None
        if reason is None:
            raise
        raise XLAError(f"{reason}: use jit_compile='auto' or False.", reason) from None


def of_steps(gan, step, *, jit_compile, check_finite=False, one_by_one=False):
    """Returns `(stacks, count) -> logs, sound, start`: one program of `count` steps.

    Args:
        gan: compiled `GAN` or baseline.
        step: `(batch) -> logs`.
        jit_compile: bool.
        check_finite: bool. Whether it ends with the first step that leaves a loss not finite.
        one_by_one: bool. Compiles the step by XLA and leaves the loop to TensorFlow.

    `stacks` is a list of images `(K, batch, H, W, C)` and, for a conditional GAN, conditions
    `(K, batch, ...)`. `sound` is a bool: whether all losses were finite; `start` lists the values of
    `rewind.told(gan)` before the first step. Unchecked, they are True and empty.
    """

    def step_on(parts):
        step(tuple(parts) if len(parts) > 1 else parts[0])

    if one_by_one:
        examples, numbers = lazily.kinds(gan) if step == gan.train_step else ([0], [0])
        step_on = _compiled_by_kind(gan, step_on, examples, numbers)

    @tf.function(jit_compile=jit_compile and not one_by_one, reduce_retracing=True, autograph=False)
    def run(stacks, count):
        start = rewind.told(gan) if check_finite else []
        # What was bad before, such as metrics of an evaluation, is not these steps' doing.
        stale = ~finite.losses_are(gan) if check_finite else False

        def body(i, sound):
            step_on([stack[i] for stack in stacks])
            return [i + 1, finite.losses_are(gan) | stale if check_finite else sound]

        _, sound = tf.while_loop(
            lambda i, sound: (i < count) & sound if check_finite else i < count,
            body,
            [tf.constant(0), tf.constant(True)],
            parallel_iterations=1,
        )
        return gan.get_metrics_result(), sound, start

    return run


def _compiled_by_kind(gan, step_on, examples, numbers):
    """Compiles a step by XLA, each kind of `lazily.kinds` by itself."""

    def compiled(example):
        @tf.function(jit_compile=True, reduce_retracing=True, autograph=False)
        def of_this_kind(parts):
            with lazily.like(example):
                step_on(parts)

        return of_this_kind

    programs = [compiled(example) for example in examples]
    if len(programs) == 1:
        return programs[0]

    def chosen(parts):
        kind = tf.gather(numbers, gan.train_steps % len(numbers))
        tf.switch_case(kind, [functools.partial(program, parts) for program in programs])

    return chosen


def has_convolutions(concrete_function):
    """Whether a `tf.types.experimental.ConcreteFunction`, or what it calls, has convolutions."""
    definition = concrete_function.graph.as_graph_def()
    bodies = (function.node_def for function in definition.library.function)
    return any("Conv" in node.op for body in (definition.node, *bodies) for node in body)


def on_cpu():
    """Whether programs run on CPUs.

    There, the number of steps is an input, one program for every number. XLA on a GPU would ask the
    host after every step whether to go on, so there it is a constant.
    """
    return not tf.config.list_physical_devices("GPU")


def _xla_failure(error):
    """Returns in one line what XLA cannot compile, or None if the error is another one."""
    message = " ".join(str(error).split())
    found = re.search(r"unsupported operations .*?: (\w+) \(", message)
    if found:
        return f"XLA cannot compile {found.group(1)}, which the networks use"
    if re.search("XLA compil|compile-time constant|ompilation fail|to compile graph", message):
        return f"XLA cannot compile this GAN ({message[:200]})"
    return None
