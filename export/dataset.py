"""Data sets of samples, of any size, on disk."""

import contextlib
import hashlib
import importlib.metadata
import itertools
import json
import math
import os
import shutil
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from tfgan import checks
from tfgan.conditions import Labels
from tfgan.errors import InputError
from tfgan.export import volume
from tfgan.export.sampler import SEED_SHIFT, Sampler, open_generator
from tfgan.export.shards import FORMATS, HIDDEN, Layout
from tfgan.files import write_json
from tfgan.reading import check_memory, read_json

MANIFEST = "dataset.json"
_THREADS = 2  # one runs the network while the other encodes
_CHUNKS = 8  # in flight, where nobody says how many images


class DatasetReport(NamedTuple):
    """What `dataset` wrote.

    Attributes:
        path: str, the folder.
        images: int, of the data set.
        written: int, images written by this call.
        size: int, bytes written by this call.
        seconds: float.
    """

    path: str
    images: int
    written: int
    size: int
    seconds: float

    def __str__(self):
        if not self.written:
            return f"{self.images} images, all there already"
        before = self.images - self.written
        already = f" ({before} there already)" if before else ""
        speed = f"{self.seconds:.1f} s, {self.written / self.seconds:.0f} images/s"
        return f"{self.images} images{already}, {self.size / 1e6:.1f} MB in {speed}"


def dataset(
    source,
    out,
    count,
    *,
    format="tfrecord",
    condition=None,
    seed=0,
    shard_size=10_000,
    batch_size=None,
    workers=None,
):
    """Writes `count` images of a generator as a data set; a stopped one goes on where it was.

    Image i is that of row seed `(seed << 32) + i` as the signature `sample` has it, so a server makes
    it again. The files are the same to the last byte however often the work was stopped and whoever
    did it, and the images whatever the batch and the shards; on another kind of processor a pixel may
    round otherwise. On a terminal a bar shows how far it is.

    Args:
        source: `tfgan.GAN`, `tfgan.CGAN`, run directory, or SavedModel (of versions the newest).
        out: folder: new, empty, or of the same data set, begun.
        count: int from 1 to 2**32.
        format: a name in `tfgan.export.shards.FORMATS`: "tfrecord", "npz", "webdataset" or "png".
        condition: array-like, taken in turn: `(n,)` of labels, or `(n, dim)` of several labels or
            vectors; text as on the command line ("0,1,2", "0+2,1"); or None, which takes all classes,
            or the conditions a GAN has seen of its training data.
        seed: int from 0 to 2**31 - 1.
        shard_size: int >= 1. Images of a file.
        batch_size: int >= 1 or None. Images in flight: made, but not yet written. Bounds the memory,
            changes no image; at least one run of the network (up to 512) is in flight.
        workers: int >= 1 or None. Processes that share the shards by Ray Data (extra `volume`), on this
            machine or on the cluster that `RAY_ADDRESS` names, whose machines must see `source` and
            `out` by these paths; `batch_size` is of each. None: this process alone.

    Returns:
        `DatasetReport`.

    Raises:
        InputError: for values out of range, a format that does not fit, a source that cannot be read,
            a condition that does not fit or is missing, and a folder of something else; for workers
            without Ray, more of them than it has CPUs, or a GAN that is in no file.
        OSError: if the disk is full or cannot be written. What was whole stays, to go on from.
    """
    _check_numbers(count, seed, shard_size, batch_size)
    volume.check_workers(workers, source)
    checks.check_choice("format", format, tuple(FORMATS))
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file, expected a folder for the data set: choose another path.")
    generator = open_generator(source)
    _check_format(generator, format)
    condition = in_turn(generator, condition)
    layout = Layout(
        out,
        count,
        shard_size,
        generator.image_shape,
        "uint8" if generator.bounded else "float32",
        generator.condition.num_classes if isinstance(generator.condition, Labels) else None,
        generator.class_names,
    )
    if batch_size is not None:
        size = 4 * min(batch_size, count) * math.prod(generator.image_shape)
        check_memory(size, f"{batch_size} images in flight", "give a smaller batch_size (--batch-size)")
    sampler = Sampler(generator, seed, condition, as_png=FORMATS[format].takes_png)
    with volume.running(workers), _locked(out):
        _begin(layout, _manifest(sampler, layout, format))
        return _write(sampler, layout, format, batch_size, source, workers)


def _check_numbers(count, seed, shard_size, batch_size):
    check_seed(seed)
    check_count("count", count)
    check_count("shard_size", shard_size)
    if batch_size is not None:
        check_count("batch_size", batch_size)


def check_seed(seed):
    """Refuses what row seeds cannot be made of.

    Raises:
        InputError: for another than an int from 0 to 2**31 - 1.
    """
    checks.check_seed(seed)
    if seed >= 2**31:
        raise InputError(f"seed must be below 2**31, got {seed}.")


def check_count(name, value, least=1):
    """Refuses what is no number of images.

    Raises:
        InputError: for another than an int from `least` to 2**32.
    """
    most = 2**SEED_SHIFT
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InputError(f"{name} must be an integer from {least} to {most}, got {value!r}.")


def _check_format(generator, format):
    if FORMATS[format].takes_png and not generator.png:
        raise InputError(
            f"{format} holds PNG files of images in [0, 1] with 1, 3 or 4 channels, this makes "
            f"{generator.image_shape}{'' if generator.bounded else ' of any numbers'}: use npz."
        )


