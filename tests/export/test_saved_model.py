"""SavedModels: signatures, what servers see of a folder, and what is refused."""

import io
import json
import os
import signal
import subprocess
import sys
import time

import keras
import matplotlib.image
import numpy as np
import pytest
import tensorflow as tf
from makers import SHAPE, one_line, small_cgan, small_gan, stripes

import tfgan
from tfgan import runs
from tfgan.conditions import Vector
from tfgan.errors import InputError
from tfgan.export import signatures
from tfgan.networks import mirza2014


def load(report):
    return tf.saved_model.load(report.path).signatures


def conditions(gan, count):
    return {"condition": gan.example_condition(count)} if gan.conditional else {}


def of_vectors():
    condition = Vector(6)
    return tfgan.CGAN(
        mirza2014.Generator(SHAPE, condition=condition, latent_dim=5, units=8),
        mirza2014.Discriminator(SHAPE, condition=condition, image_units=6, units=5),
        seed=7,
    )


def test_every_signature(gan, tmp_path, quick):
    report = tfgan.export.saved_model(gan, tmp_path / "served")
    assert report.path == str(tmp_path / "served/1")
    found = load(report)
    assert set(found) == {"serving_default", "uint8", "sample", "sample_png"}
    z = gan.draw_latents(6, seed=3)
    given = conditions(gan, 6)
    labels = given.get("condition")
    images = gan.images_of(z, labels)
    np.testing.assert_allclose(
        found["serving_default"](latents=z, **given)["images"], images, atol=1e-6
    )
    pixels = found["uint8"](latents=z, **given)["pixels"]
    assert pixels.dtype == tf.uint8
    np.testing.assert_allclose(pixels, np.rint(255 * images), atol=1)
    seeds = tf.constant([0, 7, 7, 2**40, -1, 12], tf.int64)
    drawn = found["sample"](seeds=seeds, **given)["images"].numpy()
    for i, seed in enumerate([0, 7, 7, None, None, 12]):
        if seed is not None:
            wanted = gan.sample(1, None if labels is None else labels[i : i + 1], seed=seed)
            np.testing.assert_allclose(drawn[i : i + 1], wanted, atol=1e-6)
        one = {name: value[i : i + 1] for name, value in given.items()}
        alone = found["sample"](seeds=seeds[i : i + 1], **one)["images"]
        np.testing.assert_allclose(alone, drawn[i : i + 1], atol=1e-6)
    files = found["sample_png"](seeds=seeds, **given)["image_bytes"].numpy()
    for data, image in zip(files, drawn, strict=True):
        decoded = matplotlib.image.imread(io.BytesIO(data), format="png")
        np.testing.assert_allclose(decoded, image[..., 0], atol=0.51 / 255)


def test_shapes_by_name(gan, tmp_path, quick):
    report = tfgan.export.saved_model(gan, tmp_path)
    for name, function in load(report).items():
        specs = function.structured_input_signature[1]
        first = "seeds" if name in signatures.BY_SEED else "latents"
        assert set(specs) == ({first, "condition"} if gan.conditional else {first})
        assert specs[first].shape.as_list() == ([None] if first == "seeds" else [None, 5])
        for count in (1, 7):
            inputs = {first: tf.zeros((count,) if first == "seeds" else (count, 5), specs[first].dtype)}
            (output,) = function(**inputs, **conditions(gan, count)).values()
            assert output.shape == ((count,) if name == "sample_png" else (count, *SHAPE))


@pytest.mark.parametrize("label", [-1, 3, pytest.param(2**31 - 1, marks=pytest.mark.slow)])
def test_labels_out_of_range_are_an_error(tmp_path, quick, label):
    found = load(tfgan.export.saved_model(small_cgan(), tmp_path))
    labels = tf.constant([0, label], tf.int32)
    for name, function in found.items():
        first = {"seeds": tf.zeros((2,), tf.int64)}
        first = first if name in signatures.BY_SEED else {"latents": tf.zeros((2, 5))}
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"labels must lie in \[0, 3\)"):
            function(**first, condition=labels)


