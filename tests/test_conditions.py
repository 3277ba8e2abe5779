import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import CONDITIONS, one_line, small_cgan

import tfgan
from tfgan import conditions
from tfgan.conditions import Labels, MultiLabel, Vector
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


@pytest.mark.parametrize("kind", [Labels, MultiLabel, Vector])
def test_round_trip(kind):
    config = keras.saving.serialize_keras_object(kind(5))
    assert conditions.get(config) == kind(5)
    older = {**config, "module": "tfgan.conditions"}  # as files of version 0.1 have it
    assert conditions.get(older) == kind(5)
    assert conditions.get(kind(5)) == kind(5)
    assert repr(conditions.get(config)) == f"{kind.__name__}(5)"
    assert len({kind(5), conditions.get(config), kind(6)}) == 2
    assert kind(5) != kind(6)


def test_kinds_differ():
    assert Labels(5) != Vector(5) != MultiLabel(5) != Labels(5)
    for other in (None, 5):
        with pytest.raises(InputError, match=r"Labels.*MultiLabel.*Vector"):
            conditions.get(other)


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=CONDITIONS)
def test_examples_are_conditions(condition):
    example = condition.example(7)
    assert example.shape == (7, *condition.shape)
    assert example.dtype == condition.dtype
    np.testing.assert_array_equal(condition.check(example), example)
    np.testing.assert_array_equal(condition.example(7), example)
    encoded = np.asarray(condition.encode(example))
    assert encoded.shape == (7, condition.dim)
    assert encoded.dtype == np.float32
    if condition.shape:
        np.testing.assert_array_equal(encoded, example)
    for by in ("assert", "gather"):
        np.testing.assert_array_equal(condition.guard(tf.constant(example), by), example)


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=CONDITIONS)
@pytest.mark.parametrize("jit_compile", [False, True])
def test_mismatches(condition, jit_compile):
    """Conditions of the batch's other rows, all that differ equally likely, and none of a row's own."""
    given = condition.example(40)
    function = tf.function(condition.mismatch, jit_compile=jit_compile)
    wrong = np.concatenate([function(given, tf.constant([i, 2])) for i in range(50)])
    again = np.tile(given, (50, *[1] * (given.ndim - 1)))
    assert wrong.shape == again.shape
    assert wrong.dtype == condition.dtype
    np.testing.assert_array_equal(condition.check(wrong), wrong)
    same = (wrong == again).reshape(len(wrong), -1).all(axis=1)
    assert not same.any()
    values, counts = np.unique(wrong, axis=0, return_counts=True)
    held, expected = np.unique(given, axis=0, return_counts=True)
    np.testing.assert_array_equal(values, held)
    # Of the rows with another value than v, expected[v] have it: each is as likely.
    chances = expected * sum(n / (40 - n) for n in expected) - expected**2 / (40 - expected)
    assert np.abs(counts - 50 * chances).max() < 6 * np.sqrt(50 * chances.max())
    np.testing.assert_array_equal(
        function(given, tf.constant([1, 2])), function(given, tf.constant([1, 2]))
    )


def test_mismatches_where_no_row_differs():
    """One label is turned over, any of them; a vector has nothing to become."""
    rows = np.tile(np.int32([[1, 0, 0, 1]]), (400, 1))
    wrong = MultiLabel(4).mismatch(rows, tf.constant([3, 4])).numpy()
    turned = wrong != rows
    np.testing.assert_array_equal(turned.sum(axis=1), 1)
    assert np.abs(turned.sum(axis=0) - 100).max() < 45  # 5 standard deviations
    np.testing.assert_array_equal(MultiLabel(1).mismatch([[1]], tf.constant([3, 4])), [[0]])
    vectors = np.ones((5, 3), "float32")
    np.testing.assert_array_equal(Vector(3).mismatch(vectors, tf.constant([3, 4])), vectors)


