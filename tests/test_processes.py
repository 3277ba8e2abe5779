"""Processes that train one GAN together, by the command line, as clusters start them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from makers import one_line, tf_configs

from tfgan import processes, stored
from tfgan.errors import InputError, LostError

BOTH = {"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 0}}
SECONDS_TO_STOP = 60  # of the others, where one is lost; measured are 2, of one that hangs 10


def config(**changes):
    return json.dumps({**BOTH, **changes})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("{", "got {"),
        ("[]", "TypeError"),
        ("{}", "KeyError"),
        (config(cluster={"worker": ["a"]}), "HOST:PORT|ValueError"),
        (config(cluster={"worker": ["a:70000"]}), "HOST:PORT"),
        (config(cluster={"worker": "ab"}), "ValueError|list"),
        (config(cluster={"worker": ["a:1", "a:1"]}), "one address"),
        (config(cluster={"ps": ["a:1"], "worker": ["b:1"]}), "only chief and worker train"),
        (config(cluster={"chief": ["a:1", "b:1"]}), "2 chiefs"),
        (config(task={"type": "worker", "index": 2}), "task 2 of kind 'worker'"),
        (config(task={"type": "chief", "index": 0}), "task 0 of kind 'chief'"),
        (config(task={"type": "worker", "index": -1}), "task -1"),
        (config(task={"type": "worker", "index": "x"}), "ValueError"),
        ("[" * 100_000, "RecursionError|ValueError"),
    ],
)
def test_a_tf_config_that_names_no_processes_is_refused(given, words, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", given)
    with pytest.raises(InputError, match=words) as error:
        processes.team("multi_worker")
    one_line(error)


def test_without_a_cluster_it_says_how_to_name_one(monkeypatch):
    for name in ("TF_CONFIG", "SLURM_PROCID"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match="set TF_CONFIG, such as") as error:
        processes.team("multi_worker")
    one_line(error)


@pytest.fixture
def slurm(monkeypatch):
    """Sets Slurm's variables of a task; those that are None are not there."""
    monkeypatch.delenv("TF_CONFIG", raising=False)

    def of_task(**values):
        given = {"PROCID": 3, "STEP_NODELIST": "n[1-2]", "STEP_TASKS_PER_NODE": "2(x2)", "JOB_ID": 627}
        for name, value in {**given, **values}.items():
            monkeypatch.delenv(f"SLURM_{name}", raising=False)
            if value is not None:
                monkeypatch.setenv(f"SLURM_{name}", str(value))
        resolver = processes._resolver()
        (hosts,) = resolver.cluster_spec().as_dict().values()
        return hosts, (resolver.task_type, resolver.task_id), resolver.num_accelerators()

    return of_task


def test_slurm_names_the_processes(slurm):
    hosts = ["n1:20032", "n1:20033", "n2:20032", "n2:20033"]
    assert slurm() == (hosts, ("worker", 3), {"GPU": 0})
    hosts, task, _ = slurm(STEP_NODELIST="n[9-10]", STEP_TASKS_PER_NODE="1,2", PROCID=0)
    assert hosts == ["n9:20032", "n10:20032", "n10:20033"]  # as Slurm numbers them
    assert task == ("worker", 0)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"STEP_NODELIST": None}, "STEP_NODELIST"),
        ({"STEP_NODELIST": "n[1"}, "hostlist"),
        ({"STEP_TASKS_PER_NODE": "2"}, "shorter"),
        ({"STEP_TASKS_PER_NODE": "x"}, "tasks-per-node"),
        ({"PROCID": 4}, "task 4 of 4"),
        ({"PROCID": "x"}, "invalid literal"),
    ],
)
def test_what_slurm_does_not_say(slurm, values, words):
    with pytest.raises(InputError, match=rf"{words}.*start the command by srun") as error:
        slurm(**values)
    one_line(error)


def test_tasks_that_slurm_deals_out_in_turn(slurm, monkeypatch):
    monkeypatch.setenv("SLURMD_NODENAME", "n2")
    assert slurm()[1] == ("worker", 3)
    with pytest.raises(InputError, match="task 1 is on n2, not on n1: give srun --distribution=block"):
        slurm(PROCID=1)


