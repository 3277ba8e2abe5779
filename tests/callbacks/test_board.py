import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import small_cgan, small_gan
from matplotlib.figure import Figure
from PIL import Image
from tensorflow.python.summary.summary_iterator import summary_iterator

from tfgan import callbacks, plots
from tfgan.callbacks.board import pixels
from tfgan.errors import InputError


def written(folder):
    """{(tag, step): tensor} of a folder's event files."""
    found = {}
    for file in folder.glob("events*"):
        for event in summary_iterator(str(file)):
            for value in event.summary.value:
                found[value.tag, event.step] = tf.make_ndarray(value.tensor)
    return found


def trained(gan, images, labels, folder, epochs, **kwargs):
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-3, decay_steps=3, decay_rate=0.5)
    rates = {"g_optimizer": keras.optimizers.SGD(schedule), "d_optimizer": keras.optimizers.SGD(0.25)}
    gan.compile(**rates, jit_compile=False)
    board = callbacks.TensorBoard(folder, **kwargs)
    gan.fit(images, labels, batch_size=10, epochs=epochs, callbacks=[board], verbose=0)
    return written(folder / "train"), written(folder / "networks")


def test_what_tensorboard_reads(images, labels, tmp_path):
    gan = small_cgan()
    scalars, networks = trained(gan, images, labels, tmp_path, 3, every=2, class_names=["a", "b", "c"])
    assert {("epoch_d_loss", n) for n in range(3)} <= set(scalars)
    for epoch in range(3):  # three steps each, after which the rate has halved
        assert networks["learning_rate/generator", epoch] == pytest.approx(1e-3 / 2 ** (epoch + 1))
        assert networks["learning_rate/discriminator", epoch] == 0.25
    assert {step for tag, step in networks if tag == "samples"} == {1, 2}  # every 2, and the last
    width, height, png = networks["samples", 2]
    picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    assert picture.shape == (int(height), int(width), 3)
    wanted = pixels(plots.samples(gan, class_names=["a", "b", "c"]))
    np.testing.assert_array_equal(picture, wanted)
    for player in ("generator", "discriminator"):
        network = getattr(gan, player)
        tags = {tag for tag, step in networks if tag.startswith(player) and step == 2}
        assert len(tags) == len(network.weights)
    weight = gan.generator.weights[0]
    tag = "generator/" + weight.path.removeprefix(f"{gan.generator.name}/")
    buckets = networks[tag, 2]  # (left, right, count)
    assert buckets[:, 2].sum() == np.prod(weight.shape)
    assert buckets[0, 0] == pytest.approx(weight.numpy().min(), abs=1e-6)
    assert buckets[-1, 1] == pytest.approx(weight.numpy().max(), abs=1e-6)


def test_without_pictures_and_histograms(images, tmp_path):
    _, networks = trained(small_gan(), images, None, tmp_path, 1, samples=False, histograms=False)
    assert {tag for tag, _ in networks} == {"learning_rate/generator", "learning_rate/discriminator"}


def test_of_a_strategy(images, tmp_path):
    """Whose variables are none that Python takes for numbers."""
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        gan = small_gan()
        gan.compile(g_optimizer="sgd", d_optimizer=keras.optimizers.SGD(0.25), jit_compile=False)
    gan.fit(images, batch_size=10, callbacks=[callbacks.TensorBoard(tmp_path)], verbose=0)
    networks = written(tmp_path / "networks")
    assert networks["learning_rate/discriminator", 0] == 0.25
    weight = gan.generator.weights[0]
    tag = "generator/" + weight.path.removeprefix(f"{gan.generator.name}/")
    assert networks[tag, 0][:, 2].sum() == np.prod(weight.shape)


def test_pixels_are_the_figures():
    figure = Figure(figsize=(0.4, 0.2), dpi=100, facecolor=(1.0, 0.0, 0.2))
    drawn = pixels(figure)
    assert drawn.shape == (20, 40, 3)
    assert drawn.dtype == np.uint8
    assert np.unique(drawn.reshape(-1, 3), axis=0).tolist() == [[255, 0, 51]]


def test_refuses(tmp_path):
    with pytest.raises(InputError, match="every"):
        callbacks.TensorBoard(tmp_path, every=0)
