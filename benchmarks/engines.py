"""What the training benchmark compares, each engine in a process of its own.

    python benchmarks/engines.py ENGINE

Reads cases from stdin, a line of JSON each: {"nets", "width", "batch", "steps", ...}. Answers each with
{"ms": milliseconds of a step, "first_s": seconds of the first call, which compiles, or null}.
"""

import contextlib
import json
import os
import sys
import time

import nets

RATE, MOMENTUM = 0.02, 0.5
IMAGES = 4096


def pixels():
    import numpy as np

    return np.random.default_rng(0).random((IMAGES, 28, 28, 1), "float32")


def dataset(batch):
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices(pixels()).batch(batch, drop_remainder=True)
    options = tf.data.Options()
    options.autotune.enabled = False
    return data.cache().repeat().prefetch(2).with_options(options)


def fit(model, data, steps):
    """Seconds per step of one epoch of `fit`, without what `fit` does before and after it."""
    import keras

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            self.seconds = time.perf_counter() - self.start

    clock = Clock()
    model.fit(data, steps_per_epoch=steps, verbose=0, callbacks=[clock])
    return clock.seconds / steps


def keras_sgd():
    import keras

    return keras.optimizers.SGD(RATE, momentum=MOMENTUM)


def build_tfgan(case):
    """The GAN of this package: "update", "jit", "k", "matmul_precision"."""
    import tfgan
    from tfgan.layers import Dropout
    from tfgan.optimizers import MomentumSGD

    gan = tfgan.GAN(*nets.keras_pair(case["nets"], case["width"], Dropout), seed=0)
    gan.compile(
        g_optimizer=MomentumSGD(RATE, MOMENTUM),
        d_optimizer=MomentumSGD(RATE, MOMENTUM),
        update=case["update"],
        jit_compile=case["jit"],
        steps_per_execution=case["k"],
        matmul_precision=case.get("matmul_precision", "float32"),
    )
    data = dataset(case["batch"])
    return lambda steps: fit(gan, data, steps)


def build_keras(case):
    """A GAN with its own `train_step`, as Keras's guide on customizing `fit` builds one."""
    import keras
    import tensorflow as tf

    class GAN(keras.Model):
        def __init__(self, generator, discriminator):
            super().__init__()
            self.generator = generator
            self.discriminator = discriminator
            self.noise = keras.random.SeedGenerator(0)
            self.d_loss = keras.metrics.Mean(name="d_loss")
            self.g_loss = keras.metrics.Mean(name="g_loss")
            self.built = True

        @property
        def metrics(self):
            return [self.d_loss, self.g_loss]

        def compile(self, **kwargs):
            super().compile(**kwargs)
            self.d_optimizer = keras_sgd()
            self.g_optimizer = keras_sgd()
            self.bce = keras.losses.BinaryCrossentropy(from_logits=True)

        def train_step(self, real):
            count = tf.shape(real)[0]
            latents = keras.random.normal((count, nets.LATENT), seed=self.noise)
            fake = self.generator(latents, training=True)
            labels = tf.concat([tf.zeros((count, 1)), tf.ones((count, 1))], axis=0)
            with tf.GradientTape() as tape:
                logits = self.discriminator(tf.concat([fake, real], axis=0), training=True)
                d_loss = self.bce(labels, logits)
            weights = self.discriminator.trainable_weights
            self.d_optimizer.apply(tape.gradient(d_loss, weights), weights)
            latents = keras.random.normal((count, nets.LATENT), seed=self.noise)
            with tf.GradientTape() as tape:
                logits = self.discriminator(self.generator(latents, training=True), training=True)
                g_loss = self.bce(tf.ones((count, 1)), logits)
            weights = self.generator.trainable_weights
            self.g_optimizer.apply(tape.gradient(g_loss, weights), weights)
            self.d_loss.update_state(d_loss)
            self.g_loss.update_state(g_loss)
            return {"d_loss": self.d_loss.result(), "g_loss": self.g_loss.result()}

    gan = GAN(*nets.keras_pair(case["nets"], case["width"]))
    gan.compile(jit_compile=case["jit"], steps_per_execution=case["k"])
    data = dataset(case["batch"])
    return lambda steps: fit(gan, data, steps)


