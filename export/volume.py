"""Work shared out to processes, of this machine or of a cluster, by Ray Data."""

import contextlib
import io
import json
import logging
import os
import re
import signal
import socket
import threading
from typing import NamedTuple

import numpy as np

from tfgan.errors import InputError, shortened
from tfgan.export.sampler import Sampler, open_generator
from tfgan.gan import GAN
from tfgan.reading import quiet

_BLOCKS = 1_000  # that Ray Data plans for at most
_SECONDS = 10.0  # that whoever listens at RAY_ADDRESS has to answer
_STORE = 2**28  # bytes of memory by which processes of one machine hand on results


class Told(NamedTuple):
    """What another process makes the same images by; see `tfgan.export.sampler.Sampler`."""

    source: str
    made_of: dict
    seed: int
    condition: np.ndarray | None


def check_workers(workers, source):
    """Refuses what is no number of processes, and what they could not open.

    Raises:
        InputError: for what is no int >= 1, without Ray, and for a GAN that is in no file.
    """
    if workers is None:
        return
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise InputError(f"workers must be an integer of at least 1, got {workers!r}.")
    if isinstance(source, GAN):
        raise InputError(
            "workers open the generator from a file, got a GAN: give a run directory or a SavedModel, "
            "or leave workers out."
        )
    _ray()


def told(source, sampler):
    """The `Told` of a `Sampler` of a run directory or SavedModel."""
    return Told(os.path.abspath(source), sampler.generator.made_of, sampler.seed, sampler.condition)


def open_again(opened, *, as_png):
    """The `Sampler` of a `Told`, on another process.

    Raises:
        InputError: if the generator is not there, or another one.
    """
    generator = open_generator(opened.source)
    if generator.made_of != opened.made_of:
        raise InputError(
            f"{opened.source} is not on every machine the model that the work was begun with: restore "
            "it."
        )
    return Sampler(generator, opened.seed, opened.condition, as_png=as_png)


def results(pieces, workers, prepare, *arguments):
    """Does pieces of work in other processes; yields what they came to, in the order of the pieces.

    Ray runs where it was started before or where `RAY_ADDRESS` says, else on this machine and while
    this lasts. A process that is lost is started again, and its piece done again, as often as that
    happens: Ray Data has no setting for it that stays.

    Args:
        pieces: list of int.
        workers: int >= 1. Processes.
        prepare: function of a module. Each process calls it once, with `arguments`; it returns a
            function of a piece that returns a dict of numbers and arrays.
        *arguments: what Ray can pickle.

    Raises:
        InputError: without Ray, for more processes than the cluster has room for, and as the work.
        OSError: as the work.
    """
    if not pieces:
        return
    ray = _ray()
    with running(workers) as gpus, _told_in_a_line(ray):
        context = ray.data.DataContext.get_current().copy()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        with ray.data.DataContext.current(context):
            rows = ray.data.from_items(
                [{"piece": piece} for piece in pieces], override_num_blocks=min(len(pieces), _BLOCKS)
            )
            done = rows.map_batches(
                _Worker,
                batch_size=1,
                compute=ray.data.ActorPoolStrategy(size=min(workers, len(pieces))),
                fn_constructor_args=(prepare, arguments),
                num_cpus=1,
                num_gpus=gpus,
            )
            for row in done.iter_rows():
                yield _opened(row)


class _Worker:
    """What lives in each process."""

    def __init__(self, prepare, arguments):
        self._prepare, self._arguments = prepare, arguments
        self._work = None

    def __call__(self, batch):
        content = io.BytesIO()
        error: dict = {}
        try:
            if self._work is None:
                self._work = self._prepare(*self._arguments)
            np.savez(content, **self._work(int(batch["piece"][0])))
        except InputError as found:
            error = {"said": str(found)}
        except OSError as found:
            error = {"errno": found.errno, "said": found.strerror or str(found), "file": found.filename}
        return {"content": [content.getvalue()], "error": [json.dumps(error)]}


def _opened(row):
    """The dict that the work returned; raises what it raised."""
    error = json.loads(row["error"])
    if error.get("errno") is not None:
        raise OSError(error["errno"], error["said"], error["file"])
    if "errno" in error:
        raise OSError(error["said"])
    if error:
        raise InputError(error["said"])
    with np.load(io.BytesIO(row["content"]), allow_pickle=False) as arrays:
        return dict(arrays)


@contextlib.contextmanager
def _told_in_a_line(ray):
    """Makes one line of what Ray says where its processes cannot work."""
    try:
        yield
    except ray.exceptions.RayError as error:
        lines = [line.strip() for line in str(error).splitlines()]
        reasons = [line for line in lines if "Error: " in line] or lines
        raise InputError(
            f"Ray's workers fail ({shortened(reasons[-1])}): look whether tfgan is installed wherever "
            "they run, and whether memory is left; or leave workers (--workers) out."
        ) from error


def _ray():
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else it reports to its makers
    try:
        import ray.data
    except ImportError:
        raise InputError(
            "workers run by Ray Data, which is not installed: pip install 'tfgan[volume]', or leave "
            "workers (--workers) out."
        ) from None
    return ray


@contextlib.contextmanager
def running(workers):
    """Has Ray run, with room for so many processes; nothing for None.

    Yields:
        The GPUs that each of them takes: one, where Ray has any, or none.

    Raises:
        InputError: if it does not start, or has too few CPUs, or GPUs but too few.
    """
    if workers is None:
        yield 0
        return
    ray = _ray()
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    begun = not ray.is_initialized()
    if begun:
        _start(ray, workers)
    try:
        resources = ray.cluster_resources()
        for kind in ("CPU", "GPU"):
            room = int(resources.get(kind, 0))
            if workers > room and (room or kind == "CPU"):
                raise InputError(
                    f"workers must be at most the {room} {kind}s that Ray has, got {workers}."
                )
        yield min(1, int(resources.get("GPU", 0)))
    finally:
        if begun:
            ray.shutdown()


def _check_reached(address):
    """Refuses an address where nobody listens, for which Ray would wait minutes."""
    found = re.fullmatch(r"(?:ray://)?(.+):(\d+)", address)
    if not found:  # such as auto
        return
    try:
        socket.create_connection((found[1], int(found[2])), timeout=_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise InputError(
            f"Ray is not reached at {shortened(address)} ({shortened(error)}): start it there, mend "
            "RAY_ADDRESS, or leave workers (--workers) out."
        ) from error


def _start(ray, workers):
    options = {"log_to_driver": False, "logging_level": "CRITICAL"}
    if not os.environ.get("RAY_ADDRESS"):
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
        options |= {
            "address": "local",
            "num_cpus": workers,
            "object_store_memory": _STORE,
            "include_dashboard": False,
        }
    else:
        _check_reached(os.environ["RAY_ADDRESS"])
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with quiet():  # Ray tells there how loud it will be
            ray.init(**options)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise InputError(
            f"Ray does not start ({shortened(error)}): mend RAY_ADDRESS, or leave workers (--workers) "
            "out."
        ) from error
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in handlers.items():  # Ray puts in its own, which ends the process
                signal.signal(number, handler)
