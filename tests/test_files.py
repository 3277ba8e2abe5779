import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tfgan.files import replacing, write_json, write_numbered


def test_a_file_appears_whole(tmp_path):
    path = tmp_path / "new/folder/model.keras"
    with replacing(path) as temporary:
        assert temporary.suffix == ".keras"
        assert temporary.parent == path.parent
        temporary.write_text("content")
        assert not path.exists()
    assert path.read_text() == "content"
    assert [p.name for p in path.parent.iterdir()] == ["model.keras"]


def test_new_folders_are_on_the_disk(tmp_path, monkeypatch):
    """Theirs and the file's names: without one of them, nothing is found after a loss of power."""
    synced, fsync = [], os.fsync

    def sync(descriptor):
        synced.append(os.path.realpath(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    with replacing(tmp_path / "new/folder/model.keras") as temporary:
        temporary.touch()
    assert {str(tmp_path), str(tmp_path / "new"), str(tmp_path / "new/folder")} <= set(synced)


@pytest.mark.parametrize("folder", [False, True])
def test_a_failure_leaves_what_was_there(tmp_path, folder):
    path = tmp_path / "thing.txt"
    path.write_text("old")

    def fail():
        with replacing(path) as temporary:
            if folder:
                temporary.mkdir()
                (temporary / "part").write_text("half")
            else:
                temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_appears_whole(tmp_path):
    with replacing(tmp_path / "1") as temporary:
        (temporary / "variables").mkdir(parents=True)
        (temporary / "variables/data").write_text("x")
    assert (tmp_path / "1/variables/data").read_text() == "x"


def test_json(tmp_path):
    write_json(tmp_path / "a.json", {"b": [1, None]})
    assert json.loads((tmp_path / "a.json").read_text()) == {"b": [1, None]}


def test_numbered_folders_of_two_writers_at_once(tmp_path):
    """Each gets its own number, and none is seen before it is whole."""
    both = threading.Barrier(2)

    def write(folder):
        folder.mkdir()
        both.wait(10)
        assert not [path for path in tmp_path.iterdir() if path.name.isdecimal()]
        both.wait(10)
        (folder / "whole").write_text("whole")

    with ThreadPoolExecutor(2) as pool:
        paths = set(pool.map(lambda _: write_numbered(tmp_path, write), range(2)))
    assert paths == {tmp_path / "1", tmp_path / "2"}
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    assert all((path / "whole").is_file() for path in paths)


def test_a_number_that_is_taken(tmp_path):
    (tmp_path / "3").mkdir()
    with pytest.raises(FileExistsError):
        write_numbered(tmp_path, lambda folder: folder.mkdir(), 3)
    assert list(tmp_path.iterdir()) == [tmp_path / "3"]
    assert write_numbered(tmp_path, lambda folder: folder.mkdir()) == tmp_path / "4"


def test_a_numbered_folder_that_fails_leaves_nothing(tmp_path):
    def write(folder):
        folder.mkdir()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_numbered(tmp_path / "base", write)
    assert not list(tmp_path.iterdir())


def test_what_a_killed_writer_left_goes_after_a_day(tmp_path):
    for name in (".new.0a1b2c3d", ".new.4e5f6a7b", "notes"):
        (tmp_path / name).mkdir()
    day_before = time.time() - 25 * 3600
    for name in (".new.0a1b2c3d", "notes"):
        os.utime(tmp_path / name, (day_before, day_before))
    write_numbered(tmp_path, lambda folder: folder.mkdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == [".new.4e5f6a7b", "1", "notes"]