def test_vectors_and_numbers_that_are_not_finite(tmp_path, quick):
    gan = of_vectors()
    found = load(tfgan.export.saved_model(gan, tmp_path))
    z, y = np.zeros((2, 5), "float32"), np.ones((2, 6), "float32")
    images = found["serving_default"](latents=tf.constant(z), condition=tf.constant(y))["images"]
    np.testing.assert_allclose(images, gan.images_of(z, y), atol=1e-6)
    for latents, condition in ((z + np.nan, y), (z, y + np.inf)):
        with pytest.raises(tf.errors.InvalidArgumentError, match="finite"):
            found["serving_default"](latents=tf.constant(latents), condition=tf.constant(condition))


def test_several_labels_at_once(tmp_path, quick):
    """As 0 and 1 for each, to networks of which nobody said what their condition is."""
    z, y = keras.Input((5,)), keras.Input((3,))
    x = keras.layers.Dense(16, activation="sigmoid")(keras.layers.Concatenate()([z, y]))
    images, given = keras.Input((4, 4, 1)), keras.Input((3,))
    h = keras.layers.Concatenate()([keras.layers.Flatten()(images), given])
    gan = tfgan.CGAN(
        keras.Model([z, y], keras.layers.Reshape((4, 4, 1))(x)),
        keras.Model([images, given], keras.layers.Dense(1)(h)),
    )
    found = load(tfgan.export.saved_model(gan, tmp_path))
    labels = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1]], "float32")
    latents = gan.draw_latents(3, seed=1)
    inputs = {"latents": tf.constant(latents), "condition": tf.constant(labels)}
    images = found["serving_default"](**inputs)["images"].numpy()
    np.testing.assert_allclose(images, gan.images_of(latents, labels), atol=1e-6)
    seeds = tf.constant([3, 4, 5], tf.int64)
    drawn = found["sample"](seeds=seeds, condition=inputs["condition"])["images"]
    np.testing.assert_allclose(drawn[1:2], gan.sample(1, labels[1:2], seed=4), atol=1e-6)


def test_the_average_is_what_is_exported(tmp_path, quick):
    gan = small_gan()
    gan.compile(ema_decay=0.5)
    gan.ema_generator.set_weights([w + 1 for w in gan.generator.get_weights()])
    found = load(tfgan.export.saved_model(gan, tmp_path))
    z = gan.draw_latents(3, seed=0)
    images = found["serving_default"](latents=tf.constant(z))["images"]
    np.testing.assert_allclose(images, gan.images_of(z), atol=1e-6)
    assert np.abs(images - gan.images_of(z, ema=False)).max() > 1e-3


def test_versions_count_up_and_are_whole(tmp_path, quick):
    gan = small_gan()
    (tmp_path / "7").mkdir()
    (tmp_path / "notes").mkdir()
    assert tfgan.export.saved_model(gan, tmp_path).path == str(tmp_path / "8")
    assert tfgan.export.saved_model(gan, tmp_path).path == str(tmp_path / "9")
    assert tfgan.export.saved_model(gan, tmp_path, version=3).path == str(tmp_path / "3")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["3", "7", "8", "9", "notes", "serving"]
    for version in (7, 8):
        with pytest.raises(InputError, match="exists") as error:
            tfgan.export.saved_model(gan, tmp_path, version=version)
        one_line(error)


@pytest.mark.parametrize("version", [0, -1, 1.0, "1", True])
def test_wrong_versions(tmp_path, version):
    with pytest.raises(InputError, match="version") as error:
        tfgan.export.saved_model(small_gan(), tmp_path / "served", version=version)
    one_line(error)
    assert not list(tmp_path.iterdir())


