"""Never trust an input: what is wrong is told in one line, exit code 2, and nothing is written.

The tables name each case, what is typed, and words of the line. Every case runs in a folder of its own
(`.`), beside a small run of `cgan-digits` (`RUN`), and must leave both as they were. Where cases need
files, a function makes them in that folder.
"""

import functools
import gzip
import json
import os
import shutil
import signal
import struct
from pathlib import Path

import bad_files as bad
import numpy as np
import pytest
import tensorflow as tf
from makers import CLASSES, SHAPE, small_cgan
from PIL import Image

import tfgan
from tfgan import configs, data, reading, stored, weights
from tfgan.export.proof import seal

stored_load = stored.load
SECONDS = 90  # a case that takes longer hangs: it takes one or two
BUILT = ["--set", "units=8", "--set", "jit_compile=false"]


class Hangs(BaseException):
    """No library takes it for a mistake in its file."""


@pytest.fixture(autouse=True)
def _no_case_hangs():
    def stop(number, frame):
        raise Hangs

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    """A run directory as training leaves one, of a GAN that was not trained."""
    folder = tmp_path_factory.mktemp("whole")
    source = folder / "data.npz"
    source.write_bytes(bad.npz(images=np.zeros((30, *SHAPE), "uint8"), labels=np.arange(30) % CLASSES))
    config = configs.plan("cgan-digits", source=f"npz:{source}")
    configs.write_config(folder / "run", config, data.load(f"npz:{source}"))
    gan = small_cgan()
    gan.compile()
    gan.save(folder / "run/gan.keras")
    return folder / "run"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The folder of a case, the current one."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def refused(command, here, whole_run):
    """Runs a command that must be refused; returns the line."""

    def run(*arguments, words, watched=()):
        folders = [here, whole_run.parent, *watched]
        before = [bad.tree(folder) for folder in folders]
        filled = [str(argument).replace("RUN", str(whole_run)) for argument in arguments]
        code, out, err = command(*filled)
        assert "Traceback" not in out + err
        assert code == 2, (code, out, err)
        assert err.startswith("tfgan: "), err
        assert err.endswith("\n"), err
        assert len(err.splitlines()) == 1, err
        assert words.lower() in err.lower()
        assert len(err) < 1500, "a line that nobody reads"
        assert [bad.tree(folder) for folder in folders] == before, "something was written"
        return err

    return run


@pytest.fixture
def little_memory(monkeypatch):
    """A machine of 1 GiB: what must be refused must not fill this one, if it is not."""
    for module in (reading, weights):
        monkeypatch.setattr(module, "memory", lambda: 2**29)


def ids(case):
    return str(case).replace(str(os.sep), "|")[:60] if isinstance(case, str) else ""


def slow(*case):
    """A case that is much like another."""
    return pytest.param(*case, marks=pytest.mark.slow)


# --set of `cgan-digits`, unless another recipe comes first: what is set, words of the line.
SETTINGS = [
    ("", "key=value"),
    ("epochs", "key=value"),
    ("=3", "no setting"),
    ("epoch=3", "did you mean epochs"),
    ("épochs=3", "did you mean epochs"),
    ("x" * 5000 + "=1", "no setting"),
    ("epochs=", "epochs takes int values"),
    ("epochs=0", "at least 1"),
    ("epochs=-1", "at least 1"),
    ("epochs=1.5", "epochs takes int"),
    ("epochs=many", "epochs takes int"),
    ("epochs=true", "epochs takes int"),
    ("epochs=null", "epochs takes int"),
    ("epochs=nan", "epochs takes int"),
    ("epochs=[1]", "epochs takes int"),
    ("epochs={}", "epochs takes int"),
    ("epochs=1e3", "epochs takes int"),
    ("epochs=2147483648", "below 2**31"),
    ("epochs=" + "9" * 5000, "epochs"),
    ("epochs=" + "[" * 5000, "epochs takes int"),
    ("seed=-1", "seed must be at least 0"),
    ("seed=1e99", "seed takes int"),
    ("seed=2147483648", "below 2**31"),
    ("batch_size=0", "at least 1"),
    ("batch_size=a\nb", "batch_size takes int"),
    ("latent_dim=0", "at least 1"),
    ("latent_dim=2000000000", "at most 65536"),
    ("units=65537", "at most 65536"),
    ("d_steps=100000", "at most 1000"),
    ("steps_per_execution=2000000000", "at most 10000"),
    ("gan-digits units=65536 latent_dim=65536", "GiB"),
    ("units=-8", "at least 1"),
    ("noise=3", "noise takes str"),
    ("noise=pink", "noise must be one of"),
    ("g_dropout=1", "[0, 1)"),
    ("g_dropout=-0.1", "[0, 1)"),
    ("g_dropout=nan", "[0, 1)"),
    ("g_dropout=inf", "[0, 1)"),
    ("g_dropout=half", "takes float"),
    ("d_dropout=1e400", "[0, 1)"),
    ("learning_rate=0", "positive"),
    ("learning_rate=-1", "positive"),
    ("learning_rate=nan", "positive"),
    ("learning_rate=inf", "positive"),
    ("learning_rate=1e300", "float32"),
    ("learning_rate=true", "takes float"),
    ("learning_rate=", "takes float"),
    ("loss=", "loss must be one of"),
    slow("loss=unknown", "loss must be one of"),
    ("loss=[]", "loss takes str"),
    slow("update=sometimes", "update must be one of"),
    ("d_steps=0", "at least 1"),
    ("ema_decay=1", "[0, 1)"),
    ("ema_decay=nan", "[0, 1)"),
    ("label_smoothing=2", "label_smoothing"),
    ("label_smoothing=nan", "float32"),
    ("instance_noise=-1", "instance_noise"),
    ("instance_noise=inf", "instance_noise"),
    ("instance_noise=1e39", "float32"),
    ("augment=spin", "augment"),
    ("augment=7", "augment takes str"),
    ("augment_strength=2", "augment"),
    ("r1=-1", "r1"),
    ("r1=nan", "float32"),
    ("r1=1e300", "float32"),
    ("r2=inf", "r2"),
    slow("gradient_penalty=-0.1", "gradient_penalty"),
    ("penalty_every=0", "at least 1"),
    ("penalty_every=4", "says nothing without"),
    ("penalty_end=2", "[0, 1]"),
    ("auxiliary_weight=5", "says nothing without"),
    ("clipnorm=-1", "at least 0"),
    ("clipnorm=nan", "at least 0"),
    ("clipnorm=1e300", "float32"),
    ("accumulate=0", "at least 1"),
    ("precision=float8", "precision must be one of"),
    ("stop_when_won=perhaps", "takes bool"),
    ("stop_when_won=1", "takes bool"),
    ("sample_steps=0", "at least 1"),
    ("sample_every=0", "at least 1"),
    ("jit_compile=maybe", "jit_compile takes bool"),
    ("steps_per_execution=0", "at least 1"),
    ("steps_per_execution=some", "takes int"),
    slow("matmul_precision=low", "matmul_precision"),
    ("image_size=0", "at least 1"),
    ("image_size=big", "image_size takes int"),
    ("image_size=[8,8]", "image_size takes int"),
    ("image_size=100000", "pixels in all"),
    ("image_size=8000", "GiB"),
    ("gan-mnist decay=0.5", "[1, 2)"),
    ("cgan-mnist latent_limit=0", "positive"),
    ("cgan-mnist latent_limit=1e300", "float32"),
    ("cgan-mnist standardize=2", "takes bool"),
    ("cgan-mnist discriminator=third", "discriminator"),
    ("dcgan-mnist network=vgg", "network must be one of"),
    ("dcgan-mnist blocks=2", "goes with r3gan"),
    ("dcgan-mnist kernel_size=0", "at least 1"),
    ("dcgan-mnist kernel_size=big", "takes int"),
    ("dcgan-mnist upsample=magic", "upsample must be one of"),
    ("dcgan-mnist mismatched=true", "conditional=true"),
    ("dcgan-mnist conditioning=auxiliary", "says nothing without"),
    ("dcgan-mnist channels=65536 max_channels=65536", "GiB"),
    ("r3gan-cifar10 blocks=2000000000", "at most 1000"),
    ("dcgan-mnist beta_1=1", "[0, 1)"),
    ("dcgan-mnist g_rate=0", "positive"),
    ("dcgan-mnist anneal=slowly", "takes bool"),
]


