"""Compares an exported generator with Keras."""

from typing import NamedTuple

import numpy as np

from tfgan.errors import InputError

SAMPLES = 32


class Report(NamedTuple):
    """What an export wrote and how far it is from Keras.

    Attributes:
        path: file or folder.
        size: int, bytes.
        max_error: float, largest difference of a pixel in [0, 1].
        mean_error: float, mean difference.
        samples: int, images compared.
    """

    path: str
    size: int
    max_error: float
    mean_error: float
    samples: int

    def __str__(self):
        return (
            f"{self.samples} images equal Keras's within {self.max_error:.1e} "
            f"(mean {self.mean_error:.1e}); {self.size / 1e6:.2f} MB"
        )


def examples(gan):
    """Inputs to compare on, and Keras's images for them.

    Labels run over all classes, so that each is compared once where there are at most 32.

    Returns:
        (dict of arrays by input name, float32 images).
    """
    inputs = {"latents": gan.draw_latents(SAMPLES, seed=0)}
    condition = None
    if gan.conditional:
        condition = gan.example_condition(SAMPLES).numpy()
        inputs["condition"] = condition
    return inputs, gan.images_of(inputs["latents"], condition)


def compare(images, expected, *, tolerance, path, size):
    """Returns the `Report` of an export whose images are near enough to Keras's.

    Args:
        images: float `(n, H, W, C)`, made by the exported files.
        expected: float `(n, H, W, C)`, made by Keras.
        tolerance: float, largest difference allowed of any pixel, or, where values leave [-1, 1], of
            the largest of them.
        path: file or folder to report.
        size: int, bytes.

    Raises:
        InputError: if a pixel differs by more, or is no number.
    """
    if images.shape != expected.shape:
        raise InputError(
            f"the export makes images of shape {images.shape}, Keras {expected.shape}: "
            "nothing was kept; report this as a bug."
        )
    error = np.abs(images.astype("float64") - expected)
    worst = float(error.max())
    allowed = tolerance * max(1.0, float(np.abs(expected).max()))
    if not worst <= allowed:
        raise InputError(
            f"the export differs from Keras by {worst:.2g}, at most {allowed:.0e} was expected: "
            "nothing was kept; export without quantize, or report this as a bug."
        )
    return Report(str(path), size, worst, float(error.mean()), len(images))
