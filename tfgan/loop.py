"""Many training steps as one compiled program, behind Keras's own `steps_per_execution`.

Keras's `fit` calls a train function with an iterator, once for every `steps_per_execution` batches.
Here that function draws the batches on the host, stacked, and one program loops over them with
`tf.while_loop`. Compiled by XLA, that program does not come back to the host between steps.
"""

import contextlib

import keras
import numpy as np
import tensorflow as tf

from tfgan import batches, finite, programs, rewind, stacking


class Loop:
    """What Keras's `fit` or `evaluate` calls with an iterator: runs up to K steps, returns the logs.

    Args:
        gan: compiled `tfgan.GAN`.
        step: `(batch) -> logs`, such as `gan.train_step`; it changes the GAN's variables.
        jit_compile: bool. XLA, or a plain graph.
        check_finite: bool. Whether to notice, in training, what diverges: see `tfgan.rewind`.

    Attributes:
        steps: int or None. Batches of an epoch where `fit` was told so; None goes on to the data's end.
        position: int. Batches of this epoch that were drawn.
        begun: int. Batches of this epoch that were done before `fit`: they are drawn and left out.
    """

    def __init__(self, gan, step, *, jit_compile, check_finite=False):
        self.gan = gan
        self.step = step
        self.jit_compile = jit_compile
        self.check_finite = check_finite
        self.past = rewind.Past(gan) if check_finite else None
        self.begin()
        self.program = programs.of_steps(gan, step, jit_compile=jit_compile, check_finite=check_finite)
        # XLA for CPUs brings convolutions into the form of its fast kernels only outside of loops
        # (TensorFlow 2.21; inside, a small pair's step took 355 ms instead of 30); so `tfgan.lazily`.
        self._avoids_convolutions = jit_compile and programs.on_cpu()
        self._draws = {}
        self._traced = set()  # kinds of stacks that the program was traced for

    def begin(self, steps=None):
        """Starts counting: of `steps` batches, or of all there are."""
        self.steps = steps
        self.begin_epoch(None)
        if self.past is not None:
            self.past.forget()

    def begin_epoch(self, number, begun=0):
        """Starts counting anew, in an epoch of that number from 1; None for none that is known."""
        self.position = 0
        self.begun = begun
        if self.past is not None:
            self.past.epoch = number

    @property
    def done(self):
        """int: batches of this epoch that were trained on, by this `fit` or before."""
        return max(self.position, self.begun)

    def sums(self):
        """What the metrics add up: float32 `(replicas, variables)`, of which one device has a row."""
        return np.array([[variable.numpy() for variable in self._sums]], "float32")

    def put_sums(self, rows):
        """Puts back what `sums` told; that of another number of replicas goes to the first one."""
        for variable, value in zip(self._sums, np.sum(rows, axis=0), strict=True):
            variable.assign(value)

    @property
    def _sums(self):
        return [variable for metric in self.gan.metrics for variable in metric.variables]

    def look(self, *, always=True):
        """Looks at losses and the whole state, where it is asked to notice what diverges.

        Raises:
            DivergedError: see `tfgan.rewind.Past.look`.
        """
        if self.past is not None:
            self.past.look(always=always)

    def __call__(self, iterator):
        """Runs the next steps of an epoch.

        Args:
            iterator: of a `tf.data.Dataset`, or any iterator over batches.

        Returns:
            dict of the metrics' results over all batches since they were reset.

        Raises:
            StopIteration: if there is no batch left.
            XLAError: if XLA cannot compile the step.
            DivergedError: if training diverged; the GAN then is as before the first bad step.
        """
        limit = self.gan.steps_per_execution
        if self.steps is not None:
            limit = min(limit, self.steps - self.position)
        left_out = _leave_out(iterator, min(limit, self.begun - self.position))
        done, logs = self._take(iterator, limit - left_out)
        done += left_out
        logs = self.gan.get_metrics_result() if logs is None else logs
        self.position += limit
        # Where the data ended within the last call of an epoch, Keras must know now: in the next epoch
        # it would go on with an iterator that has nothing more to give.
        ended_late = done < limit and self.position == self.steps
        if not done or ended_late:
            raise StopIteration
        return logs

    def _take(self, iterator, limit):
        """Takes up to `limit` steps; returns how many there were batches for, and the logs or None."""
        if self.gan.run_eagerly or not isinstance(iterator, tf.data.Iterator):
            return self._run_one_by_one(iterator, limit)
        return self._run_stacked(iterator, limit)

    def _run_one_by_one(self, iterator, limit):
        done, logs = 0, None
        for _, batch in zip(range(limit), iterator, strict=False):
            if self.gan.run_eagerly:
                logs = self._watched(Eager(self, batch))
            else:
                parts = [tf.convert_to_tensor(part) for part in batches.parts_of(self.gan, batch)]
                logs = self._watched(Stacked(self, [part[None] for part in parts], 1))  # (1, B, ...)
            done += 1
        return done, logs

    def _run_stacked(self, iterator, limit):
        key = (self.gan.steps_per_execution, str(iterator.element_spec))
        if key not in self._draws:
            self._draws[key] = stacking.drawing(self.gan, iterator.element_spec, key[0])
        done, logs, more = 0, None, True
        while more and done < limit:
            drawn, more = self._draws[key](iterator, tf.constant(limit - done))
            for count, stacks in drawn:
                if count:
                    logs = self._watched(Stacked(self, stacks, int(count)))
                    done += int(count)
        return done, logs

    def _watched(self, call):
        if self.past is None:
            return call.perform()[0]
        return self.past.run(call, wait=programs.on_cpu())

    def run(self, stacks, count):
        """Runs `count` steps on stacked batches `(K >= count, batch, ...)`; returns the logs.

        Raises:
            XLAError: if XLA cannot compile the step.
        """
        return self.perform(stacks, count)[0]

    def perform(self, stacks, count):
        """As `run`; returns all that `program` does."""
        count = tf.constant(count) if programs.on_cpu() else count
        if self._avoids_convolutions:
            self._avoids_convolutions = False
            if programs.has_convolutions(self._trace(stacks, count)):
                self.program = programs.of_steps(
                    self.gan,
                    self.step,
                    jit_compile=True,
                    check_finite=self.check_finite,
                    one_by_one=True,
                )
        kind = tuple((stack.shape[1:], stack.dtype) for stack in stacks)
        if kind not in self._traced:
            self._traced.add(kind)
            self._trace(stacks, count)
        with programs.failures_of_xla(self.jit_compile):
            return self.program(stacks, count)

    def variables(self, stacks=None):
        """All `tf.Variable`s that training changes; given stacks, users' raw ones among them."""
        known = [variable.value for variable in rewind.known(self.gan)]
        used = ()
        if stacks is not None:
            # The program's own list, for what users' layers hold; alone, it would lack what only raw
            # operations write to.
            used = self._trace(stacks, tf.constant(1)).graph.variables
        return list({id(variable): variable for variable in (*known, *used)}.values())

    def _trace(self, stacks, count):
        """The program for such stacks, traced once for any number of rows: that takes a second."""
        specs = [tf.TensorSpec([None, *stack.shape[1:]], stack.dtype) for stack in stacks]
        return self.program.get_concrete_function(specs, count)


