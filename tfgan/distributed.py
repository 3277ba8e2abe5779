"""Training on several devices or processes by a `tf.distribute` strategy: the steps, and their data.

A GAN made in a strategy's scope takes the step of one device on the whole batch: see `tfgan.replicas`.
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
            return _of_each(tf.stack([variable.value for variable in self._sums]))

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


def _of_each(own):
    """The numbers `(n,)` of every replica, on all of them: `(R, n)`."""
    context = tf.distribute.get_replica_context()
    number, count = context.replica_id_in_sync_group, context.num_replicas_in_sync
    place = tf.one_hot(number, count, dtype=own.dtype)
    return context.all_reduce(tf.distribute.ReduceOp.SUM, place[:, None] * own)


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


def data(gan, x, y, arguments):
    """Shares out data to the processes of a GAN's strategy.

    Args:
        gan: GAN made in the scope of a strategy.
        x, y: as `fit` takes them.
        arguments: dict of `fit`'s other arguments. `batch_size` and `shuffle` are taken out where they
            are done; arrays come in an order that the GAN's seed determines.

    Returns:
        `(x, y)`. In one process they are what they were: Keras gives each replica its rows of a batch.
        In several, a `tf.distribute.DistributedDataset`: every process reads all batches and keeps its
        rows of each, so that a step is that of one process.

    Raises:
        InputError: for data that processes cannot each read: generators and `keras.utils.PyDataset`s;
            for GANs of several seeds.
    """
    strategy = gan.distribute_strategy
    processes = _processes(strategy)
    if processes == 1 or isinstance(x, tf.distribute.DistributedDataset):
        return x, y
    shuffle = arguments.get("shuffle", True)
    arguments["shuffle"] = False
    if hasattr(x, "shape"):
        given = x if y is None else (x, y)
        size = arguments.pop("batch_size", None) or batches.KERAS_BATCH
        whole = tf.data.Dataset.from_tensor_slices(given)
        if shuffle:
            whole = whole.shuffle(len(x), seed=gan.seed)
        x = whole.batch(size)
    if not isinstance(x, tf.data.Dataset):
        raise InputError(
            f"{processes} processes cannot share a {type(x).__name__}: give arrays or a "
            "tf.data.Dataset, the same in each."
        )
    _check_seeds(gan)
    if arguments.get("steps_per_epoch"):
        x = x.repeat()
    of_process = strategy.distribute_datasets_from_function
    return of_process(lambda context: cut(_rows(x, context), context)), None


def _check_seeds(gan):
    """Refuses processes whose GANs have seeds of their own: they would have rows of several batches."""

    def on_a_replica():
        return _of_each(tf.constant([gan.seed], tf.int64))

    strategy = gan.distribute_strategy
    found = strategy.run(tf.function(on_a_replica, autograph=False))
    seeds = np.unique(strategy.experimental_local_results(found)[0])
    if len(seeds) > 1:
        raise InputError(
            f"the GAN's seed is another in each process, such as {seeds[0]} and {seeds[1]}: give the "
            "same, GAN(..., seed=0), in all of them."
        )


def validation_data(gan, given, arguments):
    """As `data`, for `fit`'s `validation_data`: a data set, or a tuple of arrays."""
    x, y = given if isinstance(given, (tuple, list)) else (given, None)
    size = arguments.get("validation_batch_size") or arguments.get("batch_size")
    x, y = data(gan, x, y, {"shuffle": False, "batch_size": size})
    return x if y is None else (x, y)


def _processes(strategy):
    resolver = strategy.cluster_resolver
    workers = resolver.cluster_spec().as_dict() if resolver is not None else {}
    return max(1, sum(len(workers.get(kind, ())) for kind in ("chief", "worker")))


def _rows(dataset, context):
    """Of each batch of a data set the rows of one process."""
    index, count = context.input_pipeline_id, context.num_input_pipelines
    return dataset.map(lambda *batch: _share(batch, index, count))


def _share(batch, index, count):
    """One of `count` shares of a batch's rows: none has more than one row more than another.

    Args:
        batch: tuple, as a data set's function is given its elements.
        index: int or int32 scalar tensor: which share.
        count: int.
    """

    def own(part):
        first, end = (tf.shape(part)[0] * (index + i) // count for i in (0, 1))
        return part[first:end]

    return tf.nest.map_structure(own, batch if len(batch) > 1 else batch[0])


def cut(dataset, context):
    """Has each of a process's replicas take its rows of every batch: they take elements in turn.

    Args:
        dataset: `tf.data.Dataset` of a process's rows of batches. Where epochs end after a number of
            steps it is to repeat without end: Keras does not begin anew what has an unknown end, and of
            what has one, processes ask each other at every step whether it has come.
        context: `tf.distribute.InputContext`.
    """
    local = context.num_replicas_in_sync // context.num_input_pipelines
    if local <= 1:
        return dataset

    def of_replicas(*batch):
        replicas_here = tf.data.Dataset.range(local, output_type=tf.int32)
        return replicas_here.map(lambda i: _share(batch, i, local))

    return dataset.flat_map(of_replicas)


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
