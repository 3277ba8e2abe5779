"""Keras files that others crafted: each is refused before Keras reads it, and nothing of it has run."""

import io
import json
import sys
import warnings
import zipfile

import h5py
import keras
import numpy as np
import pytest
from makers import one_line, small_cgan, small_gan

from tfgan import checkpoints, keras_files, runs, stored
from tfgan.errors import InputError
from tfgan.export import card
from tfgan.metrics import features
from tfgan.precision import policy

WEIGHTS = "model.weights.h5"


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A model of images -> features, as Keras writes it."""
    inputs = keras.Input((4, 4, 1))
    x = keras.layers.Conv2D(2, 3, activation="gelu", kernel_regularizer=keras.regularizers.L2(0.1))(
        inputs
    )
    x = keras.ops.mean(x, axis=(1, 2)) * 2
    model = keras.Model(inputs, keras.layers.Dense(3)(x[:, 1:]))
    model.compile("adam", keras.losses.MeanSquaredError(), metrics=["mae"])
    model.optimizer.build(model.trainable_variables)
    path = tmp_path_factory.mktemp("good") / "good.keras"
    model.save(path)
    return path


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(path, contents):
    """Writes a `.keras` file of (name, content) pairs."""
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")  # of names given twice
        for name, content in contents:
            archive.writestr(name, content)
    return path


def with_config(good, path, change):
    """The good file, with another config."""
    contents = members(good)
    config = json.loads(contents["config.json"])
    change(config)
    return written(path, {**contents, "config.json": json.dumps(config)}.items())


def with_weights(good, path, write):
    """The good file, with something more among its weights."""
    contents = members(good)
    stream = io.BytesIO(contents[WEIGHTS])
    with h5py.File(stream, "r+") as file:
        write(file)
    return written(path, {**contents, WEIGHTS: stream.getvalue()}.items())


def refused(path, words):
    with pytest.raises(ValueError, match=words) as error:
        keras_files.check(path)
    return one_line(error)


def test_reads_what_keras_wrote(good):
    keras_files.check(good)
    images = np.random.default_rng(0).random((2, 4, 4, 1), "float32")
    expected = keras.saving.load_model(good)(images)
    model = keras_files.load_model(good)
    np.testing.assert_array_equal(model(images), expected)
    assert model.compiled
    assert not keras_files.load_model(good, compile=False).compiled


@pytest.mark.parametrize("make", [small_gan, small_cgan])
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_reads_gans(make, precision, tmp_path):
    with policy(precision):
        gan = make()
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-3, 10, 0.9)
    gan.compile(
        g_optimizer=keras.optimizers.Adam(schedule),
        loss="hinge",
        penalties={"r1": 1.0},
        augment="color",
        augment_strength="adaptive",
        ema_decay=0.9,
    )
    gan.save(tmp_path / "gan.keras")
    again = keras_files.load_model(tmp_path / "gan.keras")
    assert again.training_config["penalties"] is not None
    keras_files.load_weights(again, tmp_path / "gan.keras")
    for old, new in zip(gan.weights, again.weights, strict=True):
        np.testing.assert_array_equal(old, new)


def one_more_layer(**config):
    """Makes the first layer after the input another: what Keras makes first."""

    def change(model):
        layer = model["config"]["layers"][1]
        layer.pop("registered_name")
        layer.update(config)

    return change


def activation(**config):
    def change(model):
        model["config"]["layers"][1]["config"]["activation"] = config

    return change


FUNCTION = {"class_name": "function", "registered_name": None}
CONFIGS = {
    "os.system": activation(**FUNCTION, module="os", config="system"),
    "builtins.eval in disguise": activation(**FUNCTION, module="keras.utils", config="eval"),
    "a module on the path": one_more_layer(module="canary_module", class_name="Canary"),
    "get_file": activation(**FUNCTION, module="keras.utils", config="get_file"),
    "unsafe deserialisation": activation(
        **FUNCTION, module="keras.config", config="enable_unsafe_deserialization"
    ),
    "a download": activation(**FUNCTION, module="keras.datasets.mnist", config="load_data"),
    "weights from the network": activation(**FUNCTION, module="keras.applications", config="ResNet50"),
    "deserialize": activation(**FUNCTION, module="keras.activations", config="deserialize"),
    "func_load": one_more_layer(module="keras.src.utils.python_utils", class_name="func_load"),
    "a function as a class": one_more_layer(module="keras.layers", class_name="deserialize"),
    "TFSMLayer": one_more_layer(module="keras.layers", class_name="TFSMLayer"),
    "TorchModuleWrapper": one_more_layer(module="keras.layers", class_name="TorchModuleWrapper"),
    "JaxLayer": one_more_layer(module="keras.layers", class_name="JaxLayer"),
    "files of words": one_more_layer(
        module="keras.layers", class_name="StringLookup", config={"vocabulary": "/etc/passwd"}
    ),
    "Lambda by another module": one_more_layer(module="keras.src.ops.numpy", class_name="Lambda"),
    "Lambda without a module": one_more_layer(module=None, class_name="Lambda"),
    "a lambda": activation(class_name="__lambda__", config={"value": ["4wAAAA==", None, None]}),
    "a type": activation(
        class_name="__typespec__", config=[], spec_name="TensorSpec", module="tensorflow"
    ),
    "a name that is no name": one_more_layer(module="keras.layers", class_name="Dense.call"),
    "a class_name of numbers": one_more_layer(class_name=[1]),
    "a module of numbers": one_more_layer(module={"a": 1}),
    "compiled": lambda model: model.update(
        compile_config={"loss": {**FUNCTION, "module": "os", "config": "system"}}
    ),
}


@pytest.fixture
def canary(tmp_path, monkeypatch):
    """A file that a module on the path would write if it were imported."""
    file = tmp_path / "canary"
    folder = tmp_path / "path"
    folder.mkdir()
    (folder / "canary_module.py").write_text(f"open({str(file)!r}, 'w').close()")
    monkeypatch.syspath_prepend(folder)
    yield file
    assert not file.exists()
    assert "canary_module" not in sys.modules


@pytest.mark.parametrize("case", CONFIGS)
def test_configs(good, tmp_path, canary, case):
    message = refused(with_config(good, tmp_path / "bad.keras", CONFIGS[case]), "its config.json")
    assert len(message) < 300


def lambda_model(path, canary):
    """A model whose Lambda layer writes a file when it is called."""
    text = str(canary)
    inputs = keras.Input((4, 4, 1))
    write = keras.layers.Lambda(lambda x: (open(text, "w").close(), x)[1])
    keras.Model(inputs, keras.layers.Flatten()(write(inputs))).save(path)
    assert canary.exists()
    canary.unlink()


def test_lambda(tmp_path):
    """The canary is a real one: told not to be safe, Keras runs it."""
    path, canary = tmp_path / "lambda.keras", tmp_path / "canary"
    lambda_model(path, canary)
    with pytest.raises(ValueError, match=r"names 'keras.layers.Lambda'"):
        keras_files.load_model(path)
    with pytest.raises(InputError, match=r"keras.layers.Lambda") as error:
        features.get(str(path))
    one_line(error)
    assert not canary.exists()
    keras.saving.load_model(path, safe_mode=False)(np.zeros((1, 4, 4, 1)))
    assert canary.exists()


def test_registered_classes_are_read(good, tmp_path):
    """What this process registered is its own code; of the same name unregistered it is refused."""

    @keras.saving.register_keras_serializable("here")
    class Mine(keras.layers.Dense):
        pass

    inputs = keras.Input((3,))
    keras.Model(inputs, Mine(2)(inputs)).save(tmp_path / "mine.keras")
    try:
        assert type(keras_files.load_model(tmp_path / "mine.keras").layers[-1]) is Mine
    finally:
        del keras.saving.get_custom_objects()["here>Mine"]
    refused(tmp_path / "mine.keras", "nor registered here")


MEMBERS = {
    "../escaped.txt": "it holds '../escaped.txt'",
    "/tmp/escaped.txt": "it holds '/tmp/escaped.txt'",
    "assets/layer/vocabulary.txt": "it holds 'assets",
    "model.weights.npz": "it holds 'model.weights.npz'",
    "config.json": "a file twice",
}


@pytest.mark.parametrize("name", MEMBERS)
def test_members(good, tmp_path, name):
    contents = [*members(good).items(), (name, b"{}")]
    refused(written(tmp_path / "bad.keras", contents), MEMBERS[name])
    assert {file.name for file in tmp_path.iterdir()} == {"bad.keras"}
    assert not (tmp_path.parent / "escaped.txt").exists()


@pytest.mark.parametrize("name", ["config.json", "metadata.json", WEIGHTS])
def test_missing_members(good, tmp_path, name):
    contents = {key: value for key, value in members(good).items() if key != name}
    refused(written(tmp_path / "bad.keras", contents.items()), f"it holds no {name}")


@pytest.mark.parametrize("name", ["config.json", WEIGHTS])
def test_zip_bombs(good, tmp_path, name):
    path = tmp_path / "bad.keras"
    contents = members(good)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, content in contents.items():
            archive.writestr(key, content if key != name else bytes(keras_files._FLOOR + 1))
    assert path.stat().st_size < 2**20
    refused(path, "far more than are stored")


def test_configs_that_are_deep(good, tmp_path):
    deep = b"[" * 200_000 + b"]" * 200_000
    refused(
        written(tmp_path / "bad.keras", {**members(good), "config.json": deep}.items()), "recursion"
    )


def external(file):
    file.create_dataset("x", (4,), "uint8", external=[("/etc/hostname", 0, 4)])


def external_link(file):
    file["x"] = h5py.ExternalLink("/etc/hostname", "/x")


def virtual(file):
    layout = h5py.VirtualLayout((4,), "uint8")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "x", (4,))
    file.create_virtual_dataset("x", layout)


def bomb(file):
    file.create_dataset("x", (2**40,), "float32", chunks=(2**16,), compression="gzip")


def cycle(file):
    file["deeper/again"] = file["/"]


HDF5 = {
    "external data": (external, "the numbers of x lie in other files"),
    "external link": (external_link, "x is a link to elsewhere"),
    "soft link": (lambda file: file.__setitem__("x", h5py.SoftLink("/layers")), "x is a link"),
    "virtual data": (virtual, "the numbers of x lie in other files"),
    "bomb": (bomb, "far more than are stored"),
    "cycle": (cycle, "linked twice"),
    "objects": (
        lambda file: file.create_dataset("x", (1,), h5py.string_dtype()),
        "x is no array of numbers",
    ),
    "a filter": (
        lambda file: file.create_dataset("x", data=np.zeros(9), compression="lzf", chunks=(9,)),
        "filters",
    ),
    "a type": (lambda file: file.__setitem__("x", np.dtype("f8")), "x is no array"),
}


@pytest.mark.parametrize("case", HDF5)
def test_weights(good, tmp_path, case):
    write, words = HDF5[case]
    refused(with_weights(good, tmp_path / "bad.keras", write), words)
    plain = tmp_path / "bad.h5"
    with h5py.File(plain, "w") as file:
        file["layers/vars/0"] = np.zeros(3)
        write(file)
    with pytest.raises(ValueError, match=words):
        keras_files.check_weights(plain)
    with pytest.raises(InputError, match=words) as error:
        features.get(f"inception:{plain}")
    one_line(error)


@pytest.mark.parametrize("content", [b"", b"PK", b"\x80\x04\x95"])
def test_files_that_are_none(tmp_path, content):
    (tmp_path / "bad.keras").write_bytes(content)
    with pytest.raises((ValueError, OSError)):
        keras_files.check(tmp_path / "bad.keras")


@pytest.mark.parametrize("case", ["os.system", "a module on the path", "TFSMLayer"])
def test_every_load_refuses(good, tmp_path, canary, case):
    """A run directory (of `sample`, `evaluate`, `export`), and features."""
    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    (run / "config.json").write_text(json.dumps(runs.plan("gan-digits")))
    bad, gan = with_config(good, run / "gan.keras", CONFIGS[case]), small_gan()
    for load in (
        lambda: stored.load(bad),
        lambda: checkpoints.read(bad, lambda file: keras_files.load_weights(gan, file)),  # of --resume
        lambda: card.source_of(run),
        lambda: features.get(str(bad)),
    ):
        with pytest.raises(InputError, match=r"its config\.json names") as error:
            load()
        assert str(bad) in one_line(error)
