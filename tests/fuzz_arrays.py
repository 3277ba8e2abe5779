"""Coverage-guided fuzzing of the readers of IDX and NPZ, by atheris (`pip install 'tfgan[fuzz]'`).

    python tests/fuzz_arrays.py idx|gz|npz|npy FOLDER [libFuzzer's options]

FOLDER holds the cases that lead to new code, and grows; it may be empty. Anything but InputError ends
the run with the bytes that raised it in a file `crash-...`. `tests/test_fuzz.py` runs it for some time.
"""

import os
import sys
import tempfile
from pathlib import Path

import atheris

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
INSTRUMENTED = ["gzip", "numpy.lib._format_impl", "tfgan.data.idx", "tfgan.data.npy", "tfgan.data.npz"]
with atheris.instrument_imports(include=[*INSTRUMENTED, "tfgan.reading", "zipfile"]):
    import gzip
    import io
    import zipfile

    import bad_files
    import numpy as np

    from tfgan import reading
    from tfgan.data import idx, npy, npz
    from tfgan.errors import InputError

LIMIT = 2**24  # bytes that arrays may take here: what gets past it is seen in the process's memory


def _idx(folder, content, suffix=""):
    path = str(folder / f"{bad_files.IDX_NAMES['images']}{suffix}")
    Path(path).write_bytes(content)
    idx._array(str(folder), "train", "images")


def _gz(folder, content):
    """What is unzipped is mutated, and so is what is zipped."""
    zipped = gzip.compress(content[1:], 1) if content[:1] < b"\x80" else content[1:]
    _idx(folder, zipped, ".gz")


def _npz(folder, content):
    """Half of the files are archives whose headers are mutated, the others are mutated as they are."""
    if content[:1] < b"\x80":
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("images.npy", content[1:])
        content = buffer.getvalue()
    else:
        content = content[1:]
    (folder / "a.npz").write_bytes(content)
    arrays, names = npz._read(str(folder / "a.npz"))
    npz._splits(arrays, "a.npz", names)


def _npy(folder, content):
    (folder / "a.npy").write_bytes(content)
    with reading.refusing(str):
        npy.read_npy(folder / "a.npy")


READERS = {"idx": _idx, "gz": _gz, "npz": _npz, "npy": _npy}
SEEDS = {
    "idx": [bad_files.idx(3, 2, 2), bad_files.idx(3)],
    "gz": [b"\0" + bad_files.idx(3, 2, 2), b"\xff" + gzip.compress(bad_files.idx(3, 2, 2))],
    "npz": [
        b"\0" + bad_files.npy(),
        b"\xff" + bad_files.npz(images=np.zeros((12, 2, 2)), labels=np.arange(12)),
        b"\xff" + bad_files.zipped(x__npy=bad_files.npy(in_columns=True)),
    ],
    "npy": [bad_files.npy(), bad_files.npy("<f4", (3,), bytes(12)), bad_files.npy("|O")],
}


def main(kind, corpus, *options):
    corpus = Path(corpus)
    corpus.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(SEEDS[kind]):
        (corpus / f"seed-{number}").write_bytes(content)
    reading.memory = lambda: LIMIT
    read = READERS[kind]
    shared = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=shared) as name:
        folder = Path(name)

        def one(content):
            try:
                read(folder, content)
            except InputError as error:
                if len(str(error).splitlines()) != 1:
                    raise RuntimeError("several lines") from error

        atheris.Setup([sys.argv[0], str(corpus), *options], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
