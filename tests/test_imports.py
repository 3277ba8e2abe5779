"""Imports run downward: who may import whom (the design's house)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# From the ground up. A module may import those of lower floors and its own.
FLOORS = [
    {
        "errors",
        "files",
        "owner",
        "parts",
        "processes",
        "randomness",
        "reading",
        "recorded",
        "replicas",
        "scoped",
        "slurm",
        "stopping",
        "threefry",
        "times",
    },
    {"augment", "conditions", "data", "finite", "keras_files", "latents", "layers", "lazily"}
    | {"losses", "metrics", "optimizers", "philox", "precision", "theory", "weights"},
    {
        "averaging",
        "batches",
        "checkpoints",
        "checks",
        "gradients",
        "inputs",
        "networks",
        "penalties",
        "programs",
        "recovery",
        "rewind",
        "sharding",
        "shown",
        "stacking",
        "steps",
    },
    {"loop"},
    {"distributed", "tuning"},
    {"trainer"},
    {"compiled"},
    {"baselines", "gan"},
    {"cgan", "plots", "tagging"},
    {"callbacks", "evaluation", "stored"},
    {"figure1", "recipes"},
    {"configs"},
    {"prepared", "watching"},
    {"runs"},
    {"reproduce"},
    {"export"},
    {"cli"},
    {"__main__"},
]
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
FILES = {
    path: path.relative_to(ROOT / "tfgan").parts[0].removesuffix(".py")
    for path in sorted((ROOT / "tfgan").rglob("*.py"))
    if path != ROOT / "tfgan/__init__.py"
} | dict.fromkeys(sorted((ROOT / "export").rglob("*.py")), "export")


def imported(path):
    """Top-level parts of tfgan that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            if node.module != "tfgan":
                names = [node.module]
        else:
            continue
        for name in names:
            if name.startswith("tfgan."):
                yield name.split(".")[1]


def test_every_module_has_a_floor():
    assert set(FILES.values()) == set(FLOOR)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_downward(path):
    own = FILES[path]
    for other in imported(path):
        assert other == own or FLOOR[other] <= FLOOR[own], f"{own} imports {other}"


def test_only_the_command_imports_export():
    for path, own in FILES.items():
        if own not in ("export", "cli"):
            assert "export" not in imported(path)


def test_export_does_not_import_runs():
    for path, own in FILES.items():
        if own == "export":
            assert not {"runs", "prepared", "watching", "recipes", "cli"} & set(imported(path))


def test_the_command_imports_lazily():
    """Where its files are loaded, TensorFlow is not."""
    trees = [ast.parse(path.read_text()) for path in (ROOT / "tfgan/cli").glob("*.py")]
    top = [node for tree in trees for node in tree.body]
    top = [node for node in top if isinstance(node, (ast.Import, ast.ImportFrom))]
    others = [node for node in top if not getattr(node, "module", "").startswith("tfgan.cli.")]
    names = {alias.name for node in others for alias in node.names}
    assert names == {"io", "json", "os", "shlex", "signal", "sys", "Path", "click"} | {
        "DivergedError",
        "InputError",
        "LostError",
        "StoppedError",
        "printable",
        "quiet",
    }
