"""Training holds its memory over 100,000 steps, each kind in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

STEPS = 100_000
WARM_UP = 0.2  # of the steps, in which caches and the allocator's arenas fill
BLOCKS = 8
# Bytes a step. `fit` itself keeps four numbers an epoch in its `History`: 128 bytes, a byte a step of
# these epochs of 100; measured are 7 to 8, of which a run of a million steps needs 8 MB. A tensor, a
# closure or a row of Python objects kept at each step is 56 bytes or more.
MOST = 10
# A run keeps its log's lines too, and draws, measures and saves every so often, however many steps
# those are: 74 were measured, 7 kB an epoch of 100 steps, a quarter of it without TensorBoard.
MOST_OF_A_RUN = 200


def slope(steps, values):
    """Growth per step after the warm-up, and its standard error.

    A line through the least of each of eight blocks of points: between two looks at its state training
    keeps the batches since (`tfgan.rewind`), some megabytes which it then lets go. Of single points the
    error would come out far too small: neighbours are not independent.
    """
    steps, values = np.array(steps, float), np.array(values, float)
    late = steps > WARM_UP * steps[-1]
    blocks = [np.array_split(array[late], BLOCKS) for array in (steps, values)]
    x = np.array([block.mean() for block in blocks[0]])
    y = np.array([block.min() for block in blocks[1]])
    x = x - x.mean()
    found = (x @ y) / (x @ x)
    left = y - y.mean() - found * x
    return found, np.sqrt((left @ left) / (BLOCKS - 2) / (x @ x))


def train(kind, steps, folder, leak=0):
    script = Path(__file__).with_name("long_training.py")
    command = [sys.executable, script, kind, steps, folder, leak]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, env=environment, timeout=3600
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    return slope(found["steps"], found["bytes"])


@pytest.mark.parametrize("leak", [0.0, 3.0, 300.0])
def test_the_slope_is_the_growth_and_its_error_the_spread_of_it(leak):
    """Of made memory: whole pages, an arena that fills at first, batches kept, and a little noise."""
    steps = np.arange(1, 1001) * 100
    found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        noise = np.cumsum(rng.normal(0, 8_000, 1000)) * 0.06 + rng.normal(0, 20_000, 1000)
        fills = 3e5 * (1 - np.exp(-steps / 4_000))
        looks = np.cumsum(rng.integers(15, 35, 100))  # after so many points each
        kept = 1e5 * (np.arange(1000) - np.append(0, looks)[np.searchsorted(looks, np.arange(1000))])
        found.append(slope(steps, np.round((leak * steps + fills + kept + noise) / 4096) * 4096))
    slopes, errors = np.transpose(found)
    assert np.mean(slopes) == pytest.approx(leak, abs=0.3)
    assert 0.4 < np.mean(errors) / np.std(slopes) < 1.2
    refused = slopes + 3 * errors > MOST
    assert refused.mean() == (1 if leak > MOST else 0)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gan", "cgan", "run"])
def test_100_000_steps_keep_their_memory(kind, tmp_path):
    growth, error = train(kind, STEPS, tmp_path)
    print(f"{kind}: {growth:.2f} +- {error:.2f} bytes a step")
    assert growth + 3 * error < (MOST_OF_A_RUN if kind == "run" else MOST)


@pytest.mark.slow
def test_a_leak_of_300_bytes_a_step_is_seen(tmp_path):
    growth, error = train("gan", STEPS // 5, tmp_path, leak=300)
    assert growth - 3 * error > MOST_OF_A_RUN
    assert growth == pytest.approx(300, rel=0.15)
