"""Data that does not fit: 50 GB of images are trained on in the memory that shuffling takes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import shards

SIDE = 96
FILES, IMAGES, LINKS = 4, 1000, 450  # 28 MB a file, under so many names: 50 GB
STEPS = (50, 300, 550)
GROWTH = 50e6  # bytes; what is read between the last two numbers of steps, encoded, is 230 MB

TRAIN = f"""
import json, sys
import keras, tensorflow as tf
import tfgan
from tfgan import data
from keras import layers

def resident():
    with open("/proc/self/statm") as file:
        return 4096 * int(file.read().split()[1])

data = data.load("tfds:{shards.NAME}", data_dir=sys.argv[1])
shape = data.image_shape
made = [layers.Dense({SIDE * SIDE * 3}, "sigmoid"), layers.Reshape(shape)]
generator = keras.Sequential([layers.Input((8,)), *made])
discriminator = keras.Sequential([layers.Input(shape), layers.Flatten(), layers.Dense(1)])
gan = tfgan.GAN(generator, discriminator, seed=0)
gan.compile(steps_per_execution=10)
loaded = resident()
found = []

class Look(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 in {STEPS}:
            found.append(resident())

batches = data.train_batches(32, bytes_stay=True)
gan.fit(batches, steps_per_epoch={STEPS[-1]}, callbacks=[Look()], verbose=0, check=False)
print(json.dumps([data.sizes["train"], loaded, *found]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("file_format", ["tfrecord", "array_record"])
def test_training_on_50_gb_holds_its_memory(file_format, tmp_path):
    rng = np.random.default_rng(0)

    def image_of(number):
        return rng.integers(0, 256, (SIDE, SIDE, 3), dtype="uint8")

    shards.write(tmp_path, [IMAGES] * FILES, image_of, file_format=file_format, links=LINKS)
    files = list(Path(tmp_path).rglob(f"*.{file_format}-*"))
    assert sum(file.stat().st_size for file in files) > 49e9
    command = [sys.executable, "-c", TRAIN, str(tmp_path)]
    # Of several heaps, one for a thread, each fills when its thread happens to need it.
    environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    size, loaded, *found = json.loads(done.stdout.splitlines()[-1])
    assert size == FILES * IMAGES * LINKS * 8 // 10
    print(file_format, "loaded", f"{loaded / 1e6:.0f} MB; then", [f"{n / 1e6:.0f} MB" for n in found])
    assert found[0] - loaded < 1.5e9
    assert found[2] - found[1] < GROWTH
