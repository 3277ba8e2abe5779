import numpy as np
import pytest

from tfgan.conditions import Vector
from tfgan.data import load, toy_tags
from tfgan.errors import InputError


@pytest.fixture
def arrays():
    return toy_tags.make(40, topics=5, dim=6, word_dim=4).arrays


def elements(dataset):
    return [tuple(part.numpy() for part in element) for element in dataset]


def test_each_image_comes_once_per_tag(make_npz, arrays):
    """All pairs, each once, over the three splits; and no image in two of them."""
    data = load(f"npz:{make_npz(**arrays)}")
    assert data.image_shape == (4,)
    assert data.condition == Vector(6)
    assert data.tags.words == tuple(arrays["words"])
    found, images = [], []
    for split in ("train", "valid", "test"):
        vectors, features = data.arrays(split)
        assert len(vectors) == data.sizes[split] == len(elements(getattr(data, split)))
        same = (features[:, None] == arrays["features"]).all(axis=2)
        of_image = same.argmax(axis=1)
        of_word = (vectors[:, None] == arrays["word_vectors"]).all(axis=2).argmax(axis=1)
        assert set(of_image) == set(data.tags.rows[split])
        found += list(zip(of_image, of_word, strict=True))
        images.append(set(of_image))
    assert sorted(found) == sorted(map(tuple, arrays["tags"]))
    assert [len(rows) for rows in images] == [32, 4, 4]
    assert len(set.union(*images)) == 40


def test_order(make_npz, arrays):
    """Training pairs are shuffled anew each epoch; a resumed run sees them as it would have."""
    data = load(f"npz:{make_npz(**arrays)}", seed=3)
    first, second = elements(data.train), elements(data.train)
    key = [np.concatenate(pair).tobytes() for pair in first]
    other = [np.concatenate(pair).tobytes() for pair in second]
    assert sorted(key) == sorted(other)
    assert key != other
    data = load(f"npz:{make_npz(**arrays)}", seed=3)
    resumed = elements(data.train_batches(1, epoch=1, bytes_stay=True).unbatch())
    assert [np.concatenate(pair).tobytes() for pair in resumed] == other


def test_words_of_an_image(make_npz, arrays):
    arrays["tags"] = np.concatenate([arrays["tags"], arrays["tags"][:5]])  # a repetition is dropped
    data = load(f"npz:{make_npz(**arrays)}")
    for image in range(40):
        expected = sorted({word for row, word in arrays["tags"] if row == image})
        np.testing.assert_array_equal(data.tags.words_of(image), expected)


def test_images_without_tags_are_left_out(make_npz, arrays):
    arrays["tags"] = arrays["tags"][arrays["tags"][:, 0] != 7]
    data = load(f"npz:{make_npz(**arrays)}")
    rows = np.concatenate(list(data.tags.rows.values()))
    assert sorted(rows) == [n for n in range(40) if n != 7]


def test_fingerprint(make_npz, arrays):
    prints = {load(f"npz:{make_npz(**arrays)}", seed=seed).fingerprint for seed in (0, 1)}
    assert len(prints) == 1
    for name in ("features", "word_vectors", "tags", "words"):
        changed = {**arrays, name: arrays[name][::-1]}
        if name == "tags":
            changed[name] = arrays[name][1:]
        prints.add(load(f"npz:{make_npz(**changed)}").fingerprint)
    assert len(prints) == 5


def test_words_are_numbers_where_they_are_not_given(make_npz, arrays):
    del arrays["words"]
    data = load(f"npz:{make_npz(**arrays)}")
    assert data.tags.words[:3] == ("0", "1", "2")


def spoilt(name, place, value):
    def spoil(arrays):
        arrays[name] = arrays[name].copy()
        arrays[name][place] = value

    return spoil


def replaced(**others):
    return lambda arrays: arrays.update(others)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda arrays: arrays.pop("features"), "found no features"),
        (lambda arrays: arrays.pop("word_vectors"), "found no word_vectors"),
        (lambda arrays: arrays.pop("tags"), "found no tags"),
        (replaced(features=np.zeros(40)), r"features must have shape \(images, dim\), got \(40,\)"),
        (replaced(features=np.zeros((40, 0))), "features must have shape"),
        (replaced(features=np.zeros((40, 2), "uint8")), "features must be float, got uint8"),
        (replaced(features=np.full((40, 2), 1e60)), "row 0 has NaN or infinity"),
        (spoilt("features", (5, 1), np.nan), "row 5 has NaN"),
        (spoilt("word_vectors", (3, 1), np.inf), "word_vectors.* row 3 has NaN or infinity"),
        (spoilt("word_vectors", 3, 0.0), "must not be 0, row 3 is"),
        (replaced(tags=np.zeros((40, 3), int)), r"shape \(n, 2\).*got int64 \(40, 3\)"),
        (replaced(tags=np.zeros((40, 2))), r"whole numbers.*float64"),
        (replaced(tags=np.zeros((0, 2), int)), r"got int64 \(0, 2\)"),
        (spoilt("tags", (0, 0), 40), r"images in \[0, 40\) in column 0, found 40"),
        (spoilt("tags", (0, 1), -1), r"words in \[0, 50\) in column 1, found -1"),
        (replaced(words=np.array(["a"])), r"50 strings.*\(1,\)"),
        (replaced(words=np.arange(50)), "50 strings.*int64"),
        (replaced(words=np.array([None] * 50)), "plain arrays"),
        (replaced(tags=np.array([[0, 1], [1, 1]])), "at least 10 images"),
    ],
)
def test_wrong_arrays(make_npz, arrays, spoil, words):
    spoil(arrays)
    with pytest.raises(InputError, match=words) as error:
        load(f"npz:{make_npz(**arrays)}")
    assert "\n" not in str(error.value)


def test_no_size(make_npz, arrays):
    with pytest.raises(InputError, match="leave image_size out"):
        load(f"npz:{make_npz(**arrays)}", image_size=8)
