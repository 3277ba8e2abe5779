"""Files: written whole or not at all, beside their place and then renamed into it; read back."""

import contextlib
import csv
import errno
import json
import os
import re
import shutil
import time
import uuid
from pathlib import Path

from tfgan.errors import printable
from tfgan.reading import table_lines

_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
_STALE_SECONDS = 24 * 3600
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}(\.[^.]*)?")  # names that `_temporary` gives


@contextlib.contextmanager
def replacing(path):
    """Gives a temporary sibling of `path` to write; moves it into place if the block succeeds.

    The name keeps its suffix, by which Keras and matplotlib choose the format. A file replaces an
    older one; a folder must not exist yet.

    Args:
        path: file or folder to be.

    Yields:
        `pathlib.Path` that does not exist yet.
    """
    path = Path(path)
    with _temporary(path) as temporary:
        yield temporary
        _sync(temporary)
        os.replace(temporary, path)
        _sync_names(path.parent)


def write_numbered(base, write, number=None):
    """Writes the folder `base/<number>`, whole or not at all; until then its name is hidden.

    Args:
        base: folder of numbered folders.
        write: function of a `pathlib.Path` that does not exist yet, which makes a folder there.
        number: int, which must be free, or None for one more than the highest there is by then: of two
            writers at once each gets its own.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        FileExistsError: if the number is taken.
    """
    _sweep(Path(base))
    with _temporary(Path(base) / "new") as temporary:
        write(temporary)
        _sync(temporary)
        while True:
            path = Path(base) / str(number or _next_number(base))
            try:
                if path.exists():  # an empty folder would be replaced
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
                os.rename(temporary, path)
            except OSError as error:
                if number or error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                    raise
            else:
                _sync_names(path.parent)
                return path


def _sweep(base):
    """Removes what writers left that were killed, a day ago or earlier."""
    for path in base.glob(".new.*"):
        with contextlib.suppress(OSError):
            if path.is_dir() and time.time() - path.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(path)


def _next_number(base):
    """One more than the highest number that is the name of anything in a folder; 1 for none."""
    names = [path.name for path in Path(base).iterdir()]
    return max((int(name) for name in names if name.isdecimal()), default=0) + 1


@contextlib.contextmanager
def _temporary(path):
    """Gives a sibling of `path` to write, which is gone if the block fails."""
    made = make_folders(path.parent)
    temporary = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        yield temporary
    except BaseException as error:
        if isinstance(error, OSError) and str(error.filename) == str(temporary):
            error.filename = str(path)  # the name that its user knows
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)
        remove_empty(made)
        raise


def make_folders(folder):
    """Makes a folder and those above it, and asks the disk to hold their names.

    Args:
        folder: `pathlib.Path`; it may exist.

    Returns:
        Those that did not exist, from the innermost on.
    """
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in made:
        _sync_names(one.parent)
    return made


def remove_empty(folders):
    """Removes those of the folders that are empty."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _sync(path):
    """Asks the disk to hold every file of `path` before its name appears."""
    files = [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
    for file in files:
        with open(file, "rb") as handle:
            os.fsync(handle.fileno())


def _sync_names(folder):
    """Asks the disk to hold the names in a folder, without which a file may be there and not found."""
    with contextlib.suppress(OSError):  # not every system opens folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sweep_temporary(folder):
    """Removes what writers of `replacing` left in a folder and below that were killed.

    Only for a folder that nobody writes to now.
    """
    for path in [path for path in Path(folder).rglob(".*") if _TEMPORARY.fullmatch(path.name)]:
        with contextlib.suppress(OSError):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def unwritable(error):
    """Why nothing more can be written, in a few words, if that is what an error says; else None.

    Libraries say it in errors of their own: TensorFlow's summaries, HDF5.
    """
    if isinstance(error, OSError) and error.errno in _UNWRITABLE:
        return os.strerror(error.errno)
    texts = (os.strerror(number) for number in _UNWRITABLE)
    return next((text for text in texts if text.lower() in str(error).lower()), None)


def cache_folder():
    """`pathlib.Path` of what is kept between runs and can be made anew: `$TFGAN_CACHE`.

    Else `tfgan` in `$XDG_CACHE_HOME`, else `~/.cache/tfgan`. It need not exist.
    """
    if given := os.environ.get("TFGAN_CACHE"):
        return Path(os.path.expanduser(given))
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "tfgan"


def markdown(text):
    """A text of others as Markdown that shows it and does nothing: no markup, no HTML, one line."""
    escaped = re.sub(r"([\\`*_\[\]|])", r"\\\1", printable(text).replace("\t", " "))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def markdown_table(head, rows):
    """A Markdown table of texts."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_text(path, text):
    """Writes a text, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path, value):
    """Writes `value` as indented JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def read_csv(path):
    """Returns the rows of a CSV file with a head, each a dict of text by column.

    Raises:
        as `tfgan.reading.table_lines`.
    """
    return list(csv.DictReader(table_lines(path)))
