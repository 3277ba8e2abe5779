"""Back to the step before training diverged, and what was the first bad tensor of that step.

Every now and then the whole state is looked at and copied to the host; the batches since are kept. When
a loss turns bad, or such a look finds a bad weight, training is repeated from the copy, with all the
same numbers, up to the first step that leaves something bad behind. So the loop itself asks for its
losses only, and looks and copies take no more than a few thousandths of the time.
"""

import time
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfgan import finite, lazily
from tfgan.errors import DivergedError

SHARE = 1 / 300  # of the time, that looks and copies may take
MOST_SHARE = 1 / 100  # at the end of an epoch, and where the batches kept would be more than
MOST_BYTES = 128 << 20
BYTES_OF_SMALL = 600  # that a tensor of a few values takes as Python holds it: 590 were measured
FEW = 16  # values of a variable that every call tells as it begins


class Made(NamedTuple):
    """A call of the training program that was made."""

    call: Any  # see `Past.run`
    start: list  # `told(gan)` as it began
    logs: dict
    epoch: int | None


def few(gan):
    """Variables of a GAN that hold a few values, and that more than its steps may change.

    Learning rates, which callbacks set; metrics, which Keras resets; numbers of steps; seeds.
    """
    trained = {id(v) for v in gan.trainable_variables}
    small = [v for v in known(gan) if int(np.prod(v.shape)) <= FEW]
    return [v for v in small if id(v) not in trained]


def told(gan):
    """The values of `few(gan)`, as they are now: a flat tensor for each dtype.

    Calls keep them, and a tensor for each variable would take more memory than the batches of a small
    GAN do.
    """
    return [tf.concat([tf.reshape(v.value, [-1]) for v in alike], 0) for alike in _by_dtype(few(gan))]


def _by_dtype(variables):
    names = sorted({v.dtype for v in variables})
    return [[v for v in variables if v.dtype == name] for name in names]


def known(gan):
    """All Keras variables that training changes, each once."""
    metrics = [v for metric in gan.metrics for v in metric.variables]
    slots = [v for optimizer in gan.optimizers().values() for v in optimizer.variables]
    return list({id(v): v for v in (*gan.variables, *metrics, *slots)}.values())


