"""Exports are proved again later: whole ones pass, changed ones are refused in one line."""

import json
import shutil

import pytest
from makers import one_line, small_cgan, varied

import tfgan
from tfgan.errors import InputError
from tfgan.export import verify

pytest.importorskip("ai_edge_litert")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    gan = varied(small_cgan())
    tfgan.export.saved_model(gan, folder / "served")
    tfgan.export.tflite(gan, folder / "gan.tflite")
    return folder


@pytest.fixture
def copy(exported, tmp_path):
    return shutil.copytree(exported, tmp_path / "copy")


def test_passes_elsewhere_and_says_what_it_compared(copy):
    folder = verify(copy / "served")
    assert folder.path == str(copy / "served/1")
    assert folder.samples == 32
    assert 0 < folder.max_error < 1e-5
    file = verify(copy / "gan.tflite")
    assert file.path == str(copy / "gan.tflite")
    assert file.size == (copy / "gan.tflite").stat().st_size
    assert file.max_error < 1e-4
    numbers = json.loads((copy / "served/1/verification.json").read_text())
    assert set(numbers["signatures"]) == {"serving_default", "uint8", "sample", "sample_png"}
    assert set(numbers["sha256"]) >= {"saved_model.pb", "variables/variables.index"}
    assert numbers["signatures"]["serving_default"]["max_error"] < 1e-6


def test_the_newest_version_is_taken(copy, quick):
    shutil.copytree(copy / "served/1", copy / "served/10")
    shutil.copytree(copy / "served/1", copy / "served/9")
    assert verify(copy / "served").path == str(copy / "served/10")


def flip(file):
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def cut(file):
    file.write_bytes(file.read_bytes()[:-1])


def lose(file):
    file.unlink()


def empty(file):
    file.write_bytes(b"")


@pytest.mark.parametrize("harm", [flip, cut, lose, empty])
@pytest.mark.parametrize(
    "name",
    [
        "served/1/saved_model.pb",
        "served/1/variables/variables.index",
        "served/1/variables/variables.data-00000-of-00001",
        "gan.tflite",
    ],
)
def test_a_harmed_file_is_named(copy, name, harm):
    harm(copy / name)
    with pytest.raises(InputError, match=r"export anew|holds no|does not exist") as error:
        verify(copy / "gan.tflite" if name == "gan.tflite" else copy / "served/1")
    one_line(error)
    assert (copy / name).name in str(error.value) or harm is lose


@pytest.mark.parametrize("harm", [cut, lose, empty])
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("served/1/verification.json", "served"),
        ("served/1/verification.npz", "served"),
        ("gan.tflite.verification.json", "gan.tflite"),
        ("gan.tflite.verification.npz", "gan.tflite"),
    ],
)
def test_a_harmed_verification(copy, name, path, harm):
    harm(copy / name)
    if name.endswith("json") and harm is cut:  # the last byte is the line's end
        (copy / name).write_text((copy / name).read_text()[:-9])
    with pytest.raises(InputError, match=r"missing|damaged") as error:
        verify(copy / path)
    one_line(error)


def test_other_weights_under_their_own_hashes(copy, quick):
    """What hashes cannot see, the images tell."""
    other = small_cgan()
    tfgan.export.tflite(other, copy / "other.tflite")
    shutil.copy(copy / "gan.tflite.verification.npz", copy / "other.tflite.verification.npz")
    with pytest.raises(InputError, match="serving_default differs from Keras") as error:
        verify(copy / "other.tflite")
    one_line(error)


def test_a_newer_format(copy):
    file = copy / "gan.tflite.verification.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 99}))
    with pytest.raises(InputError, match="format 99") as error:
        verify(copy / "gan.tflite")
    one_line(error)


@pytest.mark.parametrize("name", ["nothing", ".", "served/1/variables"])
def test_no_export(copy, name):
    with pytest.raises(InputError, match=r"does not exist|holds no SavedModel") as error:
        verify(copy / name)
    one_line(error)
