"""Every update against steps unrolled by hand in NumPy, on networks of four numbers."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import one_line, small_cgan, small_gan
from pairs import paired

import tfgan
from tfgan import gradients, losses, steps
from tfgan.errors import InputError

LR = {"g": 0.3, "d": 0.2}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@keras.saving.register_keras_serializable(package="tests")
class Scalar(keras.layers.Layer):
    """x -> weight * x + bias, each one number."""

    def build(self, input_shape):
        self.w = self.add_weight(shape=(), initializer=keras.initializers.Constant(0.7))
        self.b = self.add_weight(shape=(), initializer=keras.initializers.Constant(-0.2))

    def call(self, x):
        return self.w * x + self.b


def scalar_gan(jit_compile=False, **compile_args):
    generator = keras.Sequential(
        [
            keras.Input((1,)),
            Scalar(),
            keras.layers.Activation("sigmoid"),
            keras.layers.Reshape((1, 1, 1)),
        ]
    )
    discriminator = keras.Sequential([keras.Input((1, 1, 1)), keras.layers.Flatten(), Scalar()])
    gan = tfgan.GAN(generator, discriminator, seed=3)
    gan.compile(
        g_optimizer=keras.optimizers.SGD(LR["g"]),
        d_optimizer=keras.optimizers.SGD(LR["d"]),
        jit_compile=jit_compile,
        **compile_args,
    )
    return gan


class ByHand:
    """The same GAN in NumPy float64."""

    def __init__(self, loss):
        self.a, self.b = 0.7, -0.2  # generator: sigmoid(a z + b)
        self.w, self.c = 0.7, -0.2  # discriminator: w x + c
        self.loss = loss

    def g(self, z):
        return sigmoid(self.a * z + self.b)

    def d(self, x):
        return self.w * x + self.c

    def d_gradient(self, x, z):
        fake = self.g(z)
        real_slope = 0.5 * (sigmoid(self.d(x)) - 1) / len(x)  # d loss / d logit
        fake_slope = 0.5 * sigmoid(self.d(fake)) / len(x)
        return (real_slope * x + fake_slope * fake).sum(), (real_slope + fake_slope).sum()

    def g_gradient(self, z):
        fake = self.g(z)
        s = sigmoid(self.d(fake))
        slope = {"minimax": -s, "non_saturating": s - 1}[self.loss] / len(z)
        inner = slope * self.w * fake * (1 - fake)
        return (inner * z).sum(), inner.sum()

    def apply_d(self, gradient):
        self.w -= LR["d"] * gradient[0]
        self.c -= LR["d"] * gradient[1]

    def apply_g(self, gradient):
        self.a -= LR["g"] * gradient[0]
        self.b -= LR["g"] * gradient[1]

    def values(self):
        return [self.a, self.b, self.w, self.c]


def values(gan):
    return [v.numpy() for v in gan.trainable_variables]


def batches(count, size=6):
    return np.random.default_rng(5).random((count, size, 1, 1, 1)).astype("float32")


def latents(gan, stream, step, size=6):
    """XLA draws other numbers from the same seed, so they are drawn as the GAN is compiled."""
    draw = tf.function(lambda n: gan.latents_of(size, n), jit_compile=gan.jit_compile)
    return draw(tf.constant(stream + step, tf.int64)).numpy()[:, 0].astype("float64")


OF_2014 = ("minimax", "non_saturating")


@pytest.mark.parametrize(
    ("loss", "d_steps", "jit_compile"),
    [
        *itertools.product(OF_2014, (1, 2, 3), [False]),
        ("non_saturating", 2, True),
        *(
            pytest.param(*case, True, marks=pytest.mark.slow)
            for case in itertools.product(OF_2014, (1, 2, 3))
            if case != ("non_saturating", 2)
        ),
    ],
)
def test_alternating(loss, d_steps, jit_compile):
    gan = scalar_gan(loss=loss, d_steps=d_steps, jit_compile=jit_compile)
    data = batches(7)
    gan.fit(tf.data.Dataset.from_tensor_slices(data), verbose=0)
    hand = ByHand(loss)
    for step, batch in enumerate(data):
        x = batch[:, 0, 0, 0].astype("float64")
        hand.apply_d(hand.d_gradient(x, latents(gan, steps.D_STREAM, step)))
        if (step + 1) % d_steps == 0:
            hand.apply_g(hand.g_gradient(latents(gan, steps.G_STREAM, step)))
    np.testing.assert_allclose(values(gan), hand.values(), rtol=1e-5)
    assert gan.d_optimizer.iterations == 7
    assert gan.g_optimizer.iterations == 7 // d_steps


@pytest.mark.parametrize(("loss", "jit_compile"), paired(OF_2014, [False, True]))
def test_simultaneous(loss, jit_compile):
    gan = scalar_gan(loss=loss, update="simultaneous", jit_compile=jit_compile)
    data = batches(5)
    gan.fit(tf.data.Dataset.from_tensor_slices(data), verbose=0)
    hand = ByHand(loss)
    for step, batch in enumerate(data):
        z = latents(gan, steps.D_STREAM, step)
        d_gradient = hand.d_gradient(batch[:, 0, 0, 0].astype("float64"), z)
        g_gradient = hand.g_gradient(z)  # at the weights before the update, on the same latents
        hand.apply_d(d_gradient)
        hand.apply_g(g_gradient)
    np.testing.assert_allclose(values(gan), hand.values(), rtol=1e-5)


def test_generator_steps_fall_on_every_third_batch_across_epochs():
    gan = scalar_gan(d_steps=3)
    data = tf.data.Dataset.from_tensor_slices(batches(4))
    gan.fit(data, epochs=2, verbose=0)
    assert (gan.d_optimizer.iterations, gan.g_optimizer.iterations) == (8, 2)


def test_recorded_metrics_by_hand():
    gan = scalar_gan()
    x = batches(1)
    logs = gan.evaluate(tf.data.Dataset.from_tensor_slices(x), return_dict=True, verbose=0)
    hand = ByHand("non_saturating")
    real = sigmoid(hand.d(x[0, :, 0, 0, 0]))
    fake = sigmoid(hand.d(hand.g(latents(gan, steps.TEST_STREAM, 0))))
    expected = {
        "d_real": real.mean(),
        "d_fake": fake.mean(),
        "d_loss": 0.5 * (-np.log(real).mean() - np.log(1 - fake).mean()),
        "g_loss": -np.log(fake).mean(),
    }
    assert set(logs) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(logs[name], value, rtol=1e-5)


@pytest.mark.parametrize("player", ["d", "g"])
def test_a_step_of_one_player_leaves_the_other_bit_identical(make_gan, images, labels, player):
    gan = make_gan()
    gan.compile()
    mine = gan.discriminator if player == "d" else gan.generator
    other = gan.generator if player == "d" else gan.discriminator
    before = [w.copy() for w in other.get_weights()], [w.copy() for w in mine.get_weights()]
    condition = tf.constant(labels) if gan.conditional else None
    getattr(steps, f"{player}_step")(gan, tf.constant(images), condition, tf.constant(0, tf.int64))
    assert all(np.array_equal(a, b) for a, b in zip(before[0], other.get_weights(), strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(before[1], mine.get_weights(), strict=True))


@pytest.mark.parametrize("player", ["d", "g"])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_batch_statistics_are_those_of_a_network_s_own_steps(images, player, jit_compile):
    def network(inputs, *layers):
        return keras.Sequential([keras.Input(inputs), *layers])

    bn = keras.layers.BatchNormalization
    dense = keras.layers.Dense
    generator = network((5,), dense(16), bn(), keras.layers.Reshape((4, 4, 1)))
    discriminator = network((4, 4, 1), keras.layers.Flatten(), dense(8), bn(), dense(1))
    gan = tfgan.GAN(generator, discriminator, seed=0)
    gan.compile()
    mine, other = (discriminator, generator) if player == "d" else (generator, discriminator)
    before = [[w.copy() for w in network.get_weights()] for network in (mine, other)]
    step = tf.function(
        lambda: getattr(steps, f"{player}_step")(
            gan, tf.constant(images), None, tf.constant(0, tf.int64)
        ),
        jit_compile=jit_compile,
    )
    step()
    for a, b in zip(before[1], other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    moved = [not np.array_equal(a, b) for a, b in zip(before[0], mine.get_weights(), strict=True)]
    statistics = [i for i, w in enumerate(mine.weights) if "moving" in w.name]
    assert statistics
    assert all(moved[i] for i in statistics)


def test_streams_of_latents_differ():
    gan = scalar_gan()
    streams = (steps.D_STREAM, steps.G_STREAM, steps.TEST_STREAM, steps.SAMPLE_STREAM)
    drawn = {tuple(latents(gan, stream, step)) for stream in streams for step in range(3)}
    assert len(drawn) == 12


def test_regularization_of_layers_counts(images):
    """A network's own penalties reach its own gradient."""

    def trained(strength):
        keras.utils.set_random_seed(2)
        regularizer = keras.regularizers.L2(strength)
        generator = keras.Sequential(
            [
                keras.Input((5,)),
                keras.layers.Dense(16, activation="sigmoid", kernel_regularizer=regularizer),
                keras.layers.Reshape((4, 4, 1)),
            ]
        )
        discriminator = keras.Sequential(
            [
                keras.Input((4, 4, 1)),
                keras.layers.Flatten(),
                keras.layers.Dense(1, kernel_regularizer=regularizer),
            ]
        )
        gan = tfgan.GAN(generator, discriminator, seed=0)
        sgd = [keras.optimizers.SGD(0.1) for _ in range(2)]
        gan.compile(g_optimizer=sgd[0], d_optimizer=sgd[1])
        gan.fit(images, batch_size=10, epochs=5, verbose=0)
        return [np.square(w.numpy()).sum() for w in (generator.weights[0], discriminator.weights[0])]

    free, shrunk = trained(0.0), trained(1.0)
    assert shrunk[0] < 0.5 * free[0]
    assert shrunk[1] < 0.5 * free[1]


