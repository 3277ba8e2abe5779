import numpy as np
import pytest
import tensorflow as tf
from makers import one_line

from tfgan import augment
from tfgan.errors import InputError

SEED = tf.constant([3, 4], tf.int64)
EACH = (*augment.TRANSFORMS, ",".join(augment.TRANSFORMS))


def images(count=6, height=8, width=8, channels=3, dtype="float32"):
    return np.random.default_rng(0).random((count, height, width, channels)).astype(dtype)


def draws(count, seed=1):
    """Three uniform numbers an image."""
    return np.random.default_rng(seed).random((3, count, 1, 1, 1)).astype("float32")


def by_transform(name, x, uniforms):
    return augment.TRANSFORMS[name](tf.constant(x), *map(tf.constant, uniforms)).numpy()


# Each transform in plain NumPy, of one image and its three draws.


def color(x, brightness, saturation, contrast):
    x = x + (brightness - 0.5) / 2
    x = x.mean(-1, keepdims=True) + 2 * saturation * (x - x.mean(-1, keepdims=True))
    return x.mean() + (contrast + 0.5) * (x - x.mean())


def translation(x, down, right, _):
    moved = x
    for axis, u in enumerate((down, right)):
        size = x.shape[axis]
        most = round(size / 8)
        offset = int(u * (2 * most + 1)) - most
        moved = np.roll(moved, offset, axis)
        new = slice(0, offset) if offset >= 0 else slice(size + offset, size)
        moved[(slice(None),) * axis + (new,)] = augment.FILL
    return moved


