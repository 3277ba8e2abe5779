import numpy as np
import pytest

from tfgan import conditions
from tfgan.conditions import Labels
from tfgan.errors import InputError


def test_encode_is_one_hot():
    for labels in (np.array([2, 0]), np.array([[2], [0]])):
        np.testing.assert_array_equal(Labels(3).encode(labels), [[0, 0, 1], [1, 0, 0]])


def test_check_passes_labels_on():
    for given in ([0, 2], np.array([0.0, 2.0]), np.array([[0], [2]], "uint8")):
        checked = Labels(3).check(given)
        np.testing.assert_array_equal(checked, [0, 2])
        assert checked.dtype == np.int32


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([0, 3], r"\[0, 3\), got 3"),
        ([-1], "got -1"),
        ([0.5], "whole numbers"),
        ([np.nan], "whole numbers"),
        (["a"], "whole numbers"),
        (np.eye(3), "one-hot"),
        (1, "shape"),
        ([[0], [1, 2]], "ragged"),
    ],
)
def test_check_refuses(given, words):
    with pytest.raises(InputError, match=words) as error:
        Labels(3).check(given)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("count", [0, -1, 2.5, True, "abc", None, [3]])
def test_number_of_classes(count):
    with pytest.raises(InputError, match="num_classes"):
        Labels(count)


def test_draw_is_seeded_and_covers():
    labels = Labels(4)
    drawn = labels.draw(200, seed=3)
    np.testing.assert_array_equal(drawn, labels.draw(200, seed=3))
    assert not np.array_equal(drawn, labels.draw(200, seed=4))
    assert set(drawn) == {0, 1, 2, 3}
    assert np.array_equal(labels.check(drawn), drawn)


def test_round_trip():
    import keras

    config = keras.saving.serialize_keras_object(Labels(5))
    assert conditions.get(config) == Labels(5)
    assert conditions.get(Labels(5)) == Labels(5)
    for other in (None, 5):
        with pytest.raises(InputError, match="Labels"):
            conditions.get(other)
    assert Labels(5) != Labels(6)