def test_fake_images_carry_the_conditions_of_the_real_batch(images, labels):
    gan = small_cgan()
    gan.compile()
    seen = []
    generate = gan.generate

    def spy(z, condition=None, *, training):
        seen.append(condition.numpy())
        return generate(z, condition, training=training)

    gan.generate = spy
    steps.train_step(gan, tf.constant(images), tf.constant(labels))
    assert len(seen) == 2
    for condition in seen:
        np.testing.assert_array_equal(condition, labels)


# The shared backward pass.


def g_loss_of(pair, fake_logits, real_logits):
    return pair.g_loss(fake_logits, real_logits) if pair.relativistic else pair.g_loss(fake_logits)


def double_gan(bias, batch_norm=False):
    """A GAN of float64 layers whose logits lie around `bias`."""
    layers = keras.layers
    float64 = {"dtype": "float64"}
    generator = keras.Sequential(
        [
            keras.Input((5,), **float64),
            layers.Dense(16, activation="tanh", kernel_regularizer="l2", **float64),
            layers.Dense(16, activation="sigmoid", **float64),
            layers.Reshape((4, 4, 1), **float64),
        ]
    )
    discriminator = keras.Sequential(
        [
            keras.Input((4, 4, 1), **float64),
            layers.Conv2D(3, 3, activation="tanh", kernel_regularizer="l2", **float64),
            *([layers.BatchNormalization(**float64)] if batch_norm else []),
            layers.Flatten(**float64),
            layers.Dense(1, bias_initializer=keras.initializers.Constant(bias), **float64),
        ]
    )
    return tfgan.GAN(generator, discriminator, seed=3)


