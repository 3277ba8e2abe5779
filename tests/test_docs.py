"""Examples in docstrings and in the README are run as they stand."""

import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted((ROOT / "tfgan").rglob("*.py"))
    if ">>> " in path.read_text()
]


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name):
    module = importlib.import_module(name)
    result = doctest.testmod(module, extraglobs={"keras": importlib.import_module("keras")})
    assert result.attempted
    assert not result.failed


def test_readme_python_example(tmp_path):
    """In an empty folder, with fewer epochs."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    code = "\n".join(blocks[:1])
    assert "epochs=400" in code
    subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", code.replace("epochs=400", "epochs=2")],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    assert (tmp_path / "serving/digits/1/saved_model.pb").is_file()
    assert (tmp_path / "digits.tflite").is_file()
    assert list((tmp_path / "samples").glob("*.png"))


def test_theory_page(tmp_path):
    """In an empty folder, with fewer steps; what it prints is what the page says."""
    page = ROOT / "docs/theory.md"
    code = "\n".join(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL))
    assert "steps=3000" in code
    code = code.replace("steps=3000", "steps=300")
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", code],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    names = {"figure1.gif", "figure1.png", "mine.png", "now.png", "saddle.png"}
    assert {path.name for path in tmp_path.iterdir()} == names
    numbers = [float(number) for number in re.findall(r"-?\d+\.\d+", done.stdout)[:10]]
    expected = [-1.3863, -1.3093, 0.75, 0.25, -1.1247, -1.1247, -1.1247, -1.3863, 0, 0.5]
    assert numbers == pytest.approx(expected, abs=1e-4)
    path = re.search(r"# (-0\.4159 .*)", code)[1].split()
    printed = re.search(r"\[(-0\.4158.*)\]", done.stdout)[1].split()
    assert [float(v) for v in printed] == pytest.approx([float(v) for v in path], abs=1e-4)


def test_readme_names_only_commands_there_are():
    text = (ROOT / "README.md").read_text()
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"^make ([a-z-]+)", text, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    from tfgan.cli import cli
    from tfgan.recipes import RECIPES

    for command in set(re.findall(r"^tfgan ([a-z-]+)", text, re.MULTILINE)):
        assert command in cli.commands, command
    for recipe in set(re.findall(r"^tfgan train ([a-z0-9-]+)", text, re.MULTILINE)):
        assert recipe in RECIPES, recipe
