"""What every convolutional family must do: any square size, channels and condition, all derivatives."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from families import NARROW, pair
from makers import one_line

import tfgan
from tfgan import conditions
from tfgan.conditions import Labels, Vector
from tfgan.errors import InputError
from tfgan.networks import FAMILIES
from tfgan.networks.convolutional import sides_of
from tfgan.networks.heads import CONDITIONINGS

# By another branch's name, where it has one.
CONDITIONS = [None, Labels(3), Vector(4)] + [
    kind(3) for kind in [getattr(conditions, "MultiLabel", None)] if kind
]
SLOW = pytest.mark.slow
QUICK = ("projection",)  # conditionings
family_of = pytest.mark.parametrize("family", FAMILIES)


def data(gan, count, seed=0):
    """Random images, and conditions where there are."""
    images = np.random.default_rng(seed).random((count, *gan.image_shape), "float32")
    return (images, gan.condition.example(count)) if gan.conditional else (images,)


def latents_of(gan, count):
    z = np.random.default_rng(1).standard_normal((count, gan.latent_dim)).astype("float32")
    return z, (gan.condition.example(count) if gan.conditional else None)


@pytest.mark.parametrize("side", range(8, 131))
def test_sides(side):
    sides = sides_of(side)
    assert 4 <= sides[0] <= 7
    assert sides[-1] == side
    assert all(2 * a - b in (0, 1) for a, b in itertools.pairwise(sides))


@family_of
@pytest.mark.parametrize(
    ("side", "channels", "condition"),
    [
        (8, 3, None),
        (9, 1, CONDITIONS[-1]),
        (28, 1, Labels(3)),
        pytest.param(31, 1, None, marks=SLOW),
        pytest.param(32, 3, Vector(4), marks=SLOW),
        pytest.param(48, 3, None, marks=SLOW),
    ],
    ids=str,
)
def test_images_and_logits(family, side, channels, condition):
    gan = pair(family, side, channels, condition)
    assert gan.image_shape == (side, side, channels)
    z, labels = latents_of(gan, 3)
    images = gan.images_of(z, labels)
    assert images.shape == (3, side, side, channels)
    assert images.min() >= 0
    assert images.max() <= 1
    assert np.ptp(images, axis=0).max() > 0
    alone = gan.images_of(z[1:2], None if labels is None else labels[1:2])
    np.testing.assert_allclose(alone[0], images[1], atol=1e-5)
    assert gan.discriminate(images, labels, training=True).shape == (3, 1)


def varied(gan):
    """What starts at zero hides gradients behind it."""
    for number, network in enumerate((gan.generator, gan.discriminator)):
        rng = np.random.default_rng(number)
        for weight in network.trainable_weights:
            weight.assign_add(0.1 * rng.standard_normal(weight.shape))
    return gan


@pytest.mark.parametrize(
    ("family", "conditioning"),
    [
        pytest.param(family, kind, marks=[] if family == "dcgan" or kind in QUICK else SLOW)
        for family in FAMILIES
        for kind in (None, *CONDITIONINGS)
    ],
)
def test_all_weights_learn(family, conditioning):
    options = {"conditioning": conditioning} if conditioning else {}
    condition = Labels(3) if conditioning else None
    networks = FAMILIES[family]
    generator = networks.Generator((8, 8, 2), condition=condition, latent_dim=5, **NARROW)
    discriminator = networks.Discriminator((8, 8, 2), condition=condition, **NARROW, **options)
    for number, network in enumerate((generator, discriminator)):
        rng = np.random.default_rng(number)
        for weight in network.trainable_weights:
            weight.assign_add(0.1 * rng.standard_normal(weight.shape))
    z = tf.random.stateless_normal((6, 5), (1, 2), alg="philox")
    y = np.arange(6, dtype="int32") % 3
    with tf.GradientTape() as tape:
        images = generator([z, y] if conditioning else z, training=True)
        out = discriminator([images, y] if conditioning else images, training=True)
        outs = out if conditioning == "auxiliary" else (out,)
        total = tf.add_n([tf.reduce_sum(tf.sin(o + 1.0)) for o in outs])
    weights = [*generator.trainable_weights, *discriminator.trainable_weights]
    for weight, slope in zip(weights, tape.gradient(total, weights), strict=True):
        assert slope is not None, weight.path
        assert np.abs(slope).max() > 0, weight.path


@family_of
def test_the_condition_counts(family):
    """The same latents and images with other labels give other images and logits."""
    gan = varied(pair(family, 8, condition=Labels(3)))
    z = np.ones((3, 5), "float32")
    images = gan.images_of(z, [0, 1, 2])
    assert min(np.abs(images[i] - images[j]).max() for i, j in ((0, 1), (1, 2), (0, 2))) > 1e-3
    logits = gan.discriminate(images[[0, 0, 0]], tf.constant([0, 1, 2]), training=False).numpy()
    assert len(np.unique(logits)) == 3


@family_of
def test_saved_and_loaded(family, tmp_path):
    gan = pair(family, 8, 3, Vector(4))
    gan.compile(jit_compile=False)
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    for name in ("generator", "discriminator"):
        old, new = getattr(gan, name), getattr(again, name)
        assert new.get_config() == old.get_config()
        for a, b in zip(old.get_weights(), new.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
    z, given = latents_of(gan, 3)
    np.testing.assert_array_equal(again.images_of(z, given), gan.images_of(z, given))


@family_of
def test_options_are_in_the_config(family):
    """Every option, at another value than its default."""
    options = {
        "dcgan": (
            {"upsample": "nearest", "separable": True, "kernel_size": 5},
            {"kernel_size": 3, "batch_norm": False, "spectral_norm": True, "minibatch_stddev": True}
            | {"dropout": 0.25, "separable": True},
        ),
        "resnet": ({}, {"spectral_norm": False}),
        "r3gan": ({"blocks": 2, "expansion": 2, "groups": 2},) * 2,
    }[family]
    networks = FAMILIES[family]
    made = [
        networks.Generator((9, 9, 1), condition=Labels(3), latent_dim=6, **NARROW, **options[0]),
        networks.Discriminator(
            (9, 9, 1), condition=Labels(3), conditioning="fused", **NARROW, **options[1]
        ),
    ]
    for network, given in zip(made, options, strict=True):
        config = network.get_config()
        assert {**config, **given, **NARROW} == config
        again = type(network).from_config(config)
        assert again.get_config() == config
        assert [w.shape for w in again.weights] == [w.shape for w in network.weights]
    if family == "dcgan":
        assert not any("depthwise" in w.path for w in made[0].weights[:2])
        assert any("depthwise" in w.path for w in made[0].weights)


slow_but_dcgan = pytest.mark.parametrize(
    "family",
    [name if name == "dcgan" else pytest.param(name, marks=SLOW) for name in FAMILIES],
)


@slow_but_dcgan
def test_training_in_a_graph(family):
    gan = pair(family, 8, 1, Labels(3))
    gan.compile(jit_compile=False)
    before = [w.numpy() for w in gan.generator.trainable_weights]
    images, labels = data(gan, 12)
    history = gan.fit(images, labels, batch_size=4, epochs=1, verbose=0).history
    assert np.isfinite([history["d_loss"], history["g_loss"]]).all()
    after = [w.numpy() for w in gan.generator.trainable_weights]
    assert all(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def penalised(gan):
    """The weights of D that move slopes: a bias of the logit does not."""
    logit = gan.discriminator.head.logit
    bias = getattr(logit, "layer", logit).bias
    return [weight for weight in gan.discriminator.trainable_weights if weight is not bias]


def penalty_slopes(gan, jit_compile):
    """R1, the squared slope of the logits by the images, and its gradient by D's weights.

    `jit_compile` is None for eager.
    """
    images, *condition = data(gan, 3)
    weights = penalised(gan)

    def slopes(images):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as tape:
                tape.watch(images)
                logits = gan.discriminate(images, *condition, training=True)
            penalty = tf.reduce_sum(tape.gradient(logits, images) ** 2)
        return penalty, outer.gradient(penalty, weights)

    if jit_compile is not None:
        slopes = tf.function(slopes, jit_compile=jit_compile)
    return slopes(tf.constant(images))


@slow_but_dcgan
def test_gradient_penalties_under_xla(family):
    """As in a plain graph."""
    gan = varied(pair(family, 9, 1, Labels(3)))
    for a, b in zip(penalty_slopes(gan, True)[1], penalty_slopes(gan, False)[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=2e-3 * np.abs(b).max())


@family_of
def test_gradient_penalties_have_a_gradient(family):
    """By finite differences along the gradient itself."""
    gan = varied(pair(family, 9, 1, Labels(3)))
    penalty, slopes = penalty_slopes(gan, None)
    norm = np.sqrt(sum(float(tf.reduce_sum(s**2)) for s in slopes))
    assert norm > 0
    weights, values = penalised(gan), []
    step = 1e-3 * float(penalty) / norm**2
    for shift in (step, -2 * step):
        for weight, slope in zip(weights, slopes, strict=True):
            weight.assign_add(shift * slope)
        values.append(float(penalty_slopes(gan, None)[0]))
    np.testing.assert_allclose((values[0] - values[1]) / (2 * step), norm**2, rtol=0.05)


@family_of
@pytest.mark.parametrize("shape", [(8, 9, 1), (7, 7, 1), (4, 4, 3)])
def test_other_shapes_are_refused(family, shape):
    for network in (FAMILIES[family].Generator, FAMILIES[family].Discriminator):
        with pytest.raises(InputError, match=f"not {shape[0]} x {shape[1]}") as error:
            network(shape)
        one_line(error)


@SLOW
@family_of
@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
@pytest.mark.parametrize("update", ["alternating", "simultaneous"])
def test_training_under_xla_in_low_precision(family, condition, update):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        gan = pair(family, 8, 3, condition)
        gan.compile(jit_compile=True, update=update, steps_per_execution=2)
        history = gan.fit(*data(gan, 16), batch_size=4, epochs=1, verbose=0).history
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.isfinite([history["d_loss"], history["g_loss"]]).all()
    images = gan.sample(2, None if condition is None else condition.example(2), seed=0)
    assert images.dtype == np.float32
    assert np.isfinite(images).all()


@SLOW
@family_of
@pytest.mark.parametrize("side", [64, 100, 128])
def test_large_images(family, side):
    """With the default widths."""
    shape = (side, side, 3)
    networks = FAMILIES[family]
    gan = tfgan.GAN(networks.Generator(shape), networks.Discriminator(shape))
    images = gan.sample(2, seed=0)
    assert images.shape == (2, *shape)
    assert np.isfinite(gan.discriminate(images, training=True)).all()


@SLOW
@family_of
@pytest.mark.parametrize("quantize", [None, "float16", "dynamic", "int8"])
@pytest.mark.parametrize("condition", [None, Labels(3)], ids=str)
def test_litert_takes_the_generator(family, quantize, condition, tmp_path):
    """Where eight bits move the images too far, the export says so; it does not fail otherwise."""
    pytest.importorskip("ai_edge_litert.interpreter")
    gan = pair(family, 9, 3, condition)
    gan.compile(jit_compile=False)
    gan.fit(*data(gan, 64), batch_size=8, epochs=4, verbose=0)
    report = tfgan.export.tflite(gan, tmp_path / "gan.tflite", quantize=quantize)
    assert (tmp_path / "gan.tflite").stat().st_size == report.size
