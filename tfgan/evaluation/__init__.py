"""Measures a GAN against its data. A metric is one function in here and one line in `METRICS`."""

import warnings
from collections.abc import Callable

import numpy as np

from tfgan import tagging
from tfgan.conditions import Labels
from tfgan.errors import FewSamplesWarning, InputError, suggestion
from tfgan.evaluation import features as _features
from tfgan.evaluation import images as _images
from tfgan.evaluation import modes as _modes
from tfgan.evaluation import tags as _tags
from tfgan.evaluation.limits import TEST_LIMIT, TRAIN_BYTES, VALID_LIMIT, train_limit
from tfgan.evaluation.modes import judge_of_modes
from tfgan.evaluation.text import lines
from tfgan.metrics import ranking
from tfgan.reading import check_memory

__all__ = [
    "METRICS",
    "TEST_LIMIT",
    "TRAIN_BYTES",
    "VALID_LIMIT",
    "check_names",
    "evaluate",
    "judge_of_modes",
    "lines",
    "train_limit",
]

# Functions of (samples, conditions, data, seed), those of features also of `FeatureSets`; they return a
# dict with a `protocol`, or None where they do not apply.
METRICS: dict[str, Callable[..., dict | None]] = {
    "parzen": _images.parzen_score,
    "classifier": _images.classifier_score,
    "memorization": _images.memorization_score,
    "coverage": _modes.coverage_score,
    "frechet": _features.frechet_score,
    "kernel": _features.kernel_score,
    "precision_recall": _features.precision_recall_score,
    "intra_frechet": _features.intra_frechet_score,
    "ms_ssim": _images.ms_ssim_score,
    "tags": _tags.tags_score,
}
_OF_FEATURES = ("frechet", "kernel", "precision_recall", "intra_frechet")
# Where images are too few or too small for these, others are measured still.
_MAY_FAIL = (*_OF_FEATURES, "ms_ssim")
_NEEDS = {
    "classifier": "a conditional GAN and labels",
    "intra_frechet": "a conditional GAN and labels",
    "tags": "features with tags, and a conditional GAN",
}
_STACKED_SAMPLES = 26_000  # of which the field counts 1,000 modes


def check_names(names):
    """Returns the metrics asked for, in order; None asks for all.

    Raises:
        InputError: for an unknown one.
    """
    for name in names or ():
        if name not in METRICS:
            raise InputError(f"no metric is called {name!r}: {suggestion(name, METRICS)}")
    return list(names or METRICS)


def evaluate(gan, data, *, metrics=None, samples=10_000, seed=0, sampling=None, features=None):
    """Measures a GAN against its data.

    Labels of conditional samples are spread evenly over the classes; other conditions are those of the
    test images, in turn. Of data of tags, 100 samples are drawn for each test image, as in the paper:
    `samples // 100` images, or all.

    Args:
        gan: `tfgan.GAN` or `tfgan.CGAN`.
        data: `tfgan.data.Data`.
        metrics: names in `METRICS`; None is all that apply.
        samples: int. Images drawn; the papers draw 10,000.
        seed: int. Of latents, classifier, and what metrics draw.
        sampling: dict of further arguments of `gan.sample` (`ema`, `truncation`, `smoothing`), or None.
        features: what distances are measured in, as `tfgan.metrics.features.get` takes it; None is
            "classifier" of data with labels, and without labels leaves those metrics out.

    Returns:
        dict: `data`, `fingerprint`, `seed`, `sampling` if it was given, per metric its numbers and
        `protocol`, with `warnings` where samples are few; and `hints`, what was left out and why.

    Raises:
        InputError: for an unknown metric or unknown features, if the GAN's images or condition are
            not the data's, or for more samples than fit the memory.
    """
    names = check_names(metrics)
    if gan.image_shape != tuple(data.image_shape):
        raise InputError(
            f"the GAN makes images of shape {gan.image_shape}, {data.name} has "
            f"{tuple(data.image_shape)}: evaluate it on the data it was trained on."
        )
    size = 4 * samples * int(np.prod(data.image_shape))
    check_memory(size, f"{samples} samples", "ask for fewer (--samples)")
    extractor = _extractor(names, data, features, seed)
    sampling = sampling or {}
    images, conditions = _draw(gan, data, samples, seed, sampling)
    if not np.isfinite(images).all():
        raise InputError("the GAN makes NaN or infinite pixels: its training diverged; train anew.")
    results = {"data": data.name, "fingerprint": data.fingerprint, "seed": seed}
    results |= {"sampling": sampling} if sampling else {}
    sets = _features.FeatureSets(images, data, extractor, seed)
    hints = []
    for name in names:
        try:
            result = _measure(name, images, conditions, data, seed, sets)
        except InputError as error:
            if metrics or name not in _MAY_FAIL:
                raise
            hints.append(f"{name} is left out: {error}")
            continue
        if result is not None:
            results[name] = result
        elif metrics and name in _OF_FEATURES and extractor is None and _features.have_features(data):
            raise InputError(f"{name} {_features.NEEDED}")
        elif metrics:
            raise InputError(f"{name} needs {_NEEDS.get(name, 'images')}: leave it out.")
    hints += _hints(data, samples, extractor, metrics)
    return results | ({"hints": hints} if hints else {})


