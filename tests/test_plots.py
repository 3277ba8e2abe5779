import numpy as np
import pytest
from makers import one_line, small_cgan, small_gan
from matplotlib.image import imread

from tfgan import plots
from tfgan.callbacks import ModeCoverage
from tfgan.errors import InputError
from tfgan.plots import neighbours


def test_tile_by_hand():
    images = np.arange(3, dtype="float32").reshape(3, 1, 1, 1) / 4
    expected = [
        [1, 1, 1, 1, 1],
        [1, 0, 1, 0.25, 1],
        [1, 1, 1, 1, 1],
        [1, 0.5, 1, 1, 1],
        [1, 1, 1, 1, 1],
    ]
    np.testing.assert_array_equal(plots.tile(images, 2)[..., 0], expected)


@pytest.mark.parametrize("shape", [(28, 28, 1), (8, 8, 1), (32, 20, 3)])
def test_grid_shows_each_image_in_its_place(shape, tmp_path):
    """Rows of flat images: the picture's brightness is theirs, row by row."""
    levels = np.repeat([0.1, 0.5, 0.9], 4)
    images = np.ones((12, *shape), "float32") * levels[:, None, None, None]
    plots.save(plots.grid(images, columns=4), tmp_path / "grid.png")
    picture = imread(tmp_path / "grid.png")[..., :3]
    height, width = picture.shape[:2]
    for row, level in enumerate((0.1, 0.5, 0.9)):
        for column in range(4):
            pixel = picture[int((row + 0.5) * height / 3), int((column + 0.5) * width / 4)]
            np.testing.assert_allclose(pixel, level, atol=0.01)


def test_row_labels_widen_the_picture():
    images = np.zeros((4, 8, 8, 1), "float32")
    plain, labelled = plots.grid(images, columns=2), plots.grid(images, columns=2, row_labels="ab")
    assert labelled.get_figwidth() > plain.get_figwidth()
    assert [t.get_text() for t in labelled.axes[0].texts] == ["a", "b"]


def texts(figure):
    return [t.get_text() for t in figure.axes[0].texts]


@pytest.mark.parametrize("draw", [plots.samples, plots.interpolation])
def test_a_row_per_class(draw):
    gan = small_cgan()
    assert texts(draw(gan, count=2)) == ["0", "1", "2"]
    assert texts(draw(gan, conditions=[2, 0], class_names=("ape", "bee", "cat"))) == ["cat", "ape"]
    with pytest.raises(InputError, match=r"\[0, 3\)"):
        draw(gan, conditions=[3])


@pytest.mark.parametrize("draw", [plots.samples, plots.interpolation])
def test_same_seed_same_picture(draw, make_gan):
    gan = make_gan()
    rng = np.random.default_rng(0)
    gan.generator.set_weights([rng.normal(size=w.shape) for w in gan.generator.get_weights()])

    def pixels(seed):
        return draw(gan, seed=seed).axes[0].images[0].get_array()

    np.testing.assert_array_equal(pixels(1), pixels(1))
    assert not np.array_equal(pixels(1), pixels(2))


def test_interpolation_is_a_straight_line(monkeypatch):
    gan, seen = small_gan(), []
    images_of = gan.images_of
    monkeypatch.setattr(gan, "images_of", lambda z, c, **kw: seen.append(z) or images_of(z, c, **kw))
    plots.interpolation(gan, count=5, seed=3)
    lines = seen[0].reshape(10, 5, -1)
    ends = gan.draw_latents(20, seed=3)
    np.testing.assert_allclose(lines[:, 0], ends[:10])
    np.testing.assert_allclose(lines[:, -1], ends[10:])
    np.testing.assert_allclose(np.diff(lines, 2, axis=1), 0, atol=1e-5)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((2, 8, 8)), "shape"),
        (np.zeros((2, 8, 8, 2)), "shape"),
        (np.zeros((0, 8, 8, 1)), "shape"),
        (np.zeros((2501, 1, 1, 1)), "at most 2500"),
    ],
)
def test_refuses(images, words):
    with pytest.raises(InputError, match=words) as error:
        plots.grid(images, columns=2)
    one_line(error)


