import keras
import numpy as np
import pytest
from makers import small_gan, varied
from PIL import Image

from tfgan import callbacks, plots
from tfgan.errors import InputError


def drawn(folder, images, epochs=4, steps=1, first=0, gan=None, **kwargs):
    """Trains 6 steps an epoch, from an epoch on; returns the GAN and the names of the files."""
    gan = gan or varied(small_gan())
    gan.compile(jit_compile=False, steps_per_execution=steps, g_optimizer=keras.optimizers.Adam(0.03))
    grid = callbacks.SampleGrid(folder, count=4, **kwargs)
    gan.fit(images, batch_size=5, initial_epoch=first, epochs=epochs, callbacks=[grid], verbose=0)
    return gan, sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [(1, [8, 16, 24]), pytest.param(2, [8, 16, 24], marks=pytest.mark.slow), (4, [10, 16, 24])],
)
def test_every_few_steps(images, tmp_path, steps, wanted):
    """With 4 at a time an epoch's calls end at 4 and 6: 8 has passed when 10 is done."""
    _, names = drawn(tmp_path, images, steps=steps, every=9, every_steps=8)
    pictures = [f"step-{n:06d}.png" for n in wanted]
    assert names == ["animation.gif", "epoch-0004.png", *pictures]


def test_the_picture_is_of_that_step(images, tmp_path):
    gan, _ = drawn(tmp_path / "run", images, epochs=1, every_steps=6)
    plots.save(plots.samples(gan, count=4), tmp_path / "wanted.png")
    found = np.asarray(Image.open(tmp_path / "run/step-000006.png"))
    np.testing.assert_array_equal(found, np.asarray(Image.open(tmp_path / "wanted.png")))


@pytest.mark.slow
def test_the_animation_shows_all_pictures_of_a_resumed_run(images, tmp_path):
    gan, _ = drawn(tmp_path, images, epochs=2)
    with Image.open(tmp_path / "animation.gif") as film:
        assert film.n_frames == 2
    (tmp_path / "epoch-0099.png").write_bytes(b"of another run")
    drawn(tmp_path, images, gan=gan, first=2, epochs=5)
    with Image.open(tmp_path / "animation.gif") as film:
        assert film.n_frames == 5
        for number in range(5):
            film.seek(number)
            with Image.open(tmp_path / f"epoch-{number + 1:04d}.png") as picture:
                assert film.size == picture.size
                wanted = np.asarray(picture.convert("RGB"), "float32")
            assert np.abs(np.asarray(film.convert("RGB"), "float32") - wanted).mean() < 3
            assert film.info["duration"] == (2000 if number == 4 else 200)


def test_damaged_pictures_of_a_resumed_run_are_left_out(images, tmp_path, capsys):
    gan, _ = drawn(tmp_path, images, epochs=2)
    file = tmp_path / "epoch-0001.png"
    file.write_bytes(file.read_bytes()[:500])
    drawn(tmp_path, images, gan=gan, first=2, epochs=3)
    with Image.open(tmp_path / "animation.gif") as film:
        assert film.n_frames == 2
    line = f"left out of {tmp_path / 'animation.gif'}, as they cannot be read: epoch-0001.png\n"
    assert capsys.readouterr().err == line


def test_no_animation_of_one_picture_or_unasked(images, tmp_path):
    gan, names = drawn(tmp_path / "one", images, epochs=1)
    assert names == ["epoch-0001.png"]
    _, names = drawn(tmp_path / "one", images, epochs=2, first=1, gan=gan, animation=False)
    assert names == ["epoch-0001.png", "epoch-0002.png"]


def test_batches_wait_for_the_device_only_where_steps_are_drawn():
    assert callbacks.SampleGrid("x").async_safe
    assert not callbacks.SampleGrid("x", every_steps=5).async_safe


def test_refuses():
    with pytest.raises(InputError, match="every_steps"):
        callbacks.SampleGrid("x", every_steps=-1)
