"""Pictures one after the other, as a GIF."""

from pathlib import Path

from PIL import Image

from tfgan.errors import InputError
from tfgan.files import replacing
from tfgan.reading import open_regular, refusing

MAX_FRAMES = 50
MAX_SIDE = 480  # pixels
_COLOURS = 128  # of 256: smaller files, and hardly seen


def check_gif(path, frames_per_second):
    """Refuses a name that is none of a GIF, and a rate that GIFs do not know."""
    if Path(path).suffix.lower() != ".gif":
        raise InputError(f"the animation's name must end in .gif, got {path}.")
    if not 1 <= frames_per_second <= 50:
        raise InputError(f"a GIF shows 1 to 50 frames per second, got {frames_per_second}.")


def film(pictures, path, *, frames_per_second=5, left_out=None):
    """Writes pictures as an endless GIF, whole or not at all; the last one stays for two seconds.

    Of more than 50 pictures, 50 are taken at even distances, the first and the last among them. Frames
    have the last picture's size, or its shape at 480 pixels a side where it is larger.

    Args:
        pictures: image files, at least one.
        path: file that ends in .gif, in a folder that need not exist.
        frames_per_second: int, 1 to 50.
        left_out: list or None. Pictures that cannot be read are appended to it and left out; if it is
            all of them, nothing is written.

    Raises:
        InputError: for another name or rate, no pictures, or one that cannot be read where they are not
            left out.
    """
    pictures = list(pictures)
    check_gif(path, frames_per_second)
    if not pictures:
        raise InputError("there are no pictures to animate: give at least one.")
    count = min(len(pictures), MAX_FRAMES)
    chosen = [pictures[round(i * (len(pictures) - 1) / max(1, count - 1))] for i in range(count - 1)]
    frames = _frames([*chosen, pictures[-1]], left_out)
    if not frames:
        return
    times = [round(1000 / frames_per_second)] * (len(frames) - 1) + [2000]  # ms
    with replacing(path) as temporary:
        frames[0].save(
            temporary, save_all=True, append_images=frames[1:], duration=times, loop=0, optimize=False
        )


def _frames(pictures, left_out):
    """Pictures as frames of the last one's size."""
    frames: list[Image.Image] = []
    for picture in reversed(pictures):
        try:
            image = _read(picture)
        except InputError:
            if left_out is None:
                raise
            left_out.append(picture)
            continue
        frames.append(_frame(image, frames[0].size if frames else _bounded(image.size)))
    return frames[::-1]


def _read(picture):
    def line(reason):
        return f"{picture} cannot be read as a picture: {reason}"

    with refusing(line), open_regular(picture) as file, Image.open(file) as image:
        return image.convert("RGB")


def _bounded(size):
    shrink = min(1.0, MAX_SIDE / max(size))
    return tuple(max(1, round(side * shrink)) for side in size)


def _frame(image, size):
    if image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    return image.quantize(_COLOURS, dither=Image.Dither.NONE)
