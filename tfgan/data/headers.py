"""Sizes of image files from their headers, so that a folder is checked without decoding it."""

import struct
import warnings

from PIL import Image

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
        ValueError: if it is none of these, or its header is damaged or not supported.
        OSError: if it cannot be read.
    """
    with open(path, "rb") as file:
        start = file.read(54)
        try:
            if start.startswith(b"\x89PNG\r\n\x1a\n"):
                height, width, channels = _png(start)
            elif start.startswith(b"\xff\xd8"):
                height, width, channels = _jpeg(file)
            elif start[:6] in (b"GIF87a", b"GIF89a"):
                width, height = struct.unpack_from("<HH", start, 6)
                channels = 3
            elif start.startswith(b"BM"):
                height, width, channels = _bmp(file, start)
            else:
                raise ValueError("empty file" if not start else "no PNG, JPEG, GIF or BMP")
        except (struct.error, KeyError, IndexError):
            raise ValueError("damaged header") from None
    if height < 1 or width < 1:
        raise ValueError("damaged header")
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
    with open(path, "rb") as file:
        try:
            with warnings.catch_warnings():  # of sizes and tags, which are looked at elsewhere
                warnings.simplefilter("ignore")
                with Image.open(file, formats=["JPEG"]) as image:
                    found = image.getexif().get(_ORIENTATION, 1)
        except Exception:  # no JPEG; or damaged EXIF, which raises many kinds: the image may be whole
            return 1
    return found if found in range(1, 9) else 1


def looks_whole(content):
    """Whether an image file's bytes reach its format's end mark: False means a cut-off file."""
    tail = content[-65536:]  # some programs append data of their own
    if content.startswith(b"\x89PNG"):
        return b"IEND" in tail
    if content.startswith(b"\xff\xd8"):
        return b"\xff\xd9" in tail
    return True


def _png(start):
    width, height = struct.unpack_from(">II", start, 16)
    return height, width, _PNG_COLOUR_TYPES[start[25]]


def _jpeg(file):
    file.seek(2)
    while True:
        mark = file.read(1)
        while mark == b"\xff":  # a marker may be padded with any number of these
            mark = file.read(1)
        code = mark[0]  # IndexError at the end of the file
        if code == 0x01 or 0xD0 <= code <= 0xD9:  # markers without content
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if 0xC0 <= code <= 0xCF and code not in _JPEG_NO_FRAME:
            _, height, width, components = struct.unpack(">BHHB", file.read(6))
            return height, width, 1 if components == 1 else 3
        file.seek(length - 2, 1)


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
