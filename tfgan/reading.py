"""Files that may hold anything: opened without waiting, told of in one line, bounded in memory.

What is read comes from elsewhere: it may be cut off, be something else, or say that it is larger than
any memory. So nothing is allocated because a file says so: `check_memory` is asked before.
"""

import contextlib
import io
import json
import os
import stat
import sys
import warnings
from pathlib import Path

from tfgan.errors import InputError, shortened

SHARE = 0.5  # of the memory, that one input may take: its copies take the rest
JSON_BYTES = 64 * 2**20  # what is written as JSON here takes kilobytes
CHUNK_BYTES = 2**20
LINE_LETTERS = 2**20  # of a table
_TABLE_COST = 16  # bytes of memory a byte of a table, as lists of short texts
_CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def open_regular(path):
    """Opens a file for reading bytes; refuses what is none, without waiting for it.

    Args:
        path: str or `pathlib.Path`.

    Raises:
        ValueError: for a folder, a pipe or a device, which may have no end; or no path at all.
        OSError: if it cannot be opened.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise ValueError(f"it is {_kind(mode)}, no file")
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def _kind(mode):
    kinds = {stat.S_ISDIR: "a folder", stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket"}
    return next((name for is_kind, name in kinds.items() if is_kind(mode)), "a device")


@contextlib.contextmanager
def refusing(line, *, but=InputError):
    """Turns whatever a library raises at the content of a file into one line.

    Parsers raise all there is at bytes that were not meant for them. Only reading goes into the
    block: what the package itself computes has bugs of its own.

    Args:
        line: function of the reason, str, that gives the line.
        but: class of errors that stay as they are.

    Raises:
        InputError: where the block raises anything else.
    """
    try:
        with warnings.catch_warnings():  # a line is enough
            warnings.simplefilter("ignore")
            yield
    except (InputError, but):
        raise
    except Exception as error:
        raise InputError(line(shortened(error) or type(error).__name__)) from None


@contextlib.contextmanager
def quiet():
    """Lets nothing through to stderr: libraries of C and C++ write there, which no setting stops."""
    sys.stderr.flush()
    saved = os.dup(2)
    with open(os.devnull, "w") as null:
        os.dup2(null.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def memory():
    """int: bytes that an input may take, half of the memory of this machine, container or process."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for file in _CGROUPS:
        with contextlib.suppress(OSError, ValueError):  # "max", or no such limit
            sizes.append(int(Path(file).read_text(encoding="ascii")))
    with contextlib.suppress(ImportError):  # which Windows has not
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        if soft != resource.RLIM_INFINITY:
            sizes.append(soft)
    return int(SHARE * min(sizes))


def check_memory(size, what, remedy):
    """Refuses what would take more memory than `memory` allows, before it takes any.

    Args:
        size: int, bytes.
        what: str, which begins the line.
        remedy: str, which ends it.

    Raises:
        InputError: if it is too much.
    """
    limit = memory()
    if size > limit:
        raise InputError(
            f"{what} would take {size / 2**30:.3g} GiB of memory, at most {limit / 2**30:.3g} GiB "
            f"(half of this machine's) are taken: {remedy}."
        )


def fill(file, view):
    """Reads bytes until a buffer is full, a piece at a time, or the file ends; how many they were.

    Args:
        file: opened for reading bytes.
        view: writable `memoryview` of bytes.

    Returns:
        int.
    """
    done = 0
    while done < len(view):
        count = file.readinto(view[done : done + CHUNK_BYTES])
        if not count:
            break
        done += count
    return done


def table_lines(path, encoding="utf-8"):
    """Gives the lines of a file of text, as `csv` takes them.

    Args:
        path: str or `pathlib.Path`.
        encoding: of the text.

    Raises:
        InputError: if its rows would take too much memory.
        ValueError: if it is no file or no text, or a line is longer than `LINE_LETTERS`.
        OSError: if it cannot be opened.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        check_memory(_TABLE_COST * size, f"{path}: its rows", "give a smaller one")
        with io.TextIOWrapper(file, encoding=encoding, newline="") as text:
            while line := text.readline(LINE_LETTERS + 1):
                if len(line) > LINE_LETTERS:
                    raise ValueError(f"a line has more than {LINE_LETTERS} letters")
                yield line


def read_json(path, remedy):
    """Returns the dict that a JSON file holds.

    Args:
        path: str or `pathlib.Path`.
        remedy: str, which ends the line.

    Raises:
        InputError: if it is no file, is cut off, holds anything else, or far more than is ever written.
        OSError: if it cannot be opened.
    """

    def line(reason):
        return f"{path} is damaged ({reason}): {remedy}."

    with refusing(line), open_regular(path) as file:
        content = file.read(JSON_BYTES + 1)
        if len(content) > JSON_BYTES:
            raise ValueError(f"more than {JSON_BYTES >> 20} MiB")
        value = json.loads(content.decode("utf-8"))
        if not isinstance(value, dict):
            raise ValueError(f"a {type(value).__name__}, no object")
        return value