@pytest.mark.parametrize(("setting", "words"), SETTINGS, ids=ids)
def test_settings(refused, little_memory, setting, words):
    recipe, changes = "cgan-digits", [setting]
    if setting.partition(" ")[0] in tfgan.recipes.RECIPES:
        recipe, *changes = setting.split(" ")
    changes = [word for change in changes for word in ("--set", change)]
    few = [] if "epochs" in setting else ["--epochs", 1]
    small = BUILT[:2] if recipe == "cgan-digits" and "units" not in setting else []
    refused("train", recipe, "--data", "digits", *few, *small, *changes, "--out", "run", words=words)


NO_TEXT = "new\udcff"  # of bytes that are no UTF-8, as Python reads them
# What is typed, words of the line. `folder` is one, `file` and `pipe` are what they are called.
ARGUMENTS = [
    ("unknown", "no such command"),
    ("train", "missing argument"),
    ("train cgan-digit", "did you mean cgan-digits"),
    ("train cgan-digits more", "unexpected extra argument"),
    ("train cgan-digits --epoch", "option"),
    ("train cgan-digits --epochs many", "not a valid integer"),
    ("train cgan-digits --epochs 0", "at least 1"),
    ("train cgan-digits --epochs 99999999999999999999", "below 2**31"),
    ("train cgan-digits --out file", "file exists and is no run"),
    ("train --from nowhere.json --out new", "does not exist"),
    ("train cgan-digits --out folder", "folder exists"),
    ("train cgan-digits --out pipe", "pipe exists"),
    ("train cgan-digits --out file/run", "no folder to write to"),
    ("train cgan-digits --out ~nobody-at-all/run", "no path"),
    ("train cgan-digits --out ", "--out': it is empty"),
    ("train cgan-digits --out  --resume", "--out': it is empty"),
    ("train cgan-digits --data-dir ", "--data-dir': it is empty"),
    ("train --from ", "--from': it is empty"),
    (f"train cgan-digits --out {NO_TEXT}", "no UTF-8"),
    (f"train cgan-digits --out {NO_TEXT}/run --resume", "no UTF-8"),
    ("train cgan-digits --out run --resume", "no run directory"),
    ("train cgan-digits --out folder --resume", "no run directory"),
    ("train cgan-tags --data digits", "features with tags"),
    ("train folder-64", "--data"),
    ("sample", "missing argument"),
    ("sample ", "RUN': it is empty"),
    ("sample nowhere", "no run directory"),
    ("sample file", "no run directory"),
    ("sample pipe", "no run directory"),
    ("sample folder", "no run directory"),
    ("sample RUN --count 0", "at least 1"),
    ("sample RUN --count 1000000000", "at most 2500"),
    ("sample RUN --count 99999999999999999999999", "at most 2500"),
    ("sample RUN --count x", "not a valid integer"),
    ("sample RUN --condition 9", "9"),
    ("sample RUN --condition -1", "-1"),
    ("sample RUN --condition 0,x", "condition"),
    ("sample RUN --condition 0.5", "condition"),
    ("sample RUN --condition 4294967296", "4294967296"),
    ("sample RUN --condition 1²", "condition"),
    ("sample RUN --condition " + "9" * 5000, "condition"),
    ("sample RUN --condition none.npy", "none.npy"),
    ("sample RUN --condition file.npy", "numpy.save"),
    ("sample RUN --condition pipe.npy", "a pipe"),
    ("sample RUN --condition folder.npy", "a folder"),
    ("sample RUN --condition objects.npy", "Python objects"),
    ("sample RUN --condition huge.npy", "bytes, there are"),
    ("sample RUN --condition nan.npy", "whole numbers"),
    ("sample RUN --mix 1", "two conditions"),
    ("sample RUN --mix 1,2,0", "two conditions"),
    ("sample RUN --mix 1,2 --interpolate", "--mix goes without"),
    ("sample RUN --seed -1", "--seed"),
    ("sample RUN --seed 2147483648", "--seed"),
    ("sample RUN --seed 1e3", "--seed"),
    ("sample RUN --truncation 0", "--truncation"),
    ("sample RUN --truncation nan", "no number"),
    ("sample RUN --truncation inf", "--truncation"),
    ("sample RUN --smoothing nan", "no number"),
    ("sample RUN --smoothing -1", "--smoothing"),
    ("sample RUN --out ", "--out': it is empty"),
    ("sample RUN --out folder", "is a folder"),
    ("sample RUN --out file.xyz", "end in .png"),
    ("sample RUN --out noending", "end in .png"),
    ("sample RUN --out file/a.png", "no folder to write to"),
    ("sample RUN --out pipe", "a pipe"),
    ("sample RUN --format gif", "--format"),
    ("sample RUN --format npz", "--count and --out"),
    ("sample RUN --format npz --count 3 --out file", "is a file"),
    (f"sample RUN --format tfrecord --count 3 --out {NO_TEXT}", "no UTF-8"),
    ("sample RUN --format npz --count 3 --out folder", "something else"),
    ("sample RUN --format npz --count 4294967297 --out new", "count must be"),
    ("sample RUN --format npz --count 4 --shard-size 0 --out new", "--shard-size"),
    ("sample RUN --format npz --count 4 --shard-size 4294967297 --out new", "shard_size"),
    ("sample RUN --format npz --count 4294967296 --batch-size 4294967296 --out new", "GiB"),
    ("sample RUN --format npz --count 4 --condition 7 --out new", "7"),
    ("sample RUN --format npz --count 4 --truncation 0.5 --out new", "--format goes without"),
    ("sample folder --format npz --count 4 --out new", "holds no SavedModel"),
    ("sample file --format npz --count 4 --out new", "neither a finished run"),
    ("sample pipe --format npz --count 4 --out new", "neither a finished run"),
    ("sample nowhere --format npz --count 4 --out new", "does not exist"),
    ("sample RUN --shard-size 3", "--format"),
    ("evaluate", "missing argument"),
    ("evaluate ", "RUN': it is empty"),
    ("evaluate nowhere", "no run directory"),
    ("evaluate RUN --metrics speed", "no metric is called"),
    ("evaluate RUN --metrics ", "--metrics': it is empty"),
    ("evaluate RUN --features ", "--features': it is empty"),
    ("evaluate RUN --metrics ,", "no metric is called"),
    ("evaluate RUN --samples 0", "--samples"),
    ("evaluate RUN --samples 1000000000000", "GiB"),
    ("evaluate RUN --features none.keras", "is no file"),
    ("evaluate RUN --features file.keras", "cannot be read as a Keras model"),
    ("evaluate RUN --features folder.keras", "is no file"),
    ("evaluate RUN --features inception:file", "no weights"),
    ("evaluate RUN --features inception:", "name no file"),
    ("evaluate RUN --features unheard", "no features are called"),
    ("evaluate RUN --metrics parzen --features pixels", "leave --features out"),
    ("evaluate RUN --json ", "--json': it is empty"),
    ("evaluate RUN --json folder", "is a folder"),
    ("evaluate RUN --json file/a.json", "no folder to write to"),
    ("evaluate RUN --json pipe", "a pipe"),
    ("evaluate RUN --json /dev/null", "a device"),
    ("evaluate RUN --truncation nan", "no number"),
    ("export RUN --out new", "missing option"),
    ("export RUN --to jpeg --out new", "--to"),
    ("export RUN --to saved_model", "missing option"),
    ("export RUN --to saved_model --out ", "--out': it is empty"),
    (f"export RUN --to saved_model --out {NO_TEXT}/a", "no UTF-8"),
    (f"export RUN --to tflite --out {NO_TEXT}.tflite", "no UTF-8"),
    ("export RUN --to web --out new --litert-js ", "--litert-js': it is empty"),
    ("export nowhere --to saved_model --out new", "no finished model"),
    ("export file --to saved_model --out new", "no finished model"),
    ("export RUN --to saved_model --out file", "is a file"),
    ("export RUN --to saved_model --out new --version 0", "version must be"),
    ("export RUN --to saved_model --out new --version 9223372036854775808", "version must be"),
    ("export RUN --to saved_model --out new --name a/b", "name must be"),
    ("export RUN --to saved_model --out odd[1] --name a", "rename"),
    ("export RUN --to tflite --out new", "end in .tflite"),
    ("export RUN --to tflite --out folder.tflite", "is a folder"),
    ("export RUN --to tflite --out pipe.tflite", "a pipe"),
    ("export RUN --to tflite --out a.tflite --batch 0", "batch must be"),
    ("export RUN --to tflite --out a.tflite --batch 1000000000", "batch must be"),
    ("export RUN --to tflite --out a.tflite --batch 1e3", "--batch takes"),
    ("export RUN --to tflite --out a.tflite --quantize int4", "--quantize"),
    ("export RUN --to tflite --out file --quantize all", "is a file"),
    ("export RUN --to onnx --out new", "end in .onnx"),
    ("export RUN --to onnx --out file/a.onnx", "no folder to write to"),
    ("export RUN --to web --out folder", "exists"),
    ("export RUN --to web --out new --quantize int8", "for the web"),
    ("export RUN --to web --out new --litert-js nowhere", "holds no whole"),
    ("export RUN --to web --out new --litert-js file", "holds no whole"),
    ("verify", "missing argument"),
    ("verify ", "PATH': it is empty"),
    ("verify nowhere", "does not exist"),
    ("verify folder", "holds no SavedModel"),
    ("verify file", "is missing"),
    ("verify pipe", "is missing"),
    ("verify RUN", "holds no SavedModel"),
    ("reproduce", "missing argument"),
    ("reproduce gan2041", "did you mean gan2014"),
    ("reproduce gan2014 --only nothing", "no row"),
    ("reproduce gan2014 --epochs 0", "--epochs"),
    ("reproduce gan2014 --quick --epochs 3", "leave it or --epochs out"),
    ("reproduce gan2014 --seed -1", "--seed"),
    ("reproduce gan2014 --data ", "is empty"),
    ("reproduce gan2014 --data-dir ", "--data-dir': it is empty"),
    ("reproduce gan2014 --out ", "--out': it is empty"),
    (f"reproduce gan2014 --out {NO_TEXT}", "no UTF-8"),
    ("reproduce gan2014 --out file", "is a file"),
    ("reproduce gan2014 --out file/new", "no folder to write to"),
    ("reproduce gan2014 --only gan --data npz:file --out new", "rows not done"),
    ("recipes more", "unexpected extra argument"),
]


