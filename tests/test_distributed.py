"""Several replicas take the steps of one: each kind of training in processes of its own."""

import os
import pickle
import subprocess
import sys
import types
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import one_line, small_cgan, tf_configs
from many_replicas import CASES, FAR

from tfgan import distributed, parts
from tfgan.errors import InputError

SCRIPT = Path(__file__).with_name("many_replicas.py")
QUICK = ["cgan"]
SLOW = [case for case in CASES if case not in QUICK]
BATCHES = [pytest.param(QUICK, id="some"), pytest.param(SLOW, id="others", marks=pytest.mark.slow)]


def train(folder, cases, *, replicas=1, processes=1):
    """What each process makes of the cases: a list of `{case: found}`."""
    started = []
    for index, tf_config in enumerate(tf_configs(processes)):
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment.pop("TF_CONFIG", None)
        if processes > 1:
            environment["TF_CONFIG"] = tf_config
        number = replicas if processes == 1 else 0
        file = folder / f"{replicas}-{processes}-{index}.pickle"
        command = [sys.executable, SCRIPT, file, str(number), *cases]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append((file, subprocess.Popen(command, env=environment, **pipes)))
    found = []
    for file, process in started:
        _, error = process.communicate(timeout=1800)
        assert process.returncode == 0, error[-3000:]
        found.append(pickle.loads(file.read_bytes()))
    return found


def assert_alike(one, other, case):
    # bfloat16 rounds sums of 2 and of 4 rows to other numbers than that of 8.
    loose = {"rtol": 1e-2, "atol": 2e-3} if case == "bfloat16" else {"rtol": 1e-5, "atol": 1e-6}
    for a, b in zip(one["weights"], other["weights"], strict=True):
        np.testing.assert_allclose(b, a, **loose, err_msg=case)
    for kind in ("history", "evaluation"):
        assert one[kind].keys() == other[kind].keys()
        for name, value in one[kind].items():
            np.testing.assert_allclose(other[kind][name], value, **loose, err_msg=f"{case}: {name}")


@pytest.mark.parametrize("cases", BATCHES)
def test_replicas_of_one_process_take_the_steps_of_one(cases, tmp_path):
    """20 steps: weights, slots, metrics, evaluation; not all batches divide among the replicas."""
    (one,) = train(tmp_path, cases)
    for replicas in (2,) if cases == QUICK else (2, 3):
        (several,) = train(tmp_path, cases, replicas=replicas)
        assert several["replicas"] == replicas
        for case in cases:
            assert_alike(one[case], several[case], case)
        first, *others = several["dropped"]
        np.testing.assert_allclose(first, one["dropped"][0], rtol=1e-6)
        assert len(others) == replicas - 1
        assert all(np.abs(other - first).max() > 0.01 for other in others)
        for found, wanted in zip(several["moments"], (FAR.mean(0), FAR.var(0)), strict=True):
            np.testing.assert_allclose(found, [wanted] * replicas, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 4])
def test_processes_take_the_steps_of_one(processes, tmp_path):
    cases = list(CASES)
    (one,) = train(tmp_path, cases)
    for several in train(tmp_path, cases, processes=processes):
        assert several["replicas"] == processes
        for case in cases:
            assert_alike(one[case], several[case], case)


OF_SEEDS = """
import os, sys
sys.path.insert(0, os.environ["TESTS"])
import numpy as np, tensorflow as tf
strategy = tf.distribute.MultiWorkerMirroredStrategy()
from makers import SHAPE, small_gan
from tfgan.errors import InputError
for seed in (2**40, None):
    with strategy.scope():
        gan = small_gan(seed=seed)
        gan.compile(d_optimizer="sgd", g_optimizer="sgd", jit_compile=False)
    try:
        gan.fit(np.zeros((8, *SHAPE), "float32"), batch_size=4, epochs=1, verbose=0)
        print("trained")
    except InputError as error:
        print(error)
"""


