"""Trains small GANs on one device, on several, or as one of several processes; writes what they became.

    python many_replicas.py FILE REPLICAS CASE...

REPLICAS: how many CPU devices of this process; 0 for one process of those that TF_CONFIG names.
FILE: of pickled `{case: {"weights": [...], "history": {...}, "evaluation": {...}}}`, "dropped",
"moments" and "replicas", their number.
"""

import os
import pickle
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parent))

import keras
import numpy as np
import tensorflow as tf
from makers import CONDITIONS, SHAPE, small_cgan, small_gan, varied

import tfgan
from tfgan import replicas
from tfgan.conditions import Labels
from tfgan.shown import Adaptive

ROWS = 73  # batches of 8, and one that is too small for two replicas
# Two rows, fewer than three replicas, and both far from 0: squares would cancel.
FAR = np.float32([[1000.0, 3.0], [1000.125, -3.0]])


def normalized(**kwargs):
    """A GAN whose networks have batch statistics of all replicas."""
    z, x = keras.Input((5,)), keras.Input(SHAPE)
    layers = keras.layers
    h = layers.BatchNormalization(synchronized=True)(layers.Dense(8)(z))
    images = layers.Reshape(SHAPE)(layers.Dense(16, activation="sigmoid")(layers.ReLU()(h)))
    h = layers.BatchNormalization(synchronized=True)(layers.Dense(8)(layers.Flatten()(x)))
    return tfgan.GAN(
        keras.Model(z, images), keras.Model(x, layers.Dense(1)(layers.ReLU()(h))), **kwargs
    )


def dropping(**kwargs):
    return small_cgan(dropout=0.5, **kwargs)


def grouped(**kwargs):
    """A GAN whose discriminator compares images of a batch."""
    z, x = keras.Input((5,)), keras.Input(SHAPE)
    layers = keras.layers
    images = layers.Reshape(SHAPE)(layers.Dense(16, activation="sigmoid")(z))
    h = tfgan.layers.MinibatchStdDev()(layers.Conv2D(3, 2, activation="tanh")(x))
    return tfgan.GAN(
        keras.Model(z, images), keras.Model(x, layers.Dense(1)(layers.Flatten()(h))), **kwargs
    )


def spectral():
    """A GAN whose discriminator's kernel is divided by its largest singular value."""
    z, x = keras.Input((5,)), keras.Input(SHAPE)
    layers = keras.layers
    images = layers.Reshape(SHAPE)(layers.Dense(16, activation="sigmoid")(z))
    h = tfgan.layers.SpectralNormalization(layers.Dense(8, activation="relu"))(layers.Flatten()(x))
    return tfgan.GAN(keras.Model(z, images), keras.Model(x, layers.Dense(1)(h)), seed=7)


def auxiliary():
    """A conditional GAN whose discriminator tells the condition, too."""
    layers, labels = keras.layers, keras.Input((), dtype="int32")
    z, x = keras.Input((5,)), keras.Input(SHAPE)
    h = layers.Concatenate()([z, layers.Embedding(3, 4)(labels)])
    images = layers.Reshape(SHAPE)(layers.Dense(16, activation="sigmoid")(h))
    h = layers.Dense(8, activation="relu")(layers.Flatten()(x))
    told = [layers.Dense(1)(h), layers.Dense(3)(h)]
    generator, discriminator = keras.Model([z, labels], images), keras.Model([x, labels], told)
    return tfgan.CGAN(generator, discriminator, condition=Labels(3), seed=7)


def multi_label():
    return small_cgan(kind=CONDITIONS["multi_label"])


def sgd(**kwargs):
    return keras.optimizers.SGD(0.05, momentum=0.5, **kwargs)