@pytest.fixture
def odd_files(here):
    """A file, a pipe and a folder under several names."""
    for name in ("file", "file.npy", "file.keras", "file.tflite"):
        (here / name).write_text("no such thing\n")
    for name in ("pipe", "pipe.npy", "pipe.tflite"):
        os.mkfifo(here / name)
    for name in ("folder", "folder.npy", "folder.keras", "folder.tflite"):
        (here / name).mkdir()
        (here / name / "something").touch()
    np.save(here / "objects.npy", np.array([{}]), allow_pickle=True)
    (here / "huge.npy").write_bytes(bad.npy("<f8", (2**40, 2**10)))
    np.save(here / "nan.npy", np.array([np.nan, 1]))


@pytest.fixture
def loaded_once(monkeypatch):
    """Reading models is tested elsewhere; here they are the same ones."""
    monkeypatch.setattr(stored, "load", _load)


@functools.cache
def _load(file):
    return stored_load(file)


@pytest.mark.usefixtures("odd_files", "loaded_once")
@pytest.mark.parametrize(("line", "words"), ARGUMENTS, ids=ids)
def test_arguments(refused, line, words):
    refused(*line.split(" "), words=words)


# Sources that need no file, or the odd ones.
SOURCES = [
    ("", "unknown data source"),
    ("nothing", "unknown data source"),
    ("folder", "did you mean folder:folder"),
    ("file.npz", "did you mean npz:"),
    ("toy:", "names no"),
    ("toy:circle", "no toy data"),
    ("toy:../ring", "no toy data"),
    ("digits:", "unknown data source"),
    ("npz:", "names no FILE"),
    ("npz:nowhere.npz", "found none"),
    ("npz:folder", "a folder"),
    ("npz:pipe", "a pipe"),
    ("npz:/dev/zero", "a device"),
    ("npz:socket", "npz"),
    ("npz:loop", "npz"),
    ("npz:dangling", "found none"),
    ("npz:file", "cannot be read"),
    ("npz:" + "long" * 200, "too long"),
    ("folder:", "names no DIR"),
    ("folder:nowhere", "found none"),
    ("folder:file", "found none"),
    ("folder:pipe", "found none"),
    ("folder:loop", "found none"),
    ("folder:folder", "must hold images"),
    ("idx:", "names no DIR"),
    ("idx:nowhere", "found none"),
    ("idx:file", "found none"),
    ("idx:folder", "found none"),
    ("tfd:", "names no FILE"),
    ("tfd:nowhere.mat", "found none"),
    ("tfd:folder", "a folder"),
    ("tfd:pipe", "a pipe"),
    ("tfd:/dev/zero", "a device"),
    ("tfd:file", "MATLAB"),
    ("tfd:file:9", "folds 0 to 4"),
    ("tfds:", "names no NAME"),
    ("tfds:no_such_data_set", "does not know"),
    ("tfds:../../etc", "TensorFlow Datasets"),
    ("tfds:mnist/no_config", "TensorFlow Datasets"),
    ("tfds:mnist:9.9.9", "TensorFlow Datasets"),
    ("stacked:", "names no SOURCE"),
    ("stacked:nothing", "unknown data source"),
    ("stacked:stacked:digits", "stacks grey images"),
    ("stacked:" * 3000 + "digits", "stacks grey images"),
    ("stacked:" * 3000 + "npz:nowhere", "stacks grey images"),
    ("stacked:npz:nowhere", "found none"),
    ("stacked:toy:ring", "stacks grey images"),
]


@pytest.mark.usefixtures("odd_files")
@pytest.mark.parametrize(("source", "words"), SOURCES, ids=ids)
def test_sources(refused, here, source, words):
    bad.bind_socket(here / "socket")
    os.symlink("loop", here / "loop")
    os.symlink("nowhere", here / "dangling")
    train = ["train", "gan-digits", "--data", source, "--data-dir", here / "folder", "--out", "run"]
    refused(*train, words=words)


def noise(**changes):
    """Arrays of an npz file, some of them wrong."""
    return bad.npz(**{"images": np.zeros((bad.COUNT, 2, 2), "uint8"), **changes})


def labelled(labels):
    return noise(labels=labels)


