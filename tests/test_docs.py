"""Examples in docstrings and in the README are run as they stand."""

import doctest
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tfgan
from tfgan import augment, losses, penalties
from tfgan.networks import FAMILIES
from tfgan.networks.heads import CONDITIONINGS
from tfgan.recipes import images, override

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


@pytest.mark.slow
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
    for recipe in set(re.findall(r"^tfgan train ([a-z][a-z0-9-]*)", text, re.MULTILINE)):
        assert recipe in RECIPES, recipe


PAGES = sorted(ROOT.glob("docs/**/*.md"))
# What `--set` of the options' page may be given to: settings that the recipes of images share.
SETTINGS = images.SETTINGS | {"epochs": 1, "image_size": None}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_local_links_of_pages_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, place = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if place and target.suffix == ".md":
            headings = re.findall(r"^#+ (.*)", target.read_text(), re.MULTILINE)
            assert place in {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}


def test_the_index_names_every_page_and_notebook():
    text = (ROOT / "docs/README.md").read_text()
    for page in [*ROOT.glob("docs/*.md"), *ROOT.glob("docs/notebooks/*.ipynb")]:
        link = page.relative_to(ROOT / "docs").as_posix()
        assert f"({link})" in text or link == "README.md", link


def test_training_options_names_all_there_are():
    text = (ROOT / "docs/training-options.md").read_text()
    for table in (losses.LOSSES, penalties.PENALTIES, augment.TRANSFORMS, FAMILIES, CONDITIONINGS):
        for name in table:
            assert f"| `{name}` |" in text, name
    for option in inspect.signature(tfgan.GAN.compile).parameters:
        assert option in text or option in ("self", "update", "run_eagerly"), option


def test_training_options_sets_only_what_can_be_set():
    text = (ROOT / "docs/training-options.md").read_text()
    commands = re.findall(r"`(--set [^`]+)`", text)
    assert len(commands) > 15
    for command in commands:
        override(SETTINGS, re.findall(r"--set ([a-z]\w*=[\w.,-]+)", command))


@pytest.mark.slow
def test_training_options_runs_as_it_stands(tmp_path):
    page = ROOT / "docs/training-options.md"
    code = "\n".join(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL))
    assert code.count("train(") > 20
    command = [sys.executable, "-W", "error::UserWarning", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    assert 0 < float(done.stdout.split()[0]) < 1  # the adapted strength
