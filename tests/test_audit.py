"""No locked version has a known weakness; where advisories cannot be reached, nothing was learnt."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

LOCK = Path(__file__).parents[1] / "requirements/dev.txt"


def judged(dependencies):
    """(weaknesses, names of packages that were not looked up) of pip-audit's JSON."""
    unknown = [each["name"] for each in dependencies if "skip_reason" in each]
    weak = {
        f"{each['name']} {each['version']}": [found["id"] for found in each["vulns"]]
        for each in dependencies
        if each.get("vulns")
    }
    return weak, unknown


def test_what_was_not_looked_up_is_not_good():
    """pip-audit ends with 0 where the index it asks knows nothing of any package."""
    told = [
        {"name": "a", "version": "1", "vulns": [{"id": "CVE-1"}]},
        {"name": "b", "version": "2", "vulns": []},
        {"name": "c", "skip_reason": "Dependency not found on PyPI"},
    ]
    assert judged(told) == ({"a 1": ["CVE-1"]}, ["c"])


@pytest.mark.slow
def test_no_locked_version_is_known_to_be_weak():
    pytest.importorskip("pip_audit", reason="needs `make .venv/installed-audit`")
    options = ["--progress-spinner", "off", "--disable-pip", "--require-hashes", "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", *options, "--requirement", str(LOCK)],
        capture_output=True,
        text=True,
    )
    if not done.stdout.strip():
        pytest.skip(f"the advisories cannot be reached: {done.stderr.strip()[-200:]}")
    dependencies = json.loads(done.stdout)["dependencies"]
    assert len(dependencies) > 80
    weak, unknown = judged(dependencies)
    if len(unknown) == len(dependencies):
        pytest.skip("the package index here answers no question about advisories")
    assert unknown == []
    assert weak == {}