def gradients_of_a_step(gan, images):
    """(discriminator's, generator's) gradients: what SGD at rate 1 takes from the weights."""
    networks = (gan.discriminator, gan.generator)
    before = [[v.numpy() for v in n.trainable_variables] for n in networks]
    steps.train_step(gan, tf.constant(images), None)
    return [
        [old - v.numpy() for old, v in zip(values, n.trainable_variables, strict=True)]
        for values, n in zip(before, networks, strict=True)
    ]


def gradients_of_two_passes(gan, images, pair):
    z = steps.latents_like(gan, tf.constant(images), steps.D_STREAM, 0)
    networks = (gan.discriminator, gan.generator)
    with tf.GradientTape(persistent=True) as tape:
        fake = gan.generate(z, training=True)
        real_logits = gan.discriminate(images, training=True)
        fake_logits = gan.discriminate(fake, training=True)
        totals = [
            pair.d_loss(real_logits, fake_logits) + tf.add_n(gan.discriminator.losses),
            g_loss_of(pair, fake_logits, real_logits) + tf.add_n(gan.generator.losses),
        ]
    return [
        tape.gradient(total, network.trainable_variables)
        for total, network in zip(totals, networks, strict=True)
    ]


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("bias", [0.0, -1.0, 3.0, -40.0, 40.0])
@pytest.mark.parametrize("name", losses.LOSSES)
def test_one_backward_pass_gives_the_gradients_of_two(name, bias, batch_norm):
    gan = double_gan(bias, batch_norm)
    images = np.random.default_rng(1).random((6, 4, 4, 1))
    expected = gradients_of_two_passes(gan, images, losses.LOSSES[name])
    sgd = [keras.optimizers.SGD(1.0) for _ in range(2)]
    gan.compile(
        g_optimizer=sgd[0],
        d_optimizer=sgd[1],
        loss=losses.LOSSES[name],
        update="simultaneous",
        run_eagerly=True,
    )
    assert gan.samplewise is not batch_norm
    for mine, two in zip(gradients_of_a_step(gan, images), expected, strict=True):
        for a, b in zip(mine, two, strict=True):
            scale = np.abs(b).max()
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10 * scale + 1e-15)


