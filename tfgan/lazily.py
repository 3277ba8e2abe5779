"""What training does every so many steps only: asked inside one program, or a program a kind of step.

XLA for CPUs brings convolutions into the form of its fast kernels only outside of conditions and loops
(TensorFlow 2.21; inside a condition a convolution took 3 s instead of 33 ms). There, each kind of step
is compiled by itself, and TensorFlow chooses among them.
"""

import contextvars
import math

import tensorflow as tf

from tfgan import scoped

_known: contextvars.ContextVar = contextvars.ContextVar("known", default=None)


def generator_due(gan, step):
    """Whether the generator learns in this step, an int or a tensor: after `d_steps` of D's."""
    return (step + 1) % gan.d_steps == 0


def penalties_due(gan, step):
    """Whether penalties are computed in this step, an int or a tensor."""
    return step % gan.penalty_every == 0


def cycle(gan):
    """Steps after which a GAN does the same again."""
    return math.lcm(gan.d_steps, gan.penalty_every if gan.penalties else 1)


def when(gan, due, step, do, otherwise):
    """`do()` where `due(gan, step)` holds, else `otherwise()`; `step` is a tensor."""
    known = example()
    steps = range(cycle(gan)) if known is None else [known]
    answers = {due(gan, number) for number in steps}
    if len(answers) > 1:
        return tf.cond(due(gan, step), do, otherwise)
    return do() if answers.pop() else otherwise()


def like(number):
    """While this lasts, steps are traced that do the same as that of a number, an int."""
    return scoped.holding(_known, number)


def example():
    """The number of the step that is traced, an int, or None where it may be any."""
    return _known.get()


def kinds(gan):
    """Tells apart the steps of a cycle.

    Returns:
        Tuple of examples, the first step of each kind, and of the number of each step's kind.
    """
    examples: dict[tuple, int] = {}
    numbers = []
    for step in range(cycle(gan)):
        kind = generator_due(gan, step), bool(gan.penalties) and penalties_due(gan, step)
        examples.setdefault(kind, step)
        numbers.append(list(examples).index(kind))
    return list(examples.values()), numbers
