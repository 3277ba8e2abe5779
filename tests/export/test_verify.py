"""Exports are proved again later: whole ones pass, changed ones are refused in one line."""

import json
import shutil

import numpy as np
import pytest
from makers import one_line, small_cgan, varied

import tfgan
from tfgan.errors import InputError
from tfgan.export import verify
from tfgan.export.proof import cover

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
    assert 0 <= folder.mean_error <= folder.max_error < 1e-5  # on some machines it is exactly 0
    file = verify(copy / "gan.tflite")
    assert file.path == str(copy / "gan.tflite")
    assert file.size == (copy / "gan.tflite").stat().st_size
    assert 0 < file.max_error < 1e-4  # what was compared is another program's answer
    numbers = json.loads((copy / "served/1/verification.json").read_text())
    assert set(numbers["signatures"]) == {"serving_default", "uint8", "sample", "sample_png"}
    assert set(numbers["sha256"]) >= {"saved_model.pb", "variables/variables.index"}
    assert numbers["signatures"]["serving_default"]["max_error"] < 1e-6


def test_the_newest_version_is_taken(copy, quick):
    shutil.copytree(copy / "served/1", copy / "served/10")
    shutil.copytree(copy / "served/1", copy / "served/9")
    for name in ("007", "\u00b2", "\u0663"):
        (copy / "served" / name).mkdir()
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
    tfgan.export.tflite(small_cgan(), copy / "other.tflite")
    shutil.copy(copy / "gan.tflite", copy / "other.tflite")
    cover(copy / "other.tflite", [copy / "other.tflite"])
    with pytest.raises(InputError, match="differs from Keras") as error:
        verify(copy / "other.tflite")
    one_line(error)


@pytest.mark.parametrize("seed", range(30))
def test_a_flipped_bit_of_the_proof(copy, seed):
    """Wherever it is: one line, and no tolerance is moved."""
    rng = np.random.default_rng(seed)
    file = copy / f"gan.tflite.verification.{('json', 'npz')[seed % 2]}"
    data = bytearray(file.read_bytes())
    data[rng.integers(len(data))] ^= 1 << rng.integers(8)
    file.write_bytes(data)
    with pytest.raises(InputError, match=r"damaged|format") as error:
        verify(copy / "gan.tflite")
    one_line(error)


@pytest.mark.parametrize("text", ["[]", "5", "null", "[" * 100_000, "{}", '{"sha256": 5, "format": 1}'])
def test_a_proof_of_something_else(copy, text):
    (copy / "gan.tflite.verification.json").write_text(text)
    with pytest.raises(InputError, match="damaged") as error:
        verify(copy / "gan.tflite")
    one_line(error)


def test_a_tolerance_that_was_moved(copy):
    file = copy / "gan.tflite.verification.json"
    numbers = json.loads(file.read_text())
    numbers["tolerance"]["max"] = 1e9
    file.write_text(json.dumps(numbers))
    with pytest.raises(InputError, match="damaged"):
        verify(copy / "gan.tflite")


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
