"""What kills a run, and what it comes back to: signals at any moment, a full disk, a second process."""

import contextlib
import json
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import assert_same_run, one_line, stripes

import tfgan
from tfgan import callbacks, checkpoints, owner, runs, watching
from tfgan.errors import InputError
from tfgan.stopping import Stopping

SMALL = {
    "units": 8,
    "latent_dim": 4,
    "batch_size": 4,
    "sample_every": 2,
    "jit_compile": "false",
    "steps_per_execution": 1,
    "checkpoint_seconds": 0.001,  # after each step: much of the time is spent in writing
}
CHANGES = [f"{key}={value}" for key, value in SMALL.items()]
EPOCHS = 4
PATIENCE = 120  # seconds


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    images, labels = stripes(80)
    path = tmp_path_factory.mktemp("data") / "stripes.npz"
    np.savez(path, images=images, labels=labels)
    return f"npz:{path}"


@pytest.fixture(scope="module")
def whole(source, tmp_path_factory):
    """The run that nothing disturbs."""
    run = tmp_path_factory.mktemp("whole") / "run"
    runs.train(run, runs.plan("cgan-digits", source=source, epochs=EPOCHS, changes=CHANGES), verbose=0)
    return run


def start(*arguments):
    command = [sys.executable, "-m", "tfgan", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def begin(source, run):
    """Starts the run by the command line."""
    changes = [word for change in CHANGES for word in ("--set", change)]
    given = ["--data", source, "--epochs", EPOCHS, *changes, "--out", run]
    return start("train", "cgan-digits", *given)


def newest_step(run):
    path = checkpoints.newest(run / "checkpoints")
    return int(path.stem.removeprefix("step-")) if path else 0


def wait_for_step(run, process, step):
    """Until a checkpoint of that step is there, or the process has ended."""
    end = time.monotonic() + PATIENCE
    while newest_step(run) < step and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.005)


def test_terminated_killed_and_finished(source, whole, tmp_path):
    """By the command: SIGTERM saves, says how to go on and exits with 0; SIGKILL loses little."""
    run = tmp_path / "a run"
    process = begin(source, run)
    wait_for_step(run, process, 5)
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, error
    assert "Traceback" not in error
    (line,) = [line for line in error.splitlines() if "go on with: " in line]
    stopped, command = re.fullmatch(r"tfgan: stopped after step (\d+); go on with: (.*)", line).groups()
    assert newest_step(run) == int(stopped) >= 5
    words = shlex.split(command)
    assert words == ["tfgan", "train", "cgan-digits", "--out", str(run), "--resume"]
    assert not (run / ".owner").exists()

    process = start(*words[1:])
    wait_for_step(run, process, int(stopped) + 5)
    second = start(*words[1:])
    _, error = second.communicate(timeout=PATIENCE)
    if process.poll() is None:  # else it has finished before the second one looked
        assert second.returncode == 2
        assert f"in use by process {process.pid} on " in error
        assert error.count("\n") == 1
    process.kill()
    process.communicate()

    if process.returncode:  # killed, perhaps when all was written but its lock
        finish(run)
    assert_same_run(whole, run)
    assert not list(run.rglob(".*"))  # nothing of writers that were killed


def finish(run):
    plan = runs.plan("cgan-digits", resume=True)
    return runs.train(run, runs.resumed_config(run, plan), verbose=0)


@pytest.mark.slow
def test_a_hundred_kills(source, whole, tmp_path):
    """SIGKILL at random moments, most of them in training or in a checkpoint's write."""
    rng, kills, finished, amid_write = random.Random(0), 0, 0, 0
    while kills < 100 or not finished:
        run = tmp_path / f"run{finished}"
        process, seen = begin(source, run), 0
        while True:
            # Of five kills one comes while it starts; the others after the first new checkpoint.
            if rng.random() < 0.2:
                time.sleep(rng.uniform(0, 10))
            else:
                wait_for_step(run, process, seen + 1)
                time.sleep(rng.uniform(0, 0.4))
            process.kill()
            _, error = process.communicate()
            if process.returncode == 0:
                break
            assert process.returncode == -signal.SIGKILL, error
            kills += 1
            amid_write += any((run / "checkpoints").glob(".step-*"))
            seen = newest_step(run)
            go_on = (run / "config.json").exists()
            process = (
                start("train", "cgan-digits", "--out", run, "--resume") if go_on else begin(source, run)
            )
        assert_same_run(whole, run)
        finished += 1
    print(f"{kills} kills, {amid_write} of them in a checkpoint's write, {finished} runs finished")
    assert amid_write


@contextlib.contextmanager
def tmpfs(folder, options):
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"this user cannot mount a tmpfs: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.slow
def test_a_full_disk(source, whole, tmp_path):
    """Training stops with one line, the last good checkpoint is whole, and with room it goes on."""
    config = runs.plan("cgan-digits", source=source, epochs=EPOCHS, changes=CHANGES)
    size = checkpoints.newest(whole / "checkpoints").stat().st_size
    with tmpfs(tmp_path / "small", f"size={6 * size}") as disk:
        run, filler = disk / "run", disk / "filler"
        filler.write_bytes(bytes(int(3.5 * size)))
        with pytest.raises(InputError, match="No space left on device") as error:
            runs.train(run, config, verbose=0)
        kept = checkpoints.newest(run / "checkpoints")
        assert f"the last good state is {kept}" in one_line(error)
        assert checkpoints.check(kept) is not None
        assert not list(run.rglob(".*"))
        with pytest.raises(InputError, match="No space left on device"):  # still
            finish(run)
        assert checkpoints.check(kept) is not None
        filler.unlink()
        subprocess.run(["mount", "-o", f"remount,size={40 * size}", disk], check=True)
        finish(run)
        assert_same_run(whole, run)


