"""LiteRT.js is fetched from a registry (here one of two small packages), checked and kept."""

import base64
import hashlib
import http.server
import io
import json
import tarfile
import threading

import pytest
from makers import npm_folder, one_line

from tfgan.errors import InputError
from tfgan.export import litert


def packed(package):
    """An archive as npm's: a file of each name, whose content is that name."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name in ["package.json", *litert.FILES[package]]:
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(name)
            archive.addfile(info, io.BytesIO(name.encode()))
    return stream.getvalue()


@pytest.fixture
def registry(monkeypatch, tmp_path):
    """Serves the packages; returns {path: content}, to be changed, and the paths asked for."""
    packages = {
        f"/npm/@litertjs/{name}/-/{name}-{litert.VERSION}.tgz": (name, packed(name))
        for name in litert.FILES
    }
    served = {path: content for path, (_, content) in packages.items()}
    hashes = {
        name: base64.b64encode(hashlib.sha512(content).digest()).decode()
        for name, content in packages.values()
    }
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200 if self.path in served else 404)
            self.end_headers()
            self.wfile.write(served.get(self.path, b""))

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        monkeypatch.setattr(litert, "_SHA512", hashes)
        monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_port}/npm/")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        yield served, asked
        server.shutdown()
        thread.join()


def kept(tmp_path):
    return sorted(file.name for file in (tmp_path / "cache").rglob("*") if file.is_file())


NAMES = {new: old.encode() for files in litert.FILES.values() for old, new in files.items()}
ARCHIVES = [f"{name}-{litert.VERSION}.tgz" for name in sorted(litert.FILES)]


def test_fetches_once(registry, tmp_path):
    served, asked = registry
    assert litert.read() == NAMES
    assert kept(tmp_path) == ARCHIVES
    served.clear()
    assert litert.read() == NAMES
    assert len(asked) == 2


def test_a_damaged_cache_is_fetched_anew(registry, tmp_path):
    litert.read()
    file = next((tmp_path / "cache").rglob("core-*.tgz"))
    file.write_bytes(file.read_bytes()[:-1])
    assert litert.read() == NAMES
    assert len(registry[1]) == 3
    assert litert.read() == NAMES
    assert len(registry[1]) == 3


def test_other_content_is_refused_and_not_kept(registry, tmp_path):
    served, _ = registry
    for path in served:
        served[path] += b"more"
    with pytest.raises(
        InputError, match=r"SHA-512.*npm install @litertjs/core@2.*--litert-js"
    ) as error:
        litert.read()
    one_line(error)
    assert kept(tmp_path) == []


def test_no_network(registry, tmp_path, monkeypatch):
    registry[0].clear()
    with pytest.raises(InputError, match=r"404.*--litert-js") as error:
        litert.read()
    one_line(error)
    for url in ("http://127.0.0.1:1", "nonsense"):
        monkeypatch.setenv("npm_config_registry", url)
        with pytest.raises(InputError, match=r"cannot be fetched.*--litert-js") as error:
            litert.read()
        one_line(error)
    assert kept(tmp_path) == []


def test_an_npm_folder(tmp_path):
    found = litert.read(npm_folder(tmp_path))
    assert set(found) == set(NAMES)
    assert found["wasm-utils.js"] == b"wasm-utils/dist/index.js"


@pytest.mark.parametrize("harm", ["other version", "no version", "no file", "no folder"])
def test_a_wrong_npm_folder(tmp_path, harm):
    folder = npm_folder(tmp_path)
    base = folder / "node_modules/@litertjs/core"
    if harm == "other version":
        (base / "package.json").write_text(json.dumps({"version": "2.5.2"}))
    elif harm == "no version":
        (base / "package.json").write_text("{}")
    elif harm == "no file":
        (base / "wasm/litert_wasm_compat_internal.wasm").unlink()
    else:
        folder = tmp_path / "nowhere"
    words = "is version 2.5.2" if harm == "other version" else "holds no whole"
    with pytest.raises(InputError, match=rf"{words}.*npm install @litertjs/core@2") as error:
        litert.read(folder)
    one_line(error)
