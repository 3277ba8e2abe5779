"""What the discriminator is shown: instance noise, augmentation, and ADA's controller."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import SHAPE, one_line, small_cgan, small_gan

import tfgan
from tfgan import augment, shown, steps
from tfgan.errors import InputError
from tfgan.shown import Adaptive

STREAMS = steps.REAL_STREAMS


def pictures(count=400):
    return tf.constant(np.random.default_rng(1).random((count, *SHAPE)), tf.float32)


def of_step(gan, images, step, streams=STREAMS):
    return shown.shown(gan, images, tf.constant(step, tf.int64), streams).numpy()


def test_without_either_images_are_themselves():
    gan = small_gan()
    gan.compile()
    images = pictures()
    assert shown.shown(gan, images, 0, STREAMS) is images


def test_noise_has_the_schedule_s_width():
    gan = small_gan()
    schedule = keras.optimizers.schedules.PolynomialDecay(0.4, 100, 0.0)
    gan.compile(instance_noise=schedule)
    images = pictures()
    for step, width in ((0, 0.4), (50, 0.2), (100, 0.0), (300, 0.0)):
        noise = of_step(gan, images, step) - images.numpy()
        np.testing.assert_allclose([noise.mean(), noise.std()], [0, width], atol=0.01)
    draws = [of_step(gan, images, s, t) for s in (3, 4) for t in (STREAMS, steps.FAKE_STREAMS)]
    assert len({draw.tobytes() for draw in draws}) == 4


def test_augmented_by_policy_and_strength():
    gan = small_gan()
    gan.compile(augment="flip", augment_strength=0.3)
    images = pictures(2000)
    seen = of_step(gan, images, 5)
    same = np.all(seen == images, axis=(1, 2, 3)) | np.all(seen == images[:, :, ::-1], axis=(1, 2, 3))
    assert same.all()
    expected = augment.augment(images, gan.seed_pair(5 + STREAMS[0]), policy="flip", strength=0.3)
    np.testing.assert_array_equal(seen, expected)


def evidence_of(gan, real_logits, fake_logits, first_step=0):
    for step in range(first_step, first_step + len(real_logits)):
        real, fake = (tf.constant(x[step - first_step], tf.float32) for x in (real_logits, fake_logits))
        shown.adapt(gan, real[:, None], fake[:, None], tf.constant(step, tf.int64))
    return float(gan.augment_strength)


@pytest.mark.parametrize(("loss", "zero"), [("non_saturating", 0.0), ("least_squares", 0.5)])
def test_strength_follows_the_signs_of_real_logits(loss, zero):
    """0.75 of 8 signs positive is a mean of 0.5: above a target of 0.4, below one of 0.6."""
    logits = zero + np.tile([1, 1, 1, -1], (4, 2))
    for target, sign in ((0.4, 1), (0.6, -1)):
        gan = small_gan()
        gan.compile(loss=loss, augment="flip", augment_strength=Adaptive(target, images=1000, every=4))
        gan.augment_strength.assign(0.5)
        assert evidence_of(gan, logits[:3], logits) == 0.5  # not yet
        found = evidence_of(gan, logits[3:], logits, first_step=3)
        np.testing.assert_allclose(found, 0.5 + sign * 32 / 1000, rtol=1e-6)
        np.testing.assert_array_equal(gan.augment_evidence, [0, 0])


@pytest.mark.parametrize("loss", ["wasserstein", "relativistic_pairing", "relativistic_average"])
def test_losses_without_threshold_count_pairs(loss):
    gan = small_gan()
    gan.compile(loss=loss, augment="flip", augment_strength=Adaptive(0.6, images=100, every=1))
    real = np.array([[5.0, 6, 7, 8, 9]])
    assert evidence_of(gan, real, real + 1) == 0  # stays within [0, 1]
    np.testing.assert_allclose(evidence_of(gan, real, real - 1), 0.05, rtol=1e-6)
    for _ in range(30):
        evidence_of(gan, real, real - 1)
    assert float(gan.augment_strength) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("update", "jit_compile"),
    [
        ("alternating", False),
        ("simultaneous", False),
        ("alternating", True),
        ("simultaneous", True),
    ],
)
def test_training_and_going_on(tmp_path, images, labels, update, jit_compile):
    """Trained, saved and loaded, the strength goes on; a run of as many steps at once has the same."""

    def compiled():
        gan = small_cgan()
        rates = [keras.optimizers.Adam(1e-2) for _ in range(2)]
        gan.compile(
            g_optimizer=rates[0],
            d_optimizer=rates[1],
            update=update,
            augment="color,translation,cutout,flip",
            augment_strength=Adaptive(0.0, images=200, every=2),
            instance_noise=keras.optimizers.schedules.PolynomialDecay(0.1, 50),
            penalties={"r1": keras.optimizers.schedules.PolynomialDecay(1.0, 50), "r2": 0.1},
            jit_compile=jit_compile,
        )
        return gan

    def fit(gan, epochs):
        return gan.fit(images, labels, batch_size=10, shuffle=False, epochs=epochs, verbose=0).history

    gan, whole = compiled(), compiled()
    whole.set_weights(gan.get_weights())
    fit(gan, 3)
    gan.save(tmp_path / "gan.keras")
    gan = keras.saving.load_model(tmp_path / "gan.keras")
    assert isinstance(gan.adaptive, Adaptive)
    history = fit(gan, 2)
    fit(whole, 5)
    assert float(gan.augment_strength) == float(whole.augment_strength)
    for a, b in zip(gan.get_weights(), whole.get_weights(), strict=True):
        # a plain graph's threads add up in any order; a forgotten seed or moment costs 1e-3 and more
        np.testing.assert_allclose(a, b, rtol=0, atol=0 if jit_compile else 1e-4)
    assert "augment_strength" in history


def test_the_generator_learns_through_what_is_shown():
    """Where everything is cut out the discriminator sees no image, and the generator no gradient."""
    gan = small_gan()
    gan.compile(g_optimizer=keras.optimizers.SGD(1.0), instance_noise=0.0, augment="translation")
    before = [w.copy() for w in gan.generator.get_weights()]
    gan.fit(pictures(10), batch_size=10, verbose=0)
    after = gan.generator.get_weights()
    assert any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"augment": "colour"}, "did you mean color"),
        ({"augment": "flip", "augment_strength": 1.5}, "augment_strength"),
        ({"augment": "flip", "augment_strength": "much"}, "adaptive"),
        ({"instance_noise": -0.1}, "instance_noise"),
        ({"instance_noise": "small"}, "instance_noise"),
        ({"label_smoothing": 1.0}, "label_smoothing"),
        ({"label_smoothing": 0.1, "loss": "hinge"}, "least_squares"),
        ({"penalty_every": 0}, "penalty_every"),
        ({"penalty_every": 4}, "needs a penalty"),
        ({"penalties": {"r1": "strong"}}, "weight of r1"),
        ({"auxiliary_weight": -1}, "auxiliary_weight"),
    ],
)
def test_wrong_options(options, words):
    with pytest.raises(InputError, match=words) as error:
        small_gan().compile(**options)
    one_line(error)


@pytest.mark.parametrize(
    "options", [{"target": 1}, {"target": "high"}, {"images": 0}, {"every": 0}, {"every": 1.5}]
)
def test_wrong_controllers(options):
    with pytest.raises(InputError, match=next(iter(options))) as error:
        Adaptive(**options)
    one_line(error)


def test_points_are_not_augmented():
    gan = tfgan.GAN(
        keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "sigmoid")]),
        keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]),
    )
    with pytest.raises(InputError, match="augment") as error:
        gan.compile(augment="flip")
    one_line(error)
