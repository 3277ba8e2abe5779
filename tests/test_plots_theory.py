"""The one-dimensional figure and the game's landscape, by number."""

import math

import keras
import numpy as np
import pytest
from makers import one_line, small_cgan, small_gan
from matplotlib.figure import Figure
from PIL import Image

import tfgan
from tfgan import callbacks, plots, theory
from tfgan.errors import InputError
from tfgan.plots import snapshots


def root_gan(latent_dim=1, noise="unit_uniform"):
    """x = sqrt(u), whose density is 2 x; D's logit is 3 x - 1."""
    z = keras.Input((latent_dim,))
    x = keras.ops.reshape(keras.ops.sqrt(keras.ops.clip(z[:, :1], 0, 1)), (-1, 1, 1, 1))
    images = keras.Input((1, 1, 1))
    logits = keras.ops.reshape(3 * images - 1, (-1, 1))
    return tfgan.GAN(keras.Model(z, x), keras.Model(images, logits), noise=noise, seed=0)


def falling(x):
    return 2 * (1 - x)


def integral(values):
    return np.trapezoid(values, dx=1 / (len(values) - 1))


def test_snapshot_by_hand():
    shot = plots.snapshot(root_gan(), falling, epoch=3)
    np.testing.assert_array_equal(shot.p_data, falling(shot.x))
    assert integral(shot.p_g) == pytest.approx(1, abs=1e-3)
    assert integral(abs(shot.p_g - 2 * shot.x)) < 0.02
    np.testing.assert_allclose(shot.d, 1 / (1 + np.exp(1 - 3 * shot.x)), rtol=1e-5)
    np.testing.assert_array_equal(shot.d_star, theory.optimal_discriminator(shot.p_data, shot.p_g))
    inner = (shot.x > 0.05) & (shot.x < 0.95)
    np.testing.assert_allclose(shot.d_star[inner], 1 - shot.x[inner], atol=0.03)
    np.testing.assert_allclose(shot.g_of_z, np.sqrt(shot.z), rtol=1e-6)


def test_arrows_span_the_latents_range():
    z = keras.Input((1,))
    line = keras.ops.reshape(0.5 + z / math.sqrt(12), (-1, 1, 1, 1))  # U(-sqrt 3, sqrt 3) -> U(0, 1)
    gan = tfgan.GAN(keras.Model(z, line), root_gan().discriminator, noise="uniform", seed=0)
    shot = plots.snapshot(gan, falling)
    np.testing.assert_allclose(shot.g_of_z, shot.z, atol=1e-6)


@pytest.mark.parametrize(("latent_dim", "noise"), [(2, "unit_uniform"), (1, "normal")])
def test_other_latents_have_no_arrows(latent_dim, noise):
    shot = plots.snapshot(root_gan(latent_dim, noise), falling, samples=1000)
    assert not len(shot.z)
    below = [
        plots.stages([s]).axes[0].get_ylim()[0] for s in (shot, plots.snapshot(root_gan(), falling))
    ]
    assert below[0] > below[1]


def test_kernel_density_is_the_sum_of_mirrored_kernels(monkeypatch):
    values = np.random.default_rng(0).beta(0.8, 3, 300)
    x = np.linspace(0, 1, 101)
    monkeypatch.setattr(snapshots, "BANDWIDTHS", np.array([0.05]))
    mirrored = np.concatenate([values, -values, 2 - values])
    kernels = np.exp(-0.5 * ((x[:, None] - mirrored) / 0.05) ** 2) / (0.05 * math.sqrt(2 * math.pi))
    expected = kernels.sum(axis=1) / len(values)
    np.testing.assert_allclose(plots.kernel_density(values, x), expected, atol=2e-3)


def test_kernel_density_chooses_its_bandwidth():
    """Two narrow bells, which a rule that looks at the spread would smear. A flat density is flat."""
    rng = np.random.default_rng(0)
    x = np.linspace(0, 1, 401)
    bells = np.concatenate([rng.normal(0.2, 0.01, 20_000), rng.normal(0.8, 0.02, 20_000)])
    true = sum(
        0.5 * np.exp(-0.5 * ((x - m) / s) ** 2) / (s * math.sqrt(2 * math.pi))
        for m, s in ((0.2, 0.01), (0.8, 0.02))
    )
    assert integral(abs(plots.kernel_density(bells, x) - true)) < 0.04
    np.testing.assert_allclose(plots.kernel_density(rng.random(40_000), x), 1, atol=0.06)


def test_stages_side_by_side():
    shot = plots.snapshot(root_gan(), falling, samples=1000, epoch=5)
    figure = plots.stages([shot, shot._replace(epoch=None)])
    assert [axes.get_title() for axes in figure.axes] == ["epoch 5", ""]
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    scale = shot.p_data[0] / lines["data"].get_ydata()[0]  # both densities are drawn on one
    np.testing.assert_allclose(lines["data"].get_ydata() * scale, shot.p_data)
    np.testing.assert_allclose(lines["samples"].get_ydata() * scale, shot.p_g)
    np.testing.assert_array_equal(lines["D"].get_ydata(), shot.d)
    one = plots.one_dimensional(root_gan(), falling, samples=1000)
    assert len(one.axes) == 1


