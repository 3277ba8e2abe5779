"""The API's pages, made of the docstrings. Needs `tfgan[docs]`, which `make test-slow` installs."""

import importlib
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import tfgan
from tfgan import augment, evaluation, losses, networks, penalties

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
PACKAGES = ("callbacks", "conditions", "data", "evaluation", "export", "layers", "metrics", "plots")
# Tables whose entries users name by a word: in the page of a module, under a name.
TABLES = {
    "losses": ("LOSSES", losses.LOSSES),
    "penalties": ("PENALTIES", penalties.PENALTIES),
    "augment": ("TRANSFORMS", augment.TRANSFORMS),
    "evaluation": ("METRICS", evaluation.METRICS),
    "networks": ("FAMILIES", networks.FAMILIES),
}


class Page(HTMLParser):
    """What a page has: text, headings of sections, places and links."""

    def __init__(self, file):
        super().__init__()
        self.tag = None
        self.text, self.headings, self.places, self.links = "", [], set(), []
        self.html = file.read_text(encoding="utf-8")
        self.feed(self.html)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tag = tag
        self.places.add(found.get("id"))
        self.links += [found[key] for key in ("href", "src") if found.get(key)]

    def handle_data(self, data):
        if self.tag == "h6":
            self.headings.append(data)
        else:
            self.text += data

    def handle_endtag(self, tag):
        self.tag = None


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Dict of file -> `Page`."""
    pytest.importorskip("pdoc")
    pytest.importorskip("ai_edge_litert")
    folder = tmp_path_factory.mktemp("site")
    script = ROOT / "docs/api/generate.py"
    command = [sys.executable, "-W", "error::UserWarning", str(script), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return {file.relative_to(folder).as_posix(): Page(file) for file in folder.rglob("*.html")}


def test_every_module_has_a_page(pages):
    runners = (f"tfgan/export/run_{target}" for target in ("onnx", "saved_model", "tflite"))
    programs = {"tfgan/__main__", *runners}
    sources = [*ROOT.glob("tfgan/**/*.py"), *ROOT.glob("export/*.py")]
    for source in sources:
        name = source.relative_to(ROOT).with_suffix("").as_posix().removesuffix("/__init__")
        name = name if name.startswith("tfgan") else f"tfgan/{name}"
        assert (f"{name}.html" in pages) == (name not in programs), name
        assert name in programs or f"{name}.html" in pages["index.html"].links


def test_every_public_name_is_there(pages):
    for name in tfgan.__all__:
        assert name in pages["tfgan.html"].places or f"tfgan/{name}.html" in pages, name
    for package in PACKAGES:
        module = importlib.import_module(f"tfgan.{package}")
        for name in module.__all__:
            page = pages[f"tfgan/{package}.html"]
            assert name in page.places or f"tfgan/{package}/{name}.html" in pages, (package, name)


@pytest.mark.parametrize("module", TABLES)
def test_every_entry_of_a_table_is_there(pages, module):
    name, table = TABLES[module]
    page = pages[f"tfgan/{module}.html"]
    assert name in page.places
    for entry in table:
        assert f"'{entry}':" in page.text, entry


def test_every_loss_is_explained(pages):
    page = pages["tfgan/losses.html"]
    for loss in losses.LOSSES.values():
        assert {loss.d_loss.__name__, loss.g_loss.__name__} <= page.places
    assert set(penalties.PENALTIES) <= pages["tfgan/penalties.html"].places


def test_sections_are_lists_and_examples_are_code(pages):
    """What is a heading is not among the text."""
    for name, page in pages.items():
        section = re.search(r"^ *(Args|Arguments|Returns|Raises|Attributes):$", page.text, re.MULTILINE)
        assert section is None, (name, section)
        assert "```" not in page.text, name
    page = pages["tfgan/augment.html"]
    assert {"Arguments:", "Returns:", "Raises:", "Reference:"} <= set(page.headings)
    for item in ("images", "strength", "InputError"):
        assert re.search(rf"<li><strong>{item}:</strong>", page.html), item
    assert 'class="pdoc-code codehilite"' in pages["tfgan/networks/dcgan.html"].html


def test_local_links_lead_somewhere(pages):
    links = 0
    for name, page in pages.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link):
                continue
            path, _, place = link.partition("#")
            target = (Path("/", name).parent / path).resolve().relative_to("/").as_posix()
            target = target if path else name
            assert target in pages, (name, link)
            assert not place or place in pages[target].places, (name, link)
            links += 1
    assert links > 1000
