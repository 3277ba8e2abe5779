"""Sampling holds its memory: data sets of a million images; pictures of as many, which are refused."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from makers import small_cgan, varied
from peak import peak

from tfgan import runs
from tfgan.export.shards import FORMATS

MARGIN = 60e6  # bytes between peaks of two runs of the same count, and more
MILLION = 1_000_000
IMPORTS = """
import tensorflow, tfgan.export
from tfgan import cli
"""
SAMPLE = """
sys.argv = ["tfgan", "sample", *sys.argv[1:]]
try:
    cli.main()
except SystemExit as stop:
    assert not stop.code, stop.code
"""


@pytest.fixture(scope="module")
def run_directory(tmp_path_factory):
    """As far as sampling reads it."""
    run = tmp_path_factory.mktemp("run")
    varied(small_cgan()).save(run / "gan.keras")
    config = {**runs.plan("cgan-digits"), "class_names": ["a", "b", "c"]}
    (run / "config.json").write_text(json.dumps(config))
    return run


def finished(folder):
    return json.loads((folder / "dataset.json").read_text())["finished"]


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_a_million_images_take_the_memory_of_ten_thousand(run_directory, tmp_path, format):
    peaks = {}
    for count in (10_000, MILLION):
        out = tmp_path / f"out-{count}"
        line = [run_directory, "--format", format, "--count", count, "--out", out]
        peaks[count] = peak(IMPORTS, SAMPLE, *line)[1]
        assert finished(out)
        shutil.rmtree(out)
    print(format, {count: f"{value / 1e6:.0f} MB" for count, value in peaks.items()})
    assert peaks[MILLION] < peaks[10_000] + MARGIN


@pytest.mark.slow
def test_a_killed_million_goes_on_in_the_same_memory(run_directory, tmp_path):
    out = tmp_path / "out"
    line = ["--format", "tfrecord", "--count", MILLION, "--shard-size", "5000", "--out", out]
    arguments = list(map(str, ["sample", run_directory, *line]))
    code = "import sys; sys.argv[0] = 'tfgan'; from tfgan import cli; cli.main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    while len(list(out.glob("images-*.tfrecord"))) < 100 and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not finished(out)
    there = {file: file.stat().st_mtime_ns for file in out.glob("images-*.tfrecord")}
    assert 100 <= len(there) < 200
    _, rest = peak(IMPORTS, SAMPLE, run_directory, *line)
    assert finished(out)
    assert len(list(out.glob("images-*.tfrecord"))) == 200
    assert all(file.stat().st_mtime_ns == then for file, then in there.items())
    few = [run_directory, *line[:2], "--count", 5000, "--out", tmp_path / "few"]
    assert rest < peak(IMPORTS, SAMPLE, *few)[1] + MARGIN


@pytest.mark.parametrize(
    "more", [[], ["--interpolate"], ["--mix", "0,2"], ["--condition", "0,1"], ["--truncation", "0.5"]]
)
def test_a_picture_of_a_million_is_refused_in_one_line(command, run_directory, tmp_path, more):
    out = tmp_path / "samples.png"
    code, _, err = command("sample", run_directory, "--count", MILLION, "--out", out, *more)
    assert code == 2
    assert "a grid holds 1 to at most 2500 images" in err
    assert "--format" in err
    assert err.count("\n") == 1
    assert not out.exists()
