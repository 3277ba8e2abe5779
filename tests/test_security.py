"""What is downloaded or given is neither unpickled nor executed: by the source, and by real attacks.

Keras's files have their own tests, test_keras_files.py; so has the page, export/test_web_browser.py.
"""

import ast
import csv
import json
import os
import pickle
import re
import subprocess
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from makers import one_line, small_cgan
from PIL import Image

import tfgan
from tfgan import tagging
from tfgan.errors import InputError, printable
from tfgan.export import card, serving, verify
from tfgan.files import markdown
from tfgan.metrics import classifier

ROOT = Path(__file__).parents[1]
SOURCES = [*sorted((ROOT / "tfgan").rglob("*.py")), *sorted((ROOT / "export").rglob("*.py"))]

# Modules that run or unpickle what they read.
MODULES = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml"}
MODULES |= {"runpy", "code", "pty", "torch", "xmlrpc", "ftplib", "telnetlib"}
NAMES = {"eval", "exec", "compile", "__import__", "input", "breakpoint"}  # of builtins
# Calls by the end of their dotted names, and where they may be: their one place.
CALLS = {
    "os.system": (),
    "os.popen": (),
    "os.execv": (),
    "os.execvp": (),
    "os.spawnv": (),
    "os.startfile": (),
    "subprocess.getoutput": (),
    "subprocess.getstatusoutput": (),
    "subprocess.Popen": (),
    "subprocess.run": ("export/comparison.py",),
    "tempfile.mktemp": (),
    "importlib.import_module": (),
    "shutil.unpack_archive": (),
    "extract": (),
    "extractall": (),
    "read_pickle": (),
    "func_load": (),
    "enable_unsafe_deserialization": (),
    "model_from_json": (),
    "model_from_config": (),
    "py_function": (),
    "load_op_library": (),
    "load_library": (),
    "saving.load_model": ("tfgan/keras_files.py",),
    "models.load_model": (),
    # The others call that of the first.
    "load_weights": ("tfgan/keras_files.py", "tfgan/checkpoints.py", "tfgan/recovery.py"),
    "h5py.File": ("tfgan/keras_files.py", "tfgan/data/tfd.py"),
    "saved_model.load": ("export/run_saved_model.py", "export/sampler.py"),
    "urlopen": ("export/litert.py",),
    "urlretrieve": (),
    "get_file": (),
}


def dotted(node):
    """`a.b.c` of an expression, as far as it is one."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def dangers(text, name="somewhere.py"):
    """What must not stand in a source, by line."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):  # of which calls would be known by their short names
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            found = []
        for module in found:
            if module.split(".")[0] in MODULES or _refused(module, name):
                yield node.lineno, module
        if not isinstance(node, ast.Call):
            continue
        called = dotted(node.func)
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        if isinstance(node.func, ast.Name) and called in NAMES:
            yield node.lineno, called
        if _refused(called, name):
            yield node.lineno, called
        if called in ("np.load", "numpy.load") and not _is(given.get("allow_pickle"), False):
            yield node.lineno, "np.load without allow_pickle=False"
        if _is(given.get("allow_pickle"), True) or _is(given.get("safe_mode"), False):
            yield node.lineno, "allow_pickle=True or safe_mode=False"
        if "shell" in given:
            yield node.lineno, "shell"
        if "verify" in given and _is(given["verify"], False):
            yield node.lineno, "verify=False"


def _refused(called, name):
    return any(
        (called == end or called.endswith(f".{end}")) and name not in places
        for end, places in CALLS.items()
    )


def _is(node, value):
    return isinstance(node, ast.Constant) and node.value is value


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_runs_or_unpickles_what_it_reads(path):
    assert list(dangers(path.read_text(), str(path.relative_to(ROOT)))) == []


