"""Runs notebooks, each in an empty folder, and writes their outputs into them: `make notebooks`.

Needs `tfgan[notebooks]`.
"""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

SECONDS = 300  # that a cell may take


def executed(file):
    """Returns the notebook of a file with its outputs, but for what TensorFlow's C++ side logs.

    Raises:
        nbclient.exceptions.CellExecutionError: if a cell fails.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # kernels inherit it
    notebook = nbformat.read(file, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": folder}}).execute()
    for cell in notebook.cells:
        cell.metadata = {}  # times of execution
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not _is_log(output)]
    return notebook


# What C++ writes, whatever Python's loggers are told.
_LOGS = ("0000 00:00:", "absl::InitializeLog", "fully_quantize:", "XNNPACK delegate", "SavedModel")


def _is_log(output):
    if output.get("name") != "stderr":
        return False
    return all(any(log in line for log in _LOGS) for line in output.text.splitlines() if line.strip())


if __name__ == "__main__":
    for name in sys.argv[1:]:
        nbformat.write(executed(name), Path(name))
