"""Files that nobody should trust: what `test_bad_input.py` gives to the command."""

import gzip
import io
import json
import os
import socket
import struct
import zipfile
import zlib

import h5py
import numpy as np
from PIL import Image

COUNT = 12  # images, as many as a source needs and a few


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width=4, height=4, *, bits=8, colour=0, content=None, extra=b""):
    """A PNG by hand, so that what it says of itself need not be true."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 1)
    if content is None:
        content = bytes(height * (1 + width * channels * bits // 8))
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", head)
        + extra
        + png_chunk(b"IDAT", zlib.compress(content, 9))
        + png_chunk(b"IEND", b"")
    )


def encoded(kind, mode="L", size=(4, 4), **options):
    """An image file that Pillow writes."""
    buffer = io.BytesIO()
    Image.new(mode, size, 0 if mode in "L1P" else None).save(buffer, kind, **options)
    return buffer.getvalue()


def gif(frames=1, *, width=4, height=4, screen=4):
    """A GIF whose frames say what size they have."""
    head = b"GIF89a" + struct.pack("<HHBBB", screen, screen, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00"
    return head + frame * frames + b";"


def jpeg_of_size(height, width):
    """The header of a JPEG of a size, and no more."""
    return b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\0\xff\xd9"


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def npy(descr="|u1", shape=(COUNT, 2, 2), content=None, *, in_columns=False, head=None):
    """A `.npy` file whose header says anything."""
    if head is None:
        head = repr({"descr": descr, "fortran_order": in_columns, "shape": shape})
    head = head.encode("utf-8") + b"\n"
    content = bytes(COUNT * 4) if content is None else content
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + content


def npz_of(images, **others):
    """An npz file of a `.npy` file made by hand."""
    return zipped(images__npy=images, **others)


def idx(*shape, code=8, content=None):
    """An IDX file; its dimensions are what is said, whatever there is."""
    content = bytes(int(np.prod(shape))) if content is None else content
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, code, len(shape), *shape) + content


IDX_NAMES = {
    "images": "train-images-idx3-ubyte",
    "labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}


def idx_folder(path, *, suffix="", **changes):
    """Four files as MNIST's, but for those that are given; None leaves one out."""
    labels = bytes(i % 3 for i in range(COUNT))
    whole = {
        "images": idx(COUNT, 2, 2),
        "labels": idx(COUNT, content=labels),
        "test_images": idx(COUNT, 2, 2),
        "test_labels": idx(COUNT, content=labels),
        **changes,
    }
    path.mkdir(parents=True)
    for name, content in whole.items():
        if content is not None:
            content = gzip.compress(content) if suffix and not content.startswith(b"raw:") else content
            (path / f"{IDX_NAMES[name]}{suffix}").write_bytes(content.removeprefix(b"raw:"))


def image_folder(path, bad=None, *, name="bad.png", count=COUNT):
    """Images, and one more file."""
    path.mkdir(parents=True)
    for i in range(count):
        (path / f"{i:02}.png").write_bytes(png(content=bytes([0, i, 0, 0, 0]) + bytes(15)))
    if bad is not None:
        (path / name).write_bytes(bad)


def sparse(path, size, head=b""):
    """A file that takes no room on the disk."""
    with open(path, "wb") as file:
        file.write(head)
        file.truncate(size)


def bind_socket(path):
    """A socket's name cannot be long: it is bound from its folder."""
    before = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(before)


def flipped(content, place):
    changed = bytearray(content)
    changed[place] ^= 0x10
    return bytes(changed)


def keras_file(config, weights=None, **others):
    """What Keras's files are made of; the weights are an HDF5 file of nothing, if none are given."""
    weights = empty_hdf5() if weights is None else weights
    if not isinstance(config, (str, bytes)):
        config = json.dumps(config)
    parts = {"metadata__json": "{}", "config__json": config, "model.weights.h5": weights, **others}
    return zipped(**parts)


def empty_hdf5():
    content = io.BytesIO()
    h5py.File(content, "w").close()
    return content.getvalue()


def layer_config(class_name, module, **config):
    """What `config.json` of a Keras file says of a model that is one layer."""
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


LAMBDA = layer_config(
    "Lambda",
    "keras.layers",
    name="code",
    function={
        "class_name": "__lambda__",
        "config": {"code": "4wAA", "defaults": None, "closure": None},
    },
)


def tree(folder):
    """All there is below a folder: names, kinds, times, and contents where they are small."""
    found = {}
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        content = path.read_bytes() if path.is_file() and info.st_size < 2**24 else None
        found[str(path)] = (info.st_mode, info.st_size, info.st_mtime_ns, content)
    return found