@pytest.mark.parametrize(
    "text",
    [
        "eval(x)",
        "exec(x)",
        "__import__(x)",
        "import pickle",
        "from pickle import loads",
        "import yaml",
        "import marshal as m",
        "from os import system",
        "os.system(x)",
        "subprocess.run(x, shell=True)",
        "subprocess.Popen(x)",
        "tempfile.mktemp()",
        "np.load(x)",
        "np.load(x, allow_pickle=True)",
        "np.load(x, allow_pickle=y)",
        "np.load(x, 'r')",
        "keras.saving.load_model(x)",
        "keras.models.load_model(x)",
        "loader(x, safe_mode=False)",
        "model.load_weights(x)",
        "archive.extractall(x)",
        "archive.extract(x, y)",
        "shutil.unpack_archive(x)",
        "tf.saved_model.load(x)",
        "tf.numpy_function(f) or tf.py_function(f)",
        "h5py.File(x)",
        "urllib.request.urlopen(x)",
        "keras.utils.get_file(x)",
        "importlib.import_module(x)",
        "requests.get(x, verify=False)",
    ],
)
def test_the_look_at_sources_finds(text):
    assert list(dangers(text))


# A pickle.


class Bomb:
    """Unpickled, it makes a file."""

    def __init__(self, file):
        self.file = str(file)

    def __reduce__(self):
        return open, (self.file, "w")


@pytest.fixture
def canary(tmp_path):
    """A file that must not appear; a pickle makes it, which is tried first."""
    file = tmp_path / "canary"
    pickle.loads(pickle.dumps(Bomb(file))).close()
    assert file.exists()
    file.unlink()
    yield file
    assert not file.exists()


def bombs(canary, count=20):
    return np.array([Bomb(canary)] * count, dtype=object)


def pixels(count=20):
    return np.random.default_rng(0).integers(0, 255, (count, 4, 4), dtype="uint8")


@pytest.mark.parametrize("name", ["images", "labels", "features", "tags", "word_vectors"])
def test_pickle_in_npz(canary, tmp_path, name):
    file = tmp_path / "bad.npz"
    arrays = {"images": pixels(), "labels": np.arange(20) % 2}
    if name not in arrays:
        arrays = {n: np.zeros((20, 3), "float32") for n in ("features", "tags", "word_vectors")}
    np.savez(file, **{**arrays, name: bombs(canary)})
    with pytest.raises(InputError) as error:
        tfgan.data.load(f"npz:{file}")
    one_line(error)


def test_pickle_instead_of_npz(canary, tmp_path):
    (tmp_path / "bad.npz").write_bytes(pickle.dumps(Bomb(canary)))
    with pytest.raises(InputError) as error:
        tfgan.data.load(f"npz:{tmp_path / 'bad.npz'}")
    one_line(error)


@pytest.mark.parametrize("kind", ["array", "bare"])
def test_pickle_as_condition(canary, tmp_path, kind):
    from tfgan.cli.sampling import _conditions

    file = tmp_path / "bad.npy"
    if kind == "array":
        np.save(file, bombs(canary))
    else:
        file.write_bytes(pickle.dumps(Bomb(canary)))
    with pytest.raises(InputError, match=r"one array of numpy\.save") as error:
        _conditions(str(file))
    one_line(error)


def test_pickle_in_the_cache_of_classifiers(canary, tmp_path, monkeypatch):
    """It counts as damaged: the classifier is trained, and replaces it."""
    monkeypatch.setenv("TFGAN_CACHE", str(tmp_path))
    monkeypatch.setattr(classifier, "_trained", {})
    monkeypatch.setattr(classifier, "train", lambda *given, **more: model)
    model = classifier._build((4, 4, 1), 2, 0)
    images, labels = pixels()[..., None] / np.float32(255), np.arange(20) % 2
    classifier.trained(images, labels, 2)
    (file,) = (tmp_path / "classifiers").iterdir()
    good = file.read_bytes()
    np.savez(file, **{"0": bombs(canary)})
    monkeypatch.setattr(classifier, "_trained", {})
    classifier.trained(images, labels, 2)
    assert len(file.read_bytes()) == len(good)


def test_pickle_beside_an_export(canary, tmp_path):
    """Proofs are arrays: one of objects is not read."""
    from tfgan.export import proof

    file = tmp_path / "m.tflite"
    file.write_bytes(b"TFL3")
    arrays = tmp_path / f"m.tflite.{verify.__globals__['REFERENCE']}"
    np.savez(arrays, **{"input/latents": bombs(canary)})
    numbers = {"sha256": {}, "reference_sha256": proof.sha256(arrays)}
    numbers["seal"] = proof.seal(numbers)
    (tmp_path / f"m.tflite.{verify.__globals__['NUMBERS']}").write_text(json.dumps(numbers))
    with pytest.raises(ValueError, match=r"allow_pickle=False|damaged"):
        verify(file)


