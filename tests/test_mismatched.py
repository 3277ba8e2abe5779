"""Mismatched pairs: what they are, what a step makes of them, and what refuses them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import CLASSES, CONDITIONS, SHAPE, one_line, small_cgan, small_gan

import tfgan
from tfgan import steps
from tfgan.conditions import Labels
from tfgan.errors import InputError
from tfgan.networks import mirza2014


def batch(count=9):
    rng = np.random.default_rng(0)
    return rng.random((count, *SHAPE), "float32"), (np.arange(count) % CLASSES).astype("int32")


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_other_labels_each_equally_likely(classes):
    labels = np.repeat(np.arange(classes), 3000)
    wrong = Labels(classes).mismatch(tf.constant(labels), tf.constant([1, 2])).numpy()
    assert not np.any(wrong == labels)
    counts = np.zeros((classes, classes))
    np.add.at(counts, (labels, wrong), 1)
    expected = 3000 / (classes - 1)
    off = ~np.eye(classes, dtype=bool)
    assert np.abs(counts[off] - expected).max() < 5 * np.sqrt(expected) * (classes > 2) + 1e-9
    column = Labels(classes).mismatch(tf.constant(labels[:, None]), tf.constant([1, 2]))
    np.testing.assert_array_equal(column, wrong)


@pytest.mark.parametrize(
    ("update", "jit_compile"),
    [
        ("alternating", False),
        ("simultaneous", False),
        ("simultaneous", True),
        pytest.param("alternating", True, marks=pytest.mark.slow),
    ],
)
def test_a_step_is_that_of_the_three_kinds_of_pairs(jit_compile, update):
    gan = small_cgan()
    rng = np.random.default_rng(1)
    for network in (gan.generator, gan.discriminator):  # as they start, steps are smaller than rounding
        network.set_weights([rng.normal(0, 0.5, size=w.shape) for w in network.get_weights()])
    gan.compile(
        g_optimizer=keras.optimizers.SGD(0.1),
        d_optimizer=keras.optimizers.SGD(0.1),
        mismatched=True,
        update=update,
        jit_compile=jit_compile,
    )
    images, labels = batch()

    # XLA has random numbers of its own. The step is an argument, or TensorFlow would fold them before.
    @tf.function(jit_compile=jit_compile)
    def draw(step):
        wrong = gan.condition.mismatch(labels, gan.seed_pair(steps.MISMATCH_STREAM + step))
        return gan.latents_of(9, steps.D_STREAM + step), wrong

    z, wrong = draw(tf.constant(0, tf.int64))
    weights = gan.discriminator.trainable_variables
    with tf.GradientTape(persistent=True) as tape:
        fake_images = gan.generator([z, labels])
        real, fake, other = (
            gan.discriminator([x, y])
            for x, y in [(images, labels), (fake_images, labels), (images, wrong)]
        )
        bce = keras.losses.BinaryCrossentropy(from_logits=True)
        loss = 0.5 * bce(tf.ones((9, 1)), real)
        loss += 0.25 * bce(tf.zeros((9, 1)), fake) + 0.25 * bce(tf.zeros((9, 1)), other)
        g_loss = bce(tf.ones((9, 1)), fake)
    d_steps = tape.gradient(loss, weights)
    g_weights = gan.generator.trainable_variables
    g_steps = tape.gradient(g_loss, g_weights)
    networks = [(weights, d_steps)]
    if update == "simultaneous":  # the other generator step sees another discriminator
        networks.append((g_weights, g_steps))
    before = [[w.numpy() for w in variables] for variables, _ in networks]
    logs = gan.fit(images, labels, batch_size=9, shuffle=False, verbose=0).history
    np.testing.assert_allclose(logs["d_loss"], [float(loss)], rtol=1e-5)
    for (variables, slopes), old in zip(networks, before, strict=True):
        for variable, slope, start in zip(variables, slopes, old, strict=True):
            assert np.abs(slope).max() > 1e-3
            np.testing.assert_allclose(start - variable, 0.1 * slope, rtol=1e-3, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("update", ["simultaneous", "alternating"])
def test_a_discriminator_whose_logits_depend_on_the_batch(update):
    """There the simultaneous update passes back twice; either way it trains, and on wrong pairs too."""
    y, x = keras.Input((), dtype="int32"), keras.Input(SHAPE)
    code = keras.layers.Embedding(CLASSES, 4)(y)
    h = keras.layers.Concatenate()([keras.layers.Flatten()(x), code])
    h = keras.layers.BatchNormalization()(keras.layers.Dense(8, activation="relu")(h))
    d = keras.Model([x, y], keras.layers.Dense(1)(h))
    gan = tfgan.CGAN(small_cgan().generator, d, seed=0)
    images, labels = batch(30)
    after = []
    for mismatched in (False, True):
        keras.utils.set_random_seed(0)
        d.set_weights([np.full(w.shape, 0.1 * i) for i, w in enumerate(d.get_weights())])
        gan.compile(mismatched=mismatched, update=update, jit_compile=False)
        if update == "simultaneous":
            assert not gan.samplewise
        losses = gan.fit(images, labels, batch_size=10, shuffle=False, verbose=0).history
        assert np.isfinite([losses["d_loss"], losses["g_loss"]]).all()
        after.append(d.get_weights())
    assert any(np.abs(a - b).max() > 1e-6 for a, b in zip(*after, strict=True))


@pytest.mark.slow
def test_a_discriminator_learns_what_matches():
    """Trained beside a generator that fakes nothing well, it rejects real images of other classes."""
    rng = np.random.default_rng(1)
    labels = np.arange(600) % CLASSES
    images = np.zeros((600, *SHAPE), "float32")
    images[np.arange(600), labels] = 1.0  # row by class
    images = np.clip(images + rng.normal(0, 0.05, images.shape), 0, 1).astype("float32")
    for mismatched in (True, False):
        keras.utils.set_random_seed(0)
        gan = small_cgan()
        condition = gan.condition
        d = mirza2014.MatchingDiscriminator(
            SHAPE, condition=condition, image_units=8, units=8, dropout=0.0
        )
        gan = tfgan.CGAN(gan.generator, d, seed=0)
        gan.compile(
            g_optimizer=keras.optimizers.SGD(1e-6),
            d_optimizer=keras.optimizers.Adam(0.01),
            mismatched=mismatched,
        )
        gan.fit(images, labels, batch_size=50, epochs=8, verbose=0)
        right = np.asarray(d([images, labels]))
        wrong = np.asarray(d([images, (labels + 1) % CLASSES]))
        told = np.mean(right > wrong)
        assert told > 0.99 if mismatched else told < 0.95


def test_compile_config_keeps_it(tmp_path):
    gan = small_cgan()
    gan.compile(mismatched=True)
    gan.save(tmp_path / "gan.keras")
    assert keras.saving.load_model(tmp_path / "gan.keras").mismatched is True


@pytest.mark.parametrize("kind", ["multi_label", "vector"])
def test_conditions_that_are_no_classes(kind):
    kind = CONDITIONS[kind]
    gan = small_cgan(kind=kind)
    gan.compile(mismatched=True, run_eagerly=True)
    images, _ = batch(30)
    losses = gan.fit(images, kind.example(30), batch_size=10, verbose=0).history
    assert np.isfinite(losses["d_loss"]).all()


def test_refused():
    with pytest.raises(InputError, match="labels") as error:
        small_gan().compile(mismatched=True)
    one_line(error)
