"""The contractive autoencoder, against Jacobians by automatic differentiation."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import one_line

from tfgan.baselines import CAE
from tfgan.errors import InputError


def random_cae(dim=6, hidden=(5, 4), number=0, **kwargs):
    cae, rng = CAE((dim,), hidden=hidden, seed=number, **kwargs), np.random.default_rng(number)
    for weight in (*cae.kernels, *cae.hidden_biases, *cae.visible_biases):
        weight.assign(rng.normal(0, 0.7, weight.shape))
    return cae, rng.random((3, dim)).astype("float32")


def jacobians(function, rows):
    """`(batch, outputs, inputs)`."""
    rows = tf.constant(rows)
    with tf.GradientTape() as tape:
        tape.watch(rows)
        outputs = function(rows)
    return tape.batch_jacobian(outputs, rows).numpy()


@pytest.mark.parametrize("hidden", [(5,), (5, 4), (3, 7, 2)])
def test_the_penalty_is_the_jacobians_norm(hidden):
    cae, rows = random_cae(hidden=hidden)
    for layer in range(len(hidden)):
        own = cae.below(tf.constant(rows), layer)
        kernel, bias = cae.kernels[layer], cae.hidden_biases[layer]
        found = jacobians(lambda x, kernel=kernel, bias=bias: tf.sigmoid(x @ kernel + bias), own)
        codes = tf.sigmoid(own @ kernel + bias)
        norm = cae.jacobian_norm(layer, codes)
        np.testing.assert_allclose(norm, np.square(found).sum(axis=(1, 2)), rtol=1e-5)
        loss, told = cae.losses_of(layer, own, None, training=True)
        wanted = np.mean(told["reconstruction"]) + cae.contraction * np.mean(norm)
        np.testing.assert_allclose(loss, wanted, rtol=1e-5)


@pytest.mark.parametrize("hidden", [(5,), (5, 4), (3, 7, 2)])
def test_noise_goes_along_the_data(hidden):
    cae, rows = random_cae(hidden=hidden, number=3)
    noise = np.random.default_rng(4).normal(size=(3, hidden[-1])).astype("float32")
    found = jacobians(lambda x: cae.codes(x)[-1], rows)
    wanted = np.einsum("bij,bkj,bk->bi", found, found, noise)
    np.testing.assert_allclose(cae.along_data(cae.codes(tf.constant(rows)), noise), wanted, rtol=1e-4)


def test_the_reconstruction_is_cross_entropy():
    cae, rows = random_cae(hidden=(5,))
    decoded = cae.decoded(cae.codes(tf.constant(rows))[-1]).numpy()
    wanted = -(rows * np.log(decoded) + (1 - rows) * np.log(1 - decoded)).sum(axis=1)
    _, told = cae.losses_of(0, tf.constant(rows), None, training=True)
    np.testing.assert_allclose(told["reconstruction"], wanted, rtol=1e-5)


def bumps(angles):
    """Images of one number: how bright each of 16 pixels on a circle is."""
    return 0.5 + 0.45 * np.cos(
        np.asarray(angles)[:, None] - np.linspace(0, 2 * np.pi, 16, endpoint=False)
    )


def test_samples_move_along_the_data():
    rng = np.random.default_rng(0)
    rows = bumps(rng.uniform(0, 2 * np.pi, 30_000)).astype("float32")
    cae = CAE((16,), hidden=(24, 16), contraction=0.02, noise=1.0, seed=1, chains=100, burn_in=100)
    cae.compile(optimizer=keras.optimizers.Adam(5e-3), steps_per_layer=300, steps_per_execution=100)
    cae.fit(rows, batch_size=50, epochs=1, verbose=0)
    images = cae.sample(200, seed=0)
    grid = bumps(np.linspace(0, 2 * np.pi, 200))

    def off(images):
        return np.sqrt(np.square(images[:, None] - grid).mean(axis=2)).min(axis=1).mean()

    assert off(images) < 0.3 * off(rng.random((200, 16)))
    still = CAE.from_config(cae.get_config() | {"noise": 0.0})
    still.set_weights(cae.get_weights())
    moved, rests = (
        np.abs(np.diff(model.sample(200, seed=0).reshape(2, 100, 16), axis=0)).mean()
        for model in (cae, still)
    )
    assert moved > 10 * rests


@pytest.mark.parametrize("given", [{"contraction": -1}, {"noise": -1}, {"hidden": ()}, {"hidden": 5}])
def test_refuses(given):
    with pytest.raises(InputError, match=next(iter(given))) as error:
        CAE((4,), **given)
    one_line(error)
