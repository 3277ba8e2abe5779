"""One process at a time on a folder."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys

import pytest
from makers import one_line

from tfgan import owner
from tfgan.errors import InputError
from tfgan.owner import check_not_owned, owning

HOLD = """
import sys, time
sys.argv = ["tfgan"]  # TensorFlow is not needed
from pathlib import Path
from tfgan.owner import owning
with owning(Path({folder!r})):
    print("mine", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def held(tmp_path):
    """A folder that another process owns, and that process."""
    folder = tmp_path / "run"
    code = HOLD.format(folder=str(folder))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "mine\n"
    yield folder, process
    process.kill()
    process.communicate()


def test_the_second_process_is_refused(held):
    folder, process = held
    for ask in (check_not_owned, lambda folder: owning(folder).__enter__()):
        with pytest.raises(InputError) as error:
            ask(folder)
        words = f"{folder} is in use by process {process.pid} on {socket.gethostname()}"
        assert words in one_line(error)
    assert [path.name for path in folder.iterdir()] == [".owner"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_dead_process_left_is_taken_over(held, number):
    folder, process = held
    process.send_signal(number)
    process.wait()
    assert (folder / ".owner").is_file()
    check_not_owned(folder)
    with owning(folder):
        assert json.loads((folder / ".owner").read_text())["pid"] == os.getpid()
    assert not list(folder.iterdir())


def test_a_lock_of_an_unknown_process_is_no_lock(tmp_path):
    """Its number may be that of a living process by now, its host a container that is gone."""
    (tmp_path / ".owner").write_text(json.dumps({"pid": 1, "host": "elsewhere"}))
    with owning(tmp_path):
        pass


def test_leaves_no_trace(tmp_path):
    with owning(tmp_path / "new" / "run"):
        assert (tmp_path / "new/run/.owner").is_file()
    assert not list(tmp_path.iterdir())
    (tmp_path / "kept").mkdir()
    with owning(tmp_path / "kept"):
        (tmp_path / "kept/file").touch()
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["file"]
    check_not_owned(tmp_path / "nowhere")


def test_an_owner_that_writes_nothing_yet(tmp_path):
    with owning(tmp_path):
        (tmp_path / ".owner").write_text("")
        with pytest.raises(InputError, match="another process"):
            check_not_owned(tmp_path)


def test_an_owner_of_many_words_is_named_in_few(tmp_path):
    with owning(tmp_path):
        (tmp_path / ".owner").write_text(json.dumps({"pid": 1, "host": "x" * 100_000}))
        with pytest.raises(InputError, match="another process") as error:
            check_not_owned(tmp_path)
        assert len(one_line(error)) < 1000


ODD_LOCKS = {
    "link": lambda path: path.symlink_to(path.parent.with_name("victim")),
    "link to nowhere": lambda path: path.symlink_to(path.parent.with_name("new")),
    "pipe": os.mkfifo,
    "folder": os.mkdir,
}


@pytest.mark.parametrize("make", ODD_LOCKS.values(), ids=ODD_LOCKS)
def test_what_is_no_file_of_the_folder_is_no_lock(tmp_path, make):
    folder, victim = tmp_path / "run", tmp_path / "victim"
    victim.write_text("precious")
    folder.mkdir()
    make(folder / ".owner")
    for ask in (check_not_owned, lambda folder: owning(folder).__enter__()):
        with pytest.raises(InputError, match="owner must be a file") as error:
            ask(folder)
        one_line(error)
    assert victim.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "victim"]


def fail(number):
    def failing(*_):
        raise OSError(number, os.strerror(number))

    return failing


@pytest.mark.parametrize("call", ["truncate", "write"])
def test_a_full_disk_leaves_no_lock(tmp_path, monkeypatch, call):
    monkeypatch.setattr(owner.os, call, fail(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left"), owning(tmp_path / "run"):
        pass
    assert not list(tmp_path.iterdir())


def test_looks_as_nfs_wants_it(held, monkeypatch):
    """It locks what is open for writing, and says EBADF of other descriptors."""
    folder, _ = held
    lock, opened = owner.fcntl.flock, os.open

    def flock(descriptor, how):
        if owner.fcntl.fcntl(descriptor, owner.fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            fail(errno.EBADF)()
        lock(descriptor, how)

    monkeypatch.setattr(owner.fcntl, "flock", flock)
    with pytest.raises(InputError, match="in use by process"):
        check_not_owned(folder)

    def open_to_read(path, flags, *given):
        return fail(errno.EACCES)() if flags & os.O_RDWR else opened(path, flags, *given)

    monkeypatch.setattr(owner.os, "open", open_to_read)
    check_not_owned(folder)  # which nobody can tell: who may write there, will


def test_looks_at_a_folder_that_may_only_be_read(held, monkeypatch):
    folder, _ = held
    opened = os.open

    def open_to_read(path, flags, *given):
        return fail(errno.EROFS)() if flags & os.O_RDWR else opened(path, flags, *given)

    monkeypatch.setattr(owner.os, "open", open_to_read)
    with pytest.raises(InputError, match="in use by process"):
        check_not_owned(folder)