class Stacked:
    """A call of the compiled program, as `rewind.Past` takes it."""

    def __init__(self, loop, stacks, count):
        self.loop, self.stacks, self.count = loop, stacks, count
        self.size = sum(stack.shape.num_elements() * stack.dtype.size for stack in stacks)

    def perform(self):
        return self.loop.perform(self.stacks, self.count)

    def variables(self):
        return self.loop.variables(self.stacks)

    def singles(self):
        """Calls of one step each, of the same shapes, so that nothing is compiled anew."""
        for i in range(self.count):
            yield Stacked(self.loop, [tf.roll(stack, -i, axis=0) for stack in self.stacks], 1)

    def trace(self, step):
        """Runs `step(batch)` on the first batch, compiled as training is."""

        @tf.function(jit_compile=self.loop.jit_compile, autograph=False)
        def run(parts):
            return step(tuple(parts) if len(parts) > 1 else parts[0])

        return run([stack[0] for stack in self.stacks])


class Eager:
    """A step that is run eagerly, as `rewind.Past` takes it."""

    def __init__(self, loop, batch):
        self.loop, self.batch = loop, batch
        parts = [part for part in keras.tree.flatten(batch) if hasattr(part, "nbytes")]
        self.size = sum(int(part.nbytes) for part in parts)

    def perform(self):
        gan = self.loop.gan
        if not self.loop.check_finite:
            return self.loop.step(self.batch), True, []
        start = rewind.told(gan)
        stale = not bool(finite.losses_are(gan))
        logs = self.loop.step(self.batch)
        return logs, stale or bool(finite.losses_are(gan)), start

    def variables(self):
        return self.loop.variables()

    def singles(self):
        yield self

    def trace(self, step):
        return step(self.batch)


def _leave_out(iterator, count):
    """Draws up to `count` batches and does nothing with them; returns how many there were."""
    return sum(1 for _ in zip(range(count), iterator, strict=False))


@contextlib.contextmanager
def epochs(gan, steps_per_epoch, count, *, begun=0):
    """While `fit` runs, makes epochs of `steps_per_epoch` batches end there, also amid K steps.

    Args:
        gan: `GAN`.
        steps_per_epoch: int, or None for all the data.
        count: int or None. Batches of the data, where that is known.
        begun: int. Batches of the first epoch that are done; the GAN's metrics are of those.

    Returns:
        Keras callback that `fit` must be given.
    """
    wanted = gan.steps_per_execution
    if steps_per_epoch and count and count > steps_per_epoch:
        # Keras counts what it has seen of finite data in whole Ks, and would leave batches out.
        fitting = (k for k in range(wanted, 0, -1) if steps_per_epoch % k == 0)
        gan.steps_per_execution = next(fitting)
    gan.make_train_function().begin(steps_per_epoch)
    try:
        yield _Epochs(begun, gan)
    finally:
        gan.steps_per_execution = wanted
        gan.train_function.begin()


class _Epochs(keras.callbacks.Callback):
    """Tells the loop where epochs begin and end; the first one begins where it was left."""

    def __init__(self, begun, gan):
        super().__init__()
        self._begun = begun
        self._sums = gan.make_train_function().sums() if begun else None

    def on_epoch_begin(self, epoch, logs=None):
        if self._begun:  # Keras has just set them to 0
            self.model.train_function.put_sums(self._sums)
        self.model.train_function.begin_epoch(epoch + 1, self._begun)
        self._begun = 0

    def on_epoch_end(self, epoch, logs=None):
        self.model.train_function.look(always=False)

    def on_train_end(self, logs=None):
        self.model.train_function.look()
