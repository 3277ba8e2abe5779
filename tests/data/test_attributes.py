"""Several labels for each image of a folder."""

import numpy as np
import pytest
from makers import one_line

from tfgan.conditions import MultiLabel
from tfgan.data import load
from tfgan.errors import InputError


@pytest.fixture
def table(make_folder):
    """A folder of 30 images with 3 labels each; returns (folder, images, labels)."""
    folder, images, _ = make_folder(classes=())
    labels = np.random.default_rng(0).integers(0, 2, (30, 3))
    lines = [f"{i:04}.png,{','.join(map(str, row))}" for i, row in enumerate(labels)]
    order = np.random.default_rng(1).permutation(30)
    text = "\n".join(["file, smiling,hat ,glasses", *[lines[i] for i in order], "none.png,0,0,0", ""])
    (folder / "attributes.csv").write_text(text)
    return folder, images, labels


@pytest.mark.parametrize("memory_limit", [0, 2**30])
def test_each_image_has_its_own(table, memory_limit):
    folder, _, labels = table
    data = load(f"folder:{folder}", memory_limit=memory_limit)
    assert data.condition == MultiLabel(3)
    assert data.class_names == ("smiling", "hat", "glasses")
    for split in data.sizes:
        got, rows = data.arrays(split)
        origin = np.rint(got[:, 0, 0, 0] * 255).astype(int)  # images begin with their number
        np.testing.assert_array_equal(rows, labels[origin])
        np.testing.assert_array_equal(data.conditions(split), rows)
    file = folder / "attributes.csv"
    before = data.fingerprint
    file.write_text(file.read_text().replace(",0\n", ",-1\n"))  # as CelebA has it
    assert load(f"folder:{folder}", memory_limit=memory_limit).fingerprint == before
    file.write_text(file.read_text().replace("0003.png,", "0003.png,1,1,1,")[:-1])
    with pytest.raises(InputError, match=r"0003\.png needs 3 of 0 or 1"):
        load(f"folder:{folder}")
    lines = [line for line in file.read_text().split("\n") if not line.startswith("0003.png")]
    turned = ",".join("0" if value == 1 else "1" for value in labels[3])
    file.write_text("\n".join([*lines, f"0003.png,{turned}"]))
    assert load(f"folder:{folder}", memory_limit=memory_limit).fingerprint != before


def test_in_splits(make_folder):
    for split, names in (("train", "a,b"), ("test", "a,b")):
        folder, _, _ = make_folder(12, classes=(), root=f"pictures/{split}")
        rows = [f"{i:04}.png,{i % 2},1" for i in range(12)]
        (folder / "attributes.csv").write_text("\n".join([f"file,{names}", *rows]))
    root = folder.parent
    assert load(f"folder:{root}").condition == MultiLabel(2)
    (folder / "attributes.csv").write_text("\n".join(["file,a,c", *rows]))
    with pytest.raises(InputError, match="same labels") as error:
        load(f"folder:{root}")
    one_line(error)
    (folder / "attributes.csv").unlink()
    with pytest.raises(InputError, match=r"same labels.*None"):
        load(f"folder:{root}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "begin with a line of names"),
        ("file\n", "begin with a line of names"),
        ("0000.png,1,0\n", "begin with a line of names, .*got '0000.png,1,0'"),
        ("file,a,a\n", "different"),
        ("file,a,\n", "different"),
        ("file,a\n0000.png,1\n", "says nothing of 0001.png"),
        ("file,a\n0000.png,yes\n", "0000.png needs 1 of 0 or 1, got 'yes'"),
        (b"file,\xff\xfe\n", "UTF-8"),
    ],
)
def test_refused(make_folder, text, words):
    folder, _, _ = make_folder(12, classes=())
    (folder / "attributes.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=words) as error:
        load(f"folder:{folder}")
    one_line(error)


def test_beside_classes(make_folder):
    folder, _, _ = make_folder()
    (folder / "attributes.csv").write_text("file,a")
    with pytest.raises(InputError, match=r"class folders and attributes\.csv") as error:
        load(f"folder:{folder}")
    one_line(error)
