"""What is installed: the wheel, from another folder."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

USE = """
import sys
import tfgan, tfgan.export
assert tfgan.__file__.startswith(sys.argv[1]), tfgan.__file__
assert tfgan.export.__file__.startswith(sys.argv[1]), tfgan.export.__file__
assert callable(tfgan.export.saved_model)
data = tfgan.data.load("digits")
gan = tfgan.GAN(
    tfgan.networks.goodfellow2014.Generator(data.image_shape, units=4),
    tfgan.networks.goodfellow2014.Discriminator(data.image_shape, units=4),
)
assert gan.sample(2).shape == (2, 8, 8, 1)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    pytest.importorskip("build")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # a copy: setuptools leaves build/ and egg-info where it works
    files = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    for name in files:
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(folder), str(source)],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_wheel_holds_the_packages(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in [*ROOT.glob("tfgan/**/*.py"), ROOT / "tfgan/data/digits.npz"]:
        assert str(path.relative_to(ROOT)) in names
    page = [path for path in ROOT.glob("export/web_page/**/*") if path.is_file()]
    assert len(page) > 10
    for path in [*ROOT.glob("export/**/*.py"), *page]:
        assert f"tfgan/{path.relative_to(ROOT)}" in names
    tops = {name.split("/")[0] for name in names}
    assert all(top == "tfgan" or top.endswith(".dist-info") for top in tops)


def test_wheel_works_from_another_folder(wheel, tmp_path):
    target = tmp_path / "installed"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--target",
            str(target),
            str(wheel),
        ],
        check=True,
        capture_output=True,
    )
    done = subprocess.run(
        [sys.executable, "-c", USE, str(target)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(target), "PATH": "/usr/bin:/bin", "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_extras():
    text = (ROOT / "setup.py").read_text()
    for extra in ("cuda", "edge", "serving", "dev"):
        assert f'"{extra}"' in text


def test_import_as_the_design_writes_it():
    """Names of the design's Python example, without importing anything else."""
    code = (
        "import tfgan; tfgan.data.load; tfgan.GAN; tfgan.CGAN; tfgan.callbacks.SampleGrid;"
        "tfgan.networks.mirza2014.Generator; tfgan.export.saved_model; tfgan.export.tflite"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd="/")
