"""What several test files need."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
from makers import CLASSES, MAKERS, SHAPE


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)


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
