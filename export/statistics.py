"""Frechet and kernel distance of any number of samples, none of which is kept."""

import math
import warnings
from typing import Any

import numpy as np

from tfgan.errors import FewSamplesWarning, InputError
from tfgan.evaluation import TEST_LIMIT, check_names
from tfgan.evaluation.features import NEEDED, FeatureSets, default_features, extractor_of, have_features
from tfgan.export import volume
from tfgan.export.dataset import check_count, check_seed, in_turn
from tfgan.export.sampler import SEED_SHIFT, Sampler, open_generator
from tfgan.metrics import frechet, kernel

METRICS = ("frechet", "kernel")
_PIECE = TEST_LIMIT  # samples of a piece of work, whoever does it
_FIRST = -1  # the piece of as many samples as there are valid images


def statistics(
    source,
    data,
    count,
    *,
    metrics=None,
    features=None,
    condition=None,
    seed=0,
    workers=None,
):
    """Measures `count` samples of a generator against real images by moments that are merged.

    Samples are those of `tfgan.export.dataset` with the same seed and conditions (`evaluate` takes
    those of the test images, where they are no labels). Each piece of 10,000 is drawn, made features
    of, and forgotten, so that memory does not grow with the count. Pieces are merged in order: the
    numbers do not depend on how many workers there are (without any they are the same but for
    rounding).

    Args:
        source: run directory or SavedModel; without workers also `tfgan.GAN` or `tfgan.CGAN`.
        data: `tfgan.data.Data`; of it the first 10,000 test and valid images are looked at.
        count: int from 4 to 2**32. Samples.
        metrics: of "frechet" and "kernel"; None is both.
        features: as of `tfgan.evaluation.evaluate`.
        condition: as of `tfgan.export.dataset`.
        seed: int from 0 to 2**31 - 1. Of latents and of a classifier for features.
        workers: int >= 1 or None, as of `tfgan.export.dataset`.

    Returns:
        dict as `tfgan.evaluation.evaluate`'s: `data`, `fingerprint`, `seed`, and of each metric its
        numbers and `protocol`. The kernel distance is the mean over blocks of 1,000 samples (fewer,
        where there are not two blocks) of the unbiased estimate of each against all test images; its
        standard error is over new samples, the test images being what they are.

    Raises:
        InputError: as `evaluate` and `dataset`.

    Reference:
        Heusel et al., 2017 (arXiv 1706.08500); Binkowski et al., 2018, section 4 (arXiv 1801.01401);
        moments: Chan, Golub & LeVeque, 1979.
    """
    check_seed(seed)
    check_count("count", count, least=4)
    names = _names(metrics)
    volume.check_workers(workers, source)
    if not have_features(data):
        raise InputError(
            f"{data.name} has no images to measure features of: leave workers (--workers) out."
        )
    few = min(data.sizes["test"], data.sizes["valid"])
    if few < 2:
        raise InputError(f"at least 2 test and 2 valid images are needed, {data.name} has {few}.")
    generator = open_generator(source)
    if generator.image_shape != tuple(data.image_shape):
        raise InputError(
            f"the generator makes images of shape {generator.image_shape}, {data.name} has "
            f"{tuple(data.image_shape)}: give the data it was trained on."
        )
    sampler = Sampler(generator, seed, in_turn(generator, condition), as_png=False)
    chosen = features or default_features(data)
    if chosen is None:
        raise InputError(f"{names[0]} {NEEDED}")
    with volume.running(workers):
        extractor = extractor_of(data, chosen, seed)
        real = FeatureSets(None, data, extractor, seed)
        return _scores(names, sampler, source, count, data, real, workers, given=condition is not None)


def _names(metrics):
    names = check_names(metrics or METRICS)
    others = [name for name in names if name not in METRICS]
    if others:
        raise InputError(
            f"{others[0]} needs all samples at once, and cannot be shared out: measure "
            f"{' and '.join(METRICS)}, or leave workers (--workers) out."
        )
    return names


