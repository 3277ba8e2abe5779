"""The notebooks run as they stand, and show what they show. The slow test needs `tfgan[notebooks]`."""

import ast
import base64
import importlib.util
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted(ROOT.glob("docs/notebooks/*.ipynb"))
LARGEST = 120_000  # bytes of a picture
of_each = pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)


def cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def pictures(notebook):
    outputs = [output for cell in cells(notebook) for output in cell["outputs"]]
    found = [output.get("data", {}).get("image/png") for output in outputs]
    return [base64.b64decode(picture) for picture in found if picture]


def check_outputs(notebook):
    """No error or warning, and pictures of something."""
    for cell in cells(notebook):
        for output in cell["outputs"]:
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr", output["text"]
    drawn = pictures(notebook)
    assert len(drawn) >= 2
    for picture in drawn:
        assert len(picture) < LARGEST
        assert np.asarray(Image.open(io.BytesIO(picture)).convert("L")).std() > 20


@of_each
def test_is_stored_with_its_outputs(file):
    notebook = json.loads(file.read_text())
    assert [cell["execution_count"] for cell in cells(notebook)] == [
        *range(1, len(cells(notebook)) + 1)
    ]
    check_outputs(notebook)
    for cell in cells(notebook):
        lines = "".join(cell["source"]).splitlines()
        ast.parse("\n".join(line for line in lines if not line.startswith(("%", "!"))))


@of_each
@pytest.mark.slow
def test_runs(file, monkeypatch):
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    pytest.importorskip("ai_edge_litert")
    pytest.importorskip("onnxruntime")
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    spec = importlib.util.spec_from_file_location("run_notebooks", ROOT / "docs/notebooks/run.py")
    run = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run)
    notebook = run.executed(file)
    check_outputs(notebook)
    assert len(pictures(notebook)) == len(pictures(json.loads(file.read_text())))
