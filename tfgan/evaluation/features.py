"""Scores of features: how far samples are from real images there, beside other real images."""

import functools

import numpy as np

from tfgan.conditions import Labels
from tfgan.errors import InputError
from tfgan.evaluation.limits import TEST_LIMIT, train_limit
from tfgan.evaluation.modes import channels, single_classifier
from tfgan.metrics import classifier, features, frechet, kernel, precision_recall
from tfgan.plots import are_points

NEEDED = (
    "needs features, and the data has no labels to train a classifier on: give --features inception, "
    "pixels or FILE.keras, or leave it out."
)


class FeatureSets:
    """Features of samples and of real images, each computed once.

    Attributes:
        extractor: `tfgan.metrics.features.Extractor`.
        fake: float32 `(n, dim)`, of samples.
        test, valid: (float32 `(n, dim)`, conditions or None), of the first 10,000 images.
    """

    def __init__(self, samples, data, extractor, seed):
        self._samples, self._data, self._seed = samples, data, seed
        self.extractor = extractor

    @functools.cached_property
    def fake(self):
        return self.extractor(self._samples)

    @functools.cached_property
    def test(self):
        return self._real("test")

    @functools.cached_property
    def valid(self):
        return self._real("valid")

    def _real(self, split):
        images, conditions = self._data.arrays(split, limit=TEST_LIMIT)
        return self.extractor(images), conditions

    def protocol(self, n_fake, n_real, *, dim=None, **more):
        """What every number here says of itself; `dim` where samples are not in memory."""
        return {
            "n_fake": n_fake,
            "n_real": n_real,
            "split": "test",
            "features": self.extractor.description,
            "feature_name": self.extractor.name,
            "dim": self.fake.shape[1] if dim is None else dim,
            "seed": self._seed,
            "real_is": "valid images, against the same test images",
            **more,
        }


def have_features(data):
    """Whether data are images, of which features are worth measuring: no points, no tags."""
    return data.tags is None and not are_points(data.image_shape)


def default_features(data):
    """The name of the features that need neither a choice nor a download; None if there are none."""
    stacked = data.stack is not None
    return "classifier" if stacked or isinstance(data.condition, Labels) else None


def extractor_of(data, chosen, seed):
    """Returns the `Extractor` of what a user chose, trained on the data where it must be.

    Raises:
        InputError: as `tfgan.metrics.features.get`.
    """
    if chosen == "classifier" and data.stack is not None:
        return _of_singles(data, seed)
    make = functools.partial(_classifier_of, data, seed) if isinstance(data.condition, Labels) else None
    return features.get(chosen, make_classifier=make)


def _classifier_of(data, seed):
    images, labels = data.arrays("train", limit=train_limit(data))
    return classifier.trained(images, labels, data.condition.num_classes, seed=seed)


def _of_singles(data, seed):
    """Features of stacked images: those of their channels, side by side."""
    body = classifier.body(single_classifier(data, seed))

    def extract(images):
        return np.asarray(body(channels(images))).reshape(len(images), -1)  # (n, 3 * dim)

    said = f"the last layer but one of {classifier.PROTOCOL} of single images, channel by channel"
    return features.Extractor(extract, name="classifier", description=said)


def frechet_score(samples, conditions, data, seed, sets):
    """Frechet distance of samples to the test images; and of as many samples and valid images each.

    None for points and data of tags, as all scores here.
    """
    if not have_features(data):
        return None
    fake, test, (valid, _) = sets.fake, frechet.moments(sets.test[0]), sets.valid
    distance, few = frechet.distance(fake, test), min(len(fake), len(valid))
    return {
        "distance": distance,
        "same_n": {
            "n": few,
            "fake": distance if few == len(fake) else frechet.distance(fake[:few], test),
            "real": frechet.distance(valid[:few], test),
        },
        "protocol": sets.protocol(len(fake), test.count, **_conditions_of(conditions)),
    }


def kernel_score(samples, conditions, data, seed, sets):
    """Kernel distance (unbiased, with its error) of samples to the test images; beside valid images'.

    `subsets` has the mean over 100 subsets of 1,000, where there are as many images, else it is None.
    """
    if not have_features(data):
        return None
    fake, (test, _), (valid, _) = sets.fake[:TEST_LIMIT], sets.test, sets.valid
    distance, error = kernel.distance(fake, test)
    real, real_error = kernel.distance(valid, test)
    enough = min(len(fake), len(test)) >= kernel.SUBSET_SIZE
    return {
        "distance": distance,
        "standard_error": error,
        "real_distance": real,
        "real_standard_error": real_error,
        "subsets": kernel.subset_distance(fake, test, seed=seed) if enough else None,
        "protocol": sets.protocol(
            len(fake),
            len(test),
            n_valid=len(valid),
            kernel="(x.y / dim + 1)^3",
            estimator="unbiased",
            **_conditions_of(conditions),
        ),
    }


def precision_recall_score(samples, conditions, data, seed, sets):
    """Precision, recall, density and coverage of as many samples as test images; beside valid ones'."""
    if not have_features(data):
        return None
    (test, _), (valid, _) = sets.test, sets.valid
    n = min(len(sets.fake), len(test), len(valid))
    return {
        **precision_recall.scores(test[:n], sets.fake[:n]),
        "real": precision_recall.scores(test[:n], valid[:n]),
        "protocol": sets.protocol(
            n, n, nearest_k=precision_recall.NEAREST_K, **_conditions_of(conditions)
        ),
    }


def intra_frechet_score(samples, conditions, data, seed, sets):
    """Mean over classes of the Frechet distance of samples to the test images of their class.

    `same_n` has that of as many samples and of valid images each; None where those miss a class. None
    for a GAN without labels.
    """
    labels = isinstance(data.condition, Labels)
    if conditions is None or not labels or not have_features(data):
        return None
    test, test_labels = sets.test
    valid, valid_labels = sets.valid
    mean, classes = frechet.intra_class(sets.fake, conditions, test, test_labels)
    few = min(len(sets.fake), len(valid))
    try:
        same_n = {
            "n": few,
            "fake": frechet.intra_class(sets.fake[:few], conditions[:few], test, test_labels)[0],
            "real": frechet.intra_class(valid[:few], valid_labels[:few], test, test_labels)[0],
        }
    except InputError:
        same_n = None
    return {
        "distance": mean,
        "classes": {str(one): value for one, value in classes.items()},
        "same_n": same_n,
        "protocol": sets.protocol(len(sets.fake), len(test), **_conditions_of(conditions)),
    }


def _conditions_of(conditions):
    """How the conditions of samples were chosen, for protocols."""
    if conditions is None:
        return {}
    spread = "labels, as many of each" if np.ndim(conditions) == 1 else "the test images' own"
    return {"conditions": spread}
