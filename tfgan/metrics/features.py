"""What distances between sets of images are measured in: explicit feature extractors.

Numbers of different extractors are different quantities; never set them side by side.
"""

import hashlib
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfgan import keras_files
from tfgan.errors import InputError, shortened, suggestion
from tfgan.metrics import classifier
from tfgan.precision import policy
from tfgan.weights import within_memory

NAMES = ("classifier", "inception", "pixels")
BATCH_BYTES = 2**25  # of images given to a network at a time
INCEPTION_SIDE = 299
_INCEPTION = (
    "InceptionV3 of keras.applications, the 2,048 means of its last feature maps; images resized to "
    "299 x 299 (bilinear, antialiased), scaled to [-1, 1], grey repeated to three channels; not "
    "comparable to published FID of the TF-Inception graph"
)


class Extractor:
    """Images -> features, by batches.

    Args:
        function: of images float32 `(batch, height, width, channels)` in [0, 1]; returns
            `(batch, dim)`.
        name: str. What a person called it.
        description: str. For protocols: the network, its weights, its preprocessing.
    """

    def __init__(self, function, *, name, description):
        self.function, self.name, self.description = function, name, description

    def __call__(self, images, *, verbose=None):
        """Returns the features of images, float32 `(n, dim)`.

        Args:
            images: `(n, height, width, channels)`, float in [0, 1] or uint8.
            verbose: bool. A bar of the batches done; None: on a terminal, for more than one batch.

        Raises:
            InputError: if there are no images, the extractor does not take them, or returns anything
                but finite `(batch, dim)`.
        """
        images = np.asarray(images)
        if images.ndim != 4 or not len(images):
            raise InputError(f"images must be (n, height, width, channels), got shape {images.shape}.")
        step = max(1, BATCH_BYTES // (4 * max(1, images[0].size)))
        step = min(step, 32 if self.name.startswith("inception") else 500)
        starts = range(0, len(images), step)
        show = len(starts) > 1 and sys.stdout.isatty() if verbose is None else verbose
        bar = keras.utils.Progbar(len(images), unit_name="image") if show else None
        found = None
        for start in starts:
            part = self._features(classifier.as_float(images[start : start + step]))
            if found is None:  # one array from the start: parts to join would need twice the memory
                found = np.empty((len(images), part.shape[1]), "float32")
            if part.shape[1] != found.shape[1]:
                raise InputError(
                    f"features {self.name!r} must have one width, got {found.shape[1]} and "
                    f"{part.shape[1]}: give others."
                )
            found[start : start + len(part)] = part
            if bar:
                bar.add(len(part))
        return found

    def _features(self, images):
        try:
            found = np.asarray(self.function(images), "float32")
        except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
            raise InputError(
                f"features {self.name!r} do not take images of shape {images.shape[1:]} "
                f"({shortened(error)}): give others."
            ) from error
        if found.ndim != 2 or len(found) != len(images) or not found.size:
            raise InputError(
                f"features {self.name!r} must be (batch, dim), got {found.shape} of {len(images)} "
                "images: pool or flatten them."
            )
        if not np.isfinite(found).all():
            raise InputError(f"features {self.name!r} are NaN or infinite: give others.")
        return found


def get(features, *, make_classifier=None):
    """Returns the `Extractor` that a user named or gave.

    - `classifier`: what the last layer of a small network sees, trained on the data set. Needs
      labels, and no download.
    - `inception`: InceptionV3 with Keras's ImageNet weights, which are downloaded; `inception:FILE.h5`
      with weights from a file (without the top layers).
    - `pixels`: the pixels themselves.
    - `FILE.keras`: any Keras model of images in [0, 1], which returns `(batch, dim)`; loaded in Keras's
      safe mode, so that it runs no code of the file's.
    - a Keras model, or any function: likewise.

    Args:
        features: str, function, Keras model or `Extractor`.
        make_classifier: function without arguments that returns a model of
            `tfgan.metrics.classifier`, or None where there are no labels.

    Raises:
        InputError: for an unknown name, a missing or unreadable file, a download that fails, or
            "classifier" without labels.
    """
    if isinstance(features, Extractor):
        return features
    if callable(features):
        name = getattr(features, "__name__", None) or getattr(features, "name", "features")
        return Extractor(_inference(features), name=name, description=f"given in Python: {name}")
    if not isinstance(features, str):
        raise InputError(f"features must be a name, a file or a function, got {features!r}.")
    if features == "classifier":
        return _classifier(make_classifier)
    if features == "pixels":
        return Extractor(_flat, name=features, description="pixels in [0, 1]")
    if features == "inception" or features.startswith("inception:"):
        return _inception(features)
    if features.endswith(".keras"):
        return _file(features)
    known = [*NAMES, "inception:FILE.h5", "FILE.keras"]
    raise InputError(f"no features are called {features!r}: {suggestion(features, known)}")


def _classifier(make_classifier):
    if make_classifier is None:
        raise InputError(
            "features 'classifier' need labels to train on, the data has none: give --features "
            "inception, pixels or FILE.keras."
        )
    description = f"the last layer but one of {classifier.PROTOCOL}"
    model = classifier.body(make_classifier())
    return Extractor(_inference(model), name="classifier", description=description)


def _inception(features):
    _, colon, file = features.partition(":")
    if colon and not file:
        raise InputError("features 'inception:' name no file: give inception:FILE.h5, or inception.")
    path = Path(file).expanduser()
    if file and not path.is_file():
        raise InputError(f"{file} is no file of weights: give inception:FILE.h5.")
    try:
        if file:
            keras_files.check_weights(path)
        with policy("float32"):
            model = keras.applications.InceptionV3(
                include_top=False,
                weights=str(path) if file else "imagenet",
                input_shape=(INCEPTION_SIDE, INCEPTION_SIDE, 3),
                pooling="avg",
            )
    except Exception as error:  # Keras's download raises no narrower one, HDF5 several
        what = (
            f"{file} holds no weights of InceptionV3 without its top"
            if file
            else ("the ImageNet weights of InceptionV3 cannot be downloaded")
        )
        raise InputError(
            f"{what} ({shortened(error)}): give inception:FILE.h5, or other features."
        ) from error
    weights = f"weights {path.name}, SHA-256 {_digest(path)}" if file else "ImageNet weights of Keras"
    apply = _inference(model)
    return Extractor(
        lambda images: apply(for_inception(images)),
        name="inception",
        description=f"{_INCEPTION}; {weights}",
    )


def for_inception(images):
    """Images float32 `(batch, H, W, C)` in [0, 1] -> `(batch, 299, 299, 3)` in [-1, 1].

    Raises:
        InputError: for other than one or three channels.
    """
    if images.shape[-1] not in (1, 3):
        raise InputError(f"inception takes images of 1 or 3 channels, got {images.shape[-1]}.")
    colour = np.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images
    size = (INCEPTION_SIDE, INCEPTION_SIDE)
    return 2 * tf.image.resize(colour, size, "bilinear", antialias=True) - 1


def _file(file):
    path = Path(file).expanduser()
    if not path.is_file():
        raise InputError(f"{file} is no file: give a Keras model of images -> (batch, dim).")
    try:
        with within_memory(file, "give a smaller one"):
            model = keras_files.load_model(path, compile=False)
    except InputError:
        raise
    except Exception as error:  # of Keras, zip, HDF5 and JSON: whatever a file may hold
        raise InputError(f"{file} cannot be read as a Keras model ({shortened(error)}).") from error
    description = f"{path.name}, SHA-256 {_digest(path)}, of images in [0, 1]"
    return Extractor(_inference(model), name=path.name, description=description)


def _digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def _inference(function):
    """A Keras model as a function in inference mode that checks shapes; other functions as they are."""
    if not isinstance(function, keras.Model):
        return function
    wanted = getattr(function, "input_shape", None)  # subclassed models have none

    def infer(images):
        shape = images.shape[1:]
        if wanted and any(b not in (None, a) for a, b in zip(shape, wanted[1:], strict=True)):
            raise ValueError(f"the model takes {wanted[1:]}")
        return function(images, training=False)

    return infer


def _flat(images):
    return images.reshape(len(images), -1)  # (B, H*W*C)