@pytest.mark.parametrize("logit", [-90.0, -30.0, 0.0, 30.0, 90.0])
@pytest.mark.parametrize("name", losses.LOSSES)
def test_shared_gradients_stay_finite_and_right_in_float32(name, logit):
    """Where the discriminator is sure, its own slope vanishes; the generator's must not."""
    real, fake = tf.unstack(tf.random.stateless_uniform((2, 4, 2, 2, 1), (1, 2)))
    weights = tf.Variable([[0.1], [-0.2], [0.3], [0.4]])
    pair = losses.LOSSES[name]

    def logits_of(images):
        return tf.reshape(images, (4, 4)) @ weights + logit

    with tf.GradientTape(persistent=True) as tape:
        tape.watch(fake)
        fake_logits = logits_of(fake)
        real_logits = logits_of(real)
        d_loss = pair.d_loss(real_logits, fake_logits)
        g_loss = g_loss_of(pair, fake_logits, real_logits)
    slopes = tape.gradient(d_loss, (real_logits, fake_logits))
    g_slope = tape.gradient(g_loss, fake_logits)
    outputs = (real_logits, fake_logits)
    (d_gradient,), image_slope = gradients.shared(tape, outputs, slopes, g_slope, [weights], fake)
    np.testing.assert_allclose(d_gradient, tape.gradient(d_loss, weights), rtol=1e-6, atol=1e-20)
    expected = tape.gradient(g_loss, fake)
    np.testing.assert_allclose(image_slope, expected, rtol=1e-5)


class Sums(keras.layers.Layer):
    """Each image gets those before it: the first logit still depends on its own image only."""

    def call(self, x):
        return x + keras.ops.cumsum(x, axis=0)


class Spread(keras.layers.Layer):
    """Adds the standard deviation over the batch: one image's logit depends on the others."""

    def call(self, x):
        return x + keras.ops.std(x, axis=0, keepdims=True)


@pytest.mark.parametrize(
    ("layer", "alone"),
    [
        (keras.layers.Dropout(0.5), True),
        (keras.layers.LayerNormalization(), True),
        (keras.layers.BatchNormalization(trainable=False), True),
        (keras.layers.BatchNormalization(), False),
        (Spread(), False),
        (Sums(), False),
        (keras.layers.ActivityRegularization(l2=0.1), False),
    ],
    ids=lambda x: getattr(x, "name", x),
)
def test_whether_logits_depend_on_their_own_image_only(layer, alone):
    dense = keras.layers.Dense(8, activation="relu")
    last = keras.layers.Dense(1, kernel_initializer="zeros")  # hides nothing
    discriminator = keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Flatten(), dense, layer, last]
    )
    gan = tfgan.GAN(tfgan.networks.goodfellow2014.Generator((4, 4, 1)), discriminator)
    before = [v.numpy() for v in discriminator.variables]
    gan.compile(update="simultaneous")
    assert gan.samplewise is alone
    for a, b in zip(before, discriminator.variables, strict=True):
        np.testing.assert_array_equal(a, b.numpy())


@pytest.mark.parametrize("run_eagerly", [True, False])
def test_a_discriminator_without_gradient_for_images(images, run_eagerly):
    stop = keras.layers.Lambda(lambda x: tf.stop_gradient(x))
    discriminator = keras.Sequential(
        [keras.Input((4, 4, 1)), stop, keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    gan = tfgan.GAN(small_gan().generator, discriminator)
    gan.compile(update="simultaneous", jit_compile=False, run_eagerly=run_eagerly)
    with pytest.raises(InputError, match="passes no gradient back") as error:
        gan.fit(images, verbose=0)
    one_line(error)
