"""Measures a GAN against its data. A metric is one function here and one line in `METRICS`."""

import numpy as np

from tfgan import tagging
from tfgan.conditions import Labels
from tfgan.errors import InputError, suggestion
from tfgan.metrics import classifier, coverage, memorization, parzen, ranking

VALID_LIMIT = 1_000  # images sigma is chosen on, as in the papers
TEST_LIMIT = 10_000  # images scored, as in the papers
TRAIN_BYTES = 2**29
NEIGHBOUR_LIMIT = 1_000  # images whose nearest training image is looked for


def parzen_score(samples, conditions, data, seed):
    """Parzen log-likelihood of the test images, sigma chosen on validation images.

    None for data of tags.
    """
    if data.tags is not None:
        return None
    valid, _ = data.arrays("valid", limit=VALID_LIMIT)
    test, _ = data.arrays("test", limit=TEST_LIMIT)
    return {
        **parzen.score(samples, valid, test),
        "unit": "nats",
        "protocol": {
            "n_fake": len(samples),
            "n_real": len(test),
            "split": "test",
            "sigma_chosen_on": f"{len(valid)} valid images, of logspace(-1, 0, 10)",
            "features": "pixels in [0, 1]",
        },
    }


def classifier_score(samples, conditions, data, seed):
    """Accuracy on conditional samples of a classifier trained on real images; beside real test ones.

    None for a GAN without labels.
    """
    if conditions is None or not isinstance(data.condition, Labels):
        return None
    images, labels = data.arrays("train", limit=train_limit(data))
    model = classifier.trained(images, labels, data.condition.num_classes, seed=seed)
    test, test_labels = data.arrays("test", limit=TEST_LIMIT)
    return {
        "fake_accuracy": classifier.accuracy(model, samples, conditions),
        "real_accuracy": classifier.accuracy(model, test, test_labels),
        "protocol": {
            "n_fake": len(samples),
            "n_real": len(test),
            "split": "test",
            "classifier": classifier.PROTOCOL,
            "n_train": len(images),
            "classifier_seed": seed,
        },
    }


def memorization_score(samples, conditions, data, seed):
    """Mean distance of samples to the nearest training image; beside that of real test images.

    None for data of tags.
    """
    if data.tags is not None:
        return None
    train, _ = data.arrays("train", limit=train_limit(data))
    test, _ = data.arrays("test", limit=NEIGHBOUR_LIMIT)
    fake = np.random.default_rng(seed).permutation(len(samples))[:NEIGHBOUR_LIMIT]
    return {
        "fake_distance": float(memorization.nearest(samples[fake], train)[0].mean()),
        "real_distance": float(memorization.nearest(test, train)[0].mean()),
        "unit": "Euclidean distance of pixels in [0, 1]",
        "protocol": {
            "n_fake": len(fake),
            "n_real": len(test),
            "split": "test",
            "n_train": len(train),
            "features": "pixels in [0, 1]",
        },
    }


def coverage_score(samples, conditions, data, seed):
    """How much of the data's variety samples have: spread, and modes where they can be told.

    Modes are the known ones of toy data, or else the classes, which a classifier tells, if the GAN is
    not conditional. None for data of tags.
    """
    if data.tags is not None:
        return None
    if not isinstance(data.condition, Labels):
        conditions = None
    real, labels = data.arrays("valid", limit=VALID_LIMIT)
    if conditions is None:
        labels = None
    result = {
        "spread": coverage.relative_spread(samples, real, labels=conditions, real_labels=labels),
        "protocol": {
            "n_fake": len(samples),
            "n_real": len(real),
            "split": "valid",
            "spread": "root mean square distance to the mean"
            + (" of the class" if conditions is not None else "")
            + ", over that of real images",
        },
    }
    if conditions is None and data.modes is not None:
        modes, count = judge_of_modes(data)(samples), len(data.modes.centres)
        result |= coverage.coverage(modes, count)
        result["protocol"]["modes"] = "nearest centre within 3 standard deviations"
    elif conditions is None and isinstance(data.condition, Labels):
        train, train_labels = data.arrays("train", limit=train_limit(data))
        count = data.condition.num_classes
        model = classifier.trained(train, train_labels, count, seed=seed)
        shares = np.bincount(train_labels, minlength=count) / len(train_labels)
        result |= coverage.coverage(classifier.predict(model, samples), count, shares=shares)
        result["protocol"]["modes"] = f"classes, by {classifier.PROTOCOL}"
    return result


