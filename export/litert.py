"""LiteRT.js, which runs models in browsers: its files, locked by version and by npm's checksums.

Archives are read in memory, member by member: nothing of them is extracted to disk.
"""

import base64
import contextlib
import hashlib
import http.client
import io
import json
import os
import tarfile
import urllib.request
from pathlib import Path

from tfgan.errors import InputError, shortened
from tfgan.files import replacing

VERSION = "2.5.3"
_SHA512 = {  # of the packages, as npm's lock files write it
    "core": "PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0FLaw48q4tz8IwqgqCIkviYGr9OFDL1kCnN4nzWoyJQ==",
    "wasm-utils": (
        "4fJiw6tBQnIs+0jH/OQ16nYOiSl8/+zZnn5h2ul8aTKHi05sVqZW580Tmk78pC2kT39A9OYBVdFawteZ/sI1kQ=="
    ),
}
FILES = {  # by package: what a page needs of it, and what that is called there
    "core": {
        "dist/index.js": "core.js",
        # For browsers with relaxed SIMD; the others are for those without.
        "wasm/litert_wasm_internal.js": "wasm/litert_wasm_internal.js",
        "wasm/litert_wasm_internal.wasm": "wasm/litert_wasm_internal.wasm",
        "wasm/litert_wasm_compat_internal.js": "wasm/litert_wasm_compat_internal.js",
        "wasm/litert_wasm_compat_internal.wasm": "wasm/litert_wasm_compat_internal.wasm",
    },
    "wasm-utils": {"dist/index.js": "wasm-utils.js"},
}
# What LiteRT.js calls its other package; by a path browsers find it without an import map, which would
# be an inline script.
_IMPORTS = {"core.js": (b'"@litertjs/wasm-utils"', b'"./wasm-utils.js"')}
_REGISTRY = "https://registry.npmjs.org"
_REMEDY = (
    f"run `npm install @litertjs/core@{VERSION}` in some folder, and give that folder as litert_js=... "
    "(--litert-js)"
)


def read(folder=None):
    """Returns the content of each file of LiteRT.js that a page needs, by its name in the page.

    Args:
        folder: where `npm install @litertjs/core` was run; or None for the packages of npm's registry
            (the environment's `npm_config_registry`, if set), kept in the user's cache.

    Raises:
        InputError: if the folder holds no LiteRT.js, or another version; if a package cannot be
            fetched, or is not the one that is meant.
    """
    found: dict[str, bytes] = {}
    for package, files in FILES.items():
        contents = _unpacked(package, files) if folder is None else _installed(folder, package, files)
        found |= {files[name]: content for name, content in contents.items()}
    for name, (old, new) in _IMPORTS.items():
        found[name] = found[name].replace(old, new)
    return found


def _installed(folder, package, files):
    base = Path(folder) / "node_modules/@litertjs" / package
    try:
        version = json.loads((base / "package.json").read_text(encoding="utf-8"))["version"]
        contents = {name: (base / name).read_bytes() for name in files}
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{base} holds no whole @litertjs/{package}: {_REMEDY}.") from None
    if version != VERSION:
        raise InputError(f"{base} is version {version}, expected {VERSION}: {_REMEDY}.")
    return contents


def _unpacked(package, files):
    with tarfile.open(fileobj=io.BytesIO(_package(package))) as archive:
        members = {name: archive.extractfile(f"package/{name}") for name in files}
        return {name: member.read() for name, member in members.items() if member}


def _package(package):
    """The package's archive, fetched unless the cache has it."""
    kept = _cache() / f"{package}-{VERSION}.tgz"
    if kept.is_file() and _is_right(package, content := kept.read_bytes()):
        return content
    registry = os.environ.get("npm_config_registry") or _REGISTRY  # noqa: SIM112 (npm's own name)
    url = f"{registry.rstrip('/')}/@litertjs/{package}/-/{package}-{VERSION}.tgz"
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            content = answer.read()
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = shortened(error)
        raise InputError(f"{url} cannot be fetched ({reason}): {_REMEDY}.") from None
    if not _is_right(package, content):
        raise InputError(f"{url} is not what npm published (its SHA-512 is another): {_REMEDY}.")
    with contextlib.suppress(OSError), replacing(kept) as temporary:
        temporary.write_bytes(content)
    return content


def _is_right(package, content):
    return base64.b64encode(hashlib.sha512(content).digest()).decode() == _SHA512[package]


def _cache():
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tfgan/litert-js"
