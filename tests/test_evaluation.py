import json

import numpy as np
import pytest
from makers import one_line, small_cgan, small_gan, stripes

import tfgan
from tfgan import evaluation
from tfgan.conditions import Labels
from tfgan.errors import InputError


@pytest.fixture
def data(tmp_path):
    images, labels = stripes(300)
    np.savez(tmp_path / "stripes.npz", images=images, labels=labels)
    return tfgan.data.load(f"npz:{tmp_path / 'stripes.npz'}")


class Copies:
    """A GAN that gives training images back; a share of them under a wrong label."""

    conditional = True
    image_shape = (8, 8, 1)

    def __init__(self, data, wrong=0.0):
        self.images, self.labels = data.arrays("train")
        self.condition = Labels(3)
        self.wrong = wrong

    def sample(self, count, condition, *, seed):
        shift = np.random.default_rng(seed).random(count) < self.wrong
        given = (condition + shift) % 3
        return np.stack([self.images[self.labels == label][0] for label in given])


def test_numbers_and_protocol(data):
    results = evaluation.evaluate(Copies(data, wrong=0.25), data, samples=400, seed=1)
    assert results["fingerprint"] == data.fingerprint
    assert set(results) == {"data", "fingerprint", "seed", *evaluation.METRICS} - {"tags"}
    accuracy = results["classifier"]
    np.testing.assert_allclose(accuracy["fake_accuracy"], 0.75, atol=0.06)
    assert accuracy["real_accuracy"] > 0.97
    assert accuracy["protocol"]["n_fake"] == 400
    assert accuracy["protocol"]["n_real"] == data.sizes["test"]
    memory = results["memorization"]
    assert memory["fake_distance"] < 1e-6 < memory["real_distance"]
    assert results["parzen"]["protocol"]["n_fake"] == 400
    json.dumps(results)
    text = evaluation.lines(results)
    assert any("400 samples" in line and "real test images" in line for line in text)


def test_only_what_is_asked(data):
    results = evaluation.evaluate(Copies(data), data, metrics=["memorization"], samples=20)
    assert set(results) & set(evaluation.METRICS) == {"memorization"}


@pytest.mark.slow
def test_no_classifier_without_labels(data):
    gan = tfgan.GAN(
        tfgan.networks.goodfellow2014.Generator((8, 8, 1), units=8),
        tfgan.networks.goodfellow2014.Discriminator((8, 8, 1), units=8),
    )
    results = evaluation.evaluate(gan, data, samples=50)
    of_labels = {"classifier", "intra_frechet", "tags"}
    assert set(results) & set(evaluation.METRICS) == set(evaluation.METRICS) - of_labels
    assert results["ms_ssim"]["protocol"]["pairs_are"] == "any two"
    with pytest.raises(InputError, match="classifier needs"):
        evaluation.evaluate(gan, data, samples=50, metrics=["classifier"])


@pytest.mark.parametrize("metrics", [["parzen"], pytest.param(None, marks=pytest.mark.slow)])
def test_a_diverged_gan(data, metrics):
    class Broken(Copies):
        def sample(self, *args, **kwargs):
            return super().sample(*args, **kwargs) * np.nan

    with pytest.raises(InputError, match="diverged"):
        evaluation.evaluate(Broken(data), data, metrics=metrics, samples=10)


@pytest.mark.parametrize("make", [small_gan, small_cgan])
def test_other_images(data, make):
    with pytest.raises(InputError, match=r"\(8, 8, 1\)") as error:
        evaluation.evaluate(make(), data)
    one_line(error)


def test_unknown_metric():
    with pytest.raises(InputError, match="did you mean parzen"):
        evaluation.check_names(["parsen"])


@pytest.mark.slow
def test_coverage_of_copies_is_full_and_of_one_image_nothing(data):
    gan = Copies(data)
    gan.conditional, gan.condition = False, None
    images = gan.images
    gan.sample = lambda count, condition, *, seed: images[:count]
    result = evaluation.evaluate(gan, data, metrics=["coverage"], samples=200)["coverage"]
    assert (result["covered"], result["of"], result["inside"]) == (3, 3, 1.0)
    assert result["spread"] == pytest.approx(1, abs=0.05)
    gan.sample = lambda count, condition, *, seed: np.repeat(images[:1], count, axis=0)
    results = evaluation.evaluate(gan, data, metrics=["coverage"], samples=200)
    assert results["coverage"]["covered"] == 1
    assert results["coverage"]["spread"] == pytest.approx(0, abs=1e-6)
    assert "1 of 3 modes" in evaluation.lines(results)[-1]


def test_coverage_of_toy_data_is_by_its_centres():
    toy = tfgan.data.load("toy:ring")
    points, labels = toy.arrays("train", limit=4000)

    class Half:
        conditional, condition, image_shape = False, None, (1, 1, 2)

        def sample(self, count, condition, *, seed):
            return points[labels < 4][:count]

    result = evaluation.evaluate(Half(), toy, metrics=["coverage"], samples=1000)["coverage"]
    assert (result["covered"], result["of"]) == (4, 8)
    assert result["inside"] == pytest.approx(0.989, abs=0.02)
    assert result["kl"] == pytest.approx(np.log(2), abs=0.05)
