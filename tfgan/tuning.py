"""Measures for a moment what `GAN.compile` leaves open: XLA or not, how many steps at a time."""

import contextlib
import math
import statistics
import time
import warnings

import numpy as np
import tensorflow as tf

from tfgan import lazily, programs

ROUNDS = 3  # alternating measurements of each program
SECONDS = 0.1  # that each of them takes at least
MOST_STEPS = 64
MOST_BYTES = 64 << 20  # of the batches drawn at a time
OVERHEAD = 0.02  # of the time, that calls may take where the number of steps is open
KERAS_SECONDS = 1e-3  # that `fit` spends on each call, on callbacks and the progress bar
SLOW_STEP = 0.1  # seconds, beside which a call costs nothing
LONGEST_CALL = 10.0  # seconds of slow steps

_fastest: dict[tuple, bool] = {}  # of this process, so that what is alike is compiled alike


def settle(gan, batch, *, most_steps=None):
    """Sets `gan.jit_compile` and `gan.steps_per_execution` where `gan.unsettled` names them.

    With the latter it sets `gan.seconds_per_step`, a mean over what not every step does.

    Trains on one batch for a moment and puts everything back. XLA and plain graphs round differently:
    which is faster is measured once in a process for networks, update and batch of the same shapes, and
    is saved with the GAN.

    Args:
        gan: compiled `tfgan.GAN`.
        batch: [images] or [images, condition], of any values.
        most_steps: int or None. Batches of an epoch: no more steps at a time than that.
    """
    open_k = "steps_per_execution" in gan.unsettled
    rows = gan.steps_per_execution
    if open_k:
        size = sum(np.asarray(part).nbytes for part in batch)
        rows = max(1, min(MOST_STEPS, MOST_BYTES // max(1, size), most_steps or MOST_STEPS))
    stacks = [tf.stack([tf.convert_to_tensor(part)] * rows) for part in batch]  # of the same types
    if "jit_compile" in gan.unsettled:
        jit_compile, compiled = _faster(gan, stacks, rows)
        gan.settle_jit_compile(jit_compile)
        gan.train_function = compiled
    if open_k:
        gan.steps_per_execution = rows
        if rows > 1:
            measured = _steps_worth_a_call(gan.make_train_function(), stacks, rows)
            gan.steps_per_execution, gan.seconds_per_step = measured
        else:
            gan.seconds_per_step = _one_by_one(gan.make_train_function(), stacks)
        gan.unsettled = frozenset()


def _kind(gan, stacks):
    networks = gan.networks().values()
    return (
        tuple(tuple(tuple(w.shape) for w in network.weights) for network in networks),
        tuple((tuple(stack.shape[1:]), stack.dtype) for stack in stacks),
        tuple(type(optimizer) for optimizer in gan.optimizers().values()),
        str(gan.training_config),
        tuple(network.dtype_policy.name for network in networks),
    )


def _faster(gan, stacks, rows):
    """Returns whether XLA is the faster and can compile this, and the loop of the faster one."""
    loops = {jit: gan.make_loop(jit) for jit in (True, False)}
    kind = _kind(gan, stacks)
    if _fastest.get(kind) is False:
        return False, loops[False]
    with _everything_kept(loops[False], stacks):
        try:
            _seconds(loops[True], stacks, rows)
        except programs.XLAError as error:
            warnings.warn(f"{error.reason}: training goes on without XLA.", stacklevel=6)
            return False, loops[False]
        if kind not in _fastest:
            _fastest[kind] = _is_faster(loops[True], loops[False], stacks, rows)
    return _fastest[kind], loops[_fastest[kind]]


def _is_faster(one, other, stacks, rows):
    once = max(_seconds(each, stacks, rows) for each in (one, other) for _ in range(2))
    repeats = max(1, math.ceil(SECONDS / once))
    times = [[_seconds(each, stacks, rows, repeats) for each in (one, other)] for _ in range(ROUNDS)]
    mine, others = map(statistics.median, zip(*times, strict=True))
    return mine <= others


def _one_by_one(train, stacks):
    """Returns a step's seconds, a mean over those after which a GAN does the same again."""
    with _everything_kept(train, stacks):
        return _one_step(train, stacks)


def _one_step(train, stacks):
    examples, numbers = lazily.kinds(train.gan)
    seconds = []
    for example in examples:
        for _ in range(2):  # the first compiles this kind of step, and leaves off at the next one
            train.gan.train_steps.assign(example)
            taken = _seconds(train, stacks, 1)
        seconds.append(taken)
    return statistics.fmean(seconds[number] for number in numbers)


def _steps_worth_a_call(train, stacks, rows):
    """Returns for how many steps a call costs little beside them, and a step's seconds."""
    with _everything_kept(train, stacks):
        one = _one_step(train, stacks)
        if one > SLOW_STEP:
            # Another number would be compiled anew, for as long as many steps take.
            return (rows if rows * one <= LONGEST_CALL else 1), one
        one = statistics.median(_seconds(train, stacks, 1) for _ in range(3))
        all_rows = statistics.median(_seconds(train, stacks, rows) for _ in range(5))
    step = max(1e-6, (all_rows - one) / (rows - 1))
    call = max(0.0, one - step) + KERAS_SECONDS
    steps = math.ceil(call / (OVERHEAD * step))
    return (rows if steps > rows // 2 else steps), all_rows / rows  # near enough: it is compiled


def _seconds(train, stacks, count, repeats=1):
    start = time.perf_counter()
    for _ in range(repeats):
        logs = train.run(stacks, count)
    float(next(iter(logs.values())))  # until it is there
    return (time.perf_counter() - start) / repeats


@contextlib.contextmanager
def _everything_kept(train, stacks):
    """Puts every variable that training changes back to what it is."""
    variables = train.variables(stacks)
    before = [tf.identity(variable) for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