def build_torch(case):
    """The step of PyTorch's DCGAN tutorial, eager or with both networks compiled: "compile"."""
    import torch

    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    batch = case["batch"]
    g, d = (network.to(device) for network in nets.torch_pair(case["nets"], case["width"]))
    if case["compile"]:
        g, d = torch.compile(g), torch.compile(d)
    sgd = [torch.optim.SGD(n.parameters(), RATE, momentum=MOMENTUM) for n in (g, d)]
    bce = torch.nn.BCEWithLogitsLoss()
    images = torch.tensor(pixels()).permute(0, 3, 1, 2).contiguous().to(device)
    ones, zeros = torch.ones(batch, 1, device=device), torch.zeros(batch, 1, device=device)

    def step(real):
        sgd[1].zero_grad()
        bce(d(real), ones).backward()
        fake = g(torch.randn(batch, nets.LATENT, device=device))
        bce(d(fake.detach()), zeros).backward()
        sgd[1].step()
        sgd[0].zero_grad()
        bce(d(fake), ones).backward()
        sgd[0].step()

    def run(steps):
        start = time.perf_counter()
        for i in range(steps):
            first = i * batch % (len(images) - batch + 1)
            step(images[first : first + batch])
        if device == "cuda":
            torch.cuda.synchronize()
        return (time.perf_counter() - start) / steps

    return run


def build_gemm(case):
    """The machine's limit: one square product ("square"), or those of a step, each alone.

    Each runs in a compiled loop of its own, XLA's or TensorFlow's, whichever is faster.
    """
    import tensorflow as tf

    def product(m, k, n):
        left, right = tf.random.normal((2, m, k)), tf.random.normal((k, n))

        def repeat(count):
            # The left operand changes, so that nothing can be taken out of the loop.
            _, result = tf.while_loop(
                lambda i, _: i < count,
                lambda i, _: (i + 1, tf.matmul(left[i % 2], right)),
                (tf.constant(0), tf.zeros((m, n))),
            )
            return result[0, 0]

        return [tf.function(repeat, jit_compile=jit, autograph=False) for jit in (True, False)]

    def seconds(repeat, count):
        start = time.perf_counter()
        float(repeat(tf.constant(count)))
        return (time.perf_counter() - start) / count

    square = case["nets"] == "square"
    shapes = [(case["width"],) * 3] if square else nets.gemms(case["width"], case["batch"])
    loops = [product(*shape) for shape in shapes]
    for each in loops:
        for repeat in each:
            seconds(repeat, 1)
    return lambda steps: sum(min(seconds(repeat, steps) for repeat in each) for each in loops)


def build_input(case):
    """Drawing and stacking batches as tfgan's loop does, without training."""
    import tensorflow as tf

    import tfgan
    from tfgan import stacking

    gan = tfgan.GAN(*nets.keras_pair(case["nets"], case["width"]))
    data = dataset(case["batch"])
    draw = stacking.drawing(gan, data.element_spec, case["k"])

    def run(steps):
        iterator = iter(data)
        draw(iterator, tf.constant(case["k"]))
        start = time.perf_counter()
        for _ in range(max(1, steps // case["k"])):
            draw(iterator, tf.constant(case["k"]))
        return (time.perf_counter() - start) / (max(1, steps // case["k"]) * case["k"])

    return run


BUILD = {
    "tfgan": build_tfgan,
    "keras": build_keras,
    "torch": build_torch,
    "gemm": build_gemm,
    "input": build_input,
}


def main(engine):
    if engine != "torch":
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    built = {}
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no answer
    for line in sys.stdin:
        case = json.loads(line)
        steps = case.pop("steps")
        key = json.dumps(case, sort_keys=True)
        first = None
        if key not in built:
            start = time.perf_counter()
            built[key] = BUILD[engine](case)
            with contextlib.suppress(StopIteration):
                built[key](case.get("k", 1))
            first = time.perf_counter() - start
        print(json.dumps({"ms": built[key](steps) * 1e3, "first_s": first}), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
