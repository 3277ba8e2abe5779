"""What several test files make and ask."""

import json
import socket

import keras
import numpy as np
import tensorflow as tf

import tfgan
from tfgan import checkpoints
from tfgan.conditions import Labels, MultiLabel, Vector
from tfgan.export import litert
from tfgan.networks import goodfellow2014, mirza2014

SHAPE = (4, 4, 1)
CLASSES = 3
CONDITIONS = {"labels": Labels(CLASSES), "multi_label": MultiLabel(4), "vector": Vector(3)}


def small_gan(**kwargs):
    """A GAN on 4 x 4 images, without dropout."""
    return tfgan.GAN(
        goodfellow2014.Generator(SHAPE, latent_dim=5, units=8),
        goodfellow2014.Discriminator(SHAPE, units=6, pieces=2, input_dropout=0.0, dropout=0.0),
        **{"seed": 7, **kwargs},
    )


def small_cgan(dropout=0.0, kind=CONDITIONS["labels"], **kwargs):
    """A conditional GAN on 4 x 4 images, of 3 classes if no other kind of condition is given."""
    condition = kind
    return tfgan.CGAN(
        mirza2014.Generator(
            SHAPE,
            condition=condition,
            latent_dim=5,
            latent_units=4,
            condition_units=4,
            units=8,
            dropout=dropout,
        ),
        mirza2014.Discriminator(
            SHAPE, condition=condition, image_units=6, condition_units=3, units=5, dropout=dropout
        ),
        **{"seed": 7, **kwargs},
    )


def varied(gan):
    """The GAN, with weights of which images differ from one another."""
    rng = np.random.default_rng(0)
    for weight in gan.generator.weights:
        values = rng.normal(size=weight.shape)
        weight.assign(abs(values) if weight.name == "moving_variance" else values)
    return gan


class OneHot(keras.layers.Layer):
    """Labels -> what `Labels` encodes them as."""

    def call(self, labels):
        return Labels(CLASSES).encode(labels)


def convolutional_cgan():
    """A conditional GAN on 8 x 8 images of 3 classes, by transposed convolutions."""
    z, y = keras.Input((5,)), keras.Input((), dtype="int32")
    x = keras.layers.Concatenate()([z, OneHot()(y)])
    x = keras.layers.Dense(4 * 4 * 6)(x)
    x = keras.layers.Reshape((4, 4, 6))(keras.layers.BatchNormalization()(x))
    x = keras.layers.Conv2DTranspose(1, 4, 2, "same", activation="sigmoid")(keras.layers.ReLU()(x))
    images, labels = keras.Input((8, 8, 1)), keras.Input((), dtype="int32")
    h = keras.layers.Concatenate()([keras.layers.Flatten()(images), OneHot()(labels)])
    return tfgan.CGAN(
        keras.Model([z, y], x),
        keras.Model([images, labels], keras.layers.Dense(1)(h)),
        condition=Labels(CLASSES),
        seed=7,
    )


class Python(keras.layers.Layer):
    """x -> x, by way of Python, which XLA cannot compile."""

    def call(self, x):
        y = tf.numpy_function(lambda a: a, [x], tf.float32, stateful=False)
        return tf.ensure_shape(y, x.shape) + 0.0 * x


def gan_with_python():
    gan = small_gan()
    generator = keras.Sequential([keras.Input((5,)), Python(), gan.generator])
    return tfgan.GAN(generator, gan.discriminator, seed=0)


def npm_folder(folder):
    """What `npm install @litertjs/core` leaves, with other contents; returns the folder."""
    for package, files in litert.FILES.items():
        base = folder / "node_modules/@litertjs" / package
        for name in files:
            (base / name).parent.mkdir(parents=True, exist_ok=True)
            (base / name).write_text(f"{package}/{name}")
        (base / "package.json").write_text(json.dumps({"version": litert.VERSION}))
    return folder


MAKERS = {"gan": small_gan, "cgan": small_cgan}


def one_line(error):
    """The message of an error, which must be one line, not only since its ends are escaped."""
    message = str(error.value)
    assert message
    assert "\n" not in str(error.value.args[0])
    assert "\n" not in message
    return message


def stripes(count, seed=0):
    """Images 8 x 8 of three easy classes (a bright band at another height), and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % CLASSES
    images = rng.integers(0, 60, (count, 8, 8)).astype("uint8")
    for image, label in zip(images, labels, strict=True):
        image[1 + 2 * label : 4 + 2 * label] += 180
    return images, labels.astype("int64")


def state_of(gan):
    """Every number that training depends on."""
    slots = [v for optimizer in gan.optimizers().values() for v in optimizer.variables]
    variables = [*gan.variables, *slots]
    return [(v.path, np.asarray(v.value)) for v in variables]


def assert_same_run(one, other):
    """Two run directories: the same weights, optimizers, seeds, log and pictures, to the last bit."""
    a, b = (checkpoints.newest(run / "checkpoints") for run in (one, other))
    assert a.name == b.name
    a, b = (state_of(keras.saving.load_model(path)) for path in (a, b))
    for (name, x), (_, y) in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y, err_msg=name)
    for name in ("metrics.csv", *(f"samples/{p.name}" for p in (one / "samples").iterdir())):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def tf_configs(count):
    """The `TF_CONFIG` of each of so many processes on this machine."""
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    hosts = [f"localhost:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    tasks = [{"type": "worker", "index": index} for index in range(count)]
    return [json.dumps({"cluster": {"worker": hosts}, "task": task}) for task in tasks]