def test_auxiliary_losses():
    """Closed forms, in double precision; of logits so large that exponentials would overflow, too."""
    rng = np.random.default_rng(0)
    for scale in (1, 1e4):
        outputs = scale * rng.standard_normal((6, 4))
        labels = Labels(4).example(6)
        log_sums = np.logaddexp.reduce(outputs, axis=1)
        losses = {
            Labels(4): (labels, log_sums - outputs[np.arange(6), labels]),
            MultiLabel(4): (several := MultiLabel(4).example(6), None),
            Vector(4): (vectors := Vector(4).example(6), np.mean((outputs - vectors) ** 2, 1) / 2),
        }
        signs = np.where(several, -outputs, outputs)
        losses[MultiLabel(4)] = (several, np.logaddexp(0, signs).mean(axis=1))
        for kind, (given, expected) in losses.items():
            loss = kind.auxiliary_loss(tf.constant(outputs, tf.float32), tf.constant(given))
            assert loss.dtype == tf.float32
            np.testing.assert_allclose(loss, expected, rtol=2e-5, atol=1e-6, err_msg=repr(kind))
            half = kind.auxiliary_loss(tf.cast(outputs, tf.bfloat16), tf.constant(given))
            assert half.dtype == tf.float32


@pytest.mark.parametrize("given", [[[0, 1], [1, 1]], [[False, True], [True, True]], [[0.0, 1.0]] * 2])
def test_several_labels_pass(given):
    checked = MultiLabel(2).check(given)
    np.testing.assert_array_equal(checked, given)
    assert checked.dtype == np.int32


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([[0, 2]], "0 or 1 each, got 2"),
        ([[0, 0.5]], "got 0.5.*Vector"),
        ([[0, np.nan]], "got nan"),
        ([0, 1], r"\(batch, 2\), got \(2,\)"),
        ([[0, 1, 1]], r"got \(1, 3\)"),
        ([["a", "b"]], "dtype <U1"),
        ([[0], [0, 1]], "ragged"),
    ],
)
def test_several_labels_refused(given, words):
    with pytest.raises(InputError, match=words) as error:
        MultiLabel(2).check(given)
    one_line(error)


@pytest.mark.parametrize("by", ["assert", "gather"])
@pytest.mark.parametrize("wrong", [-1, 2])
def test_guard_of_several_labels(by, wrong):
    with pytest.raises(tf.errors.InvalidArgumentError):
        MultiLabel(2).guard(tf.constant([[0, 1], [wrong, 1]]), by)


def test_labels_written_as_text():
    assert Labels(3).parse("0, 2") == [0, 2]
    np.testing.assert_array_equal(MultiLabel(3).parse("0+2, 1,none"), [[1, 0, 1], [0, 1, 0], [0, 0, 0]])
    for kind, text in ((Labels(3), "a"), (MultiLabel(3), "0+3"), (MultiLabel(3), ""), (Vector(3), "1")):
        with pytest.raises(InputError, match=r"conditions are (written|given) as") as error:
            kind.parse(text)
        one_line(error)


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


@pytest.mark.slow
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
    tfgan.plots.samples(gan, count=2)
    tfgan.plots.interpolation(gan, conditions=vectors[:3], count=2)
    best = tfgan.callbacks.BestParzen(tmp_path / "best.keras", images[:10], samples=20)
    gan.fit(images, vectors, verbose=0, callbacks=[best])
    assert (tmp_path / "best.keras").is_file()


def test_what_needs_conditions_of_the_data(tmp_path):
    """Before any was seen."""
    gan = vector_cgan()
    with pytest.raises(InputError, match=r"condition is Vector\(3\).*give conditions") as error:
        tfgan.plots.samples(gan)
    one_line(error)
    tfgan.plots.samples(gan, conditions=np.eye(3), count=2)
    gan.compile(jit_compile=False)
    images = np.zeros((20, 4, 4, 1), "float32")
    best = tfgan.callbacks.BestParzen(tmp_path / "best.keras", images[:10], samples=20)
    with pytest.raises(InputError, match="leave the callback out") as error:
        gan.fit(images, np.zeros((20, 3)), verbose=0, check=False, callbacks=[best])
    one_line(error)


def test_networks_of_two_kinds():
    with pytest.raises(InputError, match=r"Labels\(3\), expected Vector\(3\)") as error:
        tfgan.CGAN(vector_cgan().generator, small_cgan().discriminator)
    one_line(error)
