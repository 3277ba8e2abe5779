"""50,000 x 2,048 features, two sets of them, measured within 2 GB beside what imports take."""

import json
import os

import keras
import numpy as np
import pytest
from makers import stripes
from peak import peak

from tfgan import runs
from tfgan.metrics import coverage, distances, frechet, kernel, memorization, parzen, precision_recall

IMPORTS = """
import warnings
import numpy as np
import tfgan
from tfgan.metrics import coverage, distances, features, frechet, kernel, memorization, precision_recall
"""
# Each 400 MB.
SETS = """
rng = np.random.default_rng(0)
real, fake = (rng.random((50_000, 2_048), dtype="float32") for _ in range(2))
"""
# A comparison of all with all is 10 TFLOP, minutes of two cores, and these make three: the products are
# left out, and all else is done. What is allocated does not depend on what a product's numbers are.
# TFGAN_WHOLE=1 does them.
NO_PRODUCTS = """
def dot(self, part):
    found = np.empty((len(part), len(self)))
    for rows, block in self.blocks():
        found[:, rows] = block[:, 0] * part[:, :1]
    return found
distances.Rows.dot = dot
"""
PRODUCTS = """
def nothing(part, block, out):
    out[...] = (block[:, 0] - part[:, :1]) ** 2
distances.np = __import__("types").SimpleNamespace(**{**vars(np), "matmul": nothing})
"""
PRODUCTS = "" if os.environ.get("TFGAN_WHOLE") else NO_PRODUCTS
TASKS = {
    "frechet": "assert 0 < frechet.distance(real, fake) < 10",
    "intra_frechet": """
labels = np.zeros(50_000, int)
assert 0 < frechet.intra_class(real, labels, fake, labels)[0] < 10""",
    "kernel": f"{PRODUCTS}\nkernel.distance(real, fake)",
    "kernel_subsets": "assert abs(kernel.subset_distance(real, fake, subsets=10)['mean']) < 1e-3",
    "precision_recall": f"{PRODUCTS}\nprecision_recall.scores(real, fake)",
    "memorization": "assert (memorization.nearest(fake[:1000], real)[0] > 10).all()",
    "spread": "assert abs(coverage.relative_spread(fake, real) - 1) < 1e-2",
    "extractor": """
def wide(images):
    return np.repeat(images[:, 0, :, 0], 256, axis=1)
images = rng.random((50_000, 8, 8, 1), dtype="float32")
fake = None
assert features.get(wide)(images).shape == (50_000, 2_048)""",
}


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_inception_sized_features_fit_in_two_gigabytes(task):
    before, after = peak(IMPORTS, SETS + TASKS[task])
    assert after - before < 2e9
    assert after < 2.4e9  # with TensorFlow, which `import tfgan` brings


@pytest.mark.slow
def test_evaluate_of_50_000_samples_fits_in_two_gigabytes(tmp_path, monkeypatch):
    """The command, with features of a file: beside the samples' the features of 20,000 real images."""
    monkeypatch.chdir(tmp_path)
    images, labels = stripes(100_000)  # of which a tenth each is valid and test
    np.savez("data.npz", images=images, labels=labels)
    changes = ["units=8", "latent_dim=4", "batch_size=1000", "jit_compile=false"]
    runs.train(
        "run", runs.plan("cgan-digits", source="npz:data.npz", epochs=1, changes=changes), verbose=0
    )
    keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2_048)]).save(
        "features.keras"
    )
    code = """
sys.argv = ["tfgan", "evaluate", "run", "--features", "features.keras", "--samples", "50000",
    "--metrics", "frechet,intra_frechet,kernel,precision_recall", "--json", "numbers.json"]
try:
    cli.main()
except SystemExit as stop:
    assert not stop.code
"""
    before, after = peak("import tfgan\nfrom tfgan import cli", code)
    assert after - before < 2e9
    assert after < 2.4e9
    results = json.loads((tmp_path / "numbers.json").read_text())
    protocol = results["frechet"]["protocol"]
    assert (protocol["n_fake"], protocol["dim"]) == (50_000, 2_048)


@pytest.fixture
def by_blocks(monkeypatch):
    """Every set is a large one, of blocks of three rows."""
    monkeypatch.setattr(distances, "_WHOLE", 0)
    monkeypatch.setattr(distances, "_BLOCK", 3 * 8 * 6)


def sets(kind):
    """Two sets of rows of 6 numbers, as uint8 and as what they stand for."""
    rng = np.random.default_rng(0)
    sides = [rng.integers(0, 256, (count, 6)) for count in (40, 31)]
    if kind == "uint8":
        return [side.astype("uint8") for side in sides]
    return [(side / 255).astype(kind) for side in sides]


def numbers(ours, theirs):
    """What every metric says of two sets that goes through blocks."""
    return {
        "precision_recall": list(precision_recall.scores(ours, theirs).values()),
        "nearest": memorization.nearest(ours, theirs)[0],
        "parzen": parzen.log_likelihood(ours, theirs, 0.3),
        "spread": coverage.spread(ours),
        "kernel": kernel.distance(ours, theirs, memory=16 * 31 * 7),
        "modes": coverage.nearest_mode(ours, theirs, 0.4),
    }


@pytest.mark.parametrize("kind", ["uint8", "float32", "float64"])
def test_sets_by_blocks_give_the_numbers_of_whole_ones(kind, by_blocks, monkeypatch):
    given = sets(kind)
    before = [side.copy() for side in given]
    found = numbers(*given)
    for side, was in zip(given, before, strict=True):
        np.testing.assert_array_equal(side, was)  # a caller's arrays are left alone
    monkeypatch.setattr(distances, "_WHOLE", 2**27)
    for name, value in numbers(*given).items():
        np.testing.assert_allclose(found[name], value, rtol=1e-12, atol=1e-12, err_msg=name)


def test_distances_by_blocks_are_those_of_the_definition(by_blocks):
    ours, theirs = sets("float32")
    wide = [side.astype("float64") for side in (ours, theirs)]
    wanted = np.square(wide[0][:, None] - wide[1]).sum(axis=2)
    rows, others = distances.as_rows(ours, theirs)
    shift = rows.mean()
    np.testing.assert_allclose(shift, wide[0].mean(axis=0), rtol=1e-14)
    for _ in range(2):  # a second shift comes on top
        rows.shift(shift)
        others.shift(shift)
        for part, squared in distances.squared_distance_chunks(rows, others, memory=8 * 31 * 7):
            np.testing.assert_allclose(squared, wanted[part], rtol=1e-11, atol=1e-12)


def test_the_distance_within_classes_is_that_of_their_rows():
    rng = np.random.default_rng(0)
    rows, others = rng.normal(size=(90, 3)), rng.normal(1, 1, size=(80, 3))
    labels, other_labels = np.arange(90) % 2, np.arange(80) % 2
    _, each = frechet.intra_class(rows, labels, others, other_labels)
    for one, value in each.items():
        wanted = frechet.distance(rows[labels == one], others[other_labels == one])
        assert value == wanted