def judge_of_modes(data):
    """Returns a function of images that tells their modes, of data made around known ones; or None.

    A mode is -1 for what is farther than 3 standard deviations from every centre.
    """
    if data.modes is None:
        return None
    centres, radius = data.modes.centres, 3 * data.modes.sigma
    return lambda images: coverage.nearest_mode(images, centres, radius)


def tags_score(samples, conditions, data, seed):
    """Precision and recall of ten words found for each test image, against the tags people gave.

    Beside what the ten most frequent training tags reach, said of every image, what ten words at random
    reach on average, and what all tags right would; of made data also the fraction of words that are
    right, given as tags or not. None for data of images.
    """
    if data.tags is None or conditions is None:
        return None
    tags = data.tags
    known = [tags.words_of(row) for row in tags.rows["test"][: len(samples)]]
    counts = np.array([len(words) for words in known])
    found = ranking.rank(samples, tags.word_vectors)
    precision, recall = ranking.precision_recall(found, known)
    kept = found.shape[1]
    train = tags.pairs[np.isin(tags.pairs[:, 0], tags.rows["train"]), 1]
    frequent = ranking.most_frequent(train, len(tags.words), kept=kept)
    frequent_precision, _ = ranking.precision_recall(np.tile(frequent, (len(known), 1)), known)
    result = {} if tags.right is None else {"right": _right_precision(found, tags)}
    return result | {
        "precision": float(precision.mean()),
        "standard_error": float(precision.std() / np.sqrt(len(precision))),
        "recall": float(recall.mean()),
        "frequent_precision": float(frequent_precision.mean()),
        "chance_precision": float(counts.mean() / len(tags.words)),
        "most_precision": float(np.minimum(counts, kept).mean() / kept),
        "protocol": {
            "n_real": len(known),
            "split": "test",
            "draws": samples.shape[1],
            "nearest": min(ranking.NEAREST, len(tags.words)),
            "kept": kept,
            "n_words": len(tags.words),
            "features": "cosine of word vectors",
        },
    }


def _right_precision(found, tags):
    """Fraction of the found words that are right, be they among the tags given or not."""
    rows = tags.rows["test"][: len(found)]
    return float(tags.right[rows[:, None], found].mean())


METRICS = {
    "parzen": parzen_score,
    "classifier": classifier_score,
    "memorization": memorization_score,
    "coverage": coverage_score,
    "tags": tags_score,
}
_NEEDS = {
    "classifier": "a conditional GAN and labels",
    "tags": "features with tags, and a conditional GAN",
}


