"""One data set for several processes and replicas: which rows of each batch are whose."""

import numpy as np
import tensorflow as tf

from tfgan import batches, replicas
from tfgan.errors import InputError


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
        return replicas.of_each(tf.constant([gan.seed], tf.int64))

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
