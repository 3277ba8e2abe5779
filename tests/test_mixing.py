"""Conditions between two others."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import CONDITIONS, SHAPE, convolutional_cgan, one_line, small_cgan, varied

import tfgan
from tfgan.conditions import Labels, Mix
from tfgan.errors import InputError

kinds = pytest.mark.parametrize("kind", CONDITIONS.values(), ids=CONDITIONS)


@kinds
def test_ends_are_the_conditions_themselves(kind):
    """To the last bit; and the images between them differ from both."""
    gan = varied(small_cgan(kind=kind))
    first, second = kind.example(2)
    for weight, end in ((0.0, first), (1.0, second)):
        mixed = gan.sample(6, Mix(first, second, weight), seed=3)
        np.testing.assert_array_equal(mixed, gan.sample(6, end, seed=3))
    line = gan.sample(6, Mix(first, second, np.linspace(0, 1, 6)), seed=3)
    pure = [gan.sample(6, end, seed=3) for end in (first, second)]
    np.testing.assert_array_equal(line[0], pure[0][0])
    np.testing.assert_array_equal(line[5], pure[1][5])
    assert all(np.abs(line[1:5] - images[1:5]).max(axis=(1, 2, 3)).min() > 1e-4 for images in pure)


@kinds
def test_encoded_conditions_are_mixed(kind):
    first, second = kind.example(4)[:2], kind.example(4)[2:]
    mixed = Mix(first, second, [0.25, 0.5]).encode(kind, 2)
    ends = [np.asarray(kind.encode(end)) for end in (first, second)]
    expected = [0.75 * ends[0][0] + 0.25 * ends[1][0], 0.5 * ends[0][1] + 0.5 * ends[1][1]]
    np.testing.assert_allclose(mixed, expected, rtol=1e-6)
    assert mixed.dtype == np.float32
    for network in (lambda y: y, tf.function(kind.encode), tf.function(kind.encode, jit_compile=True)):
        np.testing.assert_array_equal(network(kind.encode(mixed)), mixed)


def test_labels_of_two_axes_are_still_labels():
    """Of one column, and of floats that are not one-hot by their shape."""
    for given in ([[2], [0]], np.float32([[2], [0]]), np.float32([2, 0]), np.int64([2, 0])):
        np.testing.assert_array_equal(Labels(3).encode(given), [[0, 0, 1], [1, 0, 0]])
    np.testing.assert_array_equal(Labels(1).encode(np.float32([[0.0], [0.0]])), [[1], [1]])


def test_one_latent_between_two_classes():
    gan = varied(small_cgan())
    figure = tfgan.plots.mixture(gan, 0, 2, rows=2, count=5, seed=1)
    picture = figure.axes[0].images[0].get_array()
    z = np.repeat(gan.draw_latents(2, seed=1), 5, axis=0)
    images = gan.images_of(z, gan.check_condition(10, Mix(0, 2, np.tile([0, 0.25, 0.5, 0.75, 1], 2))))
    again = tfgan.plots.grid(images, columns=5).axes[0].images[0].get_array()
    np.testing.assert_array_equal(picture, again)
    with pytest.raises(InputError, match=r"\[0, 3\)"):
        tfgan.plots.mixture(gan, 0, 3)


@pytest.mark.parametrize(
    ("mix", "words"),
    [
        (lambda: Mix(0, 1, 1.5), "from 0 to 1.*got 1.5"),
        (lambda: Mix(0, 1, [0.5, np.nan]), "from 0 to 1"),
        (lambda: Mix(0, 1, "half"), "from 0 to 1"),
        (lambda: Mix(0, 1, [[0.5]]), "from 0 to 1"),
        (lambda: Mix(0, 1, [0.5, 0.5]), "4 samples need 4 weights, got 2"),
        (lambda: Mix(0, 3), r"\[0, 3\), got 3"),
        (lambda: Mix([0, 1], 2), "4 samples need 4 conditions, got 2"),
    ],
)
def test_refused(mix, words):
    with pytest.raises(InputError, match=words) as error:
        small_cgan().sample(4, mix())
    one_line(error)


def of_several_labels():
    """A CGAN whose functional generator takes integers: Keras would round what is between them."""
    z, y = keras.Input((5,)), keras.Input((4,), dtype="int32")
    x = keras.layers.Concatenate()([z, keras.layers.Lambda(lambda y: keras.ops.cast(y, "float32"))(y)])
    x = keras.layers.Reshape(SHAPE)(keras.layers.Dense(16, activation="sigmoid")(x))
    kind = CONDITIONS["multi_label"]
    return tfgan.CGAN(
        keras.Model([z, y], x), small_cgan(kind=kind).discriminator, condition=kind, seed=0
    )


@pytest.mark.parametrize(
    ("maker", "ends"), [(convolutional_cgan, (0, 1)), (of_several_labels, ([0, 0, 0, 0], [1, 1, 1, 1]))]
)
def test_networks_that_take_no_mix(maker, ends):
    with pytest.raises(InputError, match=r"as they are.*float \(batch, [34]\)") as error:
        maker().sample(2, Mix(*ends))
    one_line(error)


def test_a_network_that_takes_it_wrongly():
    """One that reads the first number of an encoded condition as the class."""

    class FirstColumn(Labels):
        def encode(self, condition):
            return super().encode(tf.reshape(tf.cast(condition, tf.int32), (len(condition), -1))[:, 0])

    gan = varied(small_cgan())
    gan.generator.condition = FirstColumn(3)
    assert gan.sample(2, [0, 1]).shape == (2, *SHAPE)
    with pytest.raises(InputError, match="as they are") as error:
        gan.sample(2, Mix(0, 1))
    one_line(error)


def test_a_mix_needs_two_classes():
    with pytest.raises(InputError, match="at least 2 classes") as error:
        small_cgan(kind=Labels(1)).sample(2, Mix(0, 0))
    one_line(error)
