import keras
import numpy as np
import pytest
from makers import one_line, small_cgan

import tfgan
from tfgan import conditions
from tfgan.conditions import Labels, Vector
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


@pytest.mark.parametrize("kind", [Labels, Vector])
def test_round_trip(kind):
    config = keras.saving.serialize_keras_object(kind(5))
    assert conditions.get(config) == kind(5)
    assert conditions.get(kind(5)) == kind(5)
    assert repr(conditions.get(config)) == f"{kind.__name__}(5)"
    assert len({kind(5), conditions.get(config), kind(6)}) == 2
    assert kind(5) != kind(6)


def test_kinds_differ():
    assert Labels(5) != Vector(5)
    for other in (None, 5):
        with pytest.raises(InputError, match=r"Labels.*Vector"):
            conditions.get(other)


@pytest.mark.parametrize("condition", [Labels(3), Vector(3)])
def test_examples_are_conditions(condition):
    example = condition.example(7)
    assert example.shape == (7, *condition.shape)
    assert example.dtype == condition.dtype
    np.testing.assert_array_equal(condition.check(example), example)
    np.testing.assert_array_equal(condition.example(7), example)
    assert condition.encode(example).shape == (7, condition.dim)


def test_examples_of_labels_are_spread():
    np.testing.assert_array_equal(Labels(3).example(7), [0, 1, 2, 0, 1, 2, 0])


@pytest.mark.parametrize("given", [[[1, 2], [3, 4]], np.array([[1, 2], [3, 4]], "float64")])
def test_vectors_pass(given):
    checked = Vector(2).check(given)
    np.testing.assert_array_equal(checked, [[1, 2], [3, 4]])
    assert checked.dtype == np.float32
    np.testing.assert_array_equal(Vector(2).encode(given), checked)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([[1.0, 2.0, 3.0]], r"\(batch, 2\), got \(1, 3\)"),
        ([1.0, 2.0], "shape"),
        (3.0, "shape"),
        ([[1.0, np.nan]], "finite"),
        ([[1.0, 1e60]], "finite"),
        ([[1.0], [2.0, 3.0]], "ragged"),
        ([["a", "b"]], "numbers"),
        ([[1j, 2]], "numbers"),
    ],
)
def test_vectors_refused(given, words):
    with pytest.raises(InputError, match=words) as error:
        Vector(2).check(given)
    one_line(error)


@pytest.mark.parametrize("dim", [0, -1, 2.5, True, "abc", None])
def test_width_of_vectors(dim):
    with pytest.raises(InputError, match="dim") as error:
        Vector(dim)
    one_line(error)


def vector_cgan():
    """A CGAN of 4 x 4 images whose condition is a vector of 3."""
    networks = tfgan.networks.mirza2014
    return tfgan.CGAN(
        networks.Generator((4, 4, 1), condition=Vector(3), latent_dim=5, units=8, dropout=0.0),
        networks.Discriminator((4, 4, 1), condition=Vector(3), units=5, dropout=0.0),
        seed=7,
    )


def test_sampling_with_vectors():
    gan = vector_cgan()
    vectors = np.random.default_rng(0).standard_normal((4, 3))
    images = gan.sample(4, vectors, seed=1)
    one = gan.sample(4, vectors[2], seed=1)
    np.testing.assert_array_equal(one, gan.sample(4, [list(vectors[2])] * 4, seed=1))
    np.testing.assert_allclose(one[2], images[2], rtol=1e-6)
    assert np.abs(one[1] - images[1]).max() > 0
    with pytest.raises(InputError, match=r"pass condition=..., float \(4, 3\)") as error:
        gan.sample(4)
    one_line(error)
    with pytest.raises(InputError, match="4 samples need 4 conditions, got 2"):
        gan.sample(4, vectors[:2])


def test_training_saving_and_drawing_with_vectors(tmp_path):
    """What images are told from must be the vector: bright ones where its first number is high."""
    gan = vector_cgan()
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((200, 3)).astype("float32")
    images = np.clip(0.5 + 0.3 * vectors[:, 0], 0, 1)[:, None, None, None] * np.ones((4, 4, 1))
    gan.compile(
        g_optimizer=keras.optimizers.Adam(5e-3, beta_1=0.5),
        d_optimizer=keras.optimizers.Adam(5e-3, beta_1=0.5),
        jit_compile=False,
        steps_per_execution=4,
    )
    gan.fit(images, vectors, batch_size=50, epochs=40, verbose=0)
    low, high = (gan.sample(50, [x, 0.0, 0.0], seed=0).mean() for x in (-1.0, 1.0))
    assert high - low > 0.3
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert loaded.condition == Vector(3)
    np.testing.assert_array_equal(
        loaded.sample(4, vectors[:4], seed=0), gan.sample(4, vectors[:4], seed=0)
    )
    wrong = vectors.copy()
    wrong[7, 1] = np.nan
    for conditions_given, words in ((wrong, "finite"), (vectors[:, :2], "shape")):
        with pytest.raises(InputError, match=words) as error:
            gan.fit(images, conditions_given, verbose=0)
        one_line(error)
    with pytest.raises(InputError, match=r"condition is Vector\(3\).*give conditions") as error:
        tfgan.plots.samples(gan)
    one_line(error)
    tfgan.plots.samples(gan, conditions=vectors[:3], count=2)
    tfgan.plots.interpolation(gan, conditions=vectors[:3], count=2)
    best = tfgan.callbacks.BestParzen(tmp_path / "best.keras", images[:10], samples=20)
    with pytest.raises(InputError, match="leave the callback out") as error:
        gan.fit(images, vectors, verbose=0, callbacks=[best])
    one_line(error)


def test_networks_of_two_kinds():
    with pytest.raises(InputError, match=r"Labels\(3\), expected Vector\(3\)") as error:
        tfgan.CGAN(vector_cgan().generator, small_cgan().discriminator)
    one_line(error)