@pytest.mark.slow
def test_processes_have_one_seed():
    command = [sys.executable, "-c", OF_SEEDS]
    environment = {**os.environ, "TESTS": str(SCRIPT.parent)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = [
        subprocess.Popen(command, env={**environment, "TF_CONFIG": one}, **pipes)
        for one in tf_configs(2)
    ]
    for process in started:
        out, error = process.communicate(timeout=300)
        assert process.returncode == 0, error[-3000:]
        first, second = out.strip().splitlines()
        assert first == "trained"
        assert second.startswith("the GAN's seed is another in each process, such as ")


@pytest.fixture
def strategy():
    return tf.distribute.MirroredStrategy(["CPU:0"])


def adam():
    return keras.optimizers.Adam(1e-3)


def test_a_strategy_of_one_device_changes_nothing(strategy, images, labels, tmp_path):
    def trained(scope):
        with scope:
            keras.utils.set_random_seed(1)
            gan = small_cgan()
            gan.compile(
                g_optimizer=adam(), d_optimizer=adam(), jit_compile=False, steps_per_execution=2
            )
        validation = {"validation_data": (images, labels), "verbose": 0}
        history = gan.fit(images, labels, batch_size=10, epochs=2, shuffle=False, **validation).history
        return gan, history

    plain, history = trained(tf.distribute.get_strategy().scope())
    gan, other = trained(strategy.scope())
    for name, values in history.items():
        np.testing.assert_allclose(other[name], values, rtol=1e-5)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    for a, b in zip(plain.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("run_eagerly", [True, False])
def test_eager_steps_are_not_compiled(strategy, images, labels, run_eagerly):
    with strategy.scope():
        gan = small_cgan()
        gan.compile(g_optimizer=adam(), d_optimizer=adam(), jit_compile=True)
    gan.run_eagerly = run_eagerly
    by_xla, generate = [], gan.generate

    def watched(*args, **kwargs):
        by_xla.append(parts.inside())
        return generate(*args, **kwargs)

    gan.generate = watched
    gan.fit(images[:8], labels[:8], batch_size=8, verbose=0)
    assert any(by_xla) is not run_eagerly


def test_optimizers_of_elsewhere_are_refused(strategy):
    with strategy.scope():
        gan, own = small_cgan(), adam()
    with pytest.raises(InputError, match="d_optimizer was made outside of the scope") as error:
        gan.compile(g_optimizer=own, d_optimizer=adam())
    one_line(error)


def replicated(*layers, **given):
    """What `distributed` asks of a GAN on two replicas."""
    strategy = types.SimpleNamespace(num_replicas_in_sync=2)
    both = {"g_optimizer": adam(), "d_optimizer": adam(), **given}
    for optimizer in both.values():
        getattr(optimizer, "inner_optimizer", optimizer)._distribution_strategy = strategy
    own = {"distribute_strategy": strategy, "_flatten_layers": lambda: layers}
    return types.SimpleNamespace(**own, **both, optimizers=lambda: both)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"d_optimizer": keras.optimizers.LossScaleOptimizer(adam())}, "float16"),
        (
            {"g_optimizer": keras.optimizers.SGD(gradient_accumulation_steps=2)},
            "g_optimizer accumulates",
        ),
    ],
)
def test_what_replicas_cannot_do_is_refused(given, words):
    with pytest.raises(InputError, match=words) as error:
        distributed.check(replicated(**given), jit_compile=False)
    one_line(error)


def test_xla_does_not_ask_other_replicas():
    together, apart = (keras.layers.BatchNormalization(synchronized=s) for s in (True, False))
    with pytest.raises(InputError, match="XLA does not compile batch normalization") as error:
        distributed.check(replicated(apart, together), jit_compile=True)
    one_line(error)
    distributed.check(replicated(apart, together), jit_compile="auto")
    distributed.check(replicated(apart), jit_compile=True)
