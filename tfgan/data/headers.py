"""Sizes of image files from their headers, so that a folder is checked without decoding it.

Decoders take memory by what a header says, so it is looked at first: see `MAX_PIXELS`.
"""

import os
import struct
import warnings
import zlib

from PIL import Image

from tfgan.reading import open_regular

MAX_PIXELS = 2**26  # of an image, 8192 x 8192: as float32 in colour 800 MB, while it is resized
_MAX_FRAMES = 2**29  # pixels of all frames of a GIF, which its decoder unpacks to have the first
_MAX_BYTES = 2**29  # of a file: no image of so many pixels takes more
_MAX_STEPS = 100_000  # markers and padding before a JPEG's frame

_ORIENTATION = 0x0112  # EXIF's tag
_PNG_COLOUR_TYPES = {0: 1, 2: 3, 3: 3, 4: 1, 6: 3}  # alpha is dropped, palettes become colour
_JPEG_NO_FRAME = {0xC4, 0xC8, 0xCC}  # tables and extensions that share the frame headers' range


def read_header(path):
    """Reads an image's size.

    Args:
        path: str. A PNG, JPEG, GIF or BMP file, whatever its extension says.

    Returns:
        (height, width, channels): channels is 1 for grey, with or without alpha, else 3.

    Raises:
        ValueError: if it is none of these or too large, or its header is damaged or not supported.
        OSError: if it cannot be read.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > _MAX_BYTES:
            raise ValueError(f"a file of {size} bytes, at most {_MAX_BYTES} are read")
        start = file.read(54)
        try:
            if start.startswith(b"\x89PNG\r\n\x1a\n"):
                height, width, channels = _png(start)
            elif start.startswith(b"\xff\xd8"):
                height, width, channels = _jpeg(file)
            elif start[:6] in (b"GIF87a", b"GIF89a"):
                height, width, channels = _gif(file, start)
            elif start.startswith(b"BM"):
                height, width, channels = _bmp(file, start)
            else:
                raise ValueError("empty file" if not start else "no PNG, JPEG, GIF or BMP")
        except (struct.error, KeyError, IndexError):
            raise ValueError("damaged header") from None
    if height < 1 or width < 1:
        raise ValueError("damaged header")
    if height * width > MAX_PIXELS:
        raise ValueError(f"{height} x {width} pixels, at most {MAX_PIXELS} in all are read: shrink it")
    return height, width, channels


def read_orientation(path):
    """Reads how a JPEG is to be turned to be seen as it was taken.

    Args:
        path: str. An image file.

    Returns:
        int: EXIF's orientation, 1 (as stored) to 8; from 5 on height and width change places. 1 for
        files of other formats, and where nothing or nonsense is told.

    Raises:
        OSError: if it cannot be read.
    """
    with open_regular(path) as file:
        try:
            with warnings.catch_warnings():  # of sizes and tags, which are looked at elsewhere
                warnings.simplefilter("ignore")
                with Image.open(file, formats=["JPEG"]) as image:
                    found = image.getexif().get(_ORIENTATION, 1)
        except Exception:  # no JPEG; or damaged EXIF, which raises many kinds: the image may be whole
            return 1
    return found if found in range(1, 9) else 1


def looks_whole(content):
    """Whether an image file's bytes reach its format's end mark: False means a cut-off file.

    A PNG's chunks have checksums, which must be right, too.
    """
    if content.startswith(b"\x89PNG"):
        return _is_whole_png(content)
    if content.startswith(b"\xff\xd8"):
        return b"\xff\xd9" in content[-65536:]  # some programs append data of their own
    return True


def _is_whole_png(content):
    """Whether chunk follows chunk, each with its checksum, up to the last; what follows is no part."""
    view, place = memoryview(content), 8
    while place + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, place)
        end = place + 8 + length
        if end + 4 > len(content):
            return False
        (checksum,) = struct.unpack_from(">I", content, end)
        if zlib.crc32(view[place + 4 : end]) != checksum:
            return False
        if content[place + 4 : place + 8] == b"IEND":
            return True
        place = end + 4
    return False


def _png(start):
    if start[12:16] != b"IHDR":
        raise ValueError("damaged header")
    width, height = struct.unpack_from(">II", start, 16)
    return height, width, _PNG_COLOUR_TYPES[start[25]]


def _jpeg(file):
    file.seek(2)
    for _ in range(_MAX_STEPS):
        code = file.read(1)[0]  # IndexError at the end of the file
        if code == 0xFF or code == 0x01 or 0xD0 <= code <= 0xD9:  # padding, markers without content
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if 0xC0 <= code <= 0xCF and code not in _JPEG_NO_FRAME:
            _, height, width, components = struct.unpack(">BHHB", file.read(6))
            return height, width, 1 if components == 1 else 3
        file.seek(max(0, length - 2), 1)
    raise ValueError("damaged header")


def _gif(file, start):
    """Looks at every frame: the decoder unpacks them all, and memory is taken by what they say."""
    width, height = struct.unpack_from("<HH", start, 6)
    flags = start[10]
    file.seek(13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0))
    pixels = 0
    while (kind := file.read(1)) == b"!" or kind == b",":
        if kind == b"!":
            file.seek(1, 1)
        else:
            columns, rows, flags = struct.unpack("<4xHHB", file.read(9))
            pixels += columns * rows
            if columns * rows > MAX_PIXELS or pixels > _MAX_FRAMES:
                raise ValueError(f"a GIF of frames of {pixels} pixels, which are too many: shrink it")
            file.seek((3 << (flags & 7) + 1 if flags & 0x80 else 0) + 1, 1)
        while length := file.read(1)[0]:  # IndexError at the end of the file
            file.seek(length, 1)
    return height, width, 3


def _bmp(file, start):
    header, width, height, _, bits = struct.unpack_from("<IiiHH", start, 14)
    if bits == 8:
        # TensorFlow reads the indices as grey levels: right only for a plain grey palette.
        file.seek(14 + header)
        palette = file.read(1024)
        if any(palette[4 * i : 4 * i + 3] != bytes([i] * 3) for i in range(len(palette) // 4)):
            raise ValueError("a BMP with a colour palette is not supported, save it as PNG")
    elif bits not in (24, 32):
        raise ValueError(f"a BMP of {bits} bits a pixel is not supported, save it as PNG")
    return abs(height), width, 1 if bits == 8 else 3
