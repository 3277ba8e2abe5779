"""One process at a time on a folder: a locked file that names its owner.

The lock is the operating system's (`flock`), which lets go of it however a process ends: what a killed
one left is taken over, and a process number used again or a container of another name is no riddle.
Of file systems shared between machines it asks that they lock across them (NFS since version 3 does).
"""

import contextlib
import errno
import json
import os
import socket
import stat
import time

from tfgan.errors import InputError
from tfgan.files import make_folders, remove_empty

try:
    import fcntl
except ImportError:  # no POSIX system: nothing is locked there
    fcntl = None  # type: ignore[assignment]

_NAME = ".owner"
_LENGTH = 500  # bytes of it that are read: a number and a name


@contextlib.contextmanager
def owning(folder):
    """While this lasts, the folder is this process's; a folder made for that goes if it stays empty.

    Args:
        folder: `pathlib.Path`.

    Raises:
        InputError: if another process owns it: names its number and machine; or if its lock is no file.
    """
    made = make_folders(folder)
    try:
        with _locked(folder / _NAME):
            yield
    finally:
        remove_empty(made)


def check_not_owned(folder):
    """Refuses a folder that another process owns, and writes nothing.

    Args:
        folder: `pathlib.Path`; it need not exist.

    Raises:
        InputError: names the process's number and machine; or if the folder's lock is no file.
    """
    file = folder / _NAME
    if fcntl is None or not os.path.lexists(file):
        return
    try:
        descriptor = _open_to_look(file)
    except FileNotFoundError:  # its owner has just gone
        return
    try:
        _lock(descriptor, file)
    except OSError as error:
        if error.errno != errno.EBADF:  # NFS locks only what is open for writing: it cannot tell
            raise
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
        descriptor = _open(file, os.O_RDWR | os.O_CREAT)
        try:
            _lock(descriptor, file)
            if not _is_file_of(descriptor, file):  # its owner has just gone, and taken it along
                os.close(descriptor)
                continue
            _name_this_process(descriptor, file)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


def _name_this_process(descriptor, file):
    text = json.dumps({"pid": os.getpid(), "host": socket.gethostname()})
    try:
        os.truncate(descriptor, 0)
        os.write(descriptor, text.encode())
    except BaseException:  # such as a full disk
        with contextlib.suppress(OSError):
            file.unlink()
        raise


def _open_to_look(file):
    """For writing where that is allowed, without which NFS does not lock."""
    try:
        return _open(file, os.O_RDWR)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        return _open(file, os.O_RDONLY)


def _open(file, flags):
    """Returns the descriptor of a lock; what is no file, or a link to one, is not the folder's own."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(os.lstat(file).st_mode):
            raise InputError(f"{file} must be a file, and is a link, a pipe or the like: remove it.")
    return os.open(file, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)


def _lock(descriptor, file):
    for seconds in (0.05, 0.05, 0.0):  # somebody may only be looking, in `check_not_owned`
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(seconds)
    raise InputError(
        f"{file.parent} is in use by {_owner(descriptor)}: wait for it or stop it, or choose another "
        "--out."
    )


def _is_file_of(descriptor, file):
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(file))
    except FileNotFoundError:
        return False


def _owner(descriptor):
    try:
        owner = json.loads(os.pread(descriptor, _LENGTH, 0))
        return f"process {owner['pid']} on {owner['host']}"
    except (OSError, ValueError, KeyError, TypeError):  # it is being written
        return "another process"