def _extractor(names, data, chosen, seed):
    """The extractor of the metrics asked for, or None where none of them takes any."""
    if not set(names) & set(_OF_FEATURES):
        if chosen is not None:
            raise InputError(
                f"features serve {', '.join(_OF_FEATURES)}, none of which is asked for, got "
                f"{chosen!r}: leave --features out."
            )
        return None
    if not _features.have_features(data):
        return None
    chosen = chosen or _features.default_features(data)
    return _features.extractor_of(data, chosen, seed) if chosen else None


def _measure(name, images, conditions, data, seed, sets):
    """The result of a metric, with what it warned of; None if it does not apply."""
    if name not in _OF_FEATURES:
        return METRICS[name](images, conditions, data, seed)
    if sets.extractor is None:
        return None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", FewSamplesWarning)
        result = METRICS[name](images, conditions, data, seed, sets)
    few = dict.fromkeys(str(w.message) for w in caught if w.category is FewSamplesWarning)
    for w in caught:
        if w.category is not FewSamplesWarning:
            warnings.warn_explicit(w.message, w.category, w.filename, w.lineno)
    return result | {"warnings": list(few)} if result is not None and few else result


def _hints(data, samples, extractor, metrics):
    if not metrics and extractor is None and _features.have_features(data):
        yield (
            "without labels there is no classifier to measure distances by; --features inception, "
            "pixels or FILE.keras measures Frechet and kernel distance, precision and recall"
        )
    if data.stack is not None and samples < _STACKED_SAMPLES:
        yield f"published counts of stacked images' modes are of {_STACKED_SAMPLES} samples (--samples)"


def _draw(gan, data, count, seed, sampling):
    """Returns (samples, conditions); of data of tags `(images, draws, word_dim)` and features."""
    if gan.condition is None:
        return gan.sample(count, None, seed=seed, **sampling), None
    if data.tags is not None and gan.condition == data.condition:
        features = data.tags.features[data.tags.rows["test"][: max(1, count // ranking.DRAWS)]]
        draws = min(count, ranking.DRAWS)
        return tagging.draw(gan, features, draws=draws, seed=seed, **sampling), features
    if isinstance(gan.condition, Labels):
        conditions = gan.condition.example(count)
    elif gan.condition == data.condition:
        _, given = data.arrays("test", limit=count)
        conditions = given[np.arange(count) % len(given)]
    else:
        raise InputError(
            f"the GAN's condition is {gan.condition}, {data.name} has {data.condition}: evaluate it on "
            "the data it was trained on."
        )
    return gan.sample(count, conditions, seed=seed, **sampling), conditions
