"""`digits`: 1,797 handwritten digits of 8 x 8 pixels, installed with the package.

Origin: "Optical Recognition of Handwritten Digits" (E. Alpaydin, C. Kaynak, 1998), UCI Machine
Learning Repository, https://doi.org/10.24432/C50P49, licence CC BY 4.0; the test part of it, as
scikit-learn ships it in `sklearn.datasets.load_digits`. Its grey levels 0 to 16 are stored here as
uint8 0 to 255.
"""

import pathlib

import numpy as np

from tfgan.data.memory import from_arrays
from tfgan.data.splits import divide

_FILE = pathlib.Path(__file__).with_name("digits.npz")


def load(argument, *, data_dir, image_size, memory_limit):
    """Returns the `Loaded` of the digits; only `image_size` matters."""
    with np.load(_FILE, allow_pickle=False) as arrays:
        images, labels = arrays["images"], arrays["labels"]
    return from_arrays(
        {"train": (images[..., np.newaxis], labels)},  # (N, 8, 8, 1)
        divide({"train": len(images)}, what="digits"),
        image_size=image_size,
        num_classes=10,
    )