@pytest.mark.parametrize(
    ("count", "values", "own"),
    [
        (2, {}, [1]),
        (4, {}, [2, 3]),
        (5, {"PROCID": 2}, [0, 1]),
        (1, {}, None),  # Slurm lets each task see its own
        (4, {"GPUS_PER_TASK": 4}, None),
        (2, {"STEP_TASKS_PER_NODE": "1(x4)", "STEP_NODELIST": "n[1-4]"}, [0, 1]),
    ],
)
def test_tasks_of_a_machine_share_its_gpus(slurm, monkeypatch, count, values, own):
    seen = []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: list(range(count)))
    monkeypatch.setattr(tf.config, "set_visible_devices", lambda gpus, kind: seen.append(gpus))
    assert slurm(**values)[2] == {"GPU": count if own is None else len(own)}
    assert seen == ([] if own is None else [own])


def test_one_process_is_a_team():
    team = processes.team(None)
    assert team.chief
    assert team.replicas == 1
    assert team.any(True, False) == [True, False]
    assert team.told(lambda: (1, 2)) == (1, 2)
    with pytest.raises(InputError, match="so it is"), team.together():
        raise InputError("so it is")
    assert team.copied(Path("a"), Path("b")) == Path("a")


# The rest trains in several processes, each with a run directory of its own that only the chief's is.

SMALL = ["--epochs", "3", "--set", "units=32", "--set", "checkpoint_steps=5"]


def start(folder, count, *options, recipe="cgan-digits", alone=False):
    """Starts the processes of a run, or one without a cluster; returns them."""
    started = []
    for index, tf_config in enumerate(tf_configs(count)):
        environment = {**os.environ}
        environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
        command = [sys.executable, "-m", "tfgan", "train", recipe, *options]
        command += ["--out", str(folder / f"run{index}")]
        if not alone:
            environment["TF_CONFIG"] = tf_config
            command += ["--strategy", "multi_worker"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, env=environment, **pipes))
    return started


def start_code(code, count):
    """Starts processes of some Python; returns them."""
    pipes = {"stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", code]
    return [
        subprocess.Popen(command, env={**os.environ, "TF_CONFIG": one}, **pipes)
        for one in tf_configs(count)
    ]


def ended(started):
    """[(exit code, last lines of stderr)] of processes."""
    found = []
    for process in started:
        _, error = process.communicate(timeout=600)
        found.append((process.returncode, error.strip().splitlines()))
    return found


def run(folder, count, *options, **more):
    for code, lines in ended(start(folder, count, *options, **more)):
        assert code == 0, lines[-20:]
    assert not any((folder / f"run{index}").exists() for index in range(1, count))
    return folder / "run0"


def weights(path):
    gan = stored.load(path / "gan.keras")
    slots = [v for optimizer in (gan.g_optimizer, gan.d_optimizer) for v in optimizer.variables]
    return [np.asarray(value) for value in (*gan.get_weights(), *slots)]


def assert_same_run(one, other):
    for a, b in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (one / "metrics.csv").read_text() == (other / "metrics.csv").read_text()


# How near they come: 99 % of the weights, and all. Training moves the farthest by 1e-3 and more.
SGD = (2e-7, {"rtol": 0, "atol": 4e-7})
# Where gradients are nearly 0 it makes whole steps of rounding.
ADAM = (2e-5, {"rtol": 1e-3, "atol": 2e-4})
DIGITS = ("--data", "digits", "--epochs", "1")
RECIPES = {
    "gan-mnist": ([*DIGITS, "--epochs", "2", "--set", "ema_decay=0.9"], SGD),
    "cgan-mnist": ([*DIGITS, "--epochs", "2", "--set", "batch_size=101", "--set", "seed=4"], SGD),
    "dcgan-mnist": (  # 5 steps
        [*DIGITS, "--set", "channels=4", "--set", "batch_size=256", "--set", "anneal=false"],
        ADAM,
    ),
    "cdcgan-fashion": (
        [
            *(*DIGITS, "--set", "channels=4", "--set", "batch_size=256", "--set", "mismatched=true"),
            *("--set", "augment=translation,cutout", "--set", "gradient_penalty=1"),
            *("--set", "loss=relativistic_average"),
        ],
        ADAM,
    ),
    "cgan-tags": (
        ["--epochs", "1", "--set", "batch_size=2000", "--set", "seed=3"],
        (1e-5, {"atol": 1e-4}),
    ),
    "gan-toy": (["--epochs", "1", "--set", "batch_size=20000"], ADAM),
}


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_processes_train_as_one(recipe, tmp_path):
    """Dropout, moving averages and batch statistics included."""
    options, (most, close) = RECIPES[recipe]
    one = weights(run(tmp_path / "alone", 1, *options, recipe=recipe, alone=True))
    for count in (1, 2, 4):
        several = weights(run(tmp_path / str(count), count, *options, recipe=recipe))
        for a, b in zip(one, several, strict=True):
            np.testing.assert_allclose(b, a, **close)
        pairs = zip(one, several, strict=True)
        apart = np.concatenate([np.abs(np.subtract(a, b, dtype="float64")).ravel() for a, b in pairs])
        print(f"{recipe}, {count}: 99 % within {np.quantile(apart, 0.99):.1e}, all {apart.max():.1e}")
        assert np.quantile(apart, 0.99) < most