# HDF5 and archives of data.


def test_hdf5_data_from_another_file(tmp_path):
    """A MATLAB file whose images lie in a file of the reader's."""
    pytest.importorskip("scipy")
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(range(256)) * 4)
    file = tmp_path / "bad.mat"
    with h5py.File(file, "w", userblock_size=512) as content:
        content.create_dataset("images", (4, 4, 35), "uint8", external=[(str(secret), 0, 560)])
        content["folds"] = np.zeros((5, 35), "uint8")
    with open(file, "r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    with h5py.File(file) as content:
        assert content["images"][0, 0, 1] == 1  # HDF5 itself would read it
    with pytest.raises(InputError, match="lie in other files") as error:
        tfgan.data.load(f"tfd:{file}")
    one_line(error)


def test_npz_members_stay_inside(tmp_path):
    """Members are read by name; nothing is unpacked."""
    file = tmp_path / "inner/bad.npz"
    file.parent.mkdir()
    np.savez(file, images=pixels(), labels=np.arange(20) % 2)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("../escaped.npy", b"x")
    tfgan.data.load(f"npz:{file}")
    assert {path.name for path in tmp_path.rglob("*")} == {"inner", "bad.npz"}


# Names.


@pytest.fixture(scope="module")
def cgan():
    return small_cgan()


HOSTILE = {
    "markup": '<img src=x onerror="alert(1)">',
    "shell": "$(touch canary)`touch canary`;touch canary",
    "lines": "two\nlines\r\n",
    "terminal": "\x1b]0;owned\x07\x1b[2J",
    "turned": "cat\u202egpj.exe",
    "formula": '=HYPERLINK("http://x","y")',
    "math": r"$\frac{",
    "table": "a|b](javascript:alert(1))",
}


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_printable(name):
    shown = printable(f"a {name} b")
    assert "\n" not in shown
    assert shown.isprintable()
    with pytest.raises(InputError) as error:
        raise InputError(f"a {name} b")
    assert str(error.value) == shown


@pytest.mark.parametrize("text", ["T-shirt/top", "straße", "ねこ", "a\tb", "می\u200cروم", "👩\u200d🚀"])
def test_what_does_nothing_is_printed_as_it_is(text):
    assert printable(text) == text


def test_a_part_of_a_character_is_escaped():
    """File names that are no UTF-8 could not even be printed."""
    assert printable(os.fsdecode(b"\xff.png")) == r"\udcff.png"


@pytest.mark.parametrize("name", ["\x1b[31mred", "two\nlines", "turned\u202e"])
def test_command_prints_names_of_files_escaped(command, tmp_path, name):
    for arguments in (("evaluate", tmp_path / name), ("verify", tmp_path / name)):
        code, out, err = command(*arguments)
        assert code == 2
        assert err.count("\n") == 1
        assert err.strip().isprintable()
        assert not out


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_model_card_shows_names(cgan, name):
    """A row stays a row, and nothing in it is HTML or a link."""
    config = {
        "recipe": name,
        "data": f"folder:{name}",
        "fingerprint": "1",
        "class_names": ["a", name, "c"],
    }
    source = card.Source(cgan, config, {})
    proof = type("Proof", (), {"numbers": {"signatures": {}}})
    text = "\n\n".join(card._parts("small", source, {}, proof, 64))
    rows = [line for line in text.splitlines() if re.match(r"\| \d", line)]
    assert len(rows) == 3
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 3 for row in rows)
    assert "<img" not in text
    assert not re.search(r"(?<!\\)\]\(", text)
    assert text.replace("\n", "").isprintable()


def test_markdown_leaves_plain_names():
    assert markdown("T-shirt/top 2.5 & more") == "T-shirt/top 2.5 &amp; more"


@pytest.mark.parametrize(
    "name", [*HOSTILE.values(), "-flag", "a b", "a'b", 'a"b', "a\n", "../up", "a/b", ""]
)
def test_served_models_have_plain_names(cgan, tmp_path, name):
    with pytest.raises(InputError, match="letters, digits") as error:
        tfgan.export.saved_model(cgan, tmp_path / "base", name=name)
    one_line(error)
    assert not list(tmp_path.iterdir())


