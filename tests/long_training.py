"""Trains tiny networks for many steps and prints what its process's memory did, as JSON.

    python long_training.py gan|cgan|run STEPS FOLDER [LEAK]

`gan` and `cgan` call `fit`, `run` calls `tfgan.runs.train` with all that a run directory has. LEAK
bytes are kept at each step, to see whether that is noticed. Printed are `steps` and `bytes`: resident
memory after so many steps, at equal distances.
"""

import contextlib
import ctypes
import gc
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import keras
import numpy as np
from makers import small_cgan, small_gan, stripes

import tfgan
from tfgan import rewind, runs

POINTS = 1000
BATCH = 16
STEPS_PER_EPOCH = 100
PAGE = os.sysconf("SC_PAGE_SIZE")
trim = ctypes.CDLL(None).malloc_trim  # glibc's
kept = []  # what is leaked


def resident():
    """Bytes of this process's own memory that are in RAM.

    Without those of files, such as TensorFlow's code: the kernel drops and reads them again as it
    likes, half a gigabyte of them during a run here.
    """
    _, resident, of_files, *_ = map(int, Path("/proc/self/statm").read_text().split())
    return (resident - of_files) * PAGE


class Watch(keras.callbacks.Callback):
    """Notes the memory every few epochs, of steps that are done; leaks if it is told to."""

    def on_train_begin(self, logs=None):
        gc.collect()
        gc.freeze()  # what is there stays: to go through all of it at each point would take a minute

    def __init__(self, epochs, leak):
        super().__init__()
        self.every, self.leak = max(1, epochs // POINTS), leak
        self.steps, self.bytes = [], []

    def on_epoch_end(self, epoch, logs=None):
        if self.leak:
            kept.append(np.ones(self.leak * STEPS_PER_EPOCH, "uint8"))
        if (epoch + 1) % self.every == 0:
            # Garbage that waits for its collector is no growth, nor what the allocator holds free.
            gc.collect()
            trim(0)
            self.steps.append((epoch + 1) * STEPS_PER_EPOCH)
            self.bytes.append(resident())


def by_fit(kind, watch, epochs):
    rng = np.random.default_rng(0)
    images = rng.random((BATCH * STEPS_PER_EPOCH, 4, 4, 1), dtype="float32")
    labels = np.arange(len(images), dtype="int32") % 3
    gan = {"gan": small_gan, "cgan": small_cgan}[kind]()
    gan.compile(jit_compile=False, steps_per_execution=10)
    given = (images,) if kind == "gan" else (images, labels)
    gan.fit(*given, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=[watch])
    assert int(gan.train_steps.numpy()) == epochs * STEPS_PER_EPOCH


def by_run(folder, watch, epochs):
    """With pictures, TensorBoard, log and checkpoint: all callbacks of a run, and this one."""
    images, labels = stripes(BATCH * STEPS_PER_EPOCH * 10 // 8)  # of which eight tenths train
    np.savez(folder / "stripes.npz", images=images, labels=labels)
    changes = [
        "units=8",
        "latent_dim=4",
        f"batch_size={BATCH}",
        f"sample_every={max(1, epochs // 100)}",
    ]
    config = runs.plan(
        "cgan-digits",
        source=f"npz:{folder / 'stripes.npz'}",
        epochs=epochs,
        changes=[*changes, "jit_compile=false"],
    )
    fit = tfgan.GAN.fit

    def watched(self, *args, callbacks=(), **kwargs):
        return fit(self, *args, callbacks=[*callbacks, watch], **kwargs)

    tfgan.GAN.fit = watched
    gan = runs.train(folder / "run", config, verbose=0)
    assert int(gan.train_steps.numpy()) == epochs * STEPS_PER_EPOCH


def main(kind, steps, folder, leak="0"):
    # Looks for divergence by the clock keep the batches between them, more on a busy machine, and let
    # them go: often, so that this is little beside what would be lost.
    rewind.SHARE = rewind.MOST_SHARE = 0.2
    epochs = int(steps) // STEPS_PER_EPOCH
    watch = Watch(epochs, int(leak))
    with contextlib.redirect_stdout(sys.stderr):
        if kind == "run":
            by_run(Path(folder), watch, epochs)
        else:
            by_fit(kind, watch, epochs)
    print(json.dumps({"steps": watch.steps, "bytes": watch.bytes}))


if __name__ == "__main__":
    main(*sys.argv[1:])