def test_best_answer_is_not_drawn_where_there_is_nothing():
    shot = plots.snapshot(root_gan(), lambda x: 20.0 * (x > 0.95), samples=1000)
    shot = shot._replace(p_g=np.where(shot.x < 0.5, 0.0, shot.p_g))
    axes = plots.stage(Figure().subplots(), shot)
    drawn = {line.get_label(): line for line in axes.lines}["D*, the best D"].get_ydata()
    np.testing.assert_array_equal(np.isnan(drawn), shot.x < 0.5)


def test_animation(tmp_path):
    shots = [plots.snapshot(root_gan(), falling, samples=500, seed=s, epoch=s) for s in range(3)]
    plots.animation(shots, tmp_path / "new" / "game.gif", frames_per_second=1)
    with Image.open(tmp_path / "new" / "game.gif") as picture:
        assert (picture.n_frames, picture.info["duration"]) == (3, 1000)


def test_an_animation_that_fails_leaves_nothing(tmp_path):
    shot = plots.snapshot(root_gan(), falling, samples=500)
    with pytest.raises(ValueError, match="shape"):
        plots.animation([shot, shot._replace(d=shot.d[:-1])], tmp_path / "new" / "game.gif")
    assert not list(tmp_path.iterdir())


def test_recorder():
    gan = root_gan()
    recorder = callbacks.OneDimensional(falling, every=2, samples=500)
    gan.compile(g_optimizer="sgd", d_optimizer="sgd", jit_compile=False)
    data = np.random.default_rng(0).random((8, 1, 1, 1), dtype="float32")
    gan.fit(data, epochs=5, callbacks=[recorder], verbose=0)
    assert [s.epoch for s in recorder.snapshots] == [0, 2, 4, 5]
    expected = plots.snapshot(gan, falling, samples=500)
    np.testing.assert_array_equal(recorder.snapshots[-1].p_g, expected.p_g)


def test_the_games_gradients():
    h = 1e-5
    for d, g in ((0.3, -0.7), (-1.1, 1.5), (2.0, 0.4)):
        by_d = (plots.game_value(d + h, g) - plots.game_value(d - h, g)) / (2 * h)
        by_g = (plots.game_value(d, g + h) - plots.game_value(d, g - h)) / (2 * h)
        np.testing.assert_allclose(plots.game_gradients(d, g), (by_d, by_g), atol=1e-8)


def test_the_saddle_point():
    assert plots.game_value(0, 0) == pytest.approx(-math.log(4), abs=1e-12)
    np.testing.assert_allclose(plots.game_gradients(0, 0), 0, atol=1e-12)
    for off in (-0.5, 0.5):
        assert plots.game_value(off, 0) < -math.log(4) - 0.01  # every other D is worse
        assert plots.game_value(off, off) > -math.log(4) + 0.01  # the best D tells any other G


@pytest.mark.parametrize("g", [-1.5, 0.3, 2.0])
def test_the_best_discriminator_reaches_the_criterion(g):
    x, w = theory.quadrature(-16, 16, 240)
    p, q = (np.exp(-0.5 * (x - m) ** 2) / math.sqrt(2 * math.pi) for m in (0, g))
    best = theory.criterion(p, q, weights=w)
    assert plots.game_value(g, g) == pytest.approx(best, abs=1e-12)
    assert max(plots.game_value(d, g) for d in np.linspace(-3, 3, 41)) <= best + 1e-12


@pytest.mark.parametrize(
    ("update", "shrinks"),
    [("simultaneous", lambda r: 1 - r / 2 + r**2 / 4), ("alternating", lambda r: 1 - r / 2)],
)
@pytest.mark.parametrize("rate", [0.2, 1.0])
def test_paths_spiral_into_the_saddle_point(update, shrinks, rate):
    """Near it V = -log 4 + d g / 2 - d^2 / 4: areas shrink by a known factor a step."""
    axes = [plots.game_path(s, rate=rate, steps=1, update=update)[1] for s in ((1e-4, 0), (0, 1e-4))]
    assert np.linalg.det(np.array(axes)) / 1e-8 == pytest.approx(shrinks(rate), rel=1e-3)
    end = plots.game_path((-1.0, 1.2), rate=rate, steps=120, update=update)[-1]
    np.testing.assert_allclose(end, 0, atol=0.02)


def test_saddle_figure():
    figure = plots.saddle(steps=3)
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    expected = plots.game_path((-1.0, 1.2), steps=3, update="simultaneous")
    np.testing.assert_array_equal(lines["simultaneous"].get_xydata(), expected)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: plots.snapshot(small_gan(), falling), r"\(4, 4, 1\)"),
        (lambda: plots.snapshot(small_cgan(), falling), "CGAN"),
        (lambda: plots.snapshot(root_gan(), lambda x: 1.0), "401 values"),
        (lambda: plots.snapshot(root_gan(), lambda x: x - 0.5), "must not be negative"),
        (lambda: plots.snapshot(root_gan(), lambda x: 0 * x), "positive somewhere"),
        (lambda: plots.snapshot(root_gan(), falling, samples=1), "at least 2"),
        (lambda: plots.stages([]), "no snapshots"),
        (lambda: plots.stages([plots.snapshot(root_gan(), falling)], titles="ab"), "titles, got 2"),
        (lambda: plots.animation([1], "game.png"), r"\.gif"),
        (lambda: plots.animation([1], "game.gif", frames_per_second=99), "1 to 50"),
        (lambda: plots.game_path((1, 1), update="both"), "alternating"),
        (lambda: callbacks.OneDimensional(falling, every=0), "every"),
    ],
)
def test_refuses(call, words):
    with pytest.raises(InputError, match=words) as error:
        call()
    one_line(error)
