import os

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from tfgan.data import load
from tfgan.data.headers import read_header, read_orientation
from tfgan.errors import InputError


def save(path, image, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    array = np.asarray(image)
    grey = array.ndim == 3 and array.shape[-1] == 1
    Image.fromarray(array[..., 0] if grey else array).save(path, **options)


def refused(folder, words, **options):
    with pytest.raises(InputError, match=words) as error:
        load(f"folder:{folder}", **options)
    assert "\n" not in str(error.value)


def content(data):
    """{image bytes: label} of all splits."""
    found = {}
    for split in data.sizes:
        images, labels = data.arrays(split)
        pixels = np.rint(images * 255).astype("uint8")
        labels = [None] * len(images) if labels is None else labels.tolist()
        found.update(zip((image.tobytes() for image in pixels), labels, strict=True))
    return found


@pytest.mark.parametrize("shape", [(6, 5, 1), (6, 5, 3)])
def test_classes(make_folder, shape):
    folder, images, labels = make_folder(classes=("b", "a", "c"), shape=shape)
    data = load(f"folder:{folder}")

    assert data.image_shape == shape
    assert data.class_names == ("a", "b", "c")
    assert data.sizes == {"train": 24, "valid": 3, "test": 3}
    names = np.array([1, 0, 2])[labels]
    expected = {image.tobytes(): int(n) for image, n in zip(images, names, strict=True)}
    assert content(data) == expected


def test_flat(make_folder):
    folder, images, _ = make_folder(classes=())
    (folder / ".hidden.png").write_text("no image")
    (folder / "notes.txt").write_text("no image")
    (folder / ".cache").mkdir()
    data = load(f"folder:{folder}")

    assert data.condition is None
    assert set(content(data)) == {image.tobytes() for image in images}
    assert next(iter(data.train)).shape == (6, 5, 1)


@pytest.mark.parametrize("valid", [None, "valid", "val", "validation"])
@pytest.mark.parametrize("classes", [("a", "b"), ()])
def test_own_splits(make_folder, valid, classes):
    _, train, _ = make_folder(24, classes, root="root/train")
    folder, _, _ = make_folder(6, classes, root="root/test")
    if valid:
        make_folder(5, classes, root=f"root/{valid}")
    data = load(f"folder:{folder.parent}")

    expected = {"train": 24, "valid": 5, "test": 6} if valid else {"train": 20, "valid": 4}
    assert data.sizes == expected | {"test": 6}
    assert data.class_names == (classes or None)
    got = np.concatenate([data.arrays(s)[0] for s in (["train"] if valid else ["train", "valid"])])
    assert {np.rint(image * 255).astype("uint8").tobytes() for image in got} == {
        image.tobytes() for image in train
    }


def test_a_tail_of_sorted_files_is_no_valid_split(make_folder):
    make_folder(60, ("a", "b", "c"), root="root/train")
    folder, _, _ = make_folder(30, ("a", "b", "c"), root="root/test")
    data = load(f"folder:{folder.parent}")
    assert set(data.arrays("train")[1]) == {0, 1, 2}
    assert len(set(data.arrays("valid")[1])) > 1
    assert len(set(data.arrays("test", limit=10)[1])) > 1


def test_formats(tmp_path):
    grey = np.full((4, 4), 100, "uint8")
    for number, name in enumerate(["a.PNG", "b.jpg", "c.JPEG", "d.bmp", "e.png"]):
        save(tmp_path / name, grey)
        save(tmp_path / f"more{number}.png", grey)
    assert load(f"folder:{tmp_path}").image_shape == (4, 4, 1)

    colour = np.full((4, 4, 3), (100, 150, 200), "uint8")
    save(tmp_path / "f.gif", colour)
    save(tmp_path / "g.bmp", colour)
    save(tmp_path / "h.png", np.full((4, 4, 4), (100, 150, 200, 7), "uint8"))
    Image.fromarray(colour).quantize(4).save(tmp_path / "i.png")
    Image.fromarray(grey).convert("LA").save(tmp_path / "j.png")
    for limit in (0, 2**20):
        data = load(f"folder:{tmp_path}", memory_limit=limit)
        assert data.image_shape == (4, 4, 3)
        images = np.concatenate([data.arrays(split)[0] for split in data.sizes]) * 255
        assert len(images) == 15
        in_grey = [np.abs(image - 100).max() < 2 for image in images]
        in_colour = [np.abs(image - (100, 150, 200)).max() < 4 for image in images]
        assert (sum(in_grey), sum(in_colour)) == (11, 4)


def test_first_frame_of_a_gif(tmp_path):
    for number in range(10):
        frames = [Image.new("P", (4, 3), color) for color in (1, 2)]
        for frame in frames:
            frame.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
        frames[0].save(tmp_path / f"{number}.gif", save_all=True, append_images=frames[1:])
    data = load(f"folder:{tmp_path}")
    np.testing.assert_array_equal(data.arrays("test")[0][0], np.full((3, 4, 3), (1.0, 0, 0)))


@pytest.mark.parametrize(
    ("form", "mode", "channels"),
    [
        *[("png", mode, 1) for mode in ("1", "L", "LA", "I;16")],
        *[("png", mode, 3) for mode in ("P", "RGB", "RGBA")],
        *[("jpeg", "L", 1), ("jpeg", "RGB", 3), ("jpeg", "CMYK", 3)],
        *[("bmp", "L", 1), ("bmp", "RGB", 3), ("bmp", "RGBA", 3)],
        *[("gif", "L", 3), ("gif", "RGB", 3)],
    ],
)
def test_header_agrees_with_what_tensorflow_decodes(tmp_path, form, mode, channels):
    path = tmp_path / f"x.{form}"
    Image.new(mode, (7, 3)).save(path, **({"progressive": True} if form == "jpeg" else {}))
    assert read_header(path) == (3, 7, channels)
    decoded = tf.io.decode_image(path.read_bytes(), expand_animations=False)
    assert decoded.shape[:2] == (3, 7)
    assert (decoded.shape[2] >= 3) == (channels == 3)


@pytest.mark.parametrize(("mode", "words"), [("1", "1 bits a pixel"), ("P", "colour palette")])
def test_a_bmp_tensorflow_cannot_read(tmp_path, mode, words):
    Image.new(mode, (7, 3)).save(tmp_path / "x.bmp")
    with pytest.raises(ValueError, match=words):
        read_header(tmp_path / "x.bmp")


def test_jpeg_with_a_long_preamble(tmp_path):
    path = tmp_path / "x.jpg"
    Image.new("L", (7, 3)).save(path, icc_profile=b"\xff\xc0" * 60_000, comment=b"\xff\xd9")
    assert read_header(path) == (3, 7, 1)


def test_sizes_differ(make_folder):
    folder, _, _ = make_folder()
    save(folder / "c" / "odd.png", np.zeros((8, 12), "uint8"))
    refused(
        folder,
        r"0001.png of 6 x 5 and .*odd.png of 8 x 12 .*--set image_size=32",
    )
    for limit in (0, 2**20):
        data = load(f"folder:{folder}", image_size=4, memory_limit=limit)
        assert data.image_shape == (4, 4, 1)
        assert sum(data.sizes.values()) == 31


def test_nothing_there(tmp_path, make_folder):
    refused(tmp_path / "none", "expected a folder at .*none")
    refused(tmp_path, "must hold images")
    folder, _, _ = make_folder()
    (folder / "z").mkdir()
    refused(folder, "class folder .*z must hold images")


def test_loose_images_beside_classes(make_folder):
    folder, _, _ = make_folder()
    save(folder / "x.png", np.zeros((6, 5), "uint8"))
    refused(folder, "either images or class folders")


def test_classes_in_one_split_only(make_folder):
    make_folder(24, ("a",), root="root/train")
    folder, _, _ = make_folder(6, (), root="root/test")
    refused(folder.parent, "in every split or in none")


def test_too_few(make_folder):
    folder, _, _ = make_folder(9)
    refused(folder, "at least 10 images.*got 9")


@pytest.mark.parametrize("limit", [0, 2**20])
@pytest.mark.parametrize("form", ["png", "jpg"])
def test_damaged_files(make_folder, form, limit):
    folder, images, _ = make_folder(shape=(40, 40, 3))
    path = folder / "b" / f"bad.{form}"
    for bad in (b"", b"text", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"):
        path.write_bytes(bad)
        refused(folder, f"bad.{form}.*cannot be decoded", memory_limit=limit)
    save(path, images[0])
    path.write_bytes(path.read_bytes()[:-200])
    refused(folder, f"bad.{form}.*cannot be decoded", memory_limit=limit)


def test_colour_palette_bmp(make_folder):
    folder, _, _ = make_folder()
    image = Image.new("P", (5, 6))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.save(folder / "a" / "p.bmp")
    refused(folder, "p.bmp.*palette")


def test_links(make_folder, tmp_path):
    folder, images, _ = make_folder(classes=("a", "b"))
    os.symlink(folder, folder / "a" / "up")
    os.symlink(folder, folder / "loop")
    os.symlink(folder / "self", folder / "self")
    assert set(content(load(f"folder:{folder}"))) == {image.tobytes() for image in images}
    os.rename(folder / "b", tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", folder / "b")
    assert set(content(load(f"folder:{folder}"))) == {image.tobytes() for image in images}


@pytest.mark.parametrize("limit", [2**30, 1], ids=["in memory", "streamed"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path, orientation, limit):
    """Photographs stand as Pillow turns them, in memory and streamed, and have one size again."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    rng = np.random.default_rng(0)
    stored = np.kron(rng.integers(0, 256, (2, 3, 3)), np.ones((8, 8, 1))).astype("uint8")
    for i in range(10):
        save(tmp_path / f"{i}.jpg", stored, exif=exif, quality=95)
    with Image.open(tmp_path / "0.jpg") as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    data = load(f"folder:{tmp_path}", memory_limit=limit)

    assert data.image_shape == expected.shape
    image = next(iter(data.train)).numpy() * 255
    assert np.abs(image - expected).max() <= 4  # two decoders


@pytest.mark.parametrize("exif", [b"Exif\0\0II*\0nonsense", b"Exif\0\0", b"\xff" * 40])
def test_nonsense_in_exif_turns_nothing(tmp_path, exif):
    save(tmp_path / "x.jpg", np.zeros((4, 6, 3), "uint8"), exif=exif)
    assert read_orientation(tmp_path / "x.jpg") == 1