IMAGES_2X2 = (bad.COUNT, 2, 2)
# What the file `a.npz` holds, words of the line.
NPZ = [
    ("empty", b"", "npz"),
    ("text", b"images,labels\n1,2\n", "npz"),
    ("zip of nothing", bad.zipped(), "it holds nothing"),
    ("zip of text", bad.zipped(images__txt="a"), "it holds nothing"),
    ("text as array", bad.zipped(images__npy="no array"), "cannot be read"),
    ("HTML", b"<html>404</html>", "npz"),
    ("bare array", bad.npy(), "bare array"),
    ("pickle", b"\x80\x04\x95\x00\x00\x00\x00", "npz"),
    ("objects", bad.npz(images=np.array([None] * bad.COUNT)), "Python objects"),
    ("objects for labels", labelled(np.array([{}] * bad.COUNT)), "Python objects"),
    ("other names", bad.npz(pictures=np.zeros(IMAGES_2X2, "uint8")), "it holds pictures"),
    ("many names", bad.npz(**{f"a{i}" * 9: np.zeros(1) for i in range(99)}), "must hold an array"),
    ("half", noise()[: len(noise()) // 2], "npz"),
    ("no central directory", noise()[:-22], "npz"),
    ("wrong central directory", bad.flipped(noise(), len(noise()) - 60), "npz"),
    ("flipped pixel", bad.flipped(noise(), 200), "CRC"),
    ("huge shape", bad.npz_of(bad.npy(shape=(2**40, 2**20))), "there are"),
    ("shape that overflows", bad.npz_of(bad.npy(shape=(2**62, 2**62, 8))), "there are"),
    ("negative shape", bad.npz_of(bad.npy(shape=(-1, 2, 2))), "shape"),
    ("two negative sides", bad.npz_of(bad.npy(shape=(-12, -2, 2))), "shape"),
    ("shape of nothing", bad.npz_of(bad.npy(shape=(0, 2**60), content=b"")), "images"),
    ("cut array", bad.npz_of(bad.npy(content=b"few")), "there are"),
    ("long array", bad.npz_of(bad.npy(content=bytes(999))), "there are"),
    ("structured", bad.npz_of(bad.npy([("a", "|u1")])), "uint8"),
    ("objects by header", bad.npz_of(bad.npy("|O")), "Python objects"),
    ("objects within", bad.npz_of(bad.npy([("a", "|O")])), "Python objects"),
    ("dtype of no bytes", bad.npz_of(bad.npy("|S0", (2**50,), b"")), "dtype"),
    ("unknown dtype", bad.npz_of(bad.npy("|x9")), "cannot be read"),
    ("no header", bad.npz_of(bad.npy(head="(")), "cannot be read"),
    ("header of code", bad.npz_of(bad.npy(head="__import__('os').abort()")), "cannot be read"),
    ("header of brackets", bad.npz_of(bad.npy(head="[" * 9000)), "cannot be read"),
    ("header of keys", bad.npz_of(bad.npy(head="{'shape': ()}")), "cannot be read"),
    ("huge header", bad.npz_of(bad.npy(head=" " * 60000)), "cannot be read"),
    ("version 9", bad.npz_of(b"\x93NUMPY\x09\x00\x00\x00"), "cannot be read"),
    ("complex", noise(images=np.zeros(IMAGES_2X2, complex)), "must be uint8"),
    ("dates", noise(images=np.zeros(IMAGES_2X2, "M8[s]")), "must be uint8"),
    ("strings", noise(images=np.full(IMAGES_2X2, "a")), "must be uint8"),
    ("bool", noise(images=np.zeros(IMAGES_2X2, bool)), "must be uint8"),
    ("16 bits", noise(images=np.zeros(IMAGES_2X2, ">u2")), "must be uint8"),
    ("int8", noise(images=np.zeros(IMAGES_2X2, "int8")), "must be uint8"),
    ("a number", noise(images=np.uint8(3)), "must have shape"),
    ("rows", noise(images=np.zeros((12, 4), "uint8")), "must have shape"),
    ("five axes", noise(images=np.zeros((12, 2, 2, 1, 1), "uint8")), "must have shape"),
    ("no images", noise(images=np.zeros((0, 2, 2), "uint8")), "must have shape"),
    ("no pixels", noise(images=np.zeros((12, 0, 2), "uint8")), "must have shape"),
    ("few images", noise(images=np.zeros((9, 2, 2), "uint8")), "at least 10"),
    ("7 channels", noise(images=np.zeros((12, 2, 2, 7), "uint8")), "channels"),
    ("NaN", noise(images=np.full(IMAGES_2X2, np.nan)), "NaN"),
    ("one NaN", noise(images=np.r_[np.zeros(47), np.nan].reshape(IMAGES_2X2)), "NaN"),
    ("infinite", noise(images=np.full(IMAGES_2X2, -np.inf)), "-inf"),
    ("in [0, 255]", noise(images=np.full(IMAGES_2X2, 255.0)), "rescale"),
    ("big endian NaN", noise(images=np.full(IMAGES_2X2, np.nan, ">f8")), "NaN"),
    ("below 0", noise(images=np.full(IMAGES_2X2, -1e-3)), "rescale"),
    ("label -1", labelled(np.full(12, -1)), "at least 0"),
    ("label 2^31", labelled(np.full(12, 2**31)), "below 100000"),
    ("label 2^63", labelled(np.full(12, 2**63, "uint64")), "below 100000"),
    ("label 100000", labelled(np.full(12, 100_000)), "below 100000"),
    ("labels of floats", labelled(np.arange(12.0)), "whole numbers"),
    ("labels of NaN", labelled(np.full(12, np.nan)), "whole numbers"),
    ("labels of text", labelled(np.full(12, "3")), "whole numbers"),
    ("labels of bytes", labelled(np.full(12, b"3")), "whole numbers"),
    ("labels of bool", labelled(np.full(12, True)), "whole numbers"),
    ("one label", labelled(np.int64(3)), "whole numbers"),
    ("no labels", labelled(np.zeros(0, int)), "got 0 for 12"),
    ("more labels", labelled(np.zeros(13, int)), "got 13 for 12"),
    ("fewer labels", labelled(np.zeros(11, int)), "got 11 for 12"),
    ("labels in three axes", labelled(np.zeros((12, 2, 2), int)), "whole numbers"),
    ("vectors with NaN", labelled(np.full((12, 2), np.nan)), "NaN"),
    ("vectors with 1e300", labelled(np.full((12, 2), 1e300)), "infinity"),
    ("several labels of 2", labelled(np.full((12, 2), 2)), "0 or 1"),
    ("names for nothing", noise(label_names=np.array(["a"])), "leave them out"),
    ("few names", noise(labels=np.arange(12), label_names=np.array(["a"])), "12 strings"),
    ("one name", noise(labels=np.arange(12), label_names=np.array("a")), "12 strings"),
    (
        "names of no text",
        noise(labels=np.zeros(12, int), label_names=np.array([0x7FFFFFFF], "u4").view("U1")),
        "no text",
    ),
    (
        "two kinds of labels",
        bad.npz(
            x_train=np.zeros(IMAGES_2X2, "uint8"),
            y_train=np.zeros(12, int),
            x_test=np.zeros(IMAGES_2X2, "uint8"),
            y_test=np.zeros((12, 2), int),
        ),
        "of one kind",
    ),
    ("tags of nothing", bad.npz(tags=np.zeros((12, 2), int)), "found no features"),
]


@pytest.mark.parametrize(("name", "content", "words"), NPZ, ids=ids)
def test_npz(refused, here, name, content, words):
    (here / "a.npz").write_bytes(content)
    refused("train", "gan-digits", "--data", "npz:a.npz", *BUILT, "--out", "run", words=words)


# What `idx_folder` is told, words of the line.
GZIPPED = gzip.compress(bad.idx(bad.COUNT, 2, 2))
IDX = [
    ("empty", {"images": b""}, "header"),
    ("few bytes", {"images": b"\0\0\x08"}, "header"),
    ("labels for images", {"images": bad.idx(bad.COUNT)}, "2051"),
    ("shorts", {"images": bad.idx(bad.COUNT, 2, 2, code=0x0B)}, "2051"),
    ("floats", {"images": bad.idx(bad.COUNT, 2, 2, code=0x0D)}, "2051"),
    ("signed", {"images": bad.idx(bad.COUNT, 2, 2, code=0x09)}, "2051"),
    ("little endian", {"images": bad.idx(bad.COUNT, 2, 2)[3::-1] + bytes(60)}, "2051"),
    ("four axes", {"images": bad.idx(bad.COUNT, 2, 2, 1)}, "2051"),
    ("a PNG", {"images": bad.png()}, "2051"),
    ("no images", {"images": bad.idx(0, 2, 2)}, "must hold 0 bytes"),
    ("no rows", {"images": bad.idx(bad.COUNT, 0, 2)}, "must hold 0 bytes"),
    ("negative", {"images": bad.idx(2**32 - 1, 2, 2, content=bytes(48))}, "got 48"),
    ("huge", {"images": bad.idx(*[2**32 - 1] * 3, content=b"")}, "got 0"),
    ("one byte less", {"images": bad.idx(bad.COUNT, 2, 2)[:-1]}, "got 47"),
    ("one byte more", {"images": bad.idx(bad.COUNT, 2, 2) + b"x"}, "got 49"),
    ("fewer labels", {"labels": bad.idx(bad.COUNT - 1)}, "a label an image"),
    ("more labels", {"labels": bad.idx(bad.COUNT + 1)}, "a label an image"),
    ("no labels", {"labels": None}, "found none"),
    ("no test images", {"test_images": None}, "found none"),
    ("other size", {"test_images": bad.idx(bad.COUNT, 3, 2)}, "one size"),
    ("few", {k: bad.idx(*s) for k, s in {"images": (2, 2, 2), "labels": (2,)}.items()}, "3 to train"),
    ("gz: no gzip", {"suffix": ".gz", "images": b"raw:no gzip"}, "gzip file"),
    ("gz: empty", {"suffix": ".gz", "images": b"raw:"}, "header"),
    ("gz: half", {"suffix": ".gz", "images": b"raw:" + GZIPPED[:-12]}, "gzip file"),
    ("gz: checksum", {"suffix": ".gz", "images": b"raw:" + bad.flipped(GZIPPED, -6)}, "gzip file"),
    ("gz: rubbish behind", {"suffix": ".gz", "images": b"raw:" + GZIPPED + b"x"}, "gzip file"),
    ("gz: huge", {"suffix": ".gz", "images": bad.idx(*[2**32 - 1] * 3, content=b"")}, "GiB"),
    ("gz: more", {"suffix": ".gz", "images": bad.idx(bad.COUNT, 2, 2) + bytes(9)}, "got more"),
    ("gz: less", {"suffix": ".gz", "images": bad.idx(bad.COUNT, 2, 2)[:-9]}, "got 39"),
    ("gz: nothing", {"suffix": ".gz", "images": bad.idx(0, 2, 2)}, "must hold 0 bytes"),
]


@pytest.mark.parametrize(("name", "changes", "words"), IDX, ids=ids)
def test_idx(refused, here, name, changes, words):
    bad.idx_folder(here / "idx", **changes)
    refused("train", "gan-digits", "--data", "idx:idx", *BUILT, "--out", "run", words=words)


PNG = bad.png()
# A file among good images: its name, its content, words of the line.
IMAGES = [
    ("empty.png", b"", "empty file"),
    ("text.png", b"no image", "no PNG"),
    ("html.jpg", b"<!DOCTYPE html><title>404</title>", "no PNG"),
    ("zip.png", bad.zipped(a="b"), "no PNG"),
    ("svg.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no PNG"),
    ("webp.png", bad.encoded("WEBP"), "no PNG"),
    ("tiff.png", bad.encoded("TIFF"), "no PNG"),
    ("pdf.jpg", b"%PDF-1.7", "no PNG"),
    ("head.png", PNG[:20], "damaged header"),
    ("signature.png", PNG[:8], "damaged header"),
    ("half.png", PNG[:45], "cannot be decoded"),
    ("checksum.png", bad.flipped(PNG, 44), "cannot be decoded"),
    ("no pixels.png", bad.png(content=b""), "cannot be decoded"),
    ("first chunk.png", PNG[:8] + PNG[33:], "damaged header"),
    ("colour 9.png", bad.png(colour=9, content=bytes(20)), "damaged header"),
    ("bits 3.png", bad.png(bits=3, content=bytes(20)), "cannot be decoded"),
    ("palette without one.png", bad.png(colour=3), "cannot be decoded"),
    ("0 x 4.png", bad.png(0, 4), "damaged header"),
    ("20000 x 20000.png", bad.png(20_000, 20_000, content=b""), "20000 x 20000 pixels"),
    ("2^31.png", bad.png(2**31 - 1, 2**31 - 1, content=b""), "pixels"),
    ("2^32.png", bad.png(2**32 - 1, 1, content=b""), "pixels"),
    ("other size.png", bad.png(5, 4), "of one size"),
    ("1 x 1.png", bad.png(1, 1), "of one size"),
    ("half.jpg", bad.encoded("JPEG")[:-20], "cannot be decoded"),
    ("head.jpg", bad.encoded("JPEG")[:30], "damaged header"),
    ("start.jpg", b"\xff\xd8", "damaged header"),
    ("padding.jpg", b"\xff" * 300_000, "no PNG"),
    ("padding after start.jpg", b"\xff\xd8" + b"\xff" * 300_000, "damaged header"),
    ("zeros after start.jpg", b"\xff\xd8" + bytes(300_000), "damaged header"),
    ("size only.jpg", bad.jpeg_of_size(4, 4), "cannot be decoded"),
    ("65535 x 65535.jpg", bad.jpeg_of_size(65535, 65535), "pixels"),
    ("0 x 0.jpg", bad.jpeg_of_size(0, 0), "damaged header"),
    ("no frame.gif", bad.gif(0), "cannot be decoded"),
    ("half.gif", bad.gif()[:-3], "damaged header"),
    ("frames.gif", bad.gif(200, width=8000, height=8000), "GIF of frames"),
    ("frame.gif", bad.gif(width=65535, height=65535), "GIF of frames"),
    ("screen.gif", bad.gif(screen=65535), "pixels"),
    ("half.bmp", bad.encoded("BMP")[:-10], "cannot be decoded"),
    ("head.bmp", bad.encoded("BMP")[:20], "damaged header"),
    ("palette.bmp", bad.encoded("BMP", "P"), "cannot be decoded"),
    ("1 bit.bmp", bad.encoded("BMP", "1"), "1 bits"),
    ("huge.bmp", b"BM" + struct.pack("<12xIiiHH", 40, 2**31 - 1, -(2**31), 1, 24), "pixels"),
    ("A.PNG\nB.png", b"", "empty file"),
]


@pytest.mark.parametrize(("name", "content", "words"), IMAGES, ids=ids)
def test_images(refused, here, name, content, words):
    bad.image_folder(here / "images", content, name=name)
    refused("train", "gan-digits", "--data", "folder:images", *BUILT, "--out", "run", words=words)


ODD_IMAGES = [
    ("dangling link", lambda path: os.symlink("nowhere", path), "leads nowhere"),
    ("loop", lambda path: os.symlink(path, path), "leads nowhere"),
    ("pipe", os.mkfifo, "a pipe"),
    ("socket", bad.bind_socket, "a pipe, a socket"),
    ("device", lambda path: os.symlink("/dev/zero", path), "a device"),
    ("folder", lambda path: path.mkdir(), "either images or class folders"),
    ("terabyte", lambda path: bad.sparse(path, 2**40, PNG), "bytes"),
]


@pytest.mark.parametrize(("name", "make", "words"), ODD_IMAGES, ids=ids)
def test_what_is_called_an_image(refused, here, name, make, words):
    bad.image_folder(here / "images")
    make(here / "images/odd.png")
    refused("train", "gan-digits", "--data", "folder:images", *BUILT, "--out", "run", words=words)
    refused("train", "folder-64", "--data", "folder:images", "--out", "run", words=words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "begin with a line"),
        (b"file,hat\n00.png,2\n", "0 or 1"),
        (b"file,hat\n00.png,1,1\n", "0 or 1"),
        (b"file,hat\n00.png,1\n", "says nothing of"),
        (b"file,hat\n\xff\xfe", "UTF-8"),
        (b'file,"' + b"x" * 200_000, "cannot be read"),
        (b"\0" * 2**21, "more than 1048576 letters"),
        (b"file,hat\n" + b"00.png,1\n" * 2**22, "GiB"),
    ],
    ids=ids,
)
def test_attributes(refused, here, little_memory, content, words):
    bad.image_folder(here / "images")
    (here / "images/attributes.csv").write_bytes(content)
    refused("train", "gan-digits", "--data", "folder:images", *BUILT, "--out", "run", words=words)


