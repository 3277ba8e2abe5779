import json

import pytest

from tfgan.files import replacing, write_json


def test_a_file_appears_whole(tmp_path):
    path = tmp_path / "new/folder/model.keras"
    with replacing(path) as temporary:
        assert temporary.suffix == ".keras"
        assert temporary.parent == path.parent
        temporary.write_text("content")
        assert not path.exists()
    assert path.read_text() == "content"
    assert [p.name for p in path.parent.iterdir()] == ["model.keras"]


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
