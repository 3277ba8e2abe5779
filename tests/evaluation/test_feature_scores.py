"""Distances of features within `evaluate`: against closed forms, beside real images, and left out."""

import json

import numpy as np
import pytest
from makers import one_line, stripes

import tfgan
from tfgan import evaluation
from tfgan.conditions import Labels, Vector
from tfgan.errors import InputError

OF_FEATURES = ["frechet", "kernel", "precision_recall", "intra_frechet"]


@pytest.fixture
def data(tmp_path):
    images, labels = stripes(400)
    np.savez(tmp_path / "stripes.npz", images=images, labels=labels)
    return tfgan.data.load(f"npz:{tmp_path / 'stripes.npz'}")


@pytest.fixture
def unlabelled(tmp_path):
    np.savez(tmp_path / "bare.npz", images=stripes(400)[0])
    return tfgan.data.load(f"npz:{tmp_path / 'bare.npz'}")


class Moved:
    """A GAN that gives the test images back, brighter; conditional ones by label."""

    image_shape = (8, 8, 1)

    def __init__(self, data, *, by=0.0, condition=None):
        images, self.given = data.arrays("test")
        self.images, self.condition = images + np.float32(by), condition

    def sample(self, count, condition, *, seed):
        if condition is None:
            return self.images[np.arange(count) % len(self.images)]
        self.asked = condition
        left = {one: list(np.flatnonzero(self.given == one)) for one in range(3)}
        rows = [left[one].append(left[one].pop(0)) or left[one][-1] for one in condition]
        return self.images[rows]


def halves(images):
    """The mean of the upper and of the lower half."""
    return np.stack([images[:, :4].mean((1, 2, 3)), images[:, 4:].mean((1, 2, 3))], axis=1)


def test_numbers_in_closed_form_beside_real_ones(data):
    gan = Moved(data, by=0.25)
    results = evaluation.evaluate(gan, data, metrics=OF_FEATURES[:3], samples=40, features=halves)
    frechet, kernel = results["frechet"], results["kernel"]
    assert frechet["distance"] == pytest.approx(2 * 0.25**2, rel=1e-4)
    assert frechet["same_n"]["n"] == 40
    assert frechet["same_n"]["fake"] == pytest.approx(2 * 0.25**2, rel=1e-4)
    assert 0 < frechet["same_n"]["real"] < 0.01
    assert kernel["distance"] > 5 * abs(kernel["real_distance"])
    assert kernel["subsets"] is None  # 40 images hold no subset of 1,000
    real = results["precision_recall"]["real"]
    assert real["coverage"] > 0.8
    for name in OF_FEATURES[:3]:
        protocol = results[name]["protocol"]
        assert (protocol["n_fake"], protocol["n_real"], protocol["split"]) == (40, 40, "test")
        assert (protocol["feature_name"], protocol["dim"]) == ("halves", 2)
        assert "warnings" not in results[name]
    json.dumps(results, allow_nan=False)
    text = evaluation.lines(results)
    assert any("40 samples, 40 real test images, halves features" in line for line in text)
    assert sum("real valid images" in line for line in text) == 3
    same = evaluation.evaluate(
        Moved(data), data, metrics=["precision_recall"], samples=40, features=halves
    )["precision_recall"]
    assert [same[name] for name in ("precision", "recall", "coverage")] == [1, 1, 1]


def test_more_samples_than_real_images_have_a_like_number_beside_them(data):
    result = evaluation.evaluate(Moved(data), data, metrics=["frechet"], samples=41, features=halves)[
        "frechet"
    ]
    assert result["protocol"]["n_fake"] == 41
    assert result["same_n"]["n"] == 40
    assert result["same_n"]["fake"] == pytest.approx(0, abs=1e-7)


def test_a_gan_that_ignores_its_labels_is_told_by_the_intra_class_distance(data):
    class Deaf(Moved):
        def sample(self, count, condition, *, seed):
            return super().sample(count, np.roll(condition, 1), seed=seed)

    named = {"metrics": ["frechet", "intra_frechet"], "samples": 39, "features": halves}
    good = evaluation.evaluate(Moved(data, condition=Labels(3)), data, **named)
    deaf = evaluation.evaluate(Deaf(data, condition=Labels(3)), data, **named)
    assert deaf["frechet"]["distance"] == pytest.approx(good["frechet"]["distance"], abs=1e-3)
    assert good["intra_frechet"]["distance"] < 1e-3 < 0.01 < deaf["intra_frechet"]["distance"]
    assert good["intra_frechet"]["protocol"]["conditions"] == "labels, as many of each"
    assert set(good["intra_frechet"]["classes"]) == {"0", "1", "2"}
    assert good["intra_frechet"]["same_n"]["real"] > 0


