"""Writes the API's pages from the docstrings: `make docs`, or `python docs/api/generate.py FOLDER`.

Needs `tfgan[docs]` and `tfgan[edge]`.
"""

import importlib
import pkgutil
import re
import sys
from pathlib import Path

from pdoc import doc, render

HERE = Path(__file__).parent
_PROGRAMS = ("__main__", "run_saved_model", "run_tflite", "run_onnx")  # not for import


def modules():
    """Names of all modules of tfgan that can be imported, sorted."""
    found = set()
    # Installed, tfgan.export lies beside the package; in a checkout it may be seen in it, too.
    for package in map(importlib.import_module, ("tfgan", "tfgan.export")):
        inside = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        found |= {package.__name__, *(module.name for module in inside)}
    return sorted(name for name in found if name.rpartition(".")[2] not in _PROGRAMS)


def write(folder):
    """Writes `index.html`, a page for each module, and what the search looks through.

    Args:
        folder: path, which need not exist.
    """
    render.configure(
        docformat="google", template_directory=HERE, show_source=False, footer_text="tfgan"
    )
    # Not `pdoc.pdoc`, which leaves out what a package's `__all__` does, such as `tfgan.evaluation`.
    documented = {name: doc.Module.from_name(name) for name in modules()}
    pages = {
        f"{name.replace('.', '/')}.html": _without_dead_links(render.html_module(module, documented))
        for name, module in documented.items()
    }
    pages["index.html"] = render.html_index(documented)
    pages["search.js"] = render.search_index(documented)
    for name, text in pages.items():
        file = Path(folder) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _without_dead_links(page):
    """pdoc links names that are Keras's, and those that our templates leave out, to nowhere."""
    there = set(re.findall(r'id="([^"]+)"', page))
    return re.sub(
        r'<a href="#([^"]*)">(.*?)</a>', lambda link: link[0] if link[1] in there else link[2], page
    )


if __name__ == "__main__":
    write(sys.argv[1])
