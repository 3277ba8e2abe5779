"""Which of the data's modes samples reach."""

import numpy as np

from tfgan.conditions import Labels
from tfgan.evaluation.limits import VALID_LIMIT, train_limit
from tfgan.metrics import classifier, coverage

CHANNELS = 3  # of stacked images


def coverage_score(samples, conditions, data, seed):
    """How much of the data's variety samples have: spread, and modes where they can be told.

    Modes are the known ones of toy data and of stacked images, or else the classes, which a classifier
    tells, if the GAN is not conditional. Of stacked images the divergence of as many test images is
    beside that of samples: of n images spread evenly over m modes it is about (m - 1) / 2n, not 0. None
    for data of tags.
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
    if conditions is None:
        judge, shares, said = _modes_of(data, seed)
        if judge is not None:
            result |= coverage.coverage(judge(samples), len(shares), shares=shares)
            result["protocol"]["modes"] = said
            if data.stack is not None:
                real, _ = data.arrays("test", limit=len(samples))
                result["real_kl"] = coverage.coverage(judge(real), len(shares), shares=shares)["kl"]
                result["protocol"]["n_real_kl"] = len(real)
    return result


def _modes_of(data, seed):
    """Returns (judge, the data's share of each mode, how they are told); judge is None for no modes."""
    stack = data.stack
    if stack is not None:
        shares = _even(stack.num_classes**CHANNELS)
        said = f"the class of each channel, by {classifier.PROTOCOL} of single images"
        return judge_of_modes(data, seed=seed), shares, said
    if data.modes is not None:
        shares = _even(len(data.modes.centres))
        return judge_of_modes(data), shares, "nearest centre within 3 standard deviations"
    if not isinstance(data.condition, Labels):
        return None, None, None
    train, labels = data.arrays("train", limit=train_limit(data))
    model = classifier.trained(train, labels, data.condition.num_classes, seed=seed)
    shares = np.bincount(labels, minlength=data.condition.num_classes) / len(labels)

    def judge(images):
        return classifier.predict(model, images)

    return judge, shares, f"classes, by {classifier.PROTOCOL}"


def _even(count):
    return np.full(count, 1 / count)


def judge_of_modes(data, *, seed=0):
    """Returns a function of images that tells their modes, of data that has known ones; or None.

    Of data made around centres, a mode is the nearest one, -1 for what is farther than 3 standard
    deviations from each. Of stacked data, it is `(c0 K + c1) K + c2`, of the class of each of the three
    channels, which a classifier of the single images tells, trained here.

    Args:
        data: `tfgan.data.Data`.
        seed: int. Of the classifier.

    Returns:
        function of images `(n, ...)` that returns int64 `(n,)`; or None.

    Reference:
        Metz et al., 2017, section 3.3.2 (arXiv 1611.02163); Srivastava et al., 2017, section 4.1 (arXiv
        1705.07761); Lin et al., 2018, section 4.1 (arXiv 1712.04086).
    """
    if data.stack is not None:
        model, classes = single_classifier(data, seed), data.stack.num_classes

        def stacked(images):
            found = classifier.predict(model, channels(images)).reshape(-1, CHANNELS)  # (n, channels)
            return found @ classes ** np.arange(CHANNELS - 1, -1, -1)

        return stacked
    if data.modes is None:
        return None
    centres, radius = data.modes.centres, 3 * data.modes.sigma
    return lambda images: coverage.nearest_mode(images, centres, radius)


def single_classifier(data, seed):
    """The classifier of stacked data's single images."""
    images, labels = data.stack.singles("train", limit=train_limit(data))
    return classifier.trained(images, labels, data.stack.num_classes, seed=seed)


def channels(images):
    """The channels of stacked images as single ones: `(n, H, W, 3)` -> `(3 n, H, W, 1)`."""
    images = np.moveaxis(np.asarray(images), -1, 1)  # (n, 3, H, W)
    return images.reshape(-1, *images.shape[2:], 1)  # (3 n, H, W, 1)
