"""Which rows of a batch processes and replicas take."""

import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from makers import one_line

from tfgan import sharding
from tfgan.errors import InputError


def test_processes_cannot_share_a_generator():
    hosts = {"chief": ["a:1"], "worker": ["b:1"]}
    resolver = types.SimpleNamespace(cluster_spec=lambda: tf.train.ClusterSpec(hosts))
    gan = types.SimpleNamespace(distribute_strategy=types.SimpleNamespace(cluster_resolver=resolver))
    with pytest.raises(InputError, match="2 processes cannot share a generator") as error:
        sharding.data(gan, (batch for batch in ()), None, {})
    one_line(error)


@pytest.mark.parametrize("rows", [8, 5, 1])
def test_processes_have_all_rows_of_each_batch(rows):
    given = tf.data.Dataset.from_tensor_slices((np.arange(rows), np.arange(rows))).batch(8)
    parts = []
    for index in range(3):
        context = tf.distribute.InputContext(num_input_pipelines=3, input_pipeline_id=index)
        ((images, labels),) = sharding._rows(given, context).as_numpy_iterator()
        np.testing.assert_array_equal(images, labels)
        parts.append(images)
    np.testing.assert_array_equal(np.concatenate(parts), np.arange(rows))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("rows", [8, 5, 1])
def test_replicas_of_a_process_take_its_rows_in_turn(rows):
    given = tf.data.Dataset.range(3 * rows).batch(rows).map(lambda x: (x, -x))
    context = tf.distribute.InputContext(num_input_pipelines=2, num_replicas_in_sync=6)
    elements = list(sharding.cut(given, context).as_numpy_iterator())
    assert len(elements) == 9
    for i in range(3):
        images, labels = zip(*elements[3 * i : 3 * i + 3], strict=True)
        np.testing.assert_array_equal(np.concatenate(images), np.arange(i * rows, (i + 1) * rows))
        np.testing.assert_array_equal(np.concatenate(labels), -np.concatenate(images))
        assert max(map(len, images)) - min(map(len, images)) <= 1


TRAIN = """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, 2 * [tf.config.LogicalDeviceConfiguration()])
from makers import small_gan
from tfgan import sharding
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    gan = small_gan()
    gan.compile()
batches = tf.data.Dataset.from_tensor_slices(tf.random.uniform((20, 4, 4, 1))).shuffle(20).batch(5)
shared = strategy.distribute_datasets_from_function(lambda c: sharding.cut(batches.repeat(), c))
losses = gan.fit(shared, epochs=3, steps_per_epoch=4, verbose=0).history["d_loss"]
assert int(gan.train_steps.numpy()) == 12
assert all(loss > 0 for loss in losses), losses
"""


@pytest.mark.slow
def test_fit_on_replicas_that_take_rows_in_turn():
    folder = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONWARNINGS": "error::UserWarning"}
    done = subprocess.run(
        [sys.executable, "-c", TRAIN], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