def test_wrong_name(tmp_path):
    with pytest.raises(InputError, match="end in"):
        plots.save(plots.grid(np.zeros((1, 8, 8, 1)), columns=1), tmp_path / "grid.xyz")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_nearest_shows_the_nearest_training_image_last(make_gan, monkeypatch, dtype):
    monkeypatch.setattr(neighbours, "grid", lambda images, **kwargs: (images, kwargs))
    gan = make_gan()
    rng = np.random.default_rng(0)
    gan.generator.set_weights([rng.normal(size=w.shape) for w in gan.generator.get_weights()])
    train = rng.random((40, 4, 4, 1), "float32")
    if dtype == "uint8":
        train = (train * 255).astype("uint8")
    images, kwargs = plots.nearest(gan, train, rows=3, columns=4, seed=2)
    rows = images.reshape(-1, 5, 16)  # three classes, or three rows
    assert len(rows) == 3
    assert kwargs["framed_column"] == 4
    scale = 255.0 if dtype == "uint8" else 1.0
    real = train.reshape(40, 16) / scale
    for row in rows:
        distances = np.linalg.norm(real - row[3], axis=1)
        np.testing.assert_allclose(row[4], real[distances.argmin()], atol=1e-6)
    conditions = np.repeat(range(3), 4) if gan.conditional else None
    own = gan.sample(12, conditions, seed=2)
    np.testing.assert_array_equal(rows[:, :4].reshape(own.shape), own)


def test_points(make_gan):
    samples = np.random.default_rng(0).random((50, 1, 1, 2))
    figure = plots.points(samples, real=samples[:10], modes=[[0.5, 0.5]])
    drawn = [c.get_offsets() for c in figure.axes[0].collections]
    np.testing.assert_allclose(drawn[0], samples[:10, 0, 0])
    np.testing.assert_allclose(drawn[1], samples[:, 0, 0])
    np.testing.assert_allclose(drawn[2], [[0.5, 0.5]])
    with pytest.raises(InputError, match=r"\(n, 1, 1, 2\)") as error:
        plots.points(np.zeros((3, 4, 4, 1)))
    one_line(error)


def test_curves(tmp_path):
    file = tmp_path / "metrics.csv"
    file.write_text("epoch,seconds,d_loss,g_loss,val_parzen\n1,2.0,0.5,1.5,\n2,2.0,0.4,1.75,-12.5\n")
    figure = plots.curves(tmp_path)
    assert [ax.get_title(loc="left").split()[0] for ax in figure.axes] == ["loss", "validation"]
    d, g = figure.axes[0].lines
    np.testing.assert_allclose(d.get_xydata(), [[1, 0.5], [2, 0.4]])
    np.testing.assert_allclose(g.get_xydata(), [[1, 1.5], [2, 1.75]])
    np.testing.assert_allclose(figure.axes[1].lines[0].get_xydata(), [[2, -12.5]])
    for wrong in (tmp_path / "none.csv", tmp_path / "no"):
        with pytest.raises(InputError, match=r"metrics\.csv"):
            plots.curves(wrong)
    file.write_text("epoch,seconds\n1,2.0\n")
    with pytest.raises(InputError, match="no losses") as error:
        plots.curves(file)
    one_line(error)


def test_curves_of_a_history():
    gan = small_gan()
    gan.compile()
    images = np.random.default_rng(0).random((8, 4, 4, 1), "float32")
    history = gan.fit(images, batch_size=4, epochs=2, verbose=0)
    figure = plots.curves(history)
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), history.history["d_loss"])


def test_curves_of_a_history_leave_out_what_some_epochs_lack():
    """Their places are unknown; drawn one after the other they would lie."""
    gan = small_gan()
    gan.compile()
    images = np.random.default_rng(0).random((8, 4, 4, 1), dtype="float32")
    watch = ModeCoverage((images, None), every=2, samples=10)
    history = gan.fit(images, batch_size=4, epochs=3, verbose=0, callbacks=[watch])
    assert len(history.history["spread"]) == 2
    titles = [axes.get_title(loc="left") for axes in plots.curves(history).axes]
    assert titles == ["loss (nats)", "score"]
