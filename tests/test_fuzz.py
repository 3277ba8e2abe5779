"""Readers under files that nobody thought of: InputError in one line, or a right answer; `make fuzz`.

Hypothesis changes files and texts that are right, knowing what they are made of; atheris looks for
bytes that lead to new code (`fuzz_arrays.py`). `FUZZ_SECONDS` says how long atheris works at a reader,
`FUZZ_EXAMPLES` how many cases Hypothesis makes for a test.
"""

import contextlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import bad_files as bad
import numpy as np
import pytest

pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tfgan import recipes, recorded, runs
from tfgan.conditions import Labels, MultiLabel
from tfgan.data import load
from tfgan.data.headers import looks_whole, read_header, read_orientation
from tfgan.errors import InputError
from tfgan.reading import read_json
from tfgan.recipes import RECIPES

pytestmark = pytest.mark.slow
SECONDS = int(os.environ.get("FUZZ_SECONDS", "30"))
FUZZ = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "300")),
    deadline=10_000,  # milliseconds: longer is a hang
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True, scope="module")
def _bounded_memory():
    """What takes far more than the files hold dies here of a MemoryError, which is no InputError."""
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with open("/proc/self/statm", encoding="ascii") as file:
        taken = int(file.read().split()[5]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_DATA, (taken + 2 * 2**30, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_DATA, before)


def taken_or_refused(read, *arguments, **options):
    """What a reader returns; None where it refuses in one line."""
    try:
        return read(*arguments, **options)
    except InputError as error:
        if len(str(error).splitlines()) != 1:
            raise AssertionError("not one line") from error
        return None


@st.composite
def mutated(draw, whole):
    """Bytes that were right, and a few changes to them."""
    content = bytearray(draw(st.sampled_from(whole)) if isinstance(whole, list) else whole)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(content) - 1)))
        match draw(st.sampled_from(["flip", "number", "cut", "insert", "repeat", "remove"])):
            case "flip" if content:
                content[place] ^= 1 << draw(st.integers(0, 7))
            case "number":
                value = draw(st.sampled_from([0, 1, 2**7, 2**15, 2**31 - 1, 2**31, 2**32 - 1]))
                order = draw(st.sampled_from(["big", "little"]))
                content[place : place + 4] = value.to_bytes(4, order)
            case "cut":
                del content[place:]
            case "insert":
                content[place:place] = draw(st.binary(max_size=9))
            case "repeat":
                content[place:place] = content[place : place + draw(st.integers(1, 99))]
            case "remove":
                del content[place : place + draw(st.integers(1, 99))]
    return bytes(content)


SIDES = st.sampled_from([0, 1, 2, 3, bad.COUNT, 255, 2**16, 2**31, 2**32 - 1])


@FUZZ
@given(
    code=st.sampled_from([0, 8, 9, 11, 12, 13, 14, 255]),
    sides=st.lists(SIDES, min_size=0, max_size=4),
    more=st.integers(-3, 3),
    suffix=st.sampled_from(["", ".gz"]),
    which=st.sampled_from(list(bad.IDX_NAMES)),
)
def test_idx_headers(tmp_path_factory, code, sides, more, suffix, which):
    length = max(0, min(2**16, int(np.prod([float(side) for side in sides]))) + more)
    content = bad.idx(*sides, code=code, content=bytes(length))
    folder = tmp_path_factory.mktemp("idx") / "idx"
    bad.idx_folder(folder, suffix=suffix, **{which: content})
    taken_or_refused(load, f"idx:{folder}")


@FUZZ
@given(content=mutated(bad.idx(bad.COUNT, 2, 2)), suffix=st.sampled_from(["", ".gz"]))
def test_idx_bytes(tmp_path_factory, content, suffix):
    folder = tmp_path_factory.mktemp("idx") / "idx"
    bad.idx_folder(folder, suffix=suffix, images=content)
    taken_or_refused(load, f"idx:{folder}")


DTYPES = ["|u1", "<f4", ">f8", "<f2", "|b1", "|O", "<U3", "|S0", "<M8[s]", "<c8", "<i8", "|V4", "x"]


@FUZZ
@given(
    descr=st.one_of(st.sampled_from(DTYPES), st.just([("a", "<f4")]), st.text(max_size=9)),
    shape=st.lists(st.integers(-2, 5) | st.sampled_from([bad.COUNT, 2**31, 2**63, 2**70]), max_size=5),
    in_columns=st.booleans(),
    more=st.integers(-3, 3),
    key=st.sampled_from(["images", "x", "labels", "label_names", "features", "tags"]),
)
def test_npz_headers(tmp_path_factory, descr, shape, in_columns, more, key):
    size = {"<f4": 4, ">f8": 8, "<f2": 2, "<i8": 8, "<U3": 12}.get(str(descr), 1)
    length = max(0, min(2**16, int(np.prod([abs(float(s)) for s in shape])) * size) + more)
    array = bad.npy(descr, tuple(shape), bytes(length), in_columns=in_columns)
    members = {"images__npy": bad.npy(), f"{key}__npy": array}
    file = tmp_path_factory.mktemp("npz") / "a.npz"
    file.write_bytes(bad.zipped(**members))
    taken_or_refused(load, f"npz:{file}")