def test_weights_are_stored_once(tmp_path, quick):
    gan = tfgan.GAN(
        tfgan.networks.goodfellow2014.Generator((16, 16, 1), units=512),
        tfgan.networks.goodfellow2014.Discriminator((16, 16, 1), units=4),
    )
    report = tfgan.export.saved_model(gan, tmp_path)
    weights = 4 * gan.generator.count_params()
    assert weights < report.size < 1.3 * weights + 200_000


def test_a_different_export_is_refused(tmp_path, monkeypatch, quick):
    gan = small_gan()
    images_of = gan.images_of
    monkeypatch.setattr(gan, "images_of", lambda *args: images_of(*args) * 0.999)
    with pytest.raises(InputError, match="differs from Keras") as error:
        tfgan.export.saved_model(gan, tmp_path / "served")
    one_line(error)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", "a b", "a/b", "-a", "é", 5])
def test_wrong_names(tmp_path, name):
    with pytest.raises(InputError, match="name") as error:
        tfgan.export.saved_model(small_gan(), tmp_path / "served", name=name)
    one_line(error)
    assert not list(tmp_path.iterdir())


def test_what_a_server_is_given(gan, tmp_path, quick):
    """Configurations in the protos' text, warm-up requests it can answer, and clients that compile."""
    pytest.importorskip("tensorflow_serving")
    from google.protobuf import text_format
    from tensorflow_serving.apis import prediction_log_pb2
    from tensorflow_serving.config import model_server_config_pb2

    report = tfgan.export.saved_model(gan, tmp_path / "digits")
    serving = tmp_path / "digits/serving"
    config = text_format.Parse(
        (serving / "models.config").read_text(), model_server_config_pb2.ModelServerConfig()
    )
    (model,) = config.model_config_list.config
    assert (model.name, model.base_path) == ("digits", "/models/digits")
    compile((serving / "client_grpc.py").read_text(), "client_grpc.py", "exec")
    subprocess.run(["sh", "-n", str(serving / "client.sh")], check=True)
    for file in serving.iterdir():
        assert "digits" in file.read_text() or file.name == "batching.config"
        assert "$" + "{name}" not in file.read_text()
    signatures_found = load(report)
    file = f"{report.path}/assets.extra/tf_serving_warmup_requests"
    seen = set()
    for record in tf.data.TFRecordDataset(file):
        request = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
        assert request.model_spec.name == "digits"
        inputs = {key: tf.constant(tf.make_ndarray(value)) for key, value in request.inputs.items()}
        (output,) = signatures_found[request.model_spec.signature_name](**inputs).values()
        seen.add((request.model_spec.signature_name, int(output.shape[0])))
    assert seen == {(name, count) for name in signatures_found for count in (1, 8)}


@pytest.mark.slow
def test_a_run_brings_its_card(tmp_path, quick):
    images, labels = stripes(60)
    np.savez(tmp_path / "stripes.npz", images=images, labels=labels)
    changes = ["units=8", "latent_dim=4", "batch_size=16", "jit_compile=false"]
    config = runs.plan("cgan-digits", source=f"npz:{tmp_path}/stripes.npz", epochs=1, changes=changes)
    gan = runs.train(tmp_path / "run", config, verbose=0)
    report = tfgan.export.saved_model(tmp_path / "run", tmp_path / "served", name="stripes")
    z, y = gan.draw_latents(2, seed=0), np.array([0, 2], "int32")
    found = load(report)["serving_default"](latents=tf.constant(z), condition=tf.constant(y))
    np.testing.assert_allclose(found["images"], gan.images_of(z, y), atol=1e-6)
    card = (tmp_path / "served/1/README.md").read_text()
    for words in (
        "# stripes",
        "cgan-digits",
        "npz:stripes.npz, fingerprint",
        "Licence",
        "`sample_png`",
        "Not measured",
    ):
        assert words in card
    assert str(tmp_path) not in card
    described = json.loads((tmp_path / "served/1/signatures.json").read_text())
    assert described["sample"]["inputs"]["seeds"] == {"dtype": "int64", "shape": [None]}
    assert described["uint8"]["outputs"]["pixels"] == {"dtype": "uint8", "shape": [None, 8, 8, 1]}


