"""Training on several devices or processes by a `tf.distribute` strategy: the steps, and their data.

A GAN made in a strategy's scope takes the step of one device on the whole batch: see `tfgan.replicas`.
"""

import keras
import numpy as np
import tensorflow as tf

from tfgan import batches, lazily, loop, replicas
from tfgan.errors import InputError
from tfgan.layers import Dropout


class Loop(loop.Loop):
    """As `tfgan.loop.Loop`, on all replicas of the GAN's strategy: each step is a call of its own.

    Args:
        gan: compiled `tfgan.GAN`, made in the scope of a strategy.
        step: `(batch) -> logs`, such as `gan.train_step`; it changes the GAN's variables.
    """

    def __init__(self, gan, step):
        super().__init__(gan, step, jit_compile=False)
        self._gather = self._results = None
        kinds: tuple[list, list] = lazily.kinds(gan) if step == gan.train_step else ([0], [0])
        examples, self._numbers = kinds
        self._programs = [self._of_kind(example) for example in examples]
        for layer in gan._flatten_layers():
            if isinstance(layer, Dropout):
                continue  # which draws for the whole batch
            for generator in layer._seed_generators:
                _keep_apart(generator)

    def _of_kind(self, example):
        """Steps of one kind of `lazily.kinds`: no strategy updates variables inside of conditions."""

        def on_a_replica(batch):
            parts = [tf.convert_to_tensor(part) for part in batches.parts_of(self.gan, batch)]
            with replicas.on(tf.shape(parts[0])[0]), lazily.like(example):
                parts = [replicas.filled(part) for part in parts]
                self.step(tuple(parts) if len(parts) > 1 else parts[0])

        def run(batch):
            self.gan.distribute_strategy.run(on_a_replica, args=(batch,))

        return run if self.gan.run_eagerly else tf.function(run, reduce_retracing=True, autograph=False)

    def sums(self):
        if self._gather is None:
            self._gather = tf.function(self._gathered, autograph=False)
        strategy = self.gan.distribute_strategy
        return np.asarray(strategy.experimental_local_results(self._gather())[0])

    def _gathered(self):
        def on_a_replica():
            context = tf.distribute.get_replica_context()
            own = tf.stack([variable.value for variable in self._sums])
            place = tf.one_hot(context.replica_id_in_sync_group, context.num_replicas_in_sync)
            return context.all_reduce(tf.distribute.ReduceOp.SUM, place[:, None] * own)  # (R, n)

        return self.gan.distribute_strategy.run(on_a_replica)

    def _logs(self):
        """The metrics' results, by one sum over the replicas; read, each variable would take one."""
        if self._results is None:
            self._results = tf.function(self._results_of_all, autograph=False)
        return self._results()

    def _results_of_all(self):
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

    def _run_one_by_one(self, iterator, limit):
        done = 0
        number = int(self.gan.train_steps.numpy()) if len(self._programs) > 1 else 0
        for _, batch in zip(range(limit), iterator, strict=False):
            batch = batches.without_optionals(batch)
            program = self._programs[self._numbers[(number + done) % len(self._numbers)]]
            self._prepare(program, batch)
            program(batch)
            done += 1
        return done, self._logs() if done and not self.gan.run_eagerly else None

    def _prepare(self, program, batch):
        """Traces a program, where it is new, for any number of rows.

        Processes must trace alike: what they sum is told apart by its number. Of a last batch one may
        have as many rows as ever, and another less.
        """
        if program not in self._traced and not self.gan.run_eagerly:
            self._traced.add(program)
            program.get_concrete_function(keras.tree.map_structure(self._spec_of, batch))

    def _spec_of(self, part):
        """Of a part of a batch on this process's replicas, with any number of rows."""
        if part is None:
            return None
        values = self.gan.distribute_strategy.experimental_local_results(part)
        specs = [tf.TensorSpec((None, *value.shape[1:]), value.dtype) for value in values]
        return specs[0] if isinstance(part, tf.Tensor) else type(part._type_spec)(*specs)


def _keep_apart(generator):
    """Has a seed generator, such as that of Keras's dropout, give each replica seeds of its own."""

    def of_this_replica(ordered=True):
        return replicas.apart(type(generator).next(generator, ordered))

    generator.next = of_this_replica


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
        InputError: for data that processes cannot each read: generators and `keras.utils.PyDataset`s.
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
    if arguments.get("steps_per_epoch"):
        x = x.repeat()
    of_process = strategy.distribute_datasets_from_function
    return of_process(lambda context: cut(_rows(x, context), context)), None


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
            XLA, float16 or gradients that accumulate.
    """
    optimizers = {name: getattr(gan, name) for name in ("g_optimizer", "d_optimizer")}
    for name, optimizer in optimizers.items():
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        if inner._distribution_strategy is not gan.distribute_strategy:
            raise InputError(
                f"{name} was made outside of the scope of the GAN's tf.distribute strategy: make "
                "optimizers, and call compile, inside of `with strategy.scope():`."
            )
    if gan.distribute_strategy.num_replicas_in_sync == 1:
        return
    if jit_compile is True:
        raise InputError(
            "XLA does not compile the steps of several replicas: use jit_compile='auto' or False."
        )
    for name, optimizer in optimizers.items():
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
