"""NumPy's files, read within bounds: nothing is unpickled, nothing allocated because a header says so.

`numpy.load` makes an array of the size that a header names before it looks for its bytes. Here the size
must be that of the bytes there are, and fit the memory.
"""

import math
import zipfile

import numpy as np

from tfgan.reading import check_memory, fill, open_regular

_MAGIC = b"\x93NUMPY"
_SUFFIX = ".npy"


def read_npz(path, names=None):
    """Reads arrays of a file of `numpy.savez`.

    Args:
        path: str or `pathlib.Path`.
        names: those to read, as far as they are there; None is all. Others are not looked at.

    Returns:
        (dict of arrays by name, sorted list of all names in the file).

    Raises:
        InputError: if the arrays do not fit the memory.
        Exception: whatever NumPy and zipfile raise at what is no such file; ValueError for Python
            objects, for a bare array, and where an array's header and size differ.
    """
    with open_regular(path) as file:
        if file.read(len(_MAGIC)) == _MAGIC:
            raise ValueError("it holds one bare array")
        with zipfile.ZipFile(file) as archive:
            members = {info.filename: info for info in archive.infolist()}
            found = sorted(name.removesuffix(_SUFFIX) for name in members if name.endswith(_SUFFIX))
            wanted = [name for name in found if names is None or name in names]
            sizes = [members[name + _SUFFIX].file_size for name in wanted]
            check_memory(sum(sizes), f"{path}: its arrays", "give fewer or smaller ones")
            return {name: _member(archive, members[name + _SUFFIX], name) for name in wanted}, found


def read_npy(path):
    """Reads the array of a file of `numpy.save`.

    Args:
        path: str or `pathlib.Path`.

    Raises:
        InputError: if it does not fit the memory.
        Exception: as `read_npz`.
    """
    with open_regular(path) as file:
        size = file.seek(0, 2)
        file.seek(0)
        check_memory(size, f"{path}: its array", "give a smaller one")
        return _array(file, size, "it")


def _member(archive, info, name):
    with archive.open(info) as file:
        array = _array(file, info.file_size, name)
        if file.read(1):  # at the end zipfile compares the checksum
            raise ValueError(f"{name} is longer than it says")
        return array


def _array(file, size, name):
    """The array of an opened `.npy` file of `size` bytes."""
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"{name} has version {version} of the format, expected 1.0 or 2.0")
    shape, in_columns, dtype = readers[version](file)
    if dtype.hasobject:
        raise ValueError(f"{name} holds Python objects, which are not read")
    if any(isinstance(side, bool) or side < 0 for side in shape) or not dtype.itemsize:
        raise ValueError(f"{name} has shape {shape} and dtype {dtype}")
    told, there = math.prod(shape) * dtype.itemsize, size - file.tell()
    if told != there:
        raise ValueError(f"{name} of shape {shape} and {dtype} takes {told} bytes, there are {there}")
    array = np.empty(shape[::-1] if in_columns else shape, dtype)
    if told:
        done = fill(file, array.reshape(-1).view("uint8").data)
        if done < told:
            raise ValueError(f"{name} is cut off after {done} of {told} bytes")
    return np.ascontiguousarray(array.T) if in_columns and array.ndim else array