CASES = {
    "gan": (small_gan, {}),
    "gan simultaneous": (small_gan, {"update": "simultaneous"}),
    "cgan": (small_cgan, {"mismatched": True}),
    "cgan simultaneous": (small_cgan, {"update": "simultaneous"}),
    "labels of others": (multi_label, {"mismatched": True}),
    "now and then": (
        small_cgan,
        {
            "d_steps": 3,
            "penalties": {"r1": 0.5, "gradient_penalty": 1.0},
            "penalty_every": 2,
            "ema_decay": 0.9,
        },
    ),
    "pairs": (small_gan, {"loss": "relativistic_pairing", "penalties": {"r1": 0.1, "r2": 0.1}}),
    "averages": (small_gan, {"loss": "relativistic_average"}),
    "averages of pairs": (small_cgan, {"loss": "relativistic_average", "mismatched": True}),
    "averages simultaneous": (small_gan, {"loss": "relativistic_average", "update": "simultaneous"}),
    "hinge": (auxiliary, {"loss": "hinge", "ema_decay": 0.9, "update": "simultaneous"}),
    "least squares": (spectral, {"loss": "least_squares"}),
    "minimax": (
        small_cgan,
        lambda: {
            "loss": "minimax",
            "label_smoothing": 0.1,
            "d_optimizer": keras.optimizers.Adam(1e-3),
            "g_optimizer": keras.optimizers.Adam(1e-3),
        },
    ),
    "critic": (small_gan, {"loss": "wasserstein", "penalties": {"gradient_penalty": 1.0}}),
    "augmented": (
        small_gan,
        {
            "augment": "flip,color,translation,cutout",
            "augment_strength": Adaptive(0.0, images=100, every=2),
            "instance_noise": 0.1,
        },
    ),
    "clipped": (
        small_gan,
        lambda: {"d_optimizer": sgd(global_clipnorm=0.05), "g_optimizer": sgd(clipnorm=0.01)},
    ),
    "batch statistics": (normalized, {}),
    "batch statistics simultaneous": (normalized, {"update": "simultaneous"}),
    "dropout": (dropping, {}),
    "dropout simultaneous": (dropping, {"update": "simultaneous", "mismatched": True}),
    "groups": (grouped, {}),
    "groups, penalty": (grouped, {"penalties": {"r1": 0.5}}),
    "bfloat16": (small_cgan, {"matmul_precision": "bfloat16"}),
}
# Compiled by XLA on several replicas, beside a graph of one device.
BY_XLA = ["cgan", "gan simultaneous", "labels of others"]
BY_XLA += ["now and then", "augmented", "dropout", "dropout simultaneous"]  # these draw in their passes
CASES.update({f"{case}, XLA": CASES[case] for case in BY_XLA})


def trained(case, strategy):
    maker, options = CASES[case]
    with strategy.scope():
        keras.utils.set_random_seed(1)
        gan = varied(maker())
        rng = np.random.default_rng(5)
        for weight in gan.discriminator.trainable_variables:
            weight.assign(0.3 * rng.normal(size=weight.shape))
        options = options() if callable(options) else options
        by_xla = "XLA" in case and strategy.num_replicas_in_sync > 1
        compiled = {"g_optimizer": sgd(), "d_optimizer": sgd(), "jit_compile": by_xla, **options}
        gan.compile(**compiled, steps_per_execution=3)
    rng = np.random.default_rng(0)
    images, condition = rng.random((ROWS, *SHAPE), "float32"), None
    if gan.conditional:
        condition = rng.integers(0, 2, (ROWS, 4)) if maker is multi_label else np.arange(ROWS) % 3
    data = tf.data.Dataset.from_tensor_slices(images if condition is None else (images, condition))
    history = gan.fit(data.batch(8), epochs=2, verbose=0).history
    evaluation = gan.evaluate(images, condition, batch_size=8, verbose=0, return_dict=True)
    found = [np.asarray(weight) for weight in gan.get_weights()]
    slots = [np.asarray(v) for o in (gan.g_optimizer, gan.d_optimizer) for v in o.variables]
    return {"weights": [*found, *slots], "history": history, "evaluation": evaluation}


def dropped(strategy):
    """What each replica of this process makes of the same latents, by masks of Keras's dropout."""
    with strategy.scope():
        keras.utils.set_random_seed(1)
        z = keras.Input((5,))
        h = keras.layers.Dropout(0.5)(keras.layers.Dense(16, activation="sigmoid")(z))
        discriminator = small_gan().discriminator
        gan = varied(tfgan.GAN(keras.Model(z, keras.layers.Reshape(SHAPE)(h)), discriminator))
        gan.compile(jit_compile=False)
    gan.make_train_function()

    def on_a_replica():
        with replicas.on(4):
            return gan.generate(tf.ones((4, 5)), None, training=True)

    made = strategy.run(tf.function(on_a_replica))
    return [np.asarray(images) for images in strategy.experimental_local_results(made)]


def moments(strategy):
    """What the replicas of this process make of shares of `FAR`: its mean and variance."""
    count = strategy.num_replicas_in_sync

    def on_a_replica():
        number = tf.distribute.get_replica_context().replica_id_in_sync_group
        own = tf.constant(FAR)[len(FAR) * number // count : len(FAR) * (number + 1) // count]
        with replicas.on(tf.shape(own)[0]):
            return replicas.moments(replicas.filled(own), [0])

    found = strategy.run(tf.function(on_a_replica))
    return [np.asarray(strategy.experimental_local_results(one)) for one in found]


def main(file, number, *cases):
    number = int(number)
    if number > 1:
        (cpu,) = tf.config.list_physical_devices("CPU")
        devices = [tf.config.LogicalDeviceConfiguration()] * number
        tf.config.set_logical_device_configuration(cpu, devices)
    if number == 0:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    elif number == 1:
        strategy = tf.distribute.get_strategy()
    else:
        strategy = tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(number)])
    found = {case: trained(case, strategy) for case in cases}
    found["replicas"] = strategy.num_replicas_in_sync
    if number:
        found["dropped"] = dropped(strategy)
    if number > 1:
        found["moments"] = moments(strategy)
    Path(file).write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
