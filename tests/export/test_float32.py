"""Generators of mixed precision are exported in float32, with their own weights."""

import keras
import numpy as np
import pytest
from makers import convolutional_cgan, small_cgan, small_gan, varied

import tfgan
from tfgan.export.float32 import in_float32


@pytest.fixture(params=["mixed_bfloat16", "mixed_float16"])
def policy(request):
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("maker", [small_gan, small_cgan, convolutional_cgan])
def test_the_same_weights_in_float32(maker, policy):
    gan = varied(maker())
    exported = in_float32(gan)
    layers = exported.generator._flatten_layers()
    assert {layer.compute_dtype for layer in layers} == {"float32"}
    for ours, theirs in zip(exported.generator.weights, gan.generator.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    near = {"mixed_bfloat16": 0.05, "mixed_float16": 0.01}[policy]
    images = exported.sample(8, seed=0)
    assert images.dtype == np.float32
    np.testing.assert_allclose(images, gan.sample(8, seed=0), atol=near)


def test_float32_stays_itself():
    gan = small_cgan()
    assert in_float32(gan) is gan


def test_exports(tmp_path, quick):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        gan = varied(small_cgan())
        gan.compile(ema_decay=0.5)
    finally:
        keras.config.set_dtype_policy("float32")
    gan.ema_generator.set_weights([0.5 * weight for weight in gan.generator.get_weights()])
    report = tfgan.export.tflite(gan, tmp_path / "gan.tflite")
    assert report.max_error < 1e-5
    twin = in_float32(gan)
    for ours, theirs in zip(twin.sampler.get_weights(), gan.ema_generator.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert tfgan.export.saved_model(gan, tmp_path / "served").max_error < 1e-5
