"""One process at a time on a folder: a locked file that names its owner.

The lock is the operating system's (`flock`), which lets go of it however a process ends: what a killed
one left is taken over, and a process number used again or a container of another name is no riddle.
Of file systems shared between machines it asks that they lock across them (NFS since version 3 does).
"""

import contextlib
import json
import os
import socket
import time
from pathlib import Path

from tfgan.errors import InputError

try:
    import fcntl
except ImportError:  # no POSIX system: nothing is locked there
    fcntl = None  # type: ignore[assignment]

_NAME = ".owner"


@contextlib.contextmanager
def owning(folder):
    """While this lasts, the folder is this process's; a folder made for that goes if it stays empty.

    Args:
        folder: `pathlib.Path`.

    Raises:
        InputError: if another process owns it: names its number and machine.
    """
    made = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _locked(folder / _NAME):
            yield
    finally:
        for one in made:
            with contextlib.suppress(OSError):
                one.rmdir()


def check_not_owned(folder):
    """Refuses a folder that another process owns, and writes nothing.

    Args:
        folder: `pathlib.Path`; it need not exist.

    Raises:
        InputError: names the process's number and machine.
    """
    file = folder / _NAME
    if fcntl is None or not file.is_file():
        return
    descriptor = os.open(file, os.O_RDONLY)
    try:
        _lock(descriptor, file)
    finally:
        os.close(descriptor)


def was_owned(folder):
    """bool: whether a process that owns the folder was killed, or still lives."""
    return (folder / _NAME).is_file()


@contextlib.contextmanager
def _locked(file):
    if fcntl is None:
        yield
        return
    descriptor = _own(file)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.unlink()  # while it is locked: the next owner sees that it has another file
        os.close(descriptor)


def _own(file):
    """Returns the descriptor of the locked file, which now names this process."""
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            _lock(descriptor, file)
            if not _is_file_of(descriptor, file):  # its owner has just gone, and taken it along
                os.close(descriptor)
                continue
            text = json.dumps({"pid": os.getpid(), "host": socket.gethostname()})
            os.truncate(descriptor, 0)
            os.write(descriptor, text.encode())
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


def _lock(descriptor, file):
    for seconds in (0.05, 0.05, 0.0):  # somebody may only be looking, in `check_not_owned`
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(seconds)
    raise InputError(
        f"{file.parent} is in use by {_owner(file)}: wait for it or stop it, or choose another --out."
    )


def _is_file_of(descriptor, file):
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(file))
    except FileNotFoundError:
        return False


def _owner(file):
    try:
        owner = json.loads(Path(file).read_text(encoding="utf-8"))
        return f"process {owner['pid']} on {owner['host']}"
    except (OSError, ValueError, KeyError, TypeError):  # it is being written
        return "another process"
