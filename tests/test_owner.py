"""One process at a time on a folder."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest
from makers import one_line

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
