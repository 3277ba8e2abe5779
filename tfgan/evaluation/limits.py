"""How many real images numbers are of."""

import numpy as np

VALID_LIMIT = 1_000  # images sigma is chosen on, as in the papers
TEST_LIMIT = 10_000  # images scored, as in the papers
TRAIN_BYTES = 2**29
NEIGHBOUR_LIMIT = 1_000  # images whose nearest training image is looked for


def train_limit(data):
    """How many training images are read: what fits 512 MB as float32. Protocols say it (n_train)."""
    return max(1, TRAIN_BYTES // (4 * int(np.prod(data.image_shape))))
