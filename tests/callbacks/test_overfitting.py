import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import one_line, small_cgan, small_gan

from tfgan import callbacks
from tfgan.callbacks.overfitting import share_above
from tfgan.errors import InputError

RNG = np.random.default_rng(0)
REAL, HELD_OUT = RNG.random((30, 4, 4, 1), "float32"), RNG.random((20, 4, 4, 1), "float32")


def watching(gan, loss=None, **kwargs):
    """The callback of a GAN, whose loss is one without a threshold where it is given."""
    gan.compile(jit_compile=False)
    if loss is not None:
        gan.loss_pair = loss
    labels = [np.arange(len(images)) % 3 for images in (REAL, HELD_OUT)]
    watch = callbacks.Overfitting((REAL, labels[0]), (HELD_OUT, labels[1]), **kwargs)
    watch.set_model(gan)
    watch.set_params({"epochs": 10})
    watch.on_train_begin()
    return watch


def logits_of(watch, real, held_out, fake):
    watch.logits = lambda: {
        "real": np.array(real), "held_out": np.array(held_out), "fake": np.array(fake)
    }  # fmt: skip
    return watch.measure()


class Threshold:
    """A loss that says from where on logits mean real."""

    def __init__(self, threshold):
        self.threshold = threshold


def test_logits_are_the_discriminators_own(make_gan):
    watch = watching(make_gan(), batch_size=7)
    gan, found = watch.model, watch.logits()
    condition = np.arange(30) % 3 if gan.conditional else None
    np.testing.assert_allclose(
        found["real"], gan.discriminate(REAL, condition, training=False)[:, 0], atol=1e-6
    )
    fakes = gan.generate(gan.draw_latents(30, seed=0), condition, training=False)
    np.testing.assert_allclose(
        found["fake"], gan.discriminate(fakes, condition, training=False)[:, 0], atol=1e-6
    )
    assert found["held_out"].shape == (20,)
    again = watch.logits()
    for name, values in found.items():
        np.testing.assert_array_equal(values, again[name])


def test_shares_means_and_overfitting_by_hand():
    found = logits_of(
        watching(small_gan()), [3.0, 1.0, 2.0, -2.0], [1.0, -3.0], [-1.0, -2.0, 1.0, -6.0]
    )
    assert found["d_accuracy_real"] == 0.75
    assert found["d_accuracy_held_out"] == 0.5
    assert found["d_accuracy_fake"] == 0.75
    assert (found["d_logit_real"], found["d_logit_held_out"], found["d_logit_fake"]) == (1, -1, -2)
    assert found["d_overfitting"] == pytest.approx((1 - -1) / (1 - -2))


def test_another_threshold():
    """Least squares' targets are 0 and 1."""
    watch = watching(small_gan(), Threshold(0.5))
    found = logits_of(watch, [0.4, 0.6], [0.3, 0.2], [0.4, 0.1])
    assert found["d_accuracy_real"] == 0.5
    assert found["d_accuracy_held_out"] == 0
    assert found["d_accuracy_fake"] == 1


def test_pairs_where_only_differences_mean_something():
    watch = watching(small_gan(), Threshold(None))
    found = logits_of(watch, [10.0, 9.0], [8.0, 5.0, 6.0], [5.0, 7.0])
    assert found["d_accuracy_real"] == 1
    assert found["d_accuracy_held_out"] == pytest.approx((2 + 0.5 + 1) / 6)
    assert "d_accuracy_fake" not in found


def test_share_above_is_that_of_all_pairs():
    values, others = RNG.integers(0, 9, 40) * 1.0, RNG.integers(0, 9, 30) * 1.0
    pairs = np.sign(values[:, None] - others[None])
    assert share_above(values, others) == pytest.approx(np.mean((pairs + 1) / 2))


def test_no_overfitting_number_where_reals_are_not_above_fakes():
    assert "d_overfitting" not in logits_of(watching(small_gan()), [0.0, 1.0], [1.0, 2.0], [1.0, 2.0])


def test_a_discriminator_that_learns_images_by_heart_is_named_once(capsys):
    """Trained alone, far too long, on 30 noise images that nothing tells from the held-out ones."""
    gan = small_gan()
    others, generate = tf.constant(np.roll(HELD_OUT, 1, axis=1)), gan.generate  # noise too

    def noise(z, *args, **kwargs):
        return 0 * generate(z, *args, **kwargs) + tf.gather(others, tf.range(tf.shape(z)[0]) % 20)

    gan.generate = noise
    watch = callbacks.Overfitting((REAL, None), (HELD_OUT, None))
    adam = keras.optimizers.Adam(0.03)
    gan.compile(jit_compile=False, d_steps=10**6, d_optimizer=adam, steps_per_execution=40)
    kwargs = {"batch_size": 30, "epochs": 3, "verbose": 0, "shuffle": False}
    history = gan.fit(np.tile(REAL, (40, 1, 1, 1)), callbacks=[watch], **kwargs).history
    said = capsys.readouterr().err
    assert history["d_accuracy_real"][-1] > 0.9
    assert history["d_accuracy_held_out"][-1] < 0.6
    assert history["d_overfitting"][-1] > 0.4
    assert said.count("overfits") == 1
    assert "augment=" in said
    assert "\n" not in said.strip()


def test_an_even_discriminator_is_not_named(capsys):
    watch = watching(small_gan())
    logits = RNG.normal(1, 1, 40)
    watch.logits = lambda: {"real": logits, "held_out": logits - 0.3, "fake": -logits}
    logs = {}
    watch.on_epoch_end(0, logs)
    assert logs["d_accuracy_real"] > logs["d_accuracy_held_out"]
    assert not capsys.readouterr().err


def test_refuses():
    with pytest.raises(InputError, match="30 and 0") as error:
        callbacks.Overfitting((REAL, None), (REAL[:0], None))
    one_line(error)
    watch = callbacks.Overfitting((REAL, None), (HELD_OUT, None))
    watch.set_model(small_cgan())
    with pytest.raises(InputError, match="conditions") as error:
        watch.on_train_begin()
    one_line(error)