@pytest.mark.slow
def test_a_run_of_one_goes_on_in_two_and_back(tmp_path):
    """But for rounding, which Adam makes more of where gradients are nearly 0."""
    begun = ["--set", "units=32", "--epochs", "2"]
    run(tmp_path / "one", 1, *begun, recipe="gan-digits", alone=True)
    shutil.copytree(tmp_path / "one", tmp_path / "other")
    found = []
    for folder, counts in (("one", (1, 1)), ("other", (2, 1))):
        for epochs, count in zip((3, 4), counts, strict=True):
            options = ["--epochs", str(epochs), "--resume"]
            path = run(tmp_path / folder, count, *options, recipe="gan-digits", alone=count == 1)
        found.append(np.concatenate([np.ravel(value) for value in weights(path)]))
    apart = np.abs(found[0] - found[1])
    assert 0 < np.quantile(apart, 0.99) < 1e-5
    assert apart.max() < 1e-2


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return run(tmp_path_factory.mktemp("undisturbed"), 2, *SMALL)


def wait_for(path, process):
    end = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Collective ops is aborted by: x\nmore", "Collective ops is aborted by: x"),
        (
            "Graph execution error:\n\nDetected at node C defined at (most recent call last):\n"
            "<stack traces unavailable>\nThe following tasks are unhealthy: task 1\n\t [[{{node C}}]]",
            "The following tasks are unhealthy: task 1",
        ),
        (
            "Graph execution error:\n\nDetected at node C defined at (most recent call last):\n"
            '  File "<frozen runpy>", line 198, in _run_module_as_main\n\n'
            "Collective ops is aborted by: Connection reset by peer\n\t [[{{node C}}]]",
            "Collective ops is aborted by: Connection reset by peer",
        ),
        (
            "{{function_node __wrapped__CollectiveReduceV2_device_/job:worker/replica:0/device:CPU:0}} "
            "Collective ops is aborted by: Connection reset by peer",
            "Collective ops is aborted by: Connection reset by peer",
        ),
        ("Graph execution error:", "Graph execution error:"),
    ],
)
def test_what_is_said_of_a_lost_process(message, reason):
    team = processes.Team()
    team.count, team.index = 2, 1
    lost = pytest.raises(LostError, match="another process was lost")
    with lost as error, team.watched(lambda: "go on"):
        raise tf.errors.UnavailableError(None, None, message)
    assert f"({reason}): process 1 of 2 stops; go on" in str(error.value)


@pytest.mark.slow
def test_one_that_waits_for_others_can_be_interrupted(tmp_path):
    """TensorFlow waits in C++, where no handler of Python's runs."""
    command = [sys.executable, "-m", "tfgan", "train", "cgan-digits", "--strategy", "multi_worker"]
    environment = {**os.environ, "TF_CONFIG": tf_configs(2)[0]}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([*command, "--out", tmp_path / "run"], env=environment, **pipes)
    assert process.stdout.readline() == "process 0 of 2: waits for the others\n"
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGINT
    assert not (tmp_path / "run").exists()


