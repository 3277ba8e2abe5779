"""What several test files need."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest

import tfgan
from tfgan.conditions import Labels
from tfgan.networks import goodfellow2014, mirza2014

SHAPE = (4, 4, 1)
CLASSES = 3


def small_gan(**kwargs):
    """A GAN on 4 x 4 images, without dropout."""
    return tfgan.GAN(
        goodfellow2014.Generator(SHAPE, latent_dim=5, units=8),
        goodfellow2014.Discriminator(SHAPE, units=6, pieces=2, input_dropout=0.0, dropout=0.0),
        **{"seed": 7, **kwargs},
    )


def small_cgan(dropout=0.0, **kwargs):
    """A conditional GAN on 4 x 4 images of 3 classes."""
    condition = Labels(CLASSES)
    return tfgan.CGAN(
        mirza2014.Generator(
            SHAPE,
            condition=condition,
            latent_dim=5,
            latent_units=4,
            condition_units=4,
            units=8,
            dropout=dropout,
        ),
        mirza2014.Discriminator(
            SHAPE, condition=condition, image_units=6, condition_units=3, units=5, dropout=dropout
        ),
        **{"seed": 7, **kwargs},
    )


MAKERS = {"gan": small_gan, "cgan": small_cgan}


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


def one_line(error):
    """The message of an error, which must be one line."""
    message = str(error.value)
    assert message
    assert "\n" not in message
    return message
