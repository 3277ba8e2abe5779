"""What a served graph refuses: too many rows at once, and rows and conditions that do not pair."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import CLASSES, SHAPE, OneHot, one_line, small_cgan, small_gan, varied

import tfgan
from tfgan.conditions import Labels
from tfgan.errors import InputError
from tfgan.export import comparison, signatures

FIRST = {"serving_default": "latents", "uint8": "latents", "sample": "seeds", "sample_png": "seeds"}


def inputs(signature, rows, conditions=None):
    """Arrays for a signature of a small conditional GAN."""
    given = {"latents": np.zeros((rows, 5), "float32"), "seeds": np.arange(rows)}
    labels = np.arange(rows if conditions is None else conditions, dtype="int32") % CLASSES
    return {FIRST[signature]: tf.constant(given[FIRST[signature]]), "condition": tf.constant(labels)}


def load(folder):
    loaded = tf.saved_model.load(str(folder))
    return loaded, loaded.signatures


def test_no_more_rows_than_the_export_says(tmp_path, quick):
    path = Path(tfgan.export.saved_model(small_cgan(), tmp_path / "digits", max_batch=33).path)
    _, served = load(path)
    assert set(served) == set(FIRST)
    for signature, run in served.items():
        assert len(next(iter(run(**inputs(signature, 33)).values()))) == 33
        for rows in (34, 100_000):
            with pytest.raises(tf.errors.InvalidArgumentError, match="at most 33 rows"):
                run(**inputs(signature, rows))
    assert json.loads((path / "limits.json").read_text()) == {"max_batch": 33}
    assert "A request may have 33 rows" in (path / "README.md").read_text()
    assert "max_batch_size { value: 33 }" in (path.parent / "serving/batching.config").read_text()


def test_the_least_is_what_the_comparison_takes():
    assert signatures.LEAST_BATCH == comparison.SAMPLES


@pytest.mark.parametrize(
    ("shape", "rows"),
    [((28, 28, 1), 4096), ((1, 1, 2), 4096), ((64, 64, 3), 682), ((512, 512, 3), 64)],
)
def test_larger_images_come_in_smaller_batches(shape, rows):
    assert signatures.checked_max_batch(None, shape) == rows
    assert signatures.checked_max_batch(10_000, shape) == 10_000


@pytest.mark.parametrize("wrong", [31, 0, -1, True, "64", 64.0, 2**31])
def test_wrong_limits(tmp_path, wrong):
    with pytest.raises(InputError, match="max_batch must be an integer of at least 32") as error:
        tfgan.export.saved_model(small_gan(), tmp_path / "digits", max_batch=wrong)
    one_line(error)
    assert not (tmp_path / "digits").exists()


def adding_cgan():
    """A conditional GAN that adds what it makes of latents and labels: one label would do for all."""
    z, y = keras.Input((5,)), keras.Input((), dtype="int32")
    x = keras.layers.Add()([keras.layers.Dense(16)(z), keras.layers.Dense(16)(OneHot()(y))])
    x = keras.layers.Reshape(SHAPE)(keras.layers.Activation("sigmoid")(x))
    images, labels = keras.Input(SHAPE), keras.Input((), dtype="int32")
    h = keras.layers.Concatenate()([keras.layers.Flatten()(images), OneHot()(labels)])
    discriminator = keras.Model([images, labels], keras.layers.Dense(1)(h))
    return tfgan.CGAN(keras.Model([z, y], x), discriminator, condition=Labels(CLASSES), seed=7)


def test_a_condition_for_each_row(tmp_path, quick):
    _, served = load(tfgan.export.saved_model(adding_cgan(), tmp_path / "digits").path)
    for signature, run in served.items():
        run(**inputs(signature, 3))
        for rows, conditions in ((3, 1), (1, 3), (3, 2)):
            with pytest.raises(tf.errors.InvalidArgumentError, match="needs a condition a row"):
                run(**inputs(signature, rows, conditions))


def test_a_data_set_keeps_to_the_limit(tmp_path, quick):
    gan = varied(small_cgan())
    path = Path(tfgan.export.saved_model(gan, tmp_path / "digits", max_batch=33).path)
    made = {}
    for name, source in (("served", path), ("gan", gan)):
        tfgan.export.dataset(source, tmp_path / name, 90, format="npz")
        with np.load(next((tmp_path / name).glob("*.npz"))) as file:
            made[name] = dict(file)
    np.testing.assert_array_equal(made["served"]["seeds"], made["gan"]["seeds"])
    images = [made[name]["images"].astype(int) for name in ("served", "gan")]
    np.testing.assert_allclose(*images, atol=1)  # other batches may round otherwise
    for text in ("{}", "[", '{"max_batch": null}'):
        (path / "limits.json").write_text(text)
        with pytest.raises(InputError, match=r"limits\.json is damaged") as error:
            tfgan.export.dataset(path, tmp_path / "none", 5, format="npz")
        one_line(error)
    (path / "limits.json").unlink()  # as exports of before
    _, old = load(path)
    assert len(old["sample"](**inputs("sample", 33))["images"]) == 33


def test_the_command(command, tmp_path):
    line = ["export", tmp_path / "run", "--max-batch", 9, "--out", tmp_path / "x.tflite"]
    code, _, err = command(*line, "--to", "tflite")
    assert (code, err.count("\n")) == (2, 1)
    assert "--max-batch goes with --to saved_model" in err