def test_scripts_of_a_served_model_are_what_they_say(tmp_path):
    """Templates are given numbers and the checked name alone; the shell reads client.sh whole."""
    condition = np.array([[0.5, -1e30], [1, 2]], "float32")
    serving.write_configuration(tmp_path, "a-b_1", {"condition": condition}, ["sample_png"], 64)
    script = tmp_path / "serving/client.sh"
    subprocess.run(["sh", "-n", str(script)], check=True)
    (line,) = re.findall(r"--data '(.*)'\n", script.read_text())
    assert json.loads(line)["instances"] == [{"seeds": 7, "condition": [0.5, float(condition[0, 1])]}]
    ast.parse((tmp_path / "serving/client_grpc.py").read_text())


@pytest.mark.parametrize("name", [HOSTILE["formula"], "+1", "-1", "@SUM(A1)", "x\ty\nz"])
def test_tables_of_tags_hold_texts(name):
    """No cell is a formula to a spreadsheet, or more than one cell."""
    tags = type("Tags", (), {"words": [name, "plain"]})
    text = tagging._text(tags, [0, 1])
    ((cell,),) = csv.reader([text], delimiter="\t", quoting=csv.QUOTE_NONE)
    assert cell[0] not in "=+-@"
    assert cell.endswith("plain")


def test_classes_of_any_name(tmp_path):
    """Folders of such names are classes, and are written beside their images."""
    from tfgan import plots

    names = sorted(name.replace("/", "_") for name in HOSTILE.values())
    for folder in names:
        (tmp_path / "data" / folder).mkdir(parents=True)
        for number, image in enumerate(pixels(10)):
            Image.fromarray(image).save(tmp_path / "data" / folder / f"{number}.png")
    data = tfgan.data.load(f"folder:{tmp_path / 'data'}")
    assert list(data.class_names) == names
    figure = plots.grid(np.zeros((len(names), 4, 4, 1)), columns=1, row_labels=names)
    plots.save(figure, tmp_path / "grid.png")
    assert {path.name for path in tmp_path.iterdir()} == {"data", "grid.png"}


def test_attributes_of_any_name(tmp_path):
    names = ("=cmd", "<b>", "\x1b[2J", "$(touch canary)")
    folder = tmp_path / "data"
    folder.mkdir()
    for number, image in enumerate(pixels(20)):
        Image.fromarray(image).save(folder / f"{number}.png")
    with open(folder / "attributes.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", *names])
        rows.writerows([f"{number}.png", number % 2, 1, 0, 1] for number in range(20))
    assert tfgan.data.load(f"folder:{folder}").class_names == names
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_verification_names_no_file_outside(tmp_path):
    from tfgan.export import proof

    file = tmp_path / "in/m.tflite"
    file.parent.mkdir()
    file.write_bytes(b"TFL3")
    secret = tmp_path / "secret"
    secret.write_text("x")
    arrays = file.with_name(f"m.tflite.{verify.__globals__['REFERENCE']}")
    np.savez(arrays, **{"input/latents": np.zeros(1)})
    numbers = {
        "sha256": {"../secret": proof.sha256(secret)},
        "reference_sha256": proof.sha256(arrays),
        "tolerance": {"max": 1.0, "mean": 1.0},
    }
    numbers["seal"] = proof.seal(numbers)
    file.with_name(f"m.tflite.{verify.__globals__['NUMBERS']}").write_text(json.dumps(numbers))
    with pytest.raises(InputError, match="outside of its folder") as error:
        verify(file)
    one_line(error)


def test_every_test_that_the_page_of_trust_names_is_there():
    text = (ROOT / "docs/trust.md").read_text()
    defined = set()
    for file in (ROOT / "tests").rglob("test_*.py"):
        defined |= {file.name, *re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)}
    named = set(re.findall(r"test_\w+(?:\.py|\*)?", text))
    assert len(named) > 20
    for name in named:
        if name.endswith("*"):
            assert any(each.startswith(name[:-1]) for each in defined), name
        else:
            assert name in defined, name
