"""Discriminators that classify the condition as well: the steps of both players by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import CLASSES, CONDITIONS, SHAPE, one_line

import tfgan
from tfgan import steps
from tfgan.errors import InputError


def auxiliary_cgan(condition, units=None):
    """A CGAN of small dense networks, whose discriminator guesses the condition."""

    def tower(shape):
        y = keras.Input(condition.shape, dtype=condition.dtype)
        x = keras.Input(shape)
        return x, y

    z, y = tower((5,))
    encoded = keras.layers.Lambda(condition.encode, output_shape=(condition.dim,))(y)
    h = keras.layers.Concatenate()([z, encoded])
    image = keras.layers.Reshape(SHAPE)(keras.layers.Dense(16, activation="sigmoid")(h))
    x, label = tower(SHAPE)
    h = keras.layers.Dense(8, activation="tanh")(keras.layers.Flatten()(x))
    outputs = keras.layers.Dense(1)(h), keras.layers.Dense(units or condition.dim)(h)
    return tfgan.CGAN(
        keras.Model([z, y], image), keras.Model([x, label], list(outputs)), condition=condition, seed=3
    )


def real_batch(condition, images):
    return tf.constant(images[:6]), tf.constant(condition.check(condition.example(6)))


@pytest.mark.parametrize("update", ["alternating", "simultaneous"])
@pytest.mark.parametrize("kind", CONDITIONS)
def test_steps_are_those_of_the_formula(kind, update, images):
    """D: `d_loss + w mean(real, fake)` of the conditions' losses; G: `g_loss + w` of the fakes'."""
    condition = CONDITIONS[kind]
    gan = auxiliary_cgan(condition)
    weight = 0.7
    sgd = [keras.optimizers.SGD(1.0) for _ in range(2)]
    gan.compile(
        g_optimizer=sgd[0],
        d_optimizer=sgd[1],
        loss="hinge",
        update=update,
        auxiliary_weight=weight,
        run_eagerly=True,
    )
    assert gan.auxiliary
    x, y = real_batch(condition, images)
    variables = {"d": gan.discriminator.trainable_variables, "g": gan.generator.trainable_variables}
    before = {player: [v.numpy() for v in of] for player, of in variables.items()}
    gan.fit(tf.data.Dataset.from_tensors((x, y)), verbose=0)
    moved = {
        player: [old - v.numpy() for old, v in zip(before[player], of, strict=True)]
        for player, of in variables.items()
    }
    after_d = [v.numpy() for v in variables["d"]]

    def restore(player, values):
        for variable, value in zip(variables[player], values, strict=True):
            variable.assign(value)

    restore("d", before["d"])
    restore("g", before["g"])
    pair = gan.loss_pair
    with tf.GradientTape() as tape:
        fake_x = gan.generate(steps.latents_like(gan, x, steps.D_STREAM, 0), y, training=True)
        real, fake = gan.judge(x, y, training=True), gan.judge(fake_x, y, training=True)
        guesses = [tf.reduce_mean(condition.auxiliary_loss(guess, y)) for _, guess in (real, fake)]
        total = pair.d_loss(real[0], fake[0]) + weight * tf.reduce_mean(guesses)
    for found, wanted in zip(moved["d"], tape.gradient(total, variables["d"]), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
    stream = steps.G_STREAM
    if update == "alternating":
        restore("d", after_d)
    else:
        stream = steps.D_STREAM
    with tf.GradientTape() as tape:
        fake_x = gan.generate(steps.latents_like(gan, x, stream, 0), y, training=True)
        logits, guess = gan.judge(fake_x, y, training=True)
        total = pair.g_loss(logits) + weight * tf.reduce_mean(condition.auxiliary_loss(guess, y))
    for found, wanted in zip(moved["g"], tape.gradient(total, variables["g"]), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


def test_its_loss_is_logged(images, labels):
    gan = auxiliary_cgan(tfgan.conditions.Labels(CLASSES))
    rates = [keras.optimizers.Adam(0.01) for _ in range(2)]
    gan.compile(g_optimizer=rates[0], d_optimizer=rates[1], jit_compile=False)
    history = gan.fit(images, labels, batch_size=10, epochs=20, verbose=0).history
    assert history["d_condition"][-1] < history["d_condition"][0]
    assert "d_condition" in gan.evaluate(images, labels, return_dict=True, verbose=0)


def test_a_guess_of_another_width():
    with pytest.raises(
        InputError, match=r"second output must be \(batch, 3\), got \(batch, 7\)"
    ) as error:
        auxiliary_cgan(tfgan.conditions.Labels(3), units=7)
    one_line(error)