def cutout(x, row, column, _):
    x = x.copy()
    height, width = x.shape[:2]
    cut = [(size + 1) // 2 for size in (height, width)]
    first = [
        int(u * (size + 1 - c % 2)) - c // 2
        for u, size, c in zip((row, column), (height, width), cut, strict=True)
    ]
    x[max(first[0], 0) : first[0] + cut[0], max(first[1], 0) : first[1] + cut[1]] = augment.FILL
    return x


BY_HAND = {
    "flip": lambda x, u, *_: x[:, ::-1] if u < 0.5 else x,
    "rotate90": lambda x, u, *_: np.rot90(x, int(4 * u)),
    "color": color,
    "translation": translation,
    "cutout": cutout,
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [8, 13, 28])
@pytest.mark.parametrize("name", augment.TRANSFORMS)
def test_as_by_hand(name, size, channels):
    x, uniforms = images(12, size, size, channels), draws(12)
    wanted = np.stack([BY_HAND[name](x[i], *uniforms[:, i].ravel()) for i in range(12)])
    tolerance = 1e-6 if name == "color" else 0  # pixels that only move stay as they are
    np.testing.assert_allclose(by_transform(name, x, uniforms), wanted, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", ["translation", "cutout"])
def test_sides_that_differ(name):
    x, uniforms = images(12, 16, 24), draws(12)
    wanted = np.stack([BY_HAND[name](x[i], *uniforms[:, i].ravel()) for i in range(12)])
    np.testing.assert_array_equal(by_transform(name, x, uniforms), wanted)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("policy", EACH)
def test_strength_0_changes_no_bit(policy, dtype):
    x = tf.cast(images(), dtype)
    y = augment.augment(x, SEED, policy=policy, strength=0.0)
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(tf.cast(y, "float64"), tf.cast(x, "float64"))


def test_colours_span_the_papers_ranges():
    """Brightness +- 1/4 (1/2 of images in [-1, 1]), saturation 0 to 2, contrast 1/2 to 3/2."""
    x, half = images(1), np.full((1, 1, 1, 1), 0.5, "float32")
    for u, factor in ((0.0, -1), (1.0, 1)):
        end = half * 0 + u
        moved = by_transform("color", x, (end, half, half))
        np.testing.assert_allclose(moved - x, 0.25 * factor, atol=1e-6)
        grey = x.mean(-1, keepdims=True)
        moved = by_transform("color", x, (half, end, half))
        np.testing.assert_allclose(moved - grey, (1 + factor) * (x - grey), atol=1e-6)
        moved = by_transform("color", x, (half, half, end))
        np.testing.assert_allclose(moved - x.mean(), (1 + 0.5 * factor) * (x - x.mean()), atol=1e-6)


def test_grey_images_have_no_saturation():
    x, (brightness, saturation, contrast) = images(channels=1), draws(6)
    moved = [by_transform("color", x, (brightness, s, contrast)) for s in (saturation, 0 * saturation)]
    np.testing.assert_allclose(*moved, atol=1e-6)


def test_translation_reaches_an_eighth_each_way_evenly():
    x = np.zeros((2000, 16, 16, 1), "float32")
    x[:, 8, 8] = 1
    moved = augment.augment(tf.constant(x), SEED, policy="translation").numpy()
    _, rows, columns, _ = np.nonzero(moved == 1)
    for places in (rows, columns):
        counts = np.bincount(places - 6, minlength=5)
        assert len(counts) == 5
        assert abs(counts - 400).max() < 5 * 18  # five standard deviations
    assert abs(np.corrcoef(rows, columns)[0, 1]) < 0.12


def test_cutout_is_half_of_each_side_where_no_edge_crops_it():
    x = np.zeros((500, 16, 16, 3), "float32")
    filled = augment.augment(tf.constant(x), SEED, policy="cutout").numpy() == augment.FILL
    rows, columns = filled.any((2, 3)).sum(1), filled.any((1, 3)).sum(1)
    np.testing.assert_array_equal(filled.sum((1, 2, 3)), rows * columns * 3)
    assert (rows.min(), rows.max()) == (columns.min(), columns.max()) == (4, 8)
    assert np.mean(rows == 8) == pytest.approx(9 / 17, abs=0.12)


@pytest.mark.parametrize("strength", [0.3, 1.0])
def test_as_many_images_change_as_the_strength_says(strength):
    x = tf.constant(images(1, 8, 8).repeat(3000, 0))
    for name, acts in (("color", 1), ("flip", 1 / 2), ("rotate90", 3 / 4), ("translation", 8 / 9)):
        y = augment.augment(x, SEED, policy=name, strength=tf.constant(strength))
        share = np.mean(np.any(y != x, axis=(1, 2, 3)))
        assert share == pytest.approx(strength * acts, abs=0.045), name  # five deviations at most


def test_transforms_act_independently():
    x = tf.constant(images(1).repeat(3000, 0))
    y = augment.augment(x, SEED, policy="cutout,color", strength=0.5).numpy()
    cut = (y == augment.FILL).any((1, 2, 3)) | (np.ptp(y, axis=(1, 2, 3)) == 0)
    same = np.mean(np.all(y == x, axis=(1, 2, 3)))
    assert same == pytest.approx(0.25, abs=0.04)
    assert 0.2 < cut.mean() < 0.3  # colour comes after it and moves the fill of half of them


def test_draws_are_each_images_own_and_the_seeds():
    x = tf.constant(images(1).repeat(20, 0))
    y = augment.augment(x, SEED).numpy()
    assert len(np.unique(y, axis=0)) == 20
    np.testing.assert_array_equal(augment.augment(x, SEED), y)
    other = augment.augment(x, tf.constant([3, 5], tf.int64)).numpy()
    assert not np.any(np.all(other == y, axis=(1, 2, 3)))


@pytest.mark.parametrize("policy", EACH)
def test_xla_and_graph_are_as_eager(policy):
    x = tf.constant(images())

    def run(x):
        return augment.augment(x, SEED, policy=policy, strength=0.8)

    for jit_compile in (False, True):
        compiled = tf.function(run, jit_compile=jit_compile)(x)
        np.testing.assert_allclose(compiled, run(x), atol=1e-6)


def test_a_batch_of_any_size_in_a_graph():
    x = tf.constant(images())
    run = tf.function(
        lambda x: augment.augment(x, SEED), input_signature=[tf.TensorSpec((None, 8, 8, 3))]
    )
    np.testing.assert_allclose(run(x), augment.augment(x, SEED), atol=1e-6)


@pytest.mark.parametrize("policy", EACH)
def test_gradients_are_the_finite_differences(policy):
    """Of a quadratic of what comes out, in float64; the Hessian's product with a direction too."""
    rng = np.random.default_rng(2)
    x = tf.constant(images(4, dtype="float64"))
    weights, direction = tf.constant(rng.normal(size=x.shape)), tf.constant(rng.normal(size=x.shape))

    def value(x):
        y = augment.augment(x, SEED, policy=policy, strength=0.8)
        return tf.reduce_sum(weights * y**3)

    @tf.function(jit_compile=True, reduce_retracing=True)
    def slopes(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                total = value(x)
            gradient = inner.gradient(total, x)
            along = tf.reduce_sum(gradient * direction)
        return gradient, along, outer.gradient(along, x)

    h = 1e-5
    gradient, along, curvature = slopes(x)
    difference = (value(x + h * direction) - value(x - h * direction)) / (2 * h)
    assert along.numpy() == pytest.approx(difference.numpy(), rel=1e-6)
    rows = [slopes(x + sign * h * direction)[0] for sign in (1, -1)]
    np.testing.assert_allclose(curvature, (rows[0] - rows[1]) / (2 * h), rtol=1e-5, atol=1e-6)
    assert np.abs(gradient).max() > 0.1


def test_half_precision_is_computed_in_float32():
    x = tf.cast(images(), "bfloat16")
    wanted = augment.augment(tf.cast(x, "float32"), SEED)
    np.testing.assert_array_equal(
        tf.cast(augment.augment(x, SEED), "float32"), tf.cast(tf.cast(wanted, "bfloat16"), "float32")
    )


@pytest.mark.parametrize(
    ("shape", "policy", "strength", "says"),
    [
        ((2, 8, 8, 3), "colour", 1.0, "color"),
        ((2, 8, 8, 3), "", 1.0, "''"),
        ((2, 8, 8, 3), None, 1.0, "None"),
        ((2, 8, 8, 3), "color", 1.5, "1.5"),
        ((2, 2), "color", 1.0, "(2,)"),
        ((2, 1, 1, 2), "color", 1.0, "(1, 1, 2)"),
        ((2, 8, 6, 3), "rotate90", 1.0, "square"),
    ],
)
def test_refuses(shape, policy, strength, says):
    with pytest.raises(InputError) as error:
        augment.augment(tf.zeros(shape), SEED, policy=policy, strength=strength)
    assert says in one_line(error)
