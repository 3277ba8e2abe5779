"""Conditions of samples, drawn as the training data have them."""

import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import CLASSES, CONDITIONS, SHAPE, one_line, small_cgan, small_gan

import tfgan
from tfgan import conditions
from tfgan.conditions import Labels, Vector, empirical
from tfgan.errors import InputError

kinds = pytest.mark.parametrize("kind", CONDITIONS.values(), ids=CONDITIONS)


def uneven(kind, count=300):
    """Conditions of three values, in sixths: 1, 2, 3."""
    values = kind.example(8)
    values = values[np.sort(np.unique(values, axis=0, return_index=True)[1])][:3]
    return values[np.repeat([0, 1, 2], [count // 6, count // 3, count // 2])], values


def shares(drawn, values):
    """How often each value is among those drawn."""
    return [np.mean([np.array_equal(row, value) for row in drawn]) for value in values]


def is_uneven(drawn, values):
    """Within 5 standard deviations, both ways."""
    wanted = np.array([1, 2, 3]) / 6
    np.testing.assert_allclose(
        shares(drawn, values), wanted, atol=5 * np.sqrt(0.25 / len(drawn)), rtol=0
    )


@kinds
def test_samples_follow_the_training_data(kind):
    given, values = uneven(kind)
    gan = small_cgan(kind=kind)
    gan.compile(run_eagerly=True)
    images = np.zeros((300, *SHAPE), "float32")
    gan.fit(images, given, batch_size=100, verbose=0)
    assert gan.seen_conditions.seen == 300
    drawn = gan.check_condition(3000, None, seed=4)
    is_uneven(drawn, values)
    np.testing.assert_array_equal(drawn, gan.check_condition(3000, None, seed=4))
    assert not np.array_equal(drawn, gan.check_condition(3000, None, seed=5))
    np.testing.assert_array_equal(
        gan.sample(9, seed=4), gan.sample(9, gan.check_condition(9, None, seed=4), seed=4)
    )


@kinds
def test_saved_with_the_gan(kind, tmp_path):
    given, _ = uneven(kind)
    gan = small_cgan(kind=kind)
    gan.remember_conditions(given)
    gan.save(tmp_path / "gan.keras")
    gan.save_weights(tmp_path / "gan.weights.h5")
    other = small_cgan(kind=kind)
    other.load_weights(tmp_path / "gan.weights.h5")
    for loaded in (keras.saving.load_model(tmp_path / "gan.keras"), other):
        assert loaded.condition == kind
        assert loaded.seen_conditions.seen == len(given)
        np.testing.assert_array_equal(
            loaded.check_condition(50, None, seed=1), gan.check_condition(50, None, seed=1)
        )


def test_files_without(tmp_path):
    """As older versions wrote them: what is there stays, and labels are drawn evenly where none is."""
    file = tmp_path / "gan.keras"
    gan = small_cgan()
    gan.save(file)
    with zipfile.ZipFile(file) as archive:
        assert b"condition_counts" not in archive.read("model.weights.h5")
    loaded = keras.saving.load_model(file)
    assert loaded.seen_conditions.seen == 0
    drawn = loaded.check_condition(3000, None, seed=0)
    np.testing.assert_array_equal(drawn, Labels(CLASSES).draw(3000, 0))
    np.testing.assert_allclose(np.bincount(drawn) / 3000, 1 / 3, atol=0.045)
    gan.remember_conditions([2, 2])
    gan.load_weights(file)
    np.testing.assert_array_equal(gan.check_condition(5, None), 2)


@pytest.mark.parametrize("form", ["dataset", "scanned in part", "generator", "py_dataset"])
def test_whatever_the_data_come_in(form, monkeypatch):
    kind = CONDITIONS["vector"]
    given, values = uneven(kind)
    given = np.random.default_rng(0).permutation(given)
    images = np.zeros((300, *SHAPE), "float32")
    batches = [(images[i : i + 50], given[i : i + 50]) for i in range(0, 300, 50)]

    class Batches(keras.utils.PyDataset):
        num_batches = 6

        def __getitem__(self, index):
            return batches[index]

    if form == "scanned in part":
        monkeypatch.setattr(tfgan.inputs, "SCAN_SECONDS", -1.0)
    gan = small_cgan(kind=kind)
    gan.compile(run_eagerly=True)
    data = tf.data.Dataset.from_tensor_slices((images, given)).batch(50)
    made = {"generator": lambda: (batch for batch in batches), "py_dataset": lambda: Batches()}
    options = {"steps_per_epoch": 6} if form == "generator" else {}
    gan.fit(made.get(form, lambda: data)(), verbose=0, **options)
    # What was looked at beforehand comes again in training where the data are not read to their end.
    assert gan.seen_conditions.seen == (350 if form == "scanned in part" else 300)
    found = shares(gan.check_condition(600, None, seed=0), values)
    np.testing.assert_allclose(found, [1 / 6, 1 / 3, 1 / 2], atol=0.12)


def test_validation_data_are_not_remembered_and_a_refused_fit_changes_nothing():
    gan = small_cgan()
    gan.compile(run_eagerly=True)
    images = np.zeros((20, *SHAPE), "float32")
    gan.fit(images, [1] * 20, validation_data=(images, np.full(20, 2)), verbose=0)
    np.testing.assert_array_equal(gan.seen_conditions.counts, [0, 20, 0])
    gan.evaluate(images, np.full(20, 2), verbose=0)
    with pytest.raises(InputError):
        gan.fit(images, [0] * 19 + [3], verbose=0)
    np.testing.assert_array_equal(gan.seen_conditions.counts, [0, 20, 0])
    gan.fit(images, [0] * 20, verbose=0)  # of the latest data
    np.testing.assert_array_equal(gan.seen_conditions.counts, [20, 0, 0])


def test_a_pool_is_a_fair_sample(monkeypatch):
    """Each row is in it with probability 50 / 1000: so is every tenth part of them in order."""
    monkeypatch.setattr(empirical, "POOL", 50)
    counts = np.zeros(1000)
    for trial in range(200):
        pool = Vector(1).empirical()
        pool._rng = np.random.default_rng(trial)
        for start, stop in ((0, 30), (30, 100), (100, 1000)):
            pool.add(np.arange(start, stop, dtype="float32")[:, None])
        assert pool.rows.shape == (50, 1)
        assert pool.seen == 1000
        counts[pool.rows[:, 0].astype(int)] += 1
    tenths = counts.reshape(10, 100).sum(axis=1) / 200  # 5 expected in each
    assert counts.max() < 200
    np.testing.assert_allclose(tenths, 5, atol=5 * np.sqrt(5 * 0.95 / 200))


@kinds
def test_grids(kind):
    """A row per class, or per condition that the data have, with a short name or none."""
    given, values = uneven(kind)
    gan = small_cgan(kind=kind)
    gan.remember_conditions(given)
    names = ("apple", "bee", "c", "d")[: kind.dim]
    figure = tfgan.plots.samples(gan, count=2, seed=3, class_names=names)
    shown = [text.get_text() for text in figure.axes[0].texts]
    if isinstance(kind, Labels):
        assert shown == list(names)
    elif isinstance(kind, Vector):
        assert shown == []
    else:
        joined = ["+".join(np.array(names)[row == 1]) or "none" for row in values]
        assert sorted(shown) == sorted(joined)
    tfgan.plots.interpolation(gan, count=2)
    tfgan.plots.nearest(gan, np.zeros((5, *SHAPE)), columns=2)


def test_long_names_are_cut():
    names = tfgan.plots.grids.names_of(np.ones((1, 30), "int32"), None)
    assert len(names[0]) == 24
    assert names[0].startswith("0+1+2+3")


def test_remembered_by_hand_for_data_without_end():
    """What is only seen on the way replaces nothing that is known; else it is taken."""
    gan = small_cgan()
    gan.compile(run_eagerly=True)
    images = np.zeros((10, *SHAPE), "float32")
    data = tf.data.Dataset.from_tensor_slices((images, [1] * 10)).repeat().batch(10)
    gan.fit(data, steps_per_epoch=1, verbose=0)
    assert gan.seen_conditions.counts[1] >= 10
    gan.remember_conditions([2])
    gan.fit(data, steps_per_epoch=1, verbose=0)
    np.testing.assert_array_equal(gan.seen_conditions.counts, [0, 0, 1])


@pytest.mark.slow
@kinds
@pytest.mark.parametrize("update", ["alternating", "simultaneous"])
def test_training_in_bfloat16_under_xla(kind, update):
    """With mismatched pairs; and what is sampled is finite."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        gan = small_cgan(kind=kind)
        gan.compile(mismatched=True, update=update, jit_compile=True, steps_per_execution=2)
        images = np.random.default_rng(0).random((40, *SHAPE), "float32")
        losses = gan.fit(images, kind.example(40), batch_size=10, epochs=2, verbose=0).history
        assert np.isfinite([losses["d_loss"], losses["g_loss"]]).all()
        first, second = kind.example(2)
        assert np.isfinite(gan.sample(4)).all()
        np.testing.assert_array_equal(
            gan.sample(4, conditions.Mix(first, second, 1.0), seed=0), gan.sample(4, second, seed=0)
        )
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("kind", ["multi_label", "vector"])
def test_needs_to_be_remembered(kind):
    gan = small_cgan(kind=CONDITIONS[kind])
    with pytest.raises(InputError, match="remember_conditions") as error:
        gan.sample(3)
    one_line(error)
    with pytest.raises(InputError, match="at least one") as error:
        gan.remember_conditions(np.zeros((0, gan.condition.dim)))
    one_line(error)
    with pytest.raises(InputError, match="shape") as error:
        gan.remember_conditions([[0, 1]])
    one_line(error)


def test_nobody_said_of_what_kind():
    z, y, x, w = (keras.Input(shape) for shape in ((5,), (3,), SHAPE, (3,)))
    join, flat = keras.layers.Concatenate(), keras.layers.Flatten()
    images = keras.layers.Reshape(SHAPE)(keras.layers.Dense(16, "sigmoid")(join([z, y])))
    gan = tfgan.CGAN(
        keras.Model([z, y], images),
        keras.Model([x, w], keras.layers.Dense(1)(keras.layers.Concatenate()([flat(x), w]))),
    )
    assert gan.seen_conditions is None
    for call in (lambda: gan.remember_conditions([1]), lambda: gan.sample(2, conditions.Mix(0, 1))):
        with pytest.raises(InputError, match=r"condition=tfgan\.conditions\.Labels") as error:
            call()
        one_line(error)
    assert gan.sample(2, np.ones((2, 3), "float32")).shape == (2, *SHAPE)
    assert small_gan().no_conditions_seen() is None