SIGNALS = """
import os, signal
heard = []
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda number, frame: heard.append(number))
from tfgan import processes
processes.team("multi_worker")
for number in (signal.SIGTERM, signal.SIGINT):
    os.kill(os.getpid(), number)
assert heard == [signal.SIGTERM, signal.SIGINT], heard
"""


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2])
def test_signals_are_heard_once_all_have_come(count):
    """Also those of SIGTERM, which TensorFlow would take, before training begins."""
    for code, lines in ended(start_code(SIGNALS, count)):
        assert code == 0, lines[-20:]


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("part", [0.0, 0.35, 0.7, 0.95])
def test_a_process_that_is_killed_anywhere(part, count, tmp_path):
    """From before the first checkpoint to the end: in time, the same run or a line, and it goes on."""
    started = start(tmp_path, count, *SMALL)
    wait_for(tmp_path / "run0/config.json", started[0])
    begin = time.monotonic()
    whole = 15.0  # seconds, about, of training
    time.sleep(part * whole)
    started[count - 1].kill()
    for process in started[:-1]:
        _, error = process.communicate(timeout=SECONDS_TO_STOP)
        assert process.returncode in (0, 75), error
        if process.returncode:
            assert error.strip().splitlines()[-1].startswith("tfgan: another process was lost"), error
        assert "Traceback" not in error
    print(f"killed after {part * whole:.1f} s of {count}: ended after {time.monotonic() - begin:.1f} s")
    started[-1].communicate()
    again = run(tmp_path, count, *SMALL, "--resume")
    assert_same_run(again, run(tmp_path / "whole", count, *SMALL))


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.0, 0.7])
@pytest.mark.parametrize("lost", [0, 1])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_lost_process_stops_the_others_and_all_go_on(how, lost, seconds, undisturbed, tmp_path):
    started = start(tmp_path, 2, *SMALL)
    wait_for(tmp_path / "run0/checkpoints/step-000000005.keras", started[0])
    time.sleep(seconds)
    started[lost].send_signal(how)
    begin = time.monotonic()
    other = started[1 - lost]
    _, error = other.communicate(timeout=SECONDS_TO_STOP)
    print(f"{how.name} of {lost}: the other stopped in {time.monotonic() - begin:.1f} s")
    started[lost].kill()
    started[lost].communicate()
    line = error.strip().splitlines()[-1]
    assert other.returncode == 75, error
    assert error.count("another process was lost") == 1
    assert "start all processes again, with --resume" in line, error
    assert_same_run(run(tmp_path, 2, *SMALL, "--resume"), undisturbed)


@pytest.mark.slow
def test_one_that_is_asked_to_stop_stops_all(undisturbed, tmp_path):
    started = start(tmp_path, 2, *SMALL)
    wait_for(tmp_path / "run0/checkpoints/step-000000005.keras", started[0])
    started[1].send_signal(signal.SIGTERM)
    for code, lines in ended(started):
        assert code == 0, lines
        assert "stopped after step" in lines[-1]
        assert "--resume --strategy multi_worker" in lines[-1] or "run1" in lines[-1]
    assert_same_run(run(tmp_path, 2, *SMALL, "--resume"), undisturbed)


@pytest.mark.slow
def test_a_mistake_is_told_by_all(tmp_path):
    (tmp_path / "run0").mkdir()
    (tmp_path / "run0/mine.txt").touch()
    for code, lines in ended(start(tmp_path, 2, *SMALL)):
        assert code == 2
        assert "run0 exists" in lines[-1]


# What tfgan's own train function is for: Keras's stock `fit` of a plain model, in the same processes.
STOCK_FIT = """
import keras, numpy as np, tensorflow as tf
several = {several}
strategy = tf.distribute.MultiWorkerMirroredStrategy() if several else tf.distribute.get_strategy()
with strategy.scope():
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse", jit_compile=False)
rows = tf.data.Dataset.from_tensor_slices((np.ones((8, 4)), np.ones((8, 1)))).batch(4)
options = tf.data.Options()
options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
model.fit(rows.with_options(options), verbose=0)
"""


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2])
def test_stock_fit_does_not_carry_several_processes(count):
    """docs/many-machines.md says so; where this fails, Keras has learned it."""
    for code, lines in ended(start_code(STOCK_FIT.format(several=count > 1), count)):
        assert (code == 0) == (count == 1), lines[-20:]
        assert any("PerReplica" in line for line in lines) == (count > 1), lines[-20:]