# What `config.json` says instead, words of the line.
CONFIGS = [
    ("empty", b"", "damaged"),
    ("half", b'{"format": 1, "recipe": "cgan', "damaged"),
    ("no UTF-8", b"\xff\xfe{}", "damaged"),
    ("list", b"[]", "a list, no object"),
    ("number", b"7", "no object"),
    ("brackets", b"[" * 100_000, "damaged"),
    ("digits", b'{"format": ' + b"1" * 5000 + b"}", "damaged"),
    ("no format", {"format": None}, "no format"),
    ("newer", {"format": 2}, "this tfgan reads 1"),
    ("format of text", {"format": "1"}, "this tfgan reads 1"),
    ("format of lists", {"format": [[1]]}, "this tfgan reads 1"),
    ("recipe 3", {"recipe": 3}, "recipe must be"),
    ("recipe of lists", {"recipe": []}, "recipe must be"),
    ("recipe of nobody", {"recipe": "gan-2041"}, "no recipe is called"),
    ("settings a list", {"settings": []}, "settings must be"),
    ("settings a number", {"settings": 3}, "settings must be"),
    ("epochs many", {"settings": {"epochs": "many"}}, "epochs takes int"),
    ("epochs -1", {"settings": {"epochs": -1}}, "at least 1"),
    ("epochs null", {"settings": {"epochs": None}}, "epochs takes int"),
    ("seed 1e99", {"settings": {"seed": 1e99}}, "seed takes int"),
    ("seed list", {"settings": {"seed": [1]}}, "seed takes int"),
    ("rate NaN", {"settings": {"learning_rate": float("nan")}}, "learning_rate"),
    ("image_size text", {"settings": {"image_size": "8"}}, "image_size takes int"),
    ("data 3", {"data": 3}, "data must be"),
    ("data null", {"data": None}, "data must be"),
    ("data with NUL", {"data": "npz:a\0b"}, "data must be"),
    ("data_dir 3", {"data_dir": 3}, "data_dir must be"),
    ("data_dir of half a letter", {"data": "mnist", "data_dir": "\ud800"}, "data_dir must be"),
    ("overrides", {"overrides": 3}, "overrides must be"),
    ("overrides of numbers", {"overrides": [3]}, "overrides must be"),
    ("overrides of another recipe", {"overrides": ["conditional=true"]}, "no setting of it"),
    ("class_names 3", {"class_names": 3}, "class_names must be"),
    ("class_names of numbers", {"class_names": [1, 2, 3]}, "class_names must be"),
    ("image_shape", {"image_shape": "8x8"}, "image_shape must be"),
    ("fingerprint", {"fingerprint": 3}, "fingerprint must be"),
]


