"""Downloads what TensorFlow Datasets has not prepared yet, or says in one line why it cannot."""

import contextlib
import os
import re
import shutil
import socket
import sys
import urllib.parse
import urllib.request

from tfgan.errors import InputError

_CONNECT_SECONDS = 5.0


def prepare(builder, name):
    """Downloads and prepares a data set; a failure leaves nothing half-written behind.

    Args:
        builder: `tfds.core.DatasetBuilder`.
        name: str. Its name, for the error message.

    Raises:
        InputError: if that fails, naming the host.
    """
    hosts = sorted({urllib.parse.urlsplit(url).hostname or "" for url in urls(builder)} - {""})
    # TFDS itself would retry for minutes before it says so. Behind a proxy only it can tell.
    if hosts and not urllib.request.getproxies() and not any(map(_reachable, hosts)):
        raise InputError(_failure(name, hosts[0], "no connection"))
    folders = _folders(builder)
    before = _contents(folders)
    if not sys.stdout.isatty():
        import tensorflow_datasets

        tensorflow_datasets.disable_progress_bar()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            builder.download_and_prepare()
    except BaseException as error:  # Ctrl-C too must leave nothing half-written
        _remove_partial(folders, before)
        if not isinstance(error, Exception):
            raise
        # Whatever a builder's own code raises, the remedy is the same.
        raise InputError(_failure(name, _host(error, hosts), first_line(error))) from None


def urls(builder):
    """dict: URL -> its size and checksum, as far as TFDS has recorded them."""
    return getattr(builder, "url_infos", None) or {}


def first_line(error):
    """The first line of an error, shortened."""
    text = str(error).strip() or type(error).__name__
    text = re.sub(r'^Failed to construct dataset ".*", builder_kwargs ".*": ', "", text)
    return text.splitlines()[0][:160].rstrip(" :.")


def _failure(name, host, reason):
    return (
        f"tfds:{name} is not prepared on disk and cannot be fetched from {host} ({reason}): use "
        "--data digits, set TFDS_DATA_DIR to a folder where it is prepared, or give MNIST's own "
        "files with idx:DIR."
    )


def _host(error, hosts):
    found = re.search(r"host='([^']+)'|https?://([^/\s'\"]+)", str(error))
    return (found and (found[1] or found[2])) or (hosts[0] if hosts else "its host")


def _reachable(host):
    try:
        socket.create_connection((host, 443), timeout=_CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def _folders(builder):
    """The folders TFDS writes to, outermost first."""
    root = str(builder.data_dir).removesuffix(builder.info.full_name).rstrip(os.sep)
    downloads = os.path.join(root, "downloads")
    inner = [os.path.join(downloads, builder.name), os.path.join(downloads, "extracted")]
    return [root, downloads, *inner, os.path.join(root, builder.name)]


def _contents(folders):
    """Set of the folders there are and what is in them."""
    found = {folder for folder in folders if os.path.isdir(folder)}
    inside = {os.path.join(folder, name) for folder in found for name in os.listdir(folder)}
    return found | inside


def _remove_partial(folders, before):
    """Removes unfinished files and empty folders that were not there; whole downloads stay."""
    for path in sorted(_contents(folders) - before, key=len, reverse=True):
        name = os.path.basename(path)
        with contextlib.suppress(OSError):
            if os.path.isdir(path) and not ("incomplete" in name or ".tmp." in name):
                os.rmdir(path)  # only if empty
            elif os.path.isdir(path):
                shutil.rmtree(path)
            elif "incomplete" in name or ".tmp." in name:
                os.remove(path)