class Past:
    """The last state known to be finite, and the calls of the training program since.

    Args:
        gan: compiled GAN.

    Attributes:
        epoch: int or None. Of `fit`, from 1.
    """

    def __init__(self, gan):
        self.gan = gan
        self.epoch = None
        self.forget()

    def forget(self):
        """Lets go of all that is kept."""
        self.calls: list[Made] = []
        self._variables: list[tf.Variable] = []
        self._kept: list[np.ndarray] = []
        self._bytes, self._since, self._cost = 0, 0.0, 0.0
        self._verdict = None

    def run(self, call, *, wait):
        """Makes one call, and notices where training diverged.

        Args:
            call: such as `tfgan.loop.Stacked`. It has `size`, bytes; `perform()`, which gives its logs,
                whether its losses are finite, and `told(gan)` before it; `variables()`,
                all that it may change; `singles()`, calls of its steps one by one; and `trace(step)`,
                which runs `step(batch)` on its first batch as training does.
            wait: bool. Whether to wait for this call; else it is judged at the next one, while that
                runs: a GPU is not held up.

        Returns:
            The call's logs.

        Raises:
            DivergedError: with the GAN put back to the state before the first bad step.
        """
        full = self._bytes + call.size > MOST_BYTES
        if not self.calls or self._is_due(MOST_SHARE if full else SHARE):
            self._keep(call)
        logs, sound, start = call.perform()
        self.calls.append(Made(call, start, logs, self.epoch))
        self._bytes += call.size + BYTES_OF_SMALL * (len(start) + len(logs))
        before, self._verdict = self._verdict, sound
        judged = sound if wait else before
        if judged is not None and not bool(judged):
            self._rewind()
        return logs

    def look(self, *, always=True):
        """Looks at losses, weights and slots, as they are now.

        Args:
            always: bool. False leaves it where looks would take much of the time, as after epochs of
                milliseconds.

        Raises:
            DivergedError: as `run`.
        """
        if self.calls and (always or self._is_due(MOST_SHARE)) and not self._is_sound(self._verdict):
            self._rewind()

    def _is_due(self, share):
        return self._cost < share * (time.perf_counter() - self._since)

    def _keep(self, call):
        if not self._variables:
            self._variables = call.variables()
        begin = time.perf_counter()
        self.look()
        if not self.calls and not finite.is_state(self.gan):
            raise DivergedError(
                f"{finite.first_bad(self.gan)} is bad before {self._step_text()}: load or make a sound "
                "GAN, or compile(check_finite=False) where that is meant."
            )
        self._kept = self._copy(self._kept)
        self.calls, self._bytes, self._verdict = [], 0, None
        self._since = time.perf_counter()
        self._cost = self._since - begin

    def _copy(self, into=()):
        """Copies all variables, into arrays of before where there are any."""
        values = [v.read_value() for v in self._variables]
        if len(into) != len(values):
            return [np.array(value) for value in values]
        for array, value in zip(into, values, strict=True):
            np.copyto(array, np.asarray(value))
        return list(into)

    def _put(self, values):
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)

    def _put_few(self, start):
        for variables, values in zip(_by_dtype(few(self.gan)), start, strict=True):
            parts = tf.split(values, [int(np.prod(v.shape)) for v in variables])
            for variable, part in zip(variables, parts, strict=True):
                variable.assign(tf.reshape(part, variable.shape))

    def _step_text(self):
        step = f"step {int(self.gan.train_steps.numpy()) + 1}"
        return step if self.epoch is None else f"{step} (epoch {self.epoch})"

    # What follows runs once, when all is lost anyway.

    def _rewind(self):
        """Repeats the calls; puts the state before the first bad step back; raises what it was."""
        bad = [self._bad_losses(self.gan.get_metrics_result()), finite.first_bad(self.gan)]
        made, self.calls, self._verdict = self.calls, [], None
        self._put(self._kept)
        before = None
        for call, start, expected, epoch in made:
            self.epoch = epoch
            self._put_few(start)
            before = self._copy(before or ())
            logs, sound, _ = call.perform()
            if not self._is_sound(sound):
                self._put(before)
                self._find_step(call)
                break  # step by step it did not happen again: sums may be rounded otherwise
            if not _same(logs, expected):
                break
        else:
            before = self._copy(before or ())  # all steps were sound: what came after them was not
        self._put(before)
        raise DivergedError(
            f"training diverged before {self._step_text()}: {_listed(*bad)}; the same steps from the "
            "state before did not repeat it: perhaps a callback changed the GAN; "
            f"{self._kept_text()}."
        )

    def _is_sound(self, verdict):
        return (verdict is None or bool(verdict)) and finite.is_state(self.gan)

    def _find_step(self, call):
        before = None
        for one in call.singles():
            before = self._copy(before or ())
            logs, sound, _ = one.perform()
            if self._is_sound(sound):
                continue
            losses, left = self._bad_losses(logs), finite.first_bad(self.gan)
            self._put(before)
            first = self._first_tensor(one) or left
            self._put(before)
            first = first if first is None else f"first bad tensor: {first}"
            raise DivergedError(
                f"training diverged at {self._step_text()}: {_listed(losses, first)}; "
                f"{self._kept_text()}: {_remedy(first)}."
            )

    def _bad_losses(self, logs):
        """Says which metric is bad, or which loss scale has collapsed; or nothing."""
        for name, value in logs.items():
            if not np.isfinite(float(value)):
                return f"{name} is {float(value)}"
        for name, scale in finite.scales(self.gan):
            if float(scale.numpy()) < finite.LEAST_SCALE:
                return f"the loss scale of {name} fell to {float(scale.numpy()):.1g}"
        return ""

    def _first_tensor(self, call):
        """Runs one step once more, and looks at all it computes, in order."""
        gan = self.gan
        names: list[str] = []
        number = int(gan.train_steps.numpy())

        def noted(batch):
            with lazily.like(number), finite.noting() as notes:
                gan.train_step(batch)
            names[:] = [name for name, _ in notes]
            return [counts for _, counts in notes]

        try:
            counts = call.trace(noted)
        except (
            tf.errors.OpError
        ):  # such as memory that does not suffice: the step is known all the same
            return None
        return finite.first_noted(zip(names, np.asarray(counts), strict=True))

    def _kept_text(self):
        if self.gan.keep_state is not None:
            self.gan.keep_state()
        done = int(self.gan.train_steps.numpy())
        where = f"the GAN is as it was after step {done}" if done else "the GAN is as it began"
        kept = self.gan.kept_text
        return where if kept is None else f"{where}, {kept()}"


def _listed(*parts):
    return "; ".join(part for part in parts if part)


def _same(logs, others):
    """Whether two calls gave the same metrics, to the last bit."""
    pairs = [(np.asarray(logs[name]), np.asarray(others[name])) for name in logs]
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def _remedy(first):
    if first is not None and first.startswith("first bad tensor: images"):
        return "remove or mend those images"
    return "train anew with smaller learning rates, clipped gradients or a penalty"