def in_turn(generator, condition):
    """The conditions to take in turn, as an array; None where there are none."""
    kind = generator.condition
    if kind is None:
        if condition is not None:
            raise InputError("this generator has no condition, got one: leave it out.")
        return None
    if condition is None:
        if isinstance(kind, Labels):
            return kind.example(kind.num_classes)
        if generator.seen is None:
            raise InputError(
                f"conditions of {kind} cannot be drawn, only given: pass condition, (n, {kind.dim})."
            )
        return generator.seen
    condition = kind.check(kind.parse(condition) if isinstance(condition, str) else condition)
    if not len(condition):
        raise InputError("at least one condition is needed, got none: leave it out for all classes.")
    return condition


def _manifest(sampler, layout, format):
    generator, condition = sampler.generator, sampler.condition
    about = {
        "format": format,
        "count": layout.images,
        "seed": sampler.seed,
        "row_seeds": f"{sampler.seed} * 2**{SEED_SHIFT} + image's number",
        "shard_size": layout.shard_size,
        "shards": layout.shards,
        "image_shape": list(layout.image_shape),
        "dtype": layout.dtype,
        "num_classes": layout.num_classes,
        "class_names": layout.class_names,
        "made_of": generator.made_of,
        "versions": {name: importlib.metadata.version(name) for name in ("tfgan", "tensorflow")},
    }
    if layout.labelled:
        about["condition"] = condition.tolist()
    elif condition is not None:
        about["condition_sha256"] = hashlib.sha256(condition.tobytes()).hexdigest()
    return about


@contextlib.contextmanager
def _locked(folder):
    """Makes a folder, or refuses one that another process writes to; a killed one's lock is gone."""
    import fcntl  # which Windows has not

    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{folder} is being written by another process: wait for it.") from None
        yield
    finally:
        os.close(handle)


def _begin(layout, manifest):
    """Writes the manifest of a new folder; compares that of one begun. Sweeps what was half-done."""
    file = layout.folder / MANIFEST
    if not file.is_file() and not all(map(_is_leftover, layout.folder.iterdir())):
        raise InputError(f"{layout.folder} holds files of something else: choose a new folder.")
    _sweep(layout.folder)
    if not file.is_file():
        write_json(file, {**manifest, "finished": False})
        return
    begun = read_json(file, "choose a new folder")
    for name, value in manifest.items():
        if begun.get(name) != value:
            was, now = (str(v)[:60] for v in (begun.get(name), value))
            raise InputError(
                f"{layout.folder} was begun with {name} {was}, this has {now}: repeat what it was "
                "begun with, or choose a new folder."
            )


def _is_leftover(path):
    return path.name.startswith((HIDDEN, ".dataset."))


def _sweep(folder):
    """Removes what was half-done where a process was killed."""
    for path in filter(_is_leftover, folder.iterdir()):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _write(sampler, layout, format, batch_size, source, workers):
    start, form = time.perf_counter(), FORMATS[format]
    missing = [shard for shard in range(layout.shards) if not form.is_there(layout, shard)]
    written = sum(len(layout.numbers(shard)) for shard in missing)
    ahead = _CHUNKS if batch_size is None else max(1, batch_size // sampler.chunk_size)
    bar = tqdm(
        total=layout.images,
        initial=layout.images - written,
        unit=" images",
        unit_scale=True,
        disable=None,
    )
    with bar:
        if workers is None:
            sizes = _stored(sampler, layout, form, missing, ahead, bar.update)
        else:
            sizes = _stored_by(workers, source, sampler, layout, format, missing, ahead, bar.update)
        size = sum(sizes)
    if workers is not None:
        _sweep(layout.folder)
    file = layout.folder / MANIFEST
    manifest = json.loads(file.read_text(encoding="utf-8"))
    if not manifest["finished"]:  # also where all was there, but a kill came before this line
        write_json(file, {**manifest, "finished": True})
    return DatasetReport(str(layout.folder), layout.images, written, size, time.perf_counter() - start)


def _stored(sampler, layout, form, shards, ahead, tell):
    """Writes shards; yields the bytes of each, and calls `tell` with the images that were made."""
    with contextlib.closing(_made(sampler, layout, shards, ahead)) as made:
        for shard, parts in itertools.groupby(made, key=lambda pair: pair[0]):
            yield form.store(layout, shard, _counted(parts, tell))


def _counted(parts, tell):
    for _, rows in parts:
        yield rows
        tell(len(rows.images))


def _stored_by(workers, source, sampler, layout, format, shards, ahead, tell):
    """As `_stored`, by other processes."""
    layout = layout._replace(folder=layout.folder.absolute())
    opened = volume.told(source, sampler)
    for done in volume.results(shards, workers, _writer, opened, layout, format, ahead):
        tell(int(done["images"]))
        yield int(done["size"])


def _writer(opened, layout, format, ahead):
    """What another process does with the number of a shard: writes it, and tells its size."""
    form = FORMATS[format]
    sampler = volume.open_again(opened, as_png=form.takes_png)

    def write(shard):
        (size,) = _stored(sampler, layout, form, [shard], ahead, lambda images: None)
        return {"images": len(layout.numbers(shard)), "size": size}

    return write


def _made(sampler, layout, shards, ahead):
    """Yields (shard, `Rows`) in order, while other threads make up to `ahead` chunks more."""
    waiting: deque = deque()
    last, future = None, None
    with ThreadPoolExecutor(_THREADS) as pool:
        for shard in shards:
            numbers = layout.numbers(shard)
            first = numbers.start - numbers.start % sampler.chunk_size
            for start in range(first, numbers.stop, sampler.chunk_size):
                if start != last:  # a chunk may lie in several shards
                    last, future = start, pool.submit(sampler.chunk, start)
                waiting.append((shard, numbers, future))
                if len(waiting) > ahead:
                    yield _part(*waiting.popleft())
        while waiting:
            yield _part(*waiting.popleft())


def _part(shard, numbers, future):
    return shard, future.result().between(numbers.start, numbers.stop)
