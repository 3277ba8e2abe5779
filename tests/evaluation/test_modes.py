"""Modes of stacked images, which a classifier of the single ones tells."""

import numpy as np
import pytest
from makers import stripes

from tfgan import evaluation
from tfgan.conditions import Labels


class Stack:
    """What `data.stack` is, of three easy classes."""

    num_classes = 3

    def singles(self, split, limit=None):
        images, labels = stripes(240, seed={"train": 0, "valid": 1, "test": 2}[split])
        return images[:limit, ..., None] / np.float32(255), labels[:limit]


class Stacked:
    """Stacked images, as `stacked:SOURCE` gives them."""

    name, fingerprint, image_shape = "stacked:stripes", "0", (8, 8, 3)
    condition, modes, tags, stack = Labels(27), None, None, Stack()

    def arrays(self, split, limit=None):
        images, labels = self.stack.singles(split)
        rows = np.random.default_rng(0).integers(len(images), size=(500, 3))[:limit]
        return np.moveaxis(images[rows][..., 0], 1, -1), labels[rows] @ [9, 3, 1]


@pytest.fixture(scope="module")
def data():
    return Stacked()


def gan_of(images):
    class Given:
        condition, image_shape = None, (8, 8, 3)

        def sample(self, count, condition, *, seed):
            return images[np.arange(count) % len(images)]

    return Given()


@pytest.mark.slow  # it trains a classifier
def test_judge_tells_the_three_classes_in_order(data):
    images, labels = data.arrays("test")
    found = evaluation.judge_of_modes(data)(images)
    assert found.dtype == np.int64
    assert np.mean(found == labels) > 0.97
    swapped = evaluation.judge_of_modes(data)(images[..., ::-1])
    np.testing.assert_array_equal(swapped, found // 9 + found // 3 % 3 * 3 + found % 3 * 9)


@pytest.mark.slow
def test_modes_reached_and_their_divergence(data):
    images, labels = data.arrays("test")
    judged = evaluation.judge_of_modes(data)(images)
    chosen = images[(judged == labels)]
    labels = labels[judged == labels]
    # A third of all modes, as many of each.
    few = np.concatenate([chosen[labels == one][:2] for one in range(9)])
    named = {"metrics": ["coverage"], "samples": 18}
    results = evaluation.evaluate(gan_of(few), data, **named)
    result = results["coverage"]
    assert (result["reached"], result["covered"], result["of"]) == (9, 9, 27)
    assert result["kl"] == pytest.approx(np.log(3), abs=1e-9)
    text = evaluation.lines(results)
    assert any("9 of 27 modes" in line and "KL 1.099 nats (of 18 real" in line for line in text)
    assert any("26000 samples" in line for line in text)
    # Of many even samples the divergence is that of real images: about (m - 1) / 2n.
    result = evaluation.evaluate(gan_of(chosen), data, metrics=["coverage"], samples=len(chosen))
    kl = result["coverage"]["real_kl"]
    assert kl == pytest.approx(26 / (2 * 500), rel=0.6)
    assert result["coverage"]["kl"] == pytest.approx(kl, abs=0.02)
    # One image of another mode among 1,000 reaches it, and does not cover it.
    rare = np.concatenate([np.repeat(few[:2], 500, axis=0)[1:], chosen[labels == 20][:1]])
    result = evaluation.evaluate(gan_of(rare), data, metrics=["coverage"], samples=1000)["coverage"]
    assert (result["reached"], result["covered"]) == (2, 1)


@pytest.mark.slow
def test_features_are_those_of_the_channels(data):
    images, _ = data.arrays("test")
    results = evaluation.evaluate(gan_of(images), data, metrics=["kernel"], samples=500)
    protocol = results["kernel"]["protocol"]
    assert protocol["dim"] == 3 * 128
    assert "channel by channel" in protocol["features"]
    swapped = evaluation.evaluate(
        gan_of(images[..., :1].repeat(3, -1)), data, metrics=["kernel"], samples=500
    )
    ours, theirs = (of["kernel"]["distance"] for of in (results, swapped))
    assert abs(ours) < 0.05 * theirs
