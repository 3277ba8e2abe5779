"""Our numbers beside those of torch-fidelity and prdc, of the same features.

Needs `tfgan[reference]`, which `make test-slow` installs.
"""

import sys
from unittest import mock

import numpy as np
import pytest

from tfgan.metrics import frechet, kernel, precision_recall

pytestmark = pytest.mark.slow


def features(count, dim, seed, shift=0.0):
    """Like a network's: correlated, of several sizes, none below 0; float32."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(9).normal(size=(12, dim)) / np.sqrt(12)
    rows = rng.normal(size=(count, 12)) @ mixing + 0.1 * rng.normal(size=(count, dim)) + shift + 0.5
    return np.maximum(rows, 0).astype("float32")


SIDES = [
    (features(1500, 64, 0), features(1200, 64, 1)),  # of one distribution
    (features(1500, 64, 0), features(1200, 64, 1, shift=0.2)),
    (features(1200, 200, 0, shift=-0.1), 0.9 * features(1000, 200, 1)),
]


@pytest.fixture
def torch_fidelity(monkeypatch):
    """Its modules of metrics, which work on features alone.

    The package imports torchvision for its networks. PyPI's wheels of it fail beside a torch for CPUs,
    so that an empty module stands in for it.
    """
    pytest.importorskip("torch")
    names = ["", ".transforms", ".transforms.functional", ".datasets", ".models", ".io"]
    for name in names:
        monkeypatch.setitem(sys.modules, f"torchvision{name}", mock.MagicMock())
    package = pytest.importorskip("torch_fidelity")
    from torch_fidelity import metric_fid, metric_kid, metric_prc

    assert package.__version__
    return metric_fid, metric_kid, metric_prc


@pytest.mark.parametrize("side", range(len(SIDES)))
def test_torch_fidelity(torch_fidelity, side):
    import torch

    fid, kid, prc = torch_fidelity
    fake, real = SIDES[side]
    tensors = [torch.from_numpy(rows) for rows in (fake, real)]
    wide = [fid.fid_features_to_statistics(rows.double()) for rows in tensors]
    wanted = fid.fid_statistics_to_metric(*wide, False)[fid.KEY_METRIC_FID]
    assert frechet.distance(fake, real) == pytest.approx(wanted, rel=1e-4, abs=1e-4)

    options = {"kid_subsets": 20, "kid_subset_size": 500, "rng_seed": 7, "verbose": False}
    wanted = kid.kid_features_to_metric(*(rows.double() for rows in tensors), **options)
    found = kernel.subset_distance(fake, real, subsets=20, subset_size=500, seed=7)
    assert found["mean"] == pytest.approx(wanted[kid.KEY_METRIC_KID_MEAN], rel=1e-4, abs=1e-6)
    spread = wanted[kid.KEY_METRIC_KID_STD]
    assert found["standard_deviation"] == pytest.approx(spread, rel=1e-4, abs=1e-6)

    options = {"prc_neighborhood": 3, "prc_batch_size": 500, "save_cpu_ram": True, "verbose": False}
    wanted = prc.prc_features_to_metric(*tensors, **options)
    found = precision_recall.scores(real, fake, nearest_k=3)
    assert found["precision"] == pytest.approx(wanted[prc.KEY_METRIC_PRECISION], abs=1e-4)
    assert found["recall"] == pytest.approx(wanted[prc.KEY_METRIC_RECALL], abs=1e-4)
    assert 0.01 < found["recall"] < 0.999


@pytest.mark.parametrize("nearest_k", [1, 5])
@pytest.mark.parametrize("side", range(len(SIDES)))
def test_prdc(side, nearest_k):
    prdc = pytest.importorskip("prdc")
    fake, real = (rows.astype("float64") for rows in SIDES[side])
    wanted = prdc.compute_prdc(real, fake, nearest_k)
    found = precision_recall.scores(real, fake, nearest_k=nearest_k)
    assert found == pytest.approx(wanted, abs=1e-4)
    assert 0.01 < found["coverage"] < 0.999
