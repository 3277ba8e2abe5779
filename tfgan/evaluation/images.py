"""Scores of images as they are: pixels, their labels and their likeness."""

import numpy as np

from tfgan.conditions import Labels
from tfgan.evaluation.limits import NEIGHBOUR_LIMIT, TEST_LIMIT, VALID_LIMIT, train_limit
from tfgan.metrics import classifier, memorization, ms_ssim, parzen
from tfgan.plots import are_points


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


def ms_ssim_score(samples, conditions, data, seed):
    """MS-SSIM of random pairs of samples, given labels of one class; beside that of real test images.

    None for points and data of tags.
    """
    if data.tags is not None or are_points(data.image_shape):
        return None
    test, labels = data.arrays("test", limit=TEST_LIMIT)
    if conditions is None or not isinstance(data.condition, Labels):
        conditions = labels = None
    ours = ms_ssim.diversity(samples, conditions, seed=seed)
    theirs = ms_ssim.diversity(test, labels, seed=seed)
    weights, width = ms_ssim.scales(data.image_shape)
    return {
        "similarity": ours["similarity"],
        "standard_error": ours["standard_error"],
        "real_similarity": theirs["similarity"],
        "real_standard_error": theirs["standard_error"],
        "protocol": {
            "n_fake": len(samples),
            "n_real": len(test),
            "split": "test",
            "pairs": ours["pairs"],
            "real_pairs": theirs["pairs"],
            "pairs_are": "any two" if labels is None else "two of a class, each class alike",
            "scales": len(weights),
            "weights": [round(weight, 4) for weight in weights],
            "filter": width,
            "seed": seed,
        },
    }
