import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan
from tfgan import lazily, programs
from tfgan.networks import dcgan

OPTIONS = {"d_steps": 2, "penalties": {"r1": 1.0}, "penalty_every": 3}


def convolutional(jit_compile, steps_per_execution=1):
    keras.utils.set_random_seed(0)
    widths = {"channels": 4, "max_channels": 8}
    gan = tfgan.GAN(
        dcgan.Generator((8, 8, 1), latent_dim=4, **widths),
        dcgan.Discriminator((8, 8, 1), batch_norm=False, **widths),
        seed=3,
    )
    gan.compile(jit_compile=jit_compile, steps_per_execution=steps_per_execution, **OPTIONS)
    return gan


@pytest.fixture
def images():
    return np.random.default_rng(0).random((60, 8, 8, 1), dtype="float32")


@pytest.mark.parametrize(
    ("d_steps", "penalty_every", "penalties", "examples", "numbers"),
    [
        (1, 1, {}, [0], [0]),
        (1, 4, {"r1": 1.0}, [0, 1], [0, 1, 1, 1]),
        (3, 1, {}, [0, 2], [0, 0, 1]),
        (2, 3, {"r2": 1.0}, [0, 1, 2, 3], [0, 1, 2, 3, 2, 1]),
    ],
)
def test_kinds(d_steps, penalty_every, penalties, examples, numbers):
    gan = convolutional(False)
    gan.compile(d_steps=d_steps, penalties=penalties, penalty_every=penalty_every)
    assert lazily.kinds(gan) == (examples, numbers)


def test_no_condition_is_left_in_a_program_of_one_kind(images):
    gan = convolutional(False)

    def ops(example):
        def step(batch):
            if example is None:
                return gan.train_step(batch)
            with lazily.like(example):
                return gan.train_step(batch)

        graph = tf.function(step, autograph=False).get_concrete_function(images[:4]).graph
        return [node.op for node in graph.as_graph_def().node]

    assert "If" in ops(None)
    most, least = ops(3), ops(2)  # G and penalty; neither
    assert not {"If", "StatelessIf"} & {*most, *least}
    assert most.count("Conv2D") > least.count("Conv2D")


@pytest.mark.slow
def test_kinds_compiled_apart_do_what_conditions_do(images):
    stacks = [tf.constant(images.reshape(10, 6, 8, 8, 1)[:6])]  # a cycle
    results = []
    for one_by_one in (False, True):
        gan = convolutional(True)
        before = [np.copy(weight) for weight in gan.get_weights()]
        program = programs.of_steps(gan, gan.train_step, jit_compile=True, one_by_one=one_by_one)
        program(stacks, tf.constant(6))
        assert int(gan.g_optimizer.iterations) == 3
        results.append([w - w0 for w, w0 in zip(gan.get_weights(), before, strict=True)])
    for asked, apart in zip(*results, strict=True):
        np.testing.assert_allclose(apart, asked, rtol=1e-3, atol=1e-6)


@pytest.mark.slow
def test_going_on_within_a_cycle(images):
    whole = convolutional(True, steps_per_execution=2)
    whole.fit(images, batch_size=6, shuffle=False, verbose=0)
    halves = convolutional(True)
    for part in (images[:24], images[24:]):
        halves.fit(part, batch_size=6, shuffle=False, verbose=0)
    for one, other in zip(whole.get_weights(), halves.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
