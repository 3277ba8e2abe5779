"""What several test files need."""

import gc
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
from makers import CLASSES, MAKERS, SHAPE

from tfgan import cli, keras_files, tuning

# Tests leave functions of TensorFlow behind, in cycles, and to let go of one takes the longer the more
# there are: minutes a run. So what a file leaves is kept, some gigabytes, and left out of collections.
gc.set_threshold(700, 10, 1_000_000)
gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def _left_behind():
    yield
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory):
    """Classifiers trained in a test serve all others of this run; the user's cache is left alone."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFGAN_CACHE", str(folder / "tfgan-cache"))
        yield


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)


@pytest.fixture(autouse=True)
def _models_pass_the_check(monkeypatch):
    """Whatever a test saves and has Keras load must pass the check that runs' models pass."""
    load = keras.saving.load_model

    def checked(path, *given, safe_mode=True, **more):
        if safe_mode:
            keras_files.check(path)
        return load(path, *given, safe_mode=safe_mode, **more)

    monkeypatch.setattr(keras.saving, "load_model", checked)


class _AlwaysGraph(dict):
    def get(self, kind):
        return False


@pytest.fixture(autouse=True)
def _auto_is_without_xla(monkeypatch):
    """Measuring takes seconds of compilation each time; tests of "auto" itself undo this."""
    monkeypatch.setattr(tuning, "_fastest", _AlwaysGraph())


@pytest.fixture(params=MAKERS)
def make_gan(request):
    """Makes a small GAN, and a small conditional one."""
    return MAKERS[request.param]


@pytest.fixture
def images():
    return np.random.default_rng(0).random((30, *SHAPE), dtype="float32")


@pytest.fixture
def labels():
    return np.arange(30, dtype="int32") % CLASSES


@pytest.fixture
def command(monkeypatch, capfd):
    """Runs `tfgan ...` in this process; returns exit code, output and errors."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["tfgan", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        out, err = capfd.readouterr()
        return stop.value.code, out, err

    return run