def _scores(names, sampler, source, count, data, real, workers, *, given):
    test, valid = real.test[0], real.valid[0]
    fixed = kernel.ToFixed(test) if "kernel" in names else None
    few = min(len(valid), count)
    pieces = ([_FIRST] if few < count else []) + list(range(-(-count // _PIECE)))
    work: tuple[Any, ...] = (real.extractor, fixed, count, few)
    if workers is None:
        done = map(_measured(sampler, *work), pieces)
    else:
        opened = volume.told(source, sampler)
        done = volume.results(pieces, workers, _measurer, opened, *work)
    first, fake, blocks = None, frechet.Moments(test.shape[1]), frechet.Moments(1)
    for piece, found in zip(pieces, done, strict=True):
        if piece == _FIRST:
            first = _moments(found, "")
        else:
            fake.merge(_moments(found, ""))
            blocks.merge(_moments(found, "kernel_"))
    about = {"data": data.name, "fingerprint": data.fingerprint, "seed": sampler.seed}
    protocol = {
        **real.protocol(count, len(test), dim=test.shape[1]),
        "row_seeds": f"{sampler.seed} * 2**{SEED_SHIFT} + sample's number",
        **sampler.generator.made_of,
    }
    if sampler.condition is not None:
        spread = (
            "given" if given else "all labels" if sampler.condition.ndim == 1 else "seen in training"
        )
        protocol["conditions"] = f"{spread}, in turn"
    if "frechet" in names:
        against = frechet.moments(test)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", FewSamplesWarning)
            same_n = {
                "n": few,
                "fake": frechet.distance(first or fake, against),
                "real": frechet.distance(valid[:few], against),
            }
            distance = frechet.distance(fake, against)
        about["frechet"] = {"distance": distance, "same_n": same_n, "protocol": protocol}
        few_samples = [str(one.message) for one in caught if one.category is FewSamplesWarning]
        if few_samples:
            about["frechet"]["warnings"] = list(dict.fromkeys(few_samples))
    if fixed is not None:
        about["kernel"] = _kernel(blocks, _block(count), test, valid, protocol)
    return about


def _kernel(blocks, size, test, valid, protocol):
    distance, error = kernel.distance(valid, test)
    return {
        "distance": float(blocks.mean[0]),
        "standard_error": math.sqrt(blocks.covariance[0, 0] / blocks.count),
        "real_distance": distance,
        "real_standard_error": error,
        "subsets": None,
        "protocol": protocol
        | {
            "n_fake": blocks.count * size,
            "n_valid": len(valid),
            "kernel": "(x.y / dim + 1)^3",
            "estimator": f"unbiased, mean over {blocks.count} blocks of {size} samples",
        },
    }


def _measurer(opened, extractor, fixed, count, few):
    """What another process does with the number of a piece: see `_measured`."""
    return _measured(volume.open_again(opened, as_png=False), extractor, fixed, count, few)


def _measured(sampler, extractor, fixed, count, few):
    """Function of a piece's number -> moments of its features, and of its blocks' kernel distances."""

    def measure(piece):
        start, stop = (
            (0, few) if piece == _FIRST else (piece * _PIECE, min((piece + 1) * _PIECE, count))
        )
        features = _features(sampler, extractor, start, stop)
        fake, blocks = frechet.moments(features), frechet.Moments(1)
        if fixed is not None and piece != _FIRST:
            size = _block(count)
            for first in range(0, len(features) - size + 1, size):
                blocks.update([[fixed(features[first : first + size])]])
        return {**_told(fake, ""), **_told(blocks, "kernel_")}

    return measure


def _features(sampler, extractor, start, stop):
    """The features of samples number `start` to `stop - 1`."""
    begin = start - start % sampler.chunk_size
    rows = (sampler.chunk(at).between(start, stop) for at in range(begin, stop, sampler.chunk_size))
    return np.concatenate([extractor(one.images, verbose=False) for one in rows])


def _block(count):
    """Samples of a block: of any number of them there are two blocks at least."""
    return min(kernel.SUBSET_SIZE, count // 2)


def _told(moments, prefix):
    return {
        f"{prefix}count": moments.count,
        f"{prefix}mean": moments.mean,
        f"{prefix}second": moments.second,
    }


def _moments(found, prefix):
    """The `Moments` of what `_told` made of them."""
    moments = frechet.Moments(len(found[f"{prefix}mean"]))
    moments.count = int(found[f"{prefix}count"])
    moments.mean, moments.second = (
        np.array(found[f"{prefix}{name}"], "float64") for name in ("mean", "second")
    )
    return moments