def test_a_folder_that_may_only_be_read(source, tmp_path, command):
    with tmpfs(tmp_path / "read", "ro,size=1m") as folder:
        code, _, error = command("train", "cgan-digits", "--data", source, "--out", folder / "run")
        assert code == 2
        assert "Read-only file system" in error or "no folder to write to" in error
        assert error.count("\n") == 1


def test_it_becomes_read_only_while_training(source, tmp_path, monkeypatch):
    config = runs.plan("cgan-digits", source=source, epochs=EPOCHS, changes=CHANGES)
    made = watching.of_run
    with tmpfs(tmp_path / "disk", "size=10m") as disk:

        class Remount(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                if self.model.train_steps.numpy() == 6:
                    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)

        monkeypatch.setattr(watching, "of_run", lambda *args: [*made(*args), Remount()])
        # What is open for writing keeps a system from becoming read-only.
        monkeypatch.setattr(callbacks, "TensorBoard", lambda *_, **__: keras.callbacks.Callback())
        monkeypatch.setattr(owner, "_own", lambda file: os.open("/dev/null", os.O_RDONLY))
        with pytest.raises(InputError, match="Read-only file system") as error:
            runs.train(disk / "run", config, verbose=0)
        assert "step-000000005.keras" in one_line(error)
        assert checkpoints.check(disk / "run/checkpoints/step-000000005.keras") is not None


def test_an_image_that_cannot_be_decoded(source, tmp_path, monkeypatch):
    """Images of large folders are decoded while training, not before."""
    read = tfgan.data.dataset.Data.train_batches

    def damaged(data, batch_size, **options):
        png = tf.constant([bytes(tf.io.encode_png(tf.zeros((8, 8, 1), tf.uint8)).numpy()), b"\x89PNG"])

        def decode(number, element):
            image = tf.io.decode_png(png[tf.cast(number == 30, tf.int32)], channels=1)
            return tf.ensure_shape(image, (8, 8, 1)), element[1]

        images = read(data, batch_size, **options).unbatch().enumerate().map(decode)
        return images.batch(batch_size)

    monkeypatch.setattr(tfgan.data.dataset.Data, "train_batches", damaged)
    config = runs.plan("cgan-digits", source=source, epochs=EPOCHS, changes=CHANGES)
    with pytest.raises(InputError, match="an image cannot be read") as error:
        runs.train(tmp_path / "run", config, verbose=0)
    assert "step-000000007.keras, and whole" in one_line(error)


@pytest.mark.slow
def test_memory_that_runs_out(source, tmp_path, monkeypatch):
    made = watching.of_run

    class Full(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.train_steps.numpy() == 6:
                message = "Graph execution error:\n\nOOM when allocating [9,9]\n\t [[{{node MatMul}}]]"
                raise tf.errors.ResourceExhaustedError(None, None, message)

    monkeypatch.setattr(watching, "of_run", lambda *given: [*made(*given), Full()])
    config = runs.plan("cgan-digits", source=source, epochs=EPOCHS, changes=CHANGES)
    with pytest.raises(InputError, match=r"memory ran out \(OOM when allocating \[9,9\]\):") as error:
        runs.train(tmp_path / "run", config, verbose=0)
    assert "step-000000005.keras, and whole; go on with --resume" in one_line(error)
    monkeypatch.undo()
    finish(tmp_path / "run")


def test_a_second_process_is_refused_before_anything_is_read(source, whole, command, tmp_path):
    taken = json.dumps({"pid": os.getpid()})[8:-1]
    with owner.owning(whole):
        for arguments in (["--resume"], ["--data", "npz:/nowhere.npz"]):
            code, _, error = command("train", "cgan-digits", "--out", whole, *arguments)
            assert code == 2
            assert f"in use by process {taken}" in error
            assert error.count("\n") == 1
    run = tmp_path / "new"
    config = runs.plan("cgan-digits", source=source, epochs=EPOCHS, changes=CHANGES)
    with owner.owning(run), pytest.raises(InputError, match="in use by process"):
        runs.train(run, config, verbose=0)
    assert not run.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_it_starts(source, tmp_path, command, monkeypatch, number):
    """Before there is a run, the same command begins anew; with one, --resume goes on."""
    load = runs.load_data

    def interrupted(config):
        os.kill(os.getpid(), number)
        return load(config)

    before = signal.signal(number, signal.default_int_handler)  # workers of pytest ignore SIGINT
    monkeypatch.setattr(runs, "load_data", interrupted)
    arguments = ["train", "cgan-digits", "--data", source, "--out", tmp_path / "run"]
    try:
        code, _, error = command(*arguments)
    finally:
        signal.signal(number, before)
    assert code == 0
    assert error == f"tfgan: stopped; go on with: {shlex.join(['tfgan', *map(str, arguments)])}\n"
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_stopped_before_the_first_step(source, tmp_path, command, monkeypatch):
    monkeypatch.setattr(Stopping, "__enter__", lambda self: setattr(self, "asked", True) or self)
    run = tmp_path / "run"
    code, _, error = command("train", "cgan-digits", "--data", source, "--out", run)
    assert code == 0
    assert "stopped before the first step; go on with: tfgan train cgan-digits --out" in error
    assert (run / "config.json").is_file()
