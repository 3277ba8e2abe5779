"""Every loss with every family of networks and every kind of condition, under XLA and bfloat16."""

import itertools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import keras
import numpy as np
import pytest
from makers import CONDITIONS

import tfgan
from tfgan.losses import LOSSES
from tfgan.networks import FAMILIES
from tfgan.networks.heads import CONDITIONINGS
from tfgan.penalties import PENALTIES

KINDS = [None, *CONDITIONS]
CASES = list(itertools.product(LOSSES, FAMILIES, KINDS))
# What turns with the cases, so that each meets many others.
POLICIES = ("mixed_bfloat16", "float32", "mixed_float16")
OPTIONS = (
    {"update": "simultaneous"},
    {"augment": "flip,color,translation,cutout", "augment_strength": "adaptive"},
    {"d_steps": 2, "instance_noise": 0.1},
    {"ema_decay": 0.9, "matmul_precision": "bfloat16"},
    {"mismatched": True},
)


def trained(number, loss, family, kind, jit_compile):
    """A small GAN after a few steps; `number` says which options come along."""
    keras.utils.set_random_seed(0)
    networks = FAMILIES[family]
    widths = {"channels": 4, "max_channels": 8}
    condition = None if kind is None else CONDITIONS[kind]
    keras.config.set_dtype_policy(POLICIES[number % len(POLICIES)])
    try:
        generator = networks.Generator((8, 8, 3), condition=condition, latent_dim=6, **widths)
        discriminator = networks.Discriminator(
            (8, 8, 3),
            condition=condition,
            conditioning=CONDITIONINGS[number % len(CONDITIONINGS)],
            **widths,
        )
    finally:
        keras.config.set_dtype_policy("float32")
    gan = (tfgan.GAN if kind is None else tfgan.CGAN)(generator, discriminator, seed=1)
    options = dict(OPTIONS[number % len(OPTIONS)])
    if kind is None:
        options.pop("mismatched", None)
    penalty = list(PENALTIES)[number % len(PENALTIES)]
    gan.compile(
        loss=loss,
        penalties={penalty: 1.0},
        penalty_every=1 + number % 2,
        jit_compile=jit_compile,
        steps_per_execution=2,
        **options,
    )
    images = np.random.default_rng(0).random((32, 8, 8, 3), dtype="float32")
    y = None if kind is None else condition.example(32)
    before = gan.get_weights()
    history = gan.fit(images, y, batch_size=8, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    after = gan.get_weights()
    assert all(np.isfinite(w).all() for w in after)
    assert any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    samples = gan.sample(4, None if kind is None else y[:4], seed=0)
    assert samples.min() >= 0
    assert samples.max() <= 1


@pytest.fixture(scope="module")
def process():
    """A process after another for a dozen cases each.

    XLA keeps every program of a CPU mapped in memory, in some 700 parts a case, and Linux lets a
    process have 65,530 parts (vm.max_map_count): past them it crashes.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=12) as pool:
        yield pool


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "family", "kind"), CASES)
def test_few_steps_under_xla(process, loss, family, kind):
    number = CASES.index((loss, family, kind))
    process.submit(trained, number, loss, family, kind, jit_compile=True).result()


@pytest.mark.parametrize(
    "number",
    [
        0,
        *(pytest.param(number, marks=pytest.mark.slow) for number in range(35, len(CASES), 35)),
    ],
)
def test_few_steps_in_a_plain_graph(number):
    trained(number, *CASES[number], jit_compile=False)
