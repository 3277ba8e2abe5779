import os

import numpy as np
import pytest
from makers import one_line
from PIL import Image

from tfgan import plots
from tfgan.errors import InputError


def pictures(folder, count, size=(20, 12)):
    """Files of one grey each, 0, 1, 2, ..."""
    files = [folder / f"{number}.png" for number in range(count)]
    for number, file in enumerate(files):
        Image.new("L", size, number).save(file)
    return files


def greys(path):
    with Image.open(path) as film:
        for number in range(film.n_frames):
            film.seek(number)
            yield np.unique(np.asarray(film.convert("L"))).tolist()


def test_frames_are_the_pictures(tmp_path):
    plots.film(pictures(tmp_path, 7), tmp_path / "film.gif", frames_per_second=10)
    assert list(greys(tmp_path / "film.gif")) == [[n] for n in range(7)]
    with Image.open(tmp_path / "film.gif") as film:
        assert film.size == (20, 12)
        assert film.info["duration"] == 100
        assert film.info["loop"] == 0  # endless


def test_frames_are_bounded_and_spread(tmp_path):
    plots.film(pictures(tmp_path, 130), tmp_path / "film.gif")
    shown = [grey for (grey,) in greys(tmp_path / "film.gif")]
    assert len(shown) == 50
    assert (shown[0], shown[-1]) == (0, 129)
    assert set(np.diff(shown)) <= {2, 3}


def test_size_is_bounded_and_the_last_pictures(tmp_path):
    files = pictures(tmp_path, 2, (40, 40))
    Image.new("L", (960, 480), 200).save(tmp_path / "large.png")
    plots.film([*files, tmp_path / "large.png"], tmp_path / "film.gif")
    with Image.open(tmp_path / "film.gif") as film:
        assert film.size == (480, 240)


@pytest.mark.parametrize(
    ("name", "rate", "count"), [("film.mp4", 5, 1), ("film.gif", 0, 1), ("film.gif", 5, 0)]
)
def test_refuses(tmp_path, name, rate, count):
    with pytest.raises(InputError) as error:
        plots.film(pictures(tmp_path, count), tmp_path / name, frames_per_second=rate)
    one_line(error)
    assert not (tmp_path / name).exists()


def test_pictures_that_cannot_be_read(tmp_path):
    """The first and the last among them: cut off, no picture, a pipe, and one that is gone."""
    files = pictures(tmp_path, 6)
    files[0].write_bytes(files[0].read_bytes()[:45])
    files[2].write_bytes(b"no picture")
    for file in (files[3], files[5]):
        file.unlink()
    os.mkfifo(files[5])
    with pytest.raises(InputError, match=r"\.png cannot be read as a picture") as error:
        plots.film(files, tmp_path / "film.gif")
    one_line(error)
    assert not (tmp_path / "film.gif").exists()
    left_out = []
    plots.film(files, tmp_path / "film.gif", left_out=left_out)
    assert sorted(left_out) == [files[0], files[2], files[3], files[5]]
    assert list(greys(tmp_path / "film.gif")) == [[1], [4]]
    plots.film([files[0]], tmp_path / "none.gif", left_out=left_out)
    assert not (tmp_path / "none.gif").exists()