def test_few_samples_are_said(data):
    results = evaluation.evaluate(Moved(data), data, metrics=["frechet"], samples=40, features="pixels")
    (warning,) = results["frechet"]["warnings"]
    assert "40 samples with 64 features" in warning
    assert any("warning: Frechet" in line for line in evaluation.lines(results))
    assert results["frechet"]["protocol"]["features"] == "pixels in [0, 1]"


def test_without_labels_features_must_be_named(unlabelled):
    gan = Moved(unlabelled)
    results = evaluation.evaluate(gan, unlabelled, samples=40)
    assert not set(results) & set(OF_FEATURES)
    assert "ms_ssim" in results
    assert "--features inception" in evaluation.lines(results)[-1]
    results = evaluation.evaluate(gan, unlabelled, samples=40, features=halves)
    assert set(results) & set(OF_FEATURES) == set(OF_FEATURES[:3])
    assert "hints" not in results
    for features, words in ((None, "give --features"), ("classifier", "need labels")):
        with pytest.raises(InputError, match=words) as error:
            evaluation.evaluate(gan, unlabelled, metrics=["kernel"], samples=40, features=features)
        one_line(error)


def test_very_few_images_leave_some_out(tmp_path):
    np.savez(tmp_path / "ten.npz", images=stripes(10)[0])
    data = tfgan.data.load(f"npz:{tmp_path / 'ten.npz'}")  # 1 test image
    results = evaluation.evaluate(Moved(data), data, samples=12, features=halves)
    assert {"parzen", "memorization", "coverage"} < set(results)
    assert [hint.split()[0] for hint in results["hints"]] == [*OF_FEATURES[:3], "ms_ssim"]
    assert all("\n" not in line for line in evaluation.lines(results))
    with pytest.raises(InputError, match="at least 2"):
        evaluation.evaluate(Moved(data), data, metrics=["frechet"], samples=12, features=halves)


def test_points_have_no_features():
    toy = tfgan.data.load("toy:ring")

    class Points:
        condition, image_shape = None, (1, 1, 2)

        def sample(self, count, condition, *, seed):
            return np.random.default_rng(seed).random((count, 1, 1, 2), dtype="float32")

    results = evaluation.evaluate(Points(), toy, samples=50)
    assert not set(results) & {*OF_FEATURES, "ms_ssim"}
    for name in (*OF_FEATURES[:3], "ms_ssim"):
        features = "pixels" if name in OF_FEATURES else None
        with pytest.raises(InputError, match="needs images"):
            evaluation.evaluate(Points(), toy, metrics=[name], samples=50, features=features)
    with pytest.raises(InputError, match="none of which is asked for"):
        evaluation.evaluate(Points(), toy, metrics=["coverage"], samples=50, features="pixels")


class OfVectors:
    """Images with a vector each, as a data set gives them."""

    name, fingerprint, image_shape = "vectors", "0", (8, 8, 1)
    condition, modes, tags, stack = Vector(2), None, None, None

    def __init__(self):
        self.images = stripes(40)[0][..., None] / np.float32(255)
        self.vectors = halves(self.images)
        self.sizes = {"train": 40, "valid": 40, "test": 40}

    def arrays(self, split, limit=None):
        return self.images[:limit], self.vectors[:limit]


def test_other_conditions_are_those_of_the_test_images():
    data = OfVectors()
    gan = Moved(data, condition=Vector(2))
    asked = []
    gan.sample = lambda count, condition, *, seed: (
        asked.append(condition) or data.images[np.arange(count) % 40]
    )
    results = evaluation.evaluate(gan, data, samples=100, features=halves)
    np.testing.assert_array_equal(asked[0], data.vectors[np.arange(100) % 40])
    assert results["frechet"]["distance"] < 1e-3
    assert results["frechet"]["protocol"]["conditions"] == "the test images' own"
    assert not {"classifier", "intra_frechet"} & set(results)
    gan.condition = Vector(3)
    with pytest.raises(InputError, match=r"Vector\(3\).*Vector\(2\)") as error:
        evaluation.evaluate(gan, data, samples=100)
    one_line(error)
