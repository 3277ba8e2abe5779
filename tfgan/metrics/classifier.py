"""A small classifier of real images, to judge conditional samples by."""

import contextlib
import hashlib
import zipfile
import zlib

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tfgan.errors import InputError
from tfgan.files import cache_folder, replacing
from tfgan.precision import policy

BATCH_SIZE = 100
VERSION = 1  # of the network and its training: another one is trained anew
PROTOCOL = "two 3 x 3 convolutions (32, 64) and Dense 128, trained on the real train split"


def train(images, labels, num_classes, *, seed=0):
    """Trains a small convolutional classifier.

    Args:
        images: `(n, H, W, C)`, float in [0, 1] or uint8.
        labels: int `(n,)`.
        num_classes: int.
        seed: int. Initialisation, order and dropout.

    Returns:
        Keras model: images float -> logits `(batch, num_classes)`.

    Raises:
        InputError: if there are no images or not one label per image.
    """
    images, labels = as_float(images), np.asarray(labels)
    if not len(images) or len(images) != len(labels):
        raise InputError(f"got {len(images)} images and {len(labels)} labels: one label per image.")
    model = _build(images.shape[1:], num_classes, seed)
    batch_size = min(BATCH_SIZE, len(images))
    steps_per_epoch = len(images) // batch_size
    steps = int(np.clip(5 * steps_per_epoch, 600, 3000))
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    options = tf.data.Options()
    options.autotune.enabled = False
    batches = (
        tf.data.Dataset.range(len(images))
        .shuffle(len(images), seed=seed)
        .repeat()
        .batch(batch_size, drop_remainder=True)
        .map(_gather(tf.constant(images), tf.constant(labels)))
        .prefetch(2)
        .with_options(options)
    )
    model.fit(batches, steps_per_epoch=steps, epochs=1, shuffle=False, verbose=0)
    return model


_KEPT = 4
_trained: dict = {}


def trained(images, labels, num_classes, *, seed=0):
    """As `train`; one set is learnt once.

    The latest models are kept in the process, and the weights of all in `classifiers/` of the user's
    cache (`tfgan.files.cache_folder`), named by the content of images and labels, seed and version. A
    damaged file is replaced; where nothing can be written, nothing is kept.
    """
    key = (_digest(images), _digest(labels), num_classes, seed)
    if key not in _trained:
        if len(_trained) == _KEPT:
            del _trained[next(iter(_trained))]
        _trained[key] = _from_disk_or_trained(key, images, labels)
    return _trained[key]


def _from_disk_or_trained(key, images, labels):
    *_, num_classes, seed = key
    name = hashlib.sha256(f"{VERSION} {PROTOCOL} {key}".encode()).hexdigest()[:24]
    file = cache_folder() / "classifiers" / f"{name}.npz"
    model = _build(np.shape(images)[1:], num_classes, seed)
    try:
        _load(model, file)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        model = train(images, labels, num_classes, seed=seed)
        with contextlib.suppress(OSError), replacing(file) as temporary:
            weights = {str(i): value for i, value in enumerate(model.get_weights())}
            np.savez(temporary, **weights)
    return model


def _load(model, file):
    """Gives a model the weights of a file.

    Raises:
        OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error: if it has none.
    """
    # A handle of our own: of a damaged file NumPy leaves its open.
    with open(file, "rb") as handle, np.load(handle, allow_pickle=False) as arrays:
        weights = [arrays[str(i)] for i in range(len(arrays.files))]
    if not all(np.isfinite(value).all() for value in weights):
        raise ValueError("weights that are not finite")
    model.set_weights(weights)


def _digest(array):
    array = np.ascontiguousarray(array)
    return hashlib.sha256(f"{array.dtype} {array.shape}".encode() + array.data).hexdigest()


def _build(image_shape, num_classes, seed):
    def init(n):
        return keras.initializers.GlorotUniform(seed=seed + n)

    stride = 2 if min(image_shape[:2]) >= 16 else 1
    options = {"strides": stride, "padding": "same", "activation": "relu"}
    with policy("float32"):  # a measure is one for all GANs
        return keras.Sequential(
            [
                layers.Input(image_shape),
                layers.Conv2D(32, 3, kernel_initializer=init(0), **options),
                layers.Conv2D(64, 3, kernel_initializer=init(1), **options),
                layers.Flatten(),
                layers.Dropout(0.25, seed=seed),
                layers.Dense(128, activation="relu", kernel_initializer=init(2)),
                layers.Dropout(0.5, seed=seed + 1),
                layers.Dense(num_classes, kernel_initializer=init(3)),
            ]
        )


def _gather(images, labels):
    return lambda indices: (tf.gather(images, indices), tf.gather(labels, indices))


def as_float(images):
    """Returns images as float32 in [0, 1]; uint8 is divided by 255."""
    images = np.asarray(images)
    return images.astype("float32") / np.float32(255 if images.dtype == np.uint8 else 1)


def predict(model, images):
    """Returns the predicted labels, int64 `(n,)`."""
    return model.predict(as_float(images), batch_size=500, verbose=0).argmax(axis=1)


def body(model):
    """The Keras model of what the last layer sees: images -> features `(batch, 128)`."""
    return keras.Model(model.inputs[0], model.layers[-2].output)


def accuracy(model, images, labels):
    """Returns the fraction of images whose predicted label is the given one."""
    return float(np.mean(predict(model, images) == np.asarray(labels)))
