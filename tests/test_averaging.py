"""The moving average of the generator: its formula, what uses it, and that it is saved."""

import keras
import numpy as np
import pytest
from keras import layers
from makers import CLASSES, MAKERS, SHAPE, one_line, small_gan
from pairs import MOSTLY_CONDITIONAL, paired

import tfgan
import tfgan.export
from tfgan.errors import InputError


def images(count):
    """Random images and their labels."""
    rng = np.random.default_rng(0)
    return rng.random((count, *SHAPE), "float32"), np.arange(count) % CLASSES


def by_formula(history, decay):
    """The average of a list of weight lists, the first of which is before training."""
    average = [w.astype("float64") for w in history[0]]
    for step, weights in enumerate(history[1:]):
        d = min(decay, (1 + step) / (10 + step))
        average = [d * a + (1 - d) * w for a, w in zip(average, weights, strict=True)]
    return average


@pytest.mark.parametrize(("name", "update"), paired(MAKERS, ["simultaneous", "alternating"]))
def test_average_is_that_of_the_formula(name, update):
    gan = MAKERS[name]()
    gan.compile(update=update, ema_decay=0.9, g_optimizer=keras.optimizers.Adam(0.05))
    history = [gan.generator.get_weights()]
    data = images(8) if name == "cgan" else images(8)[0]
    x, y = data if name == "cgan" else (data, None)
    for _ in range(6):
        gan.fit(x, y, batch_size=8, verbose=0)
        history.append(gan.generator.get_weights())
    for found, wanted in zip(gan.ema_generator.get_weights(), by_formula(history, 0.9), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_d_steps_average_once_a_generator_step():
    gan = small_gan()
    gan.compile(d_steps=3, ema_decay=0.5, g_optimizer=keras.optimizers.SGD(0.1))
    before = gan.generator.get_weights()
    gan.fit(images(6)[0], batch_size=2, verbose=0)  # one generator step
    assert int(gan.g_optimizer.iterations) == 1
    history = [before, gan.generator.get_weights()]
    for found, wanted in zip(gan.ema_generator.get_weights(), by_formula(history, 0.5), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7)


def test_compiling_anew_begins_a_new_average():
    gan = small_gan()
    gan.compile(ema_decay=0.9, g_optimizer=keras.optimizers.SGD(0.5))
    gan.fit(images(30)[0], batch_size=2, verbose=0)
    gan.compile(ema_decay=0.9)
    for average, weight in zip(
        gan.ema_generator.get_weights(), gan.generator.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(average, weight)


@pytest.mark.slow
def test_average_trains_nothing():
    """Training with an average leaves the networks what they are without one."""
    weights = []
    for decay in (None, 0.99):
        keras.utils.set_random_seed(0)
        gan = small_gan()
        gan.compile(ema_decay=decay)
        gan.fit(images(16)[0], batch_size=4, epochs=2, verbose=0)
        weights.append(gan.generator.get_weights() + gan.discriminator.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_samples_and_export_are_the_averages(tmp_path):
    gan = small_gan()
    gan.compile(ema_decay=0.9, g_optimizer=keras.optimizers.Adam(0.1))
    gan.fit(images(32)[0], batch_size=4, verbose=0)
    z = gan.draw_latents(5, seed=3)
    averaged = np.asarray(gan.ema_generator(z, training=False))
    raw = np.asarray(gan.generator(z, training=False))
    assert np.abs(averaged - raw).max() > 1e-3
    np.testing.assert_array_equal(gan.sample(5, seed=3), averaged)
    np.testing.assert_array_equal(gan.sample(5, seed=3, ema=False), raw)
    np.testing.assert_allclose(gan.predict(z, verbose=0), averaged, atol=1e-6)
    tfgan.export.saved_model(gan, tmp_path / "out")  # compares with gan.generate
    import tensorflow as tf

    served = tf.saved_model.load(str(tmp_path / "out/1")).signatures["serving_default"]
    np.testing.assert_allclose(served(latents=z)["images"], averaged, atol=1e-6)


@pytest.mark.parametrize("name", MOSTLY_CONDITIONAL)
def test_a_saved_model_goes_on(name, tmp_path):
    x, y = images(16) if name == "cgan" else (images(16)[0], None)
    runs = []
    for stop in (False, True):
        keras.utils.set_random_seed(1)
        gan = MAKERS[name]()
        gan.compile(ema_decay=0.9)
        gan.fit(x, y, batch_size=4, epochs=1, shuffle=False, verbose=0)
        if stop:
            gan.save(tmp_path / "gan.keras")
            gan = keras.saving.load_model(tmp_path / "gan.keras")
            assert gan.ema_decay == 0.9
        gan.fit(x, y, batch_size=4, epochs=1, shuffle=False, verbose=0)
        runs.append(gan.ema_generator.get_weights())
    for a, b in zip(*runs, strict=True):
        np.testing.assert_array_equal(a, b)


def test_moving_statistics_are_copied():
    generator = keras.Sequential(
        [
            layers.Input((5,)),
            layers.Dense(16),
            layers.BatchNormalization(),
            layers.Dense(16, activation="sigmoid"),
            layers.Reshape((4, 4, 1)),
        ]
    )
    gan = tfgan.GAN(generator, small_gan().discriminator, seed=0)
    gan.compile(ema_decay=0.9)
    gan.fit(images(32)[0], batch_size=8, verbose=0)
    theirs, own = gan.ema_generator.layers[1], generator.layers[1]
    np.testing.assert_array_equal(theirs.moving_variance, own.moving_variance)
    assert np.any(np.asarray(own.moving_variance) != 1)


def test_compiling_without_one_drops_it():
    gan = small_gan()
    gan.compile(ema_decay=0.9)
    assert gan.sampler is gan.ema_generator
    gan.compile()
    assert gan.ema_generator is None
    assert gan.sampler is gan.generator


@pytest.mark.parametrize("decay", [0, 1, 1.5, "0.9", True, float("nan")])
def test_wrong_decays(decay):
    with pytest.raises(InputError, match="ema_decay") as error:
        small_gan().compile(ema_decay=decay)
    one_line(error)


class Uncopiable(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.dense = layers.Dense(units, activation="sigmoid")

    def call(self, x):
        return keras.ops.reshape(self.dense(x), (-1, 4, 4, 1))  # (B, H, W, C)


def test_a_generator_that_cannot_be_copied():
    gan = tfgan.GAN(Uncopiable(16), small_gan().discriminator, latent_dim=5, seed=0)
    gan.compile()
    with pytest.raises(InputError, match="get_config") as error:
        gan.compile(ema_decay=0.9)
    one_line(error)
