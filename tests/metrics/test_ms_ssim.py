"""MS-SSIM against its formula written out, and diversity of sets whose likeness is known."""

import numpy as np
import pytest
import tensorflow as tf
from makers import one_line

from tfgan.errors import InputError
from tfgan.metrics import ms_ssim


def by_hand(x, y, weights, width):
    """Of two grey float64 images, from Wang et al.'s equations 1 to 7 (sigma 1.5, K 0.01 and 0.03)."""
    place = np.arange(width) - (width - 1) / 2
    window = np.exp(-(place[:, None] ** 2 + place**2) / (2 * 1.5**2))
    window /= window.sum()

    def mean(image):
        windows = np.lib.stride_tricks.sliding_window_view(image, (width, width))
        return (windows * window).sum((2, 3))

    result = 1.0
    for scale, weight in enumerate(weights):
        mx, my = mean(x), mean(y)
        vx, vy, cxy = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
        structure = (2 * cxy + 0.03**2) / (vx + vy + 0.03**2)
        luminance = (2 * mx * my + 0.01**2) / (mx**2 + my**2 + 0.01**2)
        last = scale == len(weights) - 1
        result *= max(0, np.mean(structure * luminance if last else structure)) ** weight
        x, y = (image.reshape(len(image) // 2, 2, -1, 2).mean((1, 3)) for image in (x, y))
    return result


@pytest.mark.parametrize(("size", "scales"), [(8, 1), (10, 1), (16, 1), (28, 2), (64, 3)])
def test_is_the_formula_with_fewer_scales(size, scales):
    rng = np.random.default_rng(0)
    x = rng.random((3, size, size, 2)).astype("float32")
    y = np.clip(x + rng.normal(0, 0.2, x.shape), 0, 1).astype("float32")
    weights, width = ms_ssim.scales(x.shape[1:])
    assert len(weights) == scales
    assert sum(weights) == pytest.approx(1)
    wanted = [
        np.mean([by_hand(a[..., c], b[..., c], weights, width) for c in range(2)])
        for a, b in zip(x.astype("float64"), y.astype("float64"), strict=True)
    ]
    assert max(wanted) < 0.97
    np.testing.assert_allclose(ms_ssim.similarity(x, y), wanted, atol=2e-5)
    np.testing.assert_allclose(ms_ssim.similarity(x, x), 1, atol=1e-6)


def test_from_176_pixels_on_is_the_published_one():
    rng = np.random.default_rng(0)
    x = rng.random((2, 176, 180, 3)).astype("float32")
    y = np.clip(x + rng.normal(0, 0.3, x.shape), 0, 1).astype("float32")
    np.testing.assert_allclose(
        ms_ssim.similarity(x, y), tf.image.ssim_multiscale(x, y, 1.0), atol=1e-4
    )  # tf's weights sum to 1.0001


def test_diversity(monkeypatch):
    rng = np.random.default_rng(0)
    centres = rng.random((3, 16, 16, 1)).astype("float32")
    labels = np.arange(90) % 3
    alike = centres[labels]
    assert ms_ssim.diversity(alike, labels)["similarity"] == pytest.approx(1, abs=1e-5)
    # Without labels a third of the pairs, less the image itself, is of one class.
    a, b, c = centres
    across = ms_ssim.similarity(np.stack([a, a, b]), np.stack([b, c, c])).mean()
    mixed = ms_ssim.diversity(alike, pairs=3000)
    wanted = 29 / 89 + 60 / 89 * across
    assert mixed["similarity"] == pytest.approx(wanted, abs=4 * mixed["standard_error"])
    assert 0 < mixed["standard_error"] < 0.02
    assert mixed == ms_ssim.diversity(alike, pairs=3000)
    monkeypatch.setattr(ms_ssim, "_BYTES", 4 * 16 * 16 * 130)  # pairs at a time
    assert ms_ssim.diversity(alike, pairs=3000) == pytest.approx(mixed)


def test_an_image_is_no_pair_with_itself():
    images = np.stack([np.zeros((8, 8, 1)), np.indices((8, 8)).sum(0)[..., None] % 2]).astype("float32")
    two = ms_ssim.diversity(images, pairs=50)
    assert two["similarity"] == pytest.approx(float(ms_ssim.similarity(images[:1], images[1:])[0]))
    assert two["similarity"] < 0.1
    one_each = ms_ssim.diversity(np.concatenate([images, images[:1]]), np.array([0, 1, 0]), pairs=7)
    assert one_each["similarity"] == pytest.approx(1)
    assert one_each["pairs"] == 7


def test_refuses():
    images = np.zeros((4, 8, 8, 1), "float32")
    refused = [
        lambda: ms_ssim.diversity(np.zeros((4, 7, 9, 1))),
        lambda: ms_ssim.diversity(images, np.arange(4)),
        lambda: ms_ssim.diversity(images, np.arange(3)),
        lambda: ms_ssim.diversity(images[:1]),
        lambda: ms_ssim.similarity(images, images[:3]),
    ]
    for call in refused:
        with pytest.raises(InputError) as error:
            call()
        one_line(error)
