import keras
import numpy as np
import pytest

from tfgan.errors import InputError
from tfgan.metrics import classifier


def bars(count, seed=0):
    """Images with a bright row, whose index is the label."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(4, size=count)
    images = rng.random((count, 4, 4, 1)).astype("float32") * 0.3
    images[np.arange(count), labels] += 0.6
    return images, labels


@pytest.mark.slow
def test_learns_and_is_repeatable():
    images, labels = bars(200)
    test_images, test_labels = bars(100, seed=1)
    model = classifier.train(images, labels, 4)
    assert classifier.accuracy(model, test_images, test_labels) > 0.97
    assert classifier.accuracy(model, test_images, (test_labels + 1) % 4) < 0.03
    pixels = np.uint8(test_images * 255)
    assert classifier.accuracy(model, pixels, test_labels) > 0.97
    again = classifier.train(images, labels, 4)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_refuses():
    images, labels = bars(10)
    with pytest.raises(InputError, match="one label per image"):
        classifier.train(images, labels[:9], 4)
    with pytest.raises(InputError, match="one label per image"):
        classifier.train(images[:0], labels[:0], 4)


def test_one_set_is_learnt_once(monkeypatch, tmp_path):
    made = []

    def untrained(images, labels, num_classes, *, seed):
        made.append(seed)
        return classifier._build(images.shape[1:], num_classes, seed)

    monkeypatch.setattr(classifier, "_trained", {})
    monkeypatch.setattr(classifier, "train", untrained)
    monkeypatch.setenv("TFGAN_CACHE", str(tmp_path))
    images, labels = bars(6)
    first = classifier.trained(images, labels, 3, seed=1)
    assert classifier.trained(images.copy(), labels.copy(), 3, seed=1) is first
    assert classifier.trained(images, labels, 3, seed=2) is not first
    assert classifier.trained(images[::-1], labels, 3, seed=1) is not first
    assert made == [1, 2, 1]
    for seed in range(9):
        classifier.trained(images, labels, 3, seed=seed)
    assert len(classifier._trained) == 4


@pytest.fixture
def made(monkeypatch, tmp_path):
    """Counts trainings; each gives other weights. Nothing is kept in the process."""
    seeds = []

    def untrained(images, labels, num_classes, *, seed):
        seeds.append(seed)
        return classifier._build(images.shape[1:], num_classes, seed + 100 * len(seeds))

    class Forgetful(dict):
        def __contains__(self, key):
            return False

    monkeypatch.setattr(classifier, "train", untrained)
    monkeypatch.setattr(classifier, "_trained", Forgetful())
    monkeypatch.setenv("TFGAN_CACHE", str(tmp_path / "cache"))
    return seeds


def weights_of(seed=0, classes=4):
    return np.concatenate(
        [w.ravel() for w in classifier.trained(*bars(6), classes, seed=seed).get_weights()]
    )


def test_weights_are_kept_on_disk(made, monkeypatch, tmp_path):
    first = weights_of()
    np.testing.assert_array_equal(weights_of(), first)
    assert made == [0]
    weights_of(seed=1)
    weights_of(classes=5)
    monkeypatch.setattr(classifier, "VERSION", "other")
    assert (weights_of() != first).any()
    assert made == [0, 1, 0, 0]
    assert len(list((tmp_path / "cache/classifiers").iterdir())) == 4


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other", "nan", "pickled"])
def test_a_damaged_file_is_replaced(made, tmp_path, damage):
    weights_of()
    (file,) = (tmp_path / "cache/classifiers").iterdir()
    content = bytearray(file.read_bytes())
    if damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        content[5000] ^= 255
        file.write_bytes(content)
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "pickled":
        np.savez(file, **{"0": np.array([print], dtype=object)})
    else:
        shapes = classifier._build((4, 4, 1), 4, 0).get_weights()
        wrong = [w * np.nan for w in shapes] if damage == "nan" else shapes[:3]
        np.savez(file, **{str(i): w for i, w in enumerate(wrong)})
    again = weights_of()
    assert made == [0, 0]
    np.testing.assert_array_equal(weights_of(), again)
    assert made == [0, 0]


def test_where_nothing_can_be_kept(made, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TFGAN_CACHE", str(tmp_path / "file"))
    weights_of()
    weights_of()
    assert made == [0, 0]


def test_computes_in_float32_under_any_policy():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = classifier._build((4, 4, 1), 4, 0)
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
