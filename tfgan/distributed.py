"""Training on several devices or processes by a `tf.distribute` strategy: the steps.

A GAN made in a strategy's scope takes the step of one device on the whole batch: see `tfgan.replicas`.
`tfgan.sharding` shares the batches out.
"""

import functools

import keras
import numpy as np
import tensorflow as tf

from tfgan import batches, lazily, loop, parts, programs, replicas, rewind
from tfgan.errors import InputError
from tfgan.layers import Dropout


class Loop(loop.Loop):
    """As `tfgan.loop.Loop`, on all replicas of the GAN's strategy.

    XLA compiles what a step passes through the networks, forward and back; sums over replicas,
    optimizers and the loop over steps are a plain graph.

    Args:
        gan: compiled `tfgan.GAN`, made in the scope of a strategy.
        step: `(batch) -> logs`, such as `gan.train_step`; it changes the GAN's variables.
        jit_compile: bool. XLA, or a plain graph.
    """

    def __init__(self, gan, step, *, jit_compile=False):
        super().__init__(gan, step, jit_compile=jit_compile)
        self._gather = None
        kinds: tuple[list, list] = lazily.kinds(gan) if step == gan.train_step else ([0], [0])
        examples, self._numbers = kinds
        self._steps = [functools.partial(self._on_all, example) for example in examples]
        self._many = tf.function(self._in_a_graph, reduce_retracing=True, autograph=False)
        for layer in gan._flatten_layers():
            if isinstance(layer, Dropout):
                continue  # which draws for the whole batch
            for generator in layer._seed_generators:
                _keep_apart(generator)
        for layer in _synchronized(gan):
            _take_all(layer)

    def _on_all(self, example, batch):
        """A step of one kind of `lazily.kinds`: no replica sets variables inside of conditions."""
        by_xla = self.jit_compile and not self.gan.run_eagerly
        variables = rewind.known(self.gan) if by_xla else None

        def on_a_replica(batch):
            own = [tf.convert_to_tensor(part) for part in batches.parts_of(self.gan, batch)]
            with (
                replicas.on(tf.shape(own[0])[0]),
                lazily.like(example),
                parts.compiled(variables),
            ):
                own = [replicas.filled(part) for part in own]
                self.step(tuple(own) if len(own) > 1 else own[0])

        self.gan.distribute_strategy.run(on_a_replica, args=(batch,))

    def sums(self):
        if self._gather is None:
            self._gather = tf.function(self._gathered, autograph=False)
        strategy = self.gan.distribute_strategy
        return np.asarray(strategy.experimental_local_results(self._gather())[0])

    def _gathered(self):
        def on_a_replica():
            return replicas.of_each(tf.stack([variable.value for variable in self._sums]))

        return self.gan.distribute_strategy.run(on_a_replica)

    def _results_of_all(self):
        """The metrics' results, by one sum over the replicas; read, each variable would take one."""

        def on_a_replica():
            context = tf.distribute.get_replica_context()
            own = tf.stack([variable.value for variable in self._sums])
            values = tf.unstack(context.all_reduce(tf.distribute.ReduceOp.SUM, own))
            with keras.StatelessScope(state_mapping=list(zip(self._sums, values, strict=True))):
                return self.gan.get_metrics_result()

        strategy = self.gan.distribute_strategy
        found = strategy.run(on_a_replica)
        return {name: strategy.experimental_local_results(one)[0] for name, one in found.items()}

    def put_sums(self, rows):
        strategy = self.gan.distribute_strategy
        rows = np.asarray(rows, "float32")
        if len(rows) != strategy.num_replicas_in_sync:
            whole = np.zeros((strategy.num_replicas_in_sync, rows.shape[1]), "float32")
            whole[0], rows = rows.sum(axis=0), whole

        def on_a_replica():
            number = tf.distribute.get_replica_context().replica_id_in_sync_group
            for variable, value in zip(self._sums, tf.unstack(tf.constant(rows)[number]), strict=True):
                variable.assign(value)

        strategy.run(tf.function(on_a_replica, autograph=False))

    def _take(self, iterator, limit):
        if self.gan.run_eagerly:
            return self._run_eagerly(iterator, limit), None
        with programs.failures_of_xla(self.jit_compile):
            done, logs = self._many(iterator, tf.constant(limit))
        return int(done), logs if done else None

    def _run_eagerly(self, iterator, limit):
        done = 0
        for _, batch in zip(range(limit), iterator, strict=False):
            kind = self._numbers[int(self.gan.train_steps.numpy()) % len(self._numbers)]
            self._steps[kind](batches.without_optionals(batch))
            done += 1
        return done

    def _in_a_graph(self, iterator, limit):
        """Takes up to `limit` steps; returns how many there were batches for, and the logs."""

        def body(done, more):
            drawn = iterator.get_next_as_optional()
            more = tf.cond(drawn.has_value(), lambda: self._took(drawn.get_value()), lambda: False)
            return done + tf.cast(more, tf.int32), more

        done, _ = tf.while_loop(
            lambda done, more: more & (done < limit), body, [0, True], parallel_iterations=1
        )
        return done, self._results_of_all()

    def _took(self, batch):
        """Takes the step that is due; returns True."""
        batch = batches.without_optionals(batch)

        def taken(step):
            step(batch)
            return tf.constant(True)

        if len(self._steps) == 1:
            return taken(self._steps[0])
        number = tf.gather(self._numbers, self.gan.train_steps.value % len(self._numbers))
        return tf.switch_case(number, [functools.partial(taken, step) for step in self._steps])


def _keep_apart(generator):
    """Has a seed generator, such as that of Keras's dropout, give each replica seeds of its own."""

    def of_this_replica(ordered=True):
        return replicas.apart(type(generator).next(generator, ordered))

    generator.next = of_this_replica


def _take_all(layer):
    """Has batch normalization take the moments of all replicas by `tfgan.replicas.moments`."""

    def of_all(inputs, mask):
        found = replicas.moments(inputs, layer._reduction_axes) if mask is None else None
        return type(layer)._moments(layer, inputs, mask) if found is None else found

    layer._moments = of_all


def _synchronized(gan):
    """The layers that ask all replicas for the statistics of a batch."""
    return [layer for layer in gan._flatten_layers() if getattr(layer, "synchronized", False)]


def synchronize(gan, synchronized=True):
    """Has batch normalization take the statistics of all replicas, or of each one's own rows."""
    for layer in gan._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = synchronized


def check(gan, jit_compile):
    """Refuses what a step on several replicas cannot do.

    Raises:
        InputError: for optimizers of another strategy or of none; and, on more than one replica, for
            XLA where batch normalization asks all of them, float16 or gradients that accumulate.
    """
    for name, optimizer in gan.optimizers().items():
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        if inner._distribution_strategy is not gan.distribute_strategy:
            raise InputError(
                f"{name} was made outside of the scope of the GAN's tf.distribute strategy: make "
                "optimizers, and call compile, inside of `with strategy.scope():`."
            )
    if gan.distribute_strategy.num_replicas_in_sync == 1:
        return
    if jit_compile is True and _synchronized(gan):
        raise InputError(
            "XLA does not compile batch normalization with the statistics of all replicas: use "
            "jit_compile='auto' or False, or synchronized=False."
        )
    for name, optimizer in gan.optimizers().items():
        if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            raise InputError(
                "float16 does not work on several replicas, whose losses are scaled together: use "
                "mixed_bfloat16 or float32."
            )
        if optimizer.gradient_accumulation_steps:
            raise InputError(
                f"{name} accumulates gradients, which does not work on several replicas: leave "
                "gradient_accumulation_steps out; more replicas make larger batches."
            )