@pytest.mark.parametrize("given", ["nowhere", 5, None])
def test_no_gan(tmp_path, given):
    with pytest.raises(InputError, match=r"no finished model|expected a GAN") as error:
        tfgan.export.saved_model(given, tmp_path / "served")
    one_line(error)


def test_base_is_a_file(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="folder of versions"):
        tfgan.export.saved_model(small_gan(), tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.slow
def test_the_name_stays(tmp_path, quick):
    for name in ("digits", None):
        tfgan.export.saved_model(small_gan(), tmp_path / "base", name=name)
    assert 'name: "digits"' in (tmp_path / "base/serving/models.config").read_text()
    assert "# digits" in (tmp_path / "base/2/README.md").read_text()


@pytest.mark.parametrize("letter", "[]*?")
def test_paths_that_tensorflow_cannot_read(tmp_path, letter):
    with pytest.raises(InputError, match="rename") as error:
        tfgan.export.saved_model(small_gan(), tmp_path / f"a{letter}b" / "served")
    one_line(error)
    assert not list(tmp_path.iterdir())


def test_no_place_for_the_configuration(tmp_path):
    (tmp_path / "serving").write_text("mine")
    with pytest.raises(InputError, match="move it") as error:
        tfgan.export.saved_model(small_gan(), tmp_path, name="digits")
    one_line(error)
    assert [path.name for path in tmp_path.iterdir()] == ["serving"]


class Broken(keras.layers.Layer):
    """What no export can be right of."""

    def __init__(self, how):
        super().__init__()
        self.how = how
        self.raw = tf.Variable(1.0)

    def call(self, x):
        if self.how == "raw":
            return x * self.raw
        if self.how == "noise":
            return x + tf.random.uniform(tf.shape(x)) / 10
        return 3 * x if self.how == "range" else x / 0


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("raw", "add_weight"),
        ("noise", "another image of the same latents"),
        ("range", "end it with a sigmoid"),
        ("nan", "diverged"),
    ],
)
def test_generators_that_cannot_be_exported(tmp_path, how, words):
    gan = small_gan()
    generator = keras.Sequential([keras.Input((5,)), gan.generator, Broken(how)])
    gan = tfgan.GAN(generator, gan.discriminator, seed=0)
    with pytest.raises(InputError, match=words) as error:
        tfgan.export.saved_model(gan, tmp_path / "served")
    one_line(error)
    assert not list(tmp_path.iterdir())


EXPORT = """
import sys
sys.path.insert(0, sys.argv[2])
from makers import small_cgan
import tfgan
print("made", flush=True)
print(tfgan.export.saved_model(small_cgan(), sys.argv[1]).path)
"""


def start_export(base):
    command = [sys.executable, "-c", EXPORT, str(base), os.path.dirname(__file__) + "/.."]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


@pytest.mark.slow
def test_two_at_once_in_fresh_processes(tmp_path):
    both = [start_export(tmp_path) for _ in range(2)]
    paths = {process.communicate()[0].split()[-1] for process in both}
    assert paths == {str(tmp_path / "1"), str(tmp_path / "2")}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1", "2", "serving"]
    for path in paths:
        assert tfgan.export.verify(path).samples == 32


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.6, 1, 1.5, 2.5, 4, 6])
def test_a_kill_leaves_only_whole_versions(tmp_path, seconds):
    process = start_export(tmp_path)
    assert process.stdout.readline() == "made\n"
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    for path in tmp_path.iterdir():
        if path.name.isdecimal():
            tfgan.export.verify(path)
        else:
            assert path.name.startswith(".") or path.name == "serving"