def train_limit(data):
    """How many training images are read: what fits 512 MB as float32. Protocols say it (n_train)."""
    return max(1, TRAIN_BYTES // (4 * int(np.prod(data.image_shape))))


def check_names(names):
    """Returns the metrics asked for, in order; None asks for all.

    Raises:
        InputError: for an unknown one.
    """
    for name in names or ():
        if name not in METRICS:
            raise InputError(f"no metric is called {name!r}: {suggestion(name, METRICS)}")
    return list(names or METRICS)


def evaluate(gan, data, *, metrics=None, samples=10_000, seed=0, sampling=None):
    """Measures a GAN against its data.

    Labels of conditional samples are spread evenly over the classes. Of data of tags, 100 samples are
    drawn for each test image, as in the paper: `samples // 100` images, or all.

    Args:
        gan: `tfgan.GAN` or `tfgan.CGAN`.
        data: `tfgan.data.Data`.
        metrics: names in `METRICS`; None is all that apply.
        samples: int. Images drawn; the papers draw 10,000.
        seed: int. Of latents and classifier.
        sampling: dict of further arguments of `gan.sample` (`ema`, `truncation`, `smoothing`), or None.

    Returns:
        dict: `data`, `fingerprint`, `seed`, `sampling` if it was given, and per metric its numbers and
        `protocol`.

    Raises:
        InputError: for an unknown metric, or if the GAN's images or condition are not the data's.
    """
    names = check_names(metrics)
    if gan.image_shape != tuple(data.image_shape):
        raise InputError(
            f"the GAN makes images of shape {gan.image_shape}, {data.name} has "
            f"{tuple(data.image_shape)}: evaluate it on the data it was trained on."
        )
    sampling = sampling or {}
    images, conditions = _draw(gan, data, samples, seed, sampling)
    if not np.isfinite(images).all():
        raise InputError("the GAN makes NaN or infinite pixels: its training diverged; train anew.")
    results = {"data": data.name, "fingerprint": data.fingerprint, "seed": seed}
    results |= {"sampling": sampling} if sampling else {}
    for name in names:
        result = METRICS[name](images, conditions, data, seed)
        if result is not None:
            results[name] = result
        elif metrics:
            raise InputError(f"{name} needs {_NEEDS.get(name, 'images')}: leave it out.")
    return results


def _draw(gan, data, count, seed, sampling):
    """Returns (samples, conditions); of data of tags `(images, draws, word_dim)` and features."""
    if gan.condition is None:
        return gan.sample(count, None, seed=seed, **sampling), None
    if data.tags is not None and gan.condition == data.condition:
        features = data.tags.features[data.tags.rows["test"][: max(1, count // ranking.DRAWS)]]
        draws = min(count, ranking.DRAWS)
        return tagging.draw(gan, features, draws=draws, seed=seed, **sampling), features
    if not isinstance(gan.condition, Labels):
        raise InputError(
            f"the GAN's condition is {gan.condition}, {data.name} has {data.condition}: evaluate it on "
            "the data it was trained on."
        )
    conditions = gan.condition.example(count)
    return gan.sample(count, conditions, seed=seed, **sampling), conditions


def lines(results):
    """Returns results as lines of text for a person, each with its protocol's numbers."""
    sampling = "".join(f", {name} {value}" for name, value in results.get("sampling", {}).items())
    text = [f"data: {results['data']} (seed {results['seed']}{sampling})"]
    if "parzen" in results:
        r, p = results["parzen"], results["parzen"]["protocol"]
        text.append(
            f"Parzen log-likelihood: {r['log_likelihood']:.1f} +- {r['standard_error']:.1f} nats "
            f"(sigma {r['sigma']:.3f}, {p['n_fake']} samples, {p['n_real']} test images)"
        )
    if "classifier" in results:
        r, p = results["classifier"], results["classifier"]["protocol"]
        text.append(
            f"classifier accuracy: {r['fake_accuracy']:.4f} on {p['n_fake']} samples, "
            f"{r['real_accuracy']:.4f} on {p['n_real']} real test images "
            f"(ratio {r['fake_accuracy'] / max(r['real_accuracy'], 1e-9):.3f})"
        )
        if 2 * r["fake_accuracy"] < r["real_accuracy"]:
            text.append(
                "samples do not follow their condition: train for more epochs, or with other settings"
            )
    if "memorization" in results:
        r, p = results["memorization"], results["memorization"]["protocol"]
        text.append(
            f"distance to the nearest training image: {r['fake_distance']:.2f} for {p['n_fake']} "
            f"samples, {r['real_distance']:.2f} for {p['n_real']} real test images"
        )
    if "coverage" in results:
        r, p = results["coverage"], results["coverage"]["protocol"]
        spread = "unknown" if r["spread"] is None else f"{r['spread']:.2f}"
        modes = f"{r['covered']} of {r['of']} modes, {r['inside']:.3f} inside; " if "of" in r else ""
        text.append(
            f"coverage: {modes}spread {spread} of real images' ({p['n_fake']} samples, "
            f"{p['n_real']} real valid images)"
        )
    if "tags" in results:
        r, p = results["tags"], results["tags"]["protocol"]
        if "right" in r:
            text.append(f"right words among the {p['kept']} found: {r['right']:.3f}")
        text.append(
            f"precision of {p['kept']} tags: {r['precision']:.3f} +- {r['standard_error']:.3f}, recall "
            f"{r['recall']:.3f} ({p['n_real']} test images, {p['draws']} draws each; at most "
            f"{r['most_precision']:.3f}, the most frequent tags {r['frequent_precision']:.3f}, chance "
            f"{r['chance_precision']:.4f} of {p['n_words']} words)"
        )
    return text
