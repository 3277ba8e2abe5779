"""The lock of what the package is developed with: whole, hashed, and inside the ranges of setup.py."""

import re
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements/dev.txt"


def locked(text):
    """{name: [(version, marker or None)]} and the entries, each with its hashes."""
    entries = [line for line in re.split(r"\n(?=[^\s#])", text) if not line.startswith("#")]
    found = {}
    for entry in entries:
        requirement = Requirement(re.split(r"\s\\?\n| --hash", entry)[0].rstrip(" \\"))
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", entry
        versions = found.setdefault(canonicalize_name(requirement.name), [])
        versions.append((specifier.version, requirement.marker))
    return found, entries


def wanted():
    """What setup.py asks for with the extra dev, as it is when setup.py runs."""
    asked = {}
    code = (ROOT / "setup.py").read_text().replace("setup(\n", "keep(\n").replace(", setup\n", "\n")
    names = {"__file__": str(ROOT / "setup.py"), "keep": lambda **given: asked.update(given)}
    exec(compile(code, "setup.py", "exec"), names)  # the house's own file
    return [*asked["install_requires"], *asked["extras_require"]["dev"]]


def test_every_requirement_is_locked_at_an_allowed_version():
    found, _ = locked(LOCK.read_text())
    requirements = [Requirement(text) for text in wanted()]
    assert len(requirements) > 15
    for requirement in requirements:
        versions = found[canonicalize_name(requirement.name)]
        for version, _ in versions:
            assert requirement.specifier.contains(version), (str(requirement), version)


def test_every_line_has_hashes():
    _, entries = locked(LOCK.read_text())
    assert len(entries) > 80
    for entry in entries:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry
    assert not re.search(r"^\s*(-[^-]|--(?!hash=))", LOCK.read_text(), re.MULTILINE)  # other sources


def test_the_lock_installs_without_fetching_what_builds():
    found, _ = locked(LOCK.read_text())
    assert {"setuptools", "wheel"} <= set(found)
    makefile = (ROOT / "Makefile").read_text()
    (recipe,) = re.findall(r"^\$\(VENV\)/installed-dev:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert "--require-hashes --requirement $(LOCK)" in recipe
    assert "--no-deps --no-build-isolation --editable ." in recipe
    assert recipe.count("pip install") == 2


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_one_version_for_each_python(python):
    """Where there are several, their markers leave one."""
    found, _ = locked(LOCK.read_text())
    here = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    for name, versions in found.items():
        fit = [version for version, marker in versions if _fits(marker, here)]
        assert len(fit) <= 1, (name, fit)


def _fits(marker: Marker | None, here):
    return marker is None or marker.evaluate(here)
