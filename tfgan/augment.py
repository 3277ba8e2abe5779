"""Differentiable augmentation of images, real and fake alike, before the discriminator sees them.

Every op is linear or a choice between two images: gradients of any order pass through, and XLA compiles
all of it. Pixels that move stay what they were to the last bit: no matrix product rounds them.
"""

import tensorflow as tf

from tfgan import randomness, replicas
from tfgan.errors import InputError, suggestion

DEFAULT_POLICY = "color,translation,cutout"  # DiffAugment's
FILL = 0.5  # what moves in at the edges, and fills cut-outs: the 0 of images in [-1, 1]
_DRAWS = 3  # uniform numbers that a transform may use for each image


def augment(images, seed, *, policy=DEFAULT_POLICY, strength=1.0):
    """Changes each image at random, by draws of its own.

    Args:
        images: float `(batch, H, W, C)` in [0, 1].
        seed: int64 tensor `(2,)`. The same one changes the images in the same way.
        policy: str, names in `TRANSFORMS` with commas between; they act in that order.
        strength: float or scalar tensor in [0, 1]. Probability that a transform acts on an image, drawn
            for each transform and image: 1 is DiffAugment, 0 leaves all as it is, and what ADA steers
            lies between.

    Returns:
        Images of the same shape and dtype, computed in float32 (float64 for float64). Colours may leave
        [0, 1]: clipping would stop their gradients.

    Raises:
        InputError: as `check_policy`, or for a strength that is a Python number outside of [0, 1].

    Reference:
        Zhao et al., 2020, "Differentiable Augmentation for Data-Efficient GAN Training", section 4
        (arXiv 2006.10738); Karras et al., 2020, "Training Generative Adversarial Networks with Limited
        Data", section 2.2 (arXiv 2006.06676), for the probability.
    """
    names = check_policy(policy, images.shape[1:])
    if isinstance(strength, (int, float)) and not 0 <= strength <= 1:
        raise InputError(f"the strength of augmentation must lie in [0, 1], got {strength}.")

    def draw(count):
        shape = (len(names), 1 + _DRAWS, count, 1, 1, 1)  # a row for each transform
        return randomness.uniform(shape, seed)

    draws = replicas.rows(tf.shape(images)[0], draw, axis=2)
    x = images if images.dtype == tf.float64 else tf.cast(images, tf.float32)
    for name, (gate, *uniforms) in zip(names, map(tf.unstack, tf.unstack(draws)), strict=True):
        changed = TRANSFORMS[name](x, *(tf.cast(u, x.dtype) for u in uniforms))
        x = tf.where(gate < tf.cast(strength, gate.dtype), changed, x)
    return tf.cast(x, images.dtype)


def check_policy(policy, image_shape=None):
    """Returns the names of a policy, as a tuple.

    Args:
        policy: str, see `augment`.
        image_shape: `(H, W, C)`, or None to look at the policy alone.

    Raises:
        InputError: for an unknown name, or none; for what is no image of at least 2 x 2 pixels; or for
            quarter turns of images that are not square.
    """
    names = tuple(name.strip() for name in policy.split(",")) if isinstance(policy, str) else ()
    if not names:
        raise InputError(f"an augmentation policy is text such as {DEFAULT_POLICY!r}, got {policy!r}.")
    for name in names:
        if name not in TRANSFORMS:
            raise InputError(f"no augmentation is called {name!r}: {suggestion(name, TRANSFORMS)}")
    if image_shape is None:
        return names
    shape = tuple(image_shape)
    if len(shape) != 3 or None in shape or min(shape[:2]) < 2:
        raise InputError(
            "augmentation needs images (height, width, channels) of at least 2 x 2 pixels, got "
            f"{shape}: leave it out."
        )
    if "rotate90" in names and shape[0] != shape[1]:
        raise InputError(f"rotate90 needs square images, got {shape[0]} x {shape[1]}: leave it out.")
    return names


# Transforms: of images (B, H, W, C) and up to three uniform numbers in [0, 1), each (B, 1, 1, 1).


def _flip(x, u, *_):
    """Left and right change places in half of the images, as in ADA."""
    return tf.where(u < 0.5, tf.reverse(x, [2]), x)


def _rotate90(x, u, *_):
    """Turns by 0, 90, 180 or 270 degrees, counter-clockwise, each as often, as in ADA."""
    turns = tf.floor(4 * u)
    x = tf.where(turns >= 2, tf.reverse(x, [1, 2]), x)
    return tf.where(tf.equal(turns % 2, 1), tf.reverse(tf.transpose(x, (0, 2, 1, 3)), [1]), x)


def _color(x, u_brightness, u_saturation, u_contrast):
    """Brightness + U(-1/4, 1/4), saturation x U(0, 2), contrast x U(1/2, 3/2).

    DiffAugment's brightness + U(-1/2, 1/2) is that of images in [-1, 1]; the factors act on differences
    to means, which are the same for both ranges. Grey images have no saturation.
    """
    x = x + 0.5 * (u_brightness - 0.5)
    grey = tf.reduce_mean(x, axis=3, keepdims=True)
    x = grey + 2 * u_saturation * (x - grey)
    mean = tf.reduce_mean(x, axis=(1, 2, 3), keepdims=True)
    return mean + (0.5 + u_contrast) * (x - mean)


def _translation(x, u_down, u_right, *_):
    """Moves by whole pixels, up to 1/8 of the side each way; what moves in is `FILL`."""
    offsets = []
    for size, u in zip(x.shape[1:3], (u_down, u_right), strict=True):
        most = int(size / 8 + 0.5)
        offsets.append(_integer(u, 2 * most + 1) - most)
    return _moved(x, *offsets, fill=FILL)


def _moved(x, down, right, *, fill):
    """Moves images by whole pixels, int32 `(batch,)` each, at most 1/8 of the side."""

    @tf.custom_gradient  # TensorFlow's own would scatter; moving back is as quick as moving
    def move(x):
        height, width = x.shape[1:3]
        margins = [int(size / 8 + 0.5) for size in (height, width)]
        x = tf.pad(x, [[0, 0], *([m, m] for m in margins), [0, 0]], constant_values=fill)
        rows, columns = (1, height, margins[0], down), (2, width, margins[1], right)
        for axis, size, margin, offset in (rows, columns):
            places = tf.range(size)[None] + margin - offset[:, None]  # (B, size)
            x = tf.gather(x, places, axis=axis, batch_dims=1)
        return x, lambda slope: _moved(slope, -down, -right, fill=0.0)

    return move(x)


def _cutout(x, u_row, u_column, *_):
    """Replaces a square of half the sides by `FILL`; its middle is anywhere, so edges may crop it."""
    rows, columns = _inside(x.shape[1], u_row), _inside(x.shape[2], u_column)
    inside = (rows[:, :, None] & columns[:, None, :])[..., None]  # (B, H, W, 1)
    return tf.where(inside, tf.cast(FILL, x.dtype), x)


def _inside(size, u):
    """Whether each place of a side lies in the part cut out: bool `(batch, size)`."""
    cut = int(size / 2 + 0.5)
    first = _integer(u, size + 1 - cut % 2)[:, None] - cut // 2  # (B, 1)
    places = tf.range(size)[None]
    return (places >= first) & (places < first + cut)


def _integer(u, count):
    """Uniform integers 0 ... count - 1, int32 `(batch,)`."""
    return tf.cast(tf.floor(tf.reshape(u, [-1]) * count), tf.int32)  # (B,)


TRANSFORMS = {
    "flip": _flip,
    "rotate90": _rotate90,
    "color": _color,
    "translation": _translation,
    "cutout": _cutout,
}
