"""What features are of images, what they say of themselves, and what is refused."""

import keras
import numpy as np
import pytest
from makers import one_line

from tfgan.errors import InputError
from tfgan.metrics import classifier, features


def images_of(count=5, size=8, channels=1):
    return np.random.default_rng(0).random((count, size, size, channels), dtype="float32")


def means(channels=1):
    """A Keras model of 8 x 8 images: the mean and three times the mean of each channel."""
    x = keras.Input((8, 8, channels))
    y = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(x, keras.layers.Concatenate()([y, keras.layers.Rescaling(3.0)(y)]))


def test_pixels_in_batches(monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (11, 3, 4, 2)).astype("uint8")
    monkeypatch.setattr(features, "BATCH_BYTES", 4 * 24 * 4)  # four images at a time
    found = features.get("pixels")(images)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, images.reshape(11, 24) / 255, atol=1e-7)


def test_a_model_a_function_and_a_file(tmp_path):
    images, model = images_of(), means()
    wanted = images.mean((1, 2)) * [[1, 3]]
    model.save(tmp_path / "means.keras")
    given = [model, lambda batch: batch.mean((1, 2)) * [[1, 3]], str(tmp_path / "means.keras")]
    for one in given:
        np.testing.assert_allclose(features.get(one)(images), wanted, rtol=1e-5)
    extractor = features.get(given[-1])
    assert features.get(extractor) is extractor
    assert extractor.name == "means.keras"
    assert "SHA-256" in extractor.description
    assert str(tmp_path) not in extractor.description


def test_a_model_runs_in_inference_mode():
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dropout(0.5)]
    )
    images = images_of()
    np.testing.assert_array_equal(features.get(model)(images), images.reshape(5, -1))


def test_the_classifier_is_made_when_it_is_asked_for():
    model = classifier._build((8, 8, 1), 3, 0)
    extractor = features.get("classifier", make_classifier=lambda: model)
    found = extractor(images_of())
    np.testing.assert_allclose(found, classifier.body(model)(images_of()), rtol=1e-5, atol=1e-6)
    assert classifier.PROTOCOL in extractor.description
    features.get("pixels", make_classifier=pytest.fail)


@pytest.mark.parametrize("channels", [1, 3])
def test_inception_is_given_what_its_protocol_says(monkeypatch, channels):
    """Its network replaced by one that returns the mean of each channel: the preprocessing is left."""
    asked = {}

    def network(**options):
        asked.update(options)
        x = keras.Input(options["input_shape"])
        return keras.Model(x, keras.layers.GlobalAveragePooling2D()(x))

    monkeypatch.setattr(keras.applications, "InceptionV3", network)
    extractor = features.get("inception")
    images = np.broadcast_to(np.linspace(0, 1, 4)[:, None, None, None], (4, 8, 8, channels))
    wanted = np.linspace(-1, 1, 4)[:, None] * np.ones((1, 3))
    np.testing.assert_allclose(extractor(images), wanted, atol=1e-3)
    assert asked["weights"] == "imagenet"
    assert asked["include_top"] is False
    assert "not comparable to published FID" in extractor.description
    with pytest.raises(InputError, match="1 or 3 channels, got 2") as error:
        extractor(images_of(channels=2))
    one_line(error)


def test_inception_resizes_with_antialiasing():
    fine = np.indices((598, 598)).sum(0)[None, ..., None] % 2  # a chessboard of single pixels
    found = np.asarray(features.for_inception(fine.astype("float32")))
    assert found.shape == (1, 299, 299, 3)
    np.testing.assert_allclose(found[:, 2:-2, 2:-2], 0, atol=1e-5)


def test_a_download_that_fails_is_one_line(monkeypatch):
    def network(**options):
        raise Exception("URL fetch failure on https://somewhere: None --\n[Errno -2] unknown")

    monkeypatch.setattr(keras.applications, "InceptionV3", network)
    with pytest.raises(InputError, match=r"cannot be downloaded.*inception:FILE\.h5") as error:
        features.get("inception")
    one_line(error)


@pytest.mark.slow
def test_inception_of_a_file(tmp_path):
    shape = (299, 299, 3)
    model = keras.applications.InceptionV3(
        include_top=False, weights=None, input_shape=shape, pooling="avg"
    )
    model.save_weights(tmp_path / "a.weights.h5")
    extractor = features.get(f"inception:{tmp_path / 'a.weights.h5'}")
    found = extractor(images_of(2, 20, 3))
    assert found.shape == (2, 2048)
    np.testing.assert_allclose(found, model(features.for_inception(images_of(2, 20, 3))), rtol=1e-3)
    assert "a.weights.h5, SHA-256" in extractor.description
    (tmp_path / "b.weights.h5").write_bytes(b"nothing")
    with pytest.raises(InputError, match="holds no weights of InceptionV3") as error:
        features.get(f"inception:{tmp_path / 'b.weights.h5'}")
    one_line(error)


REFUSED = {
    "unknown": (lambda _: "inceptoin", "did you mean inception"),
    "no name": (lambda _: 3, "a name, a file or a function"),
    "no labels": (lambda _: "classifier", "--features inception, pixels or FILE.keras"),
    "no weights": (lambda folder: f"inception:{folder}/a.h5", "no file of weights"),
    "no model": (lambda folder: f"{folder}/a.keras", "is no file"),
    "damaged": (lambda folder: f"{folder}/damaged.keras", "cannot be read as a Keras model"),
    "code": (lambda folder: f"{folder}/code.keras", "cannot be read as a Keras model"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_names_and_files(tmp_path, case):
    (tmp_path / "damaged.keras").write_bytes(b"PK nothing")
    code = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Lambda(lambda x: x[:, 0, 0])])
    code.save(tmp_path / "code.keras")
    given, words = REFUSED[case]
    with pytest.raises(InputError, match=words) as error:
        features.get(given(tmp_path))
    one_line(error)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda images: images, "pool or flatten"),
        (lambda images: images[1:, 0, 0], "of 5 images"),
        (lambda images: images[:, 0, 0] * np.nan, "NaN"),
        (means(3), "do not take images of shape"),
    ],
)
def test_refuses_what_is_no_features(function, words):
    with pytest.raises(InputError, match=words) as error:
        features.get(function)(images_of())
    one_line(error)


def test_a_bar_only_where_it_is_seen(capsys, monkeypatch):
    monkeypatch.setattr(features, "BATCH_BYTES", 4 * 64 * 2)  # three batches
    extractor = features.get("pixels")
    extractor(images_of())
    assert capsys.readouterr().out == ""
    extractor(images_of(), verbose=True)
    assert "5/5" in capsys.readouterr().out