def damaged_run(whole_run, here, content):
    """A copy of the run whose config.json is that, or has other entries."""
    shutil.copytree(whole_run, here / "run")
    file = here / "run/config.json"
    if isinstance(content, dict):
        config = json.loads(file.read_text())
        for key, value in content.items():
            config[key] = {**config[key], **value} if isinstance(value, dict) else value
        content = json.dumps(config).encode()
    file.write_bytes(content)


@pytest.mark.parametrize(("name", "content", "words"), CONFIGS, ids=ids)
def test_configs(refused, whole_run, here, name, content, words):
    damaged_run(whole_run, here, content)
    commands = ["sample run", "evaluate run --samples 10", "train cgan-digits --resume --out run"]
    for line in commands[: 2 if name == "recipe of nobody" else 3]:
        refused(*line.split(" "), words=words)
    of_settings = ("epochs", "seed", "rate", "image_size", "recipe of nobody", "overrides of another")
    if not name.startswith(of_settings):
        refused("export", "run", "--to", "saved_model", "--out", "new", words=words)


def test_a_setting_that_nobody_knows(refused, whole_run, here):
    damaged_run(whole_run, here, {"settings": {"epoch": 3}})
    words = "a setting 'epoch' that cgan-digits does not know: did you mean epochs?"
    refused("train", "--from", "run/config.json", "--out", "new", words=words)


def test_a_run_whose_model_is_gone(refused, whole_run, here):
    shutil.copytree(whole_run, here / "run")
    (here / "run/gan.keras").unlink()
    words = "go on with: tfgan train cgan-digits --out run --resume"
    refused("sample", "run", words=words)


def test_config_of_another_run(refused, whole_run, here):
    damaged_run(whole_run, here, {"data": "npz:nowhere.npz"})
    refused("evaluate", "run", words="found none")
    shutil.rmtree(here / "run")
    damaged_run(whole_run, here, {"data": "digits"})
    refused("evaluate", "run", words="not the data this run was started with")
    shutil.rmtree(here / "run")
    damaged_run(whole_run, here, {"class_names": ["a"]})
    refused("sample", "run", words="class_names")
    refused("export", "run", "--to", "saved_model", "--out", "new", words="class_names")
    os.remove(here / "run/config.json")
    os.mkfifo(here / "run/config.json")
    refused("sample", "run", words="no run directory")
    refused("export", "run", "--to", "saved_model", "--out", "new", words="a pipe")


def model(**changes):
    return bad.keras_file(**{"config": {}, **changes})


# What `gan.keras` is instead, or a function of what it was; words of the line.
MODELS = [
    ("empty", b"", "cannot be read"),
    ("text", b"no model", "cannot be read"),
    ("half", lambda whole: whole[: len(whole) // 2], "cannot be read"),
    ("end", lambda whole: whole[:-30], "cannot be read"),
    ("flipped weight", lambda whole: bad.flipped(whole, len(whole) - 9000), "cannot be read"),
    ("zip of nothing", bad.zipped(), "cannot be read"),
    ("zip of text", bad.zipped(a="b"), "no part of"),
    ("no JSON", model(config="{"), "cannot be read"),
    ("brackets", model(config="[" * 100_000), "cannot be read"),
    ("list", model(config="[]"), "cannot be read"),
    ("null", model(config="null"), "cannot be read"),
    ("no class", model(config={"module": "keras"}), "cannot be read"),
    ("unknown class", model(config=bad.layer_config("Nothing", "tfgan.nowhere")), "cannot be read"),
    (
        "function of os",
        model(config=bad.layer_config("system", "os", command="true")),
        "cannot be read",
    ),
    ("exec", model(config=bad.layer_config("exec", "builtins", source="1")), "cannot be read"),
    ("Lambda", model(config=bad.LAMBDA), "cannot be read"),
    ("a layer", model(config=bad.layer_config("Dense", "keras.layers", units=2)), "cannot be read"),
    ("no weights", bad.zipped(config__json="{}", metadata__json="{}"), "cannot be read"),
    ("JSON bomb", model(config=b" " * (reading.JSON_BYTES + 1)), "far more than"),
]


@pytest.mark.parametrize(("name", "content", "words"), MODELS, ids=ids)
def test_models(refused, whole_run, here, name, content, words):
    shutil.copytree(whole_run, here / "run")
    whole = (here / "run/gan.keras").read_bytes()
    (here / "run/gan.keras").write_bytes(content(whole) if callable(content) else content)
    for line in (
        "sample run",
        "sample run --format npz --count 3 --out new",
        "evaluate run",
        "export run --to tflite --out a.tflite",
    ):
        refused(*line.split(" "), words=words)


def test_models_of_keras_that_are_no_gan(refused, whole_run, here):
    import keras

    shutil.copytree(whole_run, here / "run")
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]).save(here / "run/gan.keras")
    refused("sample", "run", words="no GAN")
    os.remove(here / "run/gan.keras")
    os.mkfifo(here / "run/gan.keras")
    refused("sample", "run", words="no finished model")
    refused("export", "run", "--to", "saved_model", "--out", "new", words="no finished model")


