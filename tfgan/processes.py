"""The processes that train one GAN together: how they find each other, and what they tell each other.

TensorFlow's `MultiWorkerMirroredStrategy` is the engine. The processes run the same command; the chief,
which is the first of them, writes. Where one is lost, TensorFlow's coordination service tells the
others within seconds, and all are to be started again.
"""

import contextlib
import json
import os
import re
import signal
import threading

import numpy as np
import tensorflow as tf

from tfgan import slurm
from tfgan.errors import InputError, LostError, shortened

_JOBS = ("chief", "worker")
_EXAMPLE = (
    '{"cluster": {"worker": ["host0:2222", "host1:2222"]}, "task": {"type": "worker", "index": 0}}'
)
_CHUNK = 1 << 22  # numbers that are told at once
_IN = re.compile(r"^\{\{[^}]*\}\}\s*")  # {{function_node ...}}, before what is said
# How lines begin that say where something happened.
_WHERE = (
    "Graph execution error",
    "Detected at node",
    "<stack traces",
    'File "',
    "[[{{",
    "(0) ",
    "(1) ",
)
_LOST = (
    *(tf.errors.UnavailableError, tf.errors.AbortedError),
    *(tf.errors.CancelledError, tf.errors.DeadlineExceededError),
)


class Team:
    """Processes that call the same methods in the same order; without arguments, this process alone.

    Args:
        strategy: `tf.distribute.Strategy`, in whose scope GANs are made; or None.
        index: int. Which of the processes this one is.
        count: int >= 1. How many they are.
    """

    def __init__(self, strategy=None, index=0, count=1):
        self.strategy, self.index, self.count = strategy, index, count
        if count > 1:
            self._sums = self._program()

    @property
    def chief(self):
        """bool: whether this is the process that writes."""
        return self.index == 0

    @property
    def replicas(self):
        """int: devices of all processes that train together."""
        return 1 if self.strategy is None else self.strategy.num_replicas_in_sync

    def scope(self):
        """The context in which a GAN of this team is made."""
        return contextlib.nullcontext() if self.strategy is None else self.strategy.scope()

    def any(self, *flags):
        """Of each flag, a list of bool: whether it is set in any of the processes."""
        if self.count == 1:
            return list(flags)
        return [bool(total) for total in self._sum(np.array(flags, "int32"))]

    def told(self, make):
        """What `make()` returns on the chief, on every process; it is called on the chief alone.

        Args:
            make: function of nothing that returns what JSON holds.

        Raises:
            InputError: what the chief's call raised.
        """
        if self.count == 1:
            return make()
        answer, error = None, None
        if self.chief:
            try:
                answer = {"value": make()}
            except InputError as found:
                answer, error = {"error": str(found)}, found
        answer = json.loads(self._bytes_of(0, json.dumps(answer).encode()))
        if "error" in answer:
            raise error or InputError(answer["error"])
        return answer["value"]

    @contextlib.contextmanager
    def together(self):
        """All processes leave this block, or none: an InputError of one is raised on all of them.

        Nothing in the block may wait for the others.
        """
        error = None
        try:
            yield
        except InputError as found:
            if self.count == 1:
                raise
            error = found
        if self.count == 1:
            return
        failed = np.zeros(self.count, "int32")
        failed[self.index] = error is not None
        failed = self._sum(failed)
        if failed.any():
            first = int(failed.argmax())
            text = self._bytes_of(first, str(error).encode()).decode()
            raise error or InputError(f"process {first} of {self.count}: {text}")

    def copied(self, file, folder):
        """The chief's file, on every process: on others a copy in a folder of their own.

        Args:
            file: `pathlib.Path` or None, of which only the chief's matters.
            folder: `pathlib.Path` of an existing folder, for the copy.

        Returns:
            `pathlib.Path`, or None where the chief's is None.
        """
        name = self.told(lambda: None if file is None else file.name)
        if name is None or self.count == 1:
            return file
        content = self._bytes_of(0, file.read_bytes() if self.chief else b"")
        if self.chief:
            return file
        (folder / name).write_bytes(content)
        return folder / name

    def end(self):
        """Waits for the others; behind it each knows that all have done what they did before it."""
        self.any(True)
        with contextlib.suppress(tf.errors.OpError):  # one that is through may be gone already
            self.any(True)

    @contextlib.contextmanager
    def watched(self, go_on):
        """Makes a LostError of what TensorFlow says where another process is lost.

        Args:
            go_on: function of nothing that says what is kept and what to do, as the end of a sentence.
        """
        try:
            yield
        except tf.errors.OpError as error:
            if self.count == 1 or not (isinstance(error, _LOST) or "ollective" in error.message):
                raise
            raise LostError(
                f"another process was lost ({_reason(error.message)}): process {self.index} of "
                f"{self.count} stops; {go_on()}"
            ) from error

    # Below, int32 numbers are summed over all processes: of what one tells, the others hold zeros.

    def _program(self):
        """Traced once, at the start: of collectives TensorFlow counts the traces, alike on all."""
        local = len(self.strategy.extended.worker_devices)

        def on_a_replica(values):
            context = tf.distribute.get_replica_context()
            first = context.replica_id_in_sync_group % local == 0
            values = tf.where(first, values, tf.zeros_like(values))
            return context.all_reduce(tf.distribute.ReduceOp.SUM, values)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)], autograph=False)
        def sums(values):
            return self.strategy.run(on_a_replica, args=(values,))

        return sums

    def _sum(self, values):
        found = self.strategy.experimental_local_results(self._sums(tf.constant(values, tf.int32)))
        return np.asarray(found[0])

    def _bytes_of(self, index, content):
        """The bytes of one process, on all."""
        mine = self.index == index
        (size,) = self._sum(np.array([len(content) if mine else 0], "int32"))
        numbers = np.zeros(-(-size // 4), "int32")
        if mine:
            numbers = np.frombuffer(content + b"\0" * (-size % 4), "int32")
        parts = [self._sum(numbers[i : i + _CHUNK]) for i in range(0, len(numbers), _CHUNK)]
        return b"".join(part.tobytes() for part in parts)[:size]


def _reason(message):
    """The line of one of TensorFlow's errors that says what happened, not where in a graph."""
    lines = [_IN.sub("", line.strip()) for line in message.split("\n")]
    telling = [line for line in lines if line and not line.startswith(_WHERE)]
    return shortened(telling[0] if telling else message)


@contextlib.contextmanager
def _may_be_ended():
    """While this lasts, Ctrl-C ends the process at once: TensorFlow waits where Python sees no signal.

    It holds Python's lock meanwhile, and takes SIGTERM for itself, which is Python's again after.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def team(name):
    """Makes the `Team` of a strategy; several processes wait here for each other.

    To be called before anything is computed by TensorFlow.

    Args:
        name: None: one process on one device. "mirrored": one process on all
            its GPUs. "multi_worker": the processes that `TF_CONFIG` names, or a Slurm step's tasks.

    Raises:
        InputError: where nothing says which processes there are.
        LostError: where the others cannot be reached, or this one's port is taken.
    """
    if name is None:
        return Team()
    if name == "mirrored":
        return Team(tf.distribute.MirroredStrategy())
    resolver = _resolver()
    cluster = resolver.cluster_spec()
    hosts = [
        (kind, i) for kind in _JOBS if kind in cluster.jobs for i in range(cluster.num_tasks(kind))
    ]
    index = hosts.index((resolver.task_type, resolver.task_id))
    print(f"process {index} of {len(hosts)}: waits for the others", flush=True)
    try:
        with _may_be_ended():
            strategy = tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)
    except (tf.errors.OpError, RuntimeError) as error:
        address = cluster.task_address(resolver.task_type, resolver.task_id)
        raise LostError(
            f"process {index} of {len(hosts)} cannot join the others at {address} "
            f"({shortened(error)}): look whether its port is free and the others can be reached."
        ) from error
    return Team(strategy, index, len(hosts))


def _resolver():
    if "TF_CONFIG" not in os.environ:
        if slurm.RANK in os.environ:
            return _slurm()
        raise InputError(
            f"multi_worker needs to know its processes: set TF_CONFIG, such as {_EXAMPLE}, or start it "
            "by Slurm's srun."
        )
    return _configured(os.environ["TF_CONFIG"])


def _configured(text):
    """The resolver of a `TF_CONFIG`, whose every part is looked at: TensorFlow trusts it."""
    wrong = f"TF_CONFIG must be like {_EXAMPLE}"
    try:
        found = json.loads(text)
        cluster, kind, index = found["cluster"], found["task"]["type"], int(found["task"]["index"])
        sizes = {name: len(hosts) for name, hosts in cluster.items()}
        addresses = [host for hosts in cluster.values() for host in hosts]
        ports = [int(host.rpartition(":")[2]) for host in addresses]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{wrong}, got {shortened(text)} ({type(error).__name__}: {error}).") from None
    others = sorted(sizes.keys() - set(_JOBS))
    if others:
        raise InputError(f"{wrong}, got tasks of {', '.join(others)}: only chief and worker train.")
    if not all(isinstance(hosts, list) for hosts in cluster.values()) or not all(
        0 < port < 2**16 for port in ports
    ):
        raise InputError(f"{wrong}, with a list of HOST:PORT of each kind, got {shortened(text)}.")
    if len(set(addresses)) < len(addresses):
        raise InputError(f"{wrong}: two processes have one address in {shortened(text)}.")
    if sizes.get("chief", 0) > 1:
        raise InputError(f"{wrong}, got {sizes['chief']} chiefs: there is one at most.")
    if not 0 <= index < sizes.get(kind, 0):
        raise InputError(f"{wrong}, got task {index} of kind {kind!r}, of which there is none.")
    return tf.distribute.cluster_resolver.TFConfigClusterResolver()


def _slurm():
    try:
        return slurm.resolver()
    except (ValueError, KeyError) as error:
        raise InputError(
            f"Slurm's variables do not say which processes there are ({shortened(error)}): start the "
            "command by srun, or set TF_CONFIG."
        ) from error