NPZ = bad.npz(images=np.zeros((bad.COUNT, 2, 2), "uint8"), labels=np.arange(bad.COUNT))


@FUZZ
@given(content=mutated([NPZ, bad.npz_of(bad.npy())]), header=mutated(bad.npy()), both=st.booleans())
def test_npz_bytes(tmp_path_factory, content, header, both):
    file = tmp_path_factory.mktemp("npz") / "a.npz"
    file.write_bytes(bad.npz_of(header) if both else content)
    taken_or_refused(load, f"npz:{file}")


IMAGES = [
    bad.png(),
    bad.png(bits=16, colour=2),
    bad.encoded("PNG", "P"),
    bad.encoded("JPEG"),
    bad.encoded("JPEG", progressive=True),
    bad.encoded("JPEG", "CMYK"),
    bad.encoded("GIF"),
    bad.encoded("BMP"),
    bad.encoded("BMP", "RGB"),
]


@FUZZ
@given(content=mutated(IMAGES))
def test_images(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("images") / "images"
    bad.image_folder(folder, content)
    for limit in (2**30, 1):
        taken_or_refused(load, f"folder:{folder}", image_size=4, memory_limit=limit)
    file = str(folder / "bad.png")
    assert read_orientation(file) in range(1, 9)
    assert looks_whole(content) in (True, False)
    with contextlib.suppress(ValueError):
        assert min(read_header(file)) > 0


SETTINGS = {"image_size": None, **RECIPES["dcgan-mnist"].settings}
VALUES = st.one_of(
    st.text(max_size=30),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["", "null", "true", "nan", "-inf", "1e999", "[" * 9999, "9" * 5000, "{}", '"a"']),
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats(), st.lists).map(json.dumps),
)


@FUZZ
@given(
    recipe=st.sampled_from(sorted(RECIPES)),
    key=st.sampled_from(sorted(SETTINGS)) | st.text(max_size=20),
    value=VALUES,
)
@example(recipe="cgan-digits", key="epochs", value="9" * 5000)
@example(recipe="cgan-digits", key="epochs", value="[" * 9999)
def test_settings(recipe, key, value):
    source = "digits" if not RECIPES[recipe].data else None
    config = taken_or_refused(runs.plan, recipe, source=source, changes=[f"{key}={value}"])
    if config is not None:
        json.dumps(config)


CONFIG = json.dumps(runs.plan("cgan-digits", source="digits"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)


@FUZZ
@given(content=mutated(CONFIG.encode()))
def test_config_bytes(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("run")
    (folder / "config.json").write_bytes(content)
    taken_or_refused(runs.read_config, folder)
    taken_or_refused(read_json, folder / "config.json", "mend it")


@FUZZ
@given(
    key=st.sampled_from(sorted(json.loads(CONFIG))),
    setting=st.none() | st.sampled_from(sorted(SETTINGS)),
    value=JSON,
)
def test_config_values(tmp_path_factory, key, setting, value):
    config = json.loads(CONFIG)
    if setting is None:
        config[key] = value
    else:
        config["settings"][setting] = value
    folder = tmp_path_factory.mktemp("run")
    (folder / "config.json").write_text(json.dumps(config))
    found = taken_or_refused(runs.read_config, folder)
    if found is not None:
        assert isinstance(found["recipe"], str)
        known = {key: found["settings"][key] for key in recipes.RECIPES["cgan-digits"].settings}
        assert type(known["epochs"]) is int


@FUZZ
@given(content=mutated(b"epoch,seconds,d_loss\n1,0.5,1.25\n2,0.5,nan\n"))
def test_logs(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("run") / "metrics.csv"
    file.write_bytes(content)
    for row in taken_or_refused(recorded.read_log, file) or []:
        assert int(row["epoch"]) >= 0


@FUZZ
@given(text=st.text(max_size=20) | st.text("0123456789,+- none²٣", max_size=20))
@example(text="9" * 5000)
@example(text="10000000000000000000001")
def test_conditions(text):
    for kind in (Labels(3), MultiLabel(3)):
        found = taken_or_refused(lambda kind=kind: kind.check(kind.parse(text)))
        if found is not None:
            assert found.min(initial=0) >= 0
            assert found.max(initial=0) < 3


@pytest.mark.parametrize("kind", ["idx", "gz", "npz", "npy"])
def test_coverage_guided(tmp_path, kind):
    pytest.importorskip("atheris")
    script = Path(__file__).with_name("fuzz_arrays.py")
    bounds = ["-timeout=10", "-rss_limit_mb=2500", "-max_len=4096", f"-artifact_prefix={tmp_path}/"]
    command = [sys.executable, script, kind, tmp_path / "corpus", f"-max_total_time={SECONDS}", *bounds]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "cov:" in done.stderr
