"""The tasks of a Slurm step as processes that train together.

TensorFlow's own resolver sorts machines as text, n10 before n9, where Slurm numbers tasks as its list
has them; and it says which GPUs a task has by a variable that CUDA may have read before.
"""

import os

import tensorflow as tf
from tensorflow.python.distribute.cluster_resolver import slurm_cluster_resolver

RANK = "SLURM_PROCID"
_PORTS, _JOBS = 20_000, 625  # jobs have ports of their own, below those that systems give away
_TASKS = 16  # of a job on a machine, before they meet those of the next job


def resolver():
    """Returns the `tf.distribute.cluster_resolver.ClusterResolver` of the step that this is a task of.

    Of several tasks on a machine each takes its share of the GPUs, unless Slurm has shared them out.

    Raises:
        KeyError, ValueError: where Slurm's variables are not there, or do not tell.
    """
    machines = _machines()
    index = int(os.environ[RANK])
    first = _PORTS + int(os.environ.get("SLURM_JOB_ID", "0")) % _JOBS * _TASKS
    tasks = [(name, place) for name, count in machines for place in range(count)]
    if not 0 <= index < len(tasks):
        raise ValueError(f"task {index} of {len(tasks)}")
    name, place = tasks[index]
    if (here := os.environ.get("SLURMD_NODENAME", name)) != name:
        raise ValueError(f"task {index} is on {here}, not on {name}: give srun --distribution=block")
    return tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": [f"{name}:{first + place}" for name, place in tasks]}),
        task_type="worker",
        task_id=index,
        num_accelerators={"GPU": _take_gpus(place, dict(machines)[name])},
        rpc_layer="grpc",
    )


def _machines():
    """[(name, how many of the step's tasks it has)], in the order of tasks."""
    names = slurm_cluster_resolver.expand_hostlist(os.environ["SLURM_STEP_NODELIST"])
    counts = slurm_cluster_resolver.expand_tasks_per_node(os.environ["SLURM_STEP_TASKS_PER_NODE"])
    return list(zip(names, counts, strict=True))


def _take_gpus(place, count):
    """Leaves visible which GPUs of a machine are the task's, one of `count`; returns how many."""
    gpus = tf.config.list_physical_devices("GPU")
    if "SLURM_GPUS_PER_TASK" in os.environ or len(gpus) < count:
        return len(gpus)
    each = len(gpus) // count
    tf.config.set_visible_devices(gpus[place * each : (place + 1) * each], "GPU")
    return each