def test_a_model_of_huge_layers(refused, little_memory, whole_run, here):
    """A few bytes that say that there are 10^12 weights."""
    config = {
        "name": "huge",
        "layers": [
            bad.layer_config("InputLayer", "keras.layers", batch_shape=[None, 10**6], name="i"),
            bad.layer_config("Dense", "keras.layers", units=10**6, name="d"),
        ],
    }
    content = model(config=bad.layer_config("Sequential", "keras", **config))
    shutil.copytree(whole_run, here / "run")
    (here / "run/gan.keras").write_bytes(content)
    (here / "huge.keras").write_bytes(content)
    refused("sample", "run", words="GiB")
    refused("evaluate", "RUN", "--features", "huge.keras", words="GiB")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "damaged"),
        (b"[]", "no object"),
        (b"{}", "damaged"),
        (b'{"data": 3, "seed": 1}', "damaged"),
        (b'{"data": "digits", "seed": 1, "parzen": {}}', "damaged"),
        (b'{"data": "digits", "seed": 1, "parzen": 3}', "damaged"),
        (b'{"data": "digits", "seed": 1, "sampling": []}', "damaged"),
    ],
    ids=ids,
)
def test_evaluations(refused, whole_run, here, content, words):
    shutil.copytree(whole_run, here / "run")
    (here / "run/evaluation.json").write_bytes(content)
    refused("export", "run", "--to", "saved_model", "--out", "new", words=words)
    refused("export", "run", "--to", "web", "--out", "new", words=words)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A SavedModel with the signature that data sets of samples are made by."""
    folder = tmp_path_factory.mktemp("served") / "1"
    module, by_name = tfgan.export.signatures.module(small_cgan(), names=("sample",))
    tf.saved_model.save(module, str(folder), signatures=by_name)
    (folder / "classes.json").write_text('{"num_classes": 3, "class_names": ["a", "b", "c"]}')
    return folder


def _replace(name, content):
    return lambda folder: (folder / name).write_bytes(content)


VARIABLES = "variables/variables.data-00000-of-00001"
SAVED_MODELS = [
    ("empty graph", _replace("saved_model.pb", b""), "no readable signature"),
    ("other graph", _replace("saved_model.pb", b"\xff" * 99), "no readable signature"),
    ("no index", lambda folder: os.remove(folder / "variables/variables.index"), "no readable"),
    ("cut index", _replace("variables/variables.index", b"cut"), "no readable"),
    ("cut weights", _replace(VARIABLES, b"cut"), "no readable"),
    ("no classes", lambda folder: os.remove(folder / "classes.json"), "classes.json"),
    ("classes of text", _replace("classes.json", b"three"), "classes.json"),
    (
        "classes -1",
        _replace("classes.json", b'{"num_classes": -1, "class_names": null}'),
        "at least 1",
    ),
    ("one name", _replace("classes.json", b'{"num_classes": 3, "class_names": ["a"]}'), "classes.json"),
    ("names 7", _replace("classes.json", b'{"num_classes": 3, "class_names": 7}'), "classes.json"),
]


@pytest.mark.parametrize(("name", "change", "words"), SAVED_MODELS, ids=ids)
def test_saved_models(refused, served, here, name, change, words):
    shutil.copytree(served, here / "base/1")
    change(here / "base/1")
    refused("sample", "base", "--format", "npz", "--count", 3, "--out", "new", words=words)


def proof(**changes):
    """A sealed proof, which anybody can make: some of what it says is wrong."""
    numbers = {
        "format": 1,
        "target": "tflite",
        "tolerance": {"max": 1e-4, "mean": 1e-5},
        "signatures": {},
        "sha256": {},
        **changes,
    }
    return json.dumps({**numbers, "seal": seal(numbers)}).encode()


ARRAYS = bad.npz(**{"input/latents": np.zeros((2, 2)), "images/latents": np.zeros((2, 2))})
SHA = tfgan.export.verify.__globals__["sha256"]
# verification.json, verification.npz; words of the line.
PROOFS = [
    ("empty", b"", ARRAYS, "damaged"),
    ("list", b"[]", ARRAYS, "damaged"),
    ("brackets", b"[" * 100_000, ARRAYS, "damaged"),
    ("no seal", b"{}", ARRAYS, "damaged"),
    ("newer", b'{"format": 2}', ARRAYS, "this tfgan reads 1"),
    ("other arrays", proof(reference_sha256="0"), ARRAYS, "damaged"),
    ("no arrays", proof(), b"", "damaged"),
    ("text", proof(), b"text", "damaged"),
    ("objects", proof(), bad.npz(a=np.array([{}])), "damaged"),
    ("huge", proof(), bad.npz_of(bad.npy(shape=(2**50,))), "damaged"),
    ("no target", proof(target="vhs"), ARRAYS, "damaged"),
    ("target a list", proof(target=[]), ARRAYS, "damaged"),
    ("tolerance", proof(tolerance=3), ARRAYS, "damaged"),
    ("files", proof(sha256=3), ARRAYS, "damaged"),
    ("files elsewhere", proof(sha256={"../../etc/passwd": "0"}), ARRAYS, "outside of its folder"),
    ("signatures", proof(signatures=3), ARRAYS, "damaged"),
    ("file of it", proof(sha256={"a.tflite": "0"}), ARRAYS, "not the file"),
    ("file missing", proof(sha256={"b.tflite": "0"}), ARRAYS, "is missing"),
]


@pytest.mark.parametrize(("name", "numbers", "arrays", "words"), PROOFS, ids=ids)
def test_proofs(refused, here, name, numbers, arrays, words):
    (here / "a.tflite").write_bytes(b"a model")
    (here / "a.tflite.verification.npz").write_bytes(arrays)
    if b'"seal"' in numbers and b"reference_sha256" not in numbers:
        said = json.loads(numbers)
        del said["seal"]
        numbers = proof(**said, reference_sha256=SHA(here / "a.tflite.verification.npz"))
    (here / "a.tflite.verification.json").write_bytes(numbers)
    refused("verify", "a.tflite", words=words)


@pytest.mark.parametrize(
    "target", ["tflite", "onnx", pytest.param("saved_model", marks=pytest.mark.slow)]
)
def test_proofs_of_files_that_cannot_be_run(refused, here, target):
    """Sealed rightly, hashed rightly, and no model: what runs them fails, in a process of its own."""
    file = here / f"a.{target}"
    file.write_bytes(b"no model at all")
    arrays = here / f"a.{target}.verification.npz"
    arrays.write_bytes(ARRAYS)
    said = {"target": target, "sha256": {file.name: SHA(file)}, "reference_sha256": SHA(arrays)}
    (here / f"a.{target}.verification.json").write_bytes(proof(**said))
    refused("verify", file, words="cannot be run")


LOGS = [
    *(b"", b"\xff\xfe", b"epoch,seconds\n1\n", b"epoch,seconds\nx,1\n", b"epoch,d_loss\n1,a\n", b"\0"),
    b"epoch,d_loss\n" + b"1" * 5000 + b",1\n",
    b"\0" * 2**21,
    b"epoch,d_loss\n" + b"1,1\n" * 2**23,
]


@pytest.mark.parametrize("content", LOGS, ids=lambda content: str(content[:30]))
def test_logs(refused, here, little_memory, whole_run, content):
    shutil.copytree(whole_run, here / "run")
    (here / "run/metrics.csv").write_bytes(content)
    with pytest.raises(tfgan.errors.InputError) as error:
        tfgan.plots.curves(here / "run")
    assert len(str(error.value).splitlines()) == 1
    if len(content) > 1:  # else there are no rows, as before the first epoch
        refused("train", "cgan-digits", "--out", "run", "--resume", words="metrics.csv")


def link(path):
    elsewhere = path.parents[1] / "elsewhere"
    elsewhere.mkdir()
    path.symlink_to(elsewhere)


# What lies in a run directory that is to go on: its name, a function that makes it, words of the line.
ODD_FOLDERS = [
    *((name, Path.touch, "must be a folder") for name in ("checkpoints", "samples", "tensorboard")),
    ("tensorboard", lambda path: path.symlink_to("nowhere"), "must be a folder"),
    *((name, link, "a link to a folder elsewhere") for name in ("checkpoints", "tensorboard", "new")),
    (".owner", lambda path: path.symlink_to("config.json"), "must be a file"),
    (".owner", os.mkfifo, "must be a file"),
]


@pytest.mark.parametrize(("name", "make", "words"), ODD_FOLDERS, ids=ids)
def test_folders_of_runs(refused, whole_run, here, name, make, words):
    shutil.copytree(whole_run, here / "run")
    make(here / "run" / name)
    refused("train", "cgan-digits", "--out", "run", "--resume", words=words)


def test_rows_of_reports(refused, here):
    (here / "reports/rows").mkdir(parents=True)
    file = here / "reports/rows/real-seed0.json"
    for content in (b"", b"[]", b'{"paper": "gan2014", "row": "real", "seed": 1, "epochs": null}'):
        file.write_bytes(content)
        refused("reproduce", "gan2014", "--only", "real", "--out", "reports", words="damaged")


# What must work, though it is odd.
def test_odd_names_work(command, here):
    folder = here / "Bilder mit Ümläuten, 图像 und\tTab"
    bad.image_folder(folder / "katze 1")
    bad.image_folder(folder / "hünd")
    code, out, err = command(
        "train", "cgan-digits", "--data", f"folder:{folder}", *BUILT, "--dry-run", "--epochs", 1
    )
    assert (code, err) == (0, "")
    assert "24 training examples" in out or "20 training examples" in out


def test_names_that_are_no_text_work(here):
    """File names are bytes; Python writes what is no UTF-8 as surrogates."""
    folder = os.fsdecode(os.fsencode(str(here)) + b"/\xff\xfe")
    bad.image_folder(here / "images")
    os.rename(here / "images", folder)
    found = data.load(f"folder:{folder}")
    assert sum(found.sizes.values()) == bad.COUNT
    assert data.load(f"folder:{folder}", memory_limit=1).sizes == found.sizes


GOOD_IMAGES = {
    "16 bits.png": bad.png(bits=16),
    "with a zip.png": PNG + bad.zipped(a="b" * 99),
    "palette.png": bad.encoded("PNG", "P"),
    "alpha.png": bad.encoded("PNG", "RGBA"),
    "1 bit.png": bad.encoded("PNG", "1"),
    "CMYK.jpg": bad.encoded("JPEG", "CMYK"),
    "progressive.jpg": bad.encoded("JPEG", progressive=True),
    "a PNG.jpg": PNG,
    "animated.gif": bad.encoded("GIF", save_all=True, append_images=[Image.new("L", (4, 4), 200)]),
    "interlaced.gif": bad.encoded("GIF"),
    "24 bits.bmp": bad.encoded("BMP", "RGB"),
}


@pytest.mark.parametrize("limit", [2**30, 1], ids=["in memory", "streamed"])
def test_images_that_are_taken(here, limit):
    bad.image_folder(here / "images")
    for name, content in GOOD_IMAGES.items():
        (here / "images" / name).write_bytes(content)
    found = data.load("folder:images", memory_limit=limit)
    images = np.concatenate([found.arrays(split)[0] for split in found.sizes])
    assert images.shape == (bad.COUNT + len(GOOD_IMAGES), 4, 4, 3)


@pytest.mark.parametrize("name", ["half.png", "checksum.png", "half.jpg"])
def test_images_that_would_fail_while_streamed(here, name):
    bad.image_folder(here / "images", {n: c for n, c, _ in IMAGES}[name], name=name)
    with pytest.raises(tfgan.errors.InputError, match="cut off, or damaged"):
        data.load("folder:images", memory_limit=1)


GOOD_ARRAYS = {
    "in columns": bad.npz_of(bad.npy(in_columns=True, content=bytes(range(48)))),
    "big endian": bad.npz(images=np.linspace(0, 1, 48, dtype=">f8").reshape(IMAGES_2X2)),
    "half precision": bad.npz(images=np.zeros(IMAGES_2X2, "float16")),
    "label 99999": labelled(np.r_[np.zeros(11, int), 99_999]),
    "labels with gaps, big endian": labelled(np.array([0, 7] * 6, ">i4")),
    "zeros, packed": bad.npz_of(bad.npy(shape=(1000, 32, 32), content=bytes(1000 * 32 * 32))),
    "beside objects": noise(others=np.array([{}])),
}


@pytest.mark.parametrize(("name", "content"), GOOD_ARRAYS.items(), ids=ids)
def test_arrays_that_are_taken(here, name, content):
    (here / "ä b.npz").write_bytes(content)
    found = data.load("npz:ä b.npz")
    images = np.concatenate([found.arrays(split)[0] for split in found.sizes])
    assert len(images) == (1000 if "zeros" in name else bad.COUNT)
    if name == "in columns":
        expected = np.arange(48).reshape((2, 2, 12)).T
        got = np.rint(images[..., 0] * 255).astype(int)
        assert {image.tobytes() for image in got} == {image.tobytes() for image in expected + 0}


# Bombs: files of kilobytes that unpack to gigabytes, under a limit that this machine would have.
def test_bombs(refused, here, monkeypatch):
    monkeypatch.setattr(reading, "memory", lambda: 2**22)
    zeros = bytes(2**23)
    (here / "a.npz").write_bytes(bad.npz_of(bad.npy(shape=(2**21, 2, 2), content=zeros)))
    refused("train", "gan-digits", "--data", "npz:a.npz", "--out", "run", words="GiB")
    bad.idx_folder(here / "idx", suffix=".gz", images=bad.idx(2**21, 2, 2))
    refused("train", "gan-digits", "--data", "idx:idx", "--out", "run", words="GiB")
    shutil.rmtree(here / "idx")
    lies = bad.idx(bad.COUNT, 2, 2) + zeros  # says 48 bytes
    bad.idx_folder(here / "idx", suffix=".gz", images=lies)
    refused("train", "gan-digits", "--data", "idx:idx", "--out", "run", words="got more")
    (here / "run").mkdir()
    for name in ("gan.keras", "config.json"):
        shutil.copy(here / "a.npz", here / "run" / name)
    refused("export", "run", "--to", "saved_model", "--out", "new", words="damaged")
    os.remove(here / "run/config.json")
    refused("export", "run", "--to", "saved_model", "--out", "new", words="GiB")
