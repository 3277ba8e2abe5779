import importlib
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from makers import MAKERS, varied

from tfgan.export import comparison

# What asks servers for images is a benchmark too.
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))


@pytest.fixture(params=MAKERS)
def gan(request):
    """A GAN, and a conditional one, whose images differ from one another."""
    return varied(MAKERS[request.param]())


@pytest.fixture
def quick(monkeypatch):
    """Exports run in this process: what a fresh one needs is seconds of imports."""

    def run(path, target, inputs):
        runner = importlib.import_module(f"tfgan.export.run_{target}")
        with tempfile.TemporaryDirectory() as folder:
            np.savez(f"{folder}/in.npz", **inputs)
            runner.main(str(path), f"{folder}/in.npz", f"{folder}/out.npz")
            with np.load(f"{folder}/out.npz") as file:
                return dict(file)

    monkeypatch.setattr(comparison, "run", run)
