"""Pictures of images, as grids."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tfgan.conditions import Labels, Mix
from tfgan.errors import InputError, printable
from tfgan.files import replacing
from tfgan.plots.scatter import are_points, points

MAX_ROWS = 25  # classes of a sample grid; more would not be read
MAX_IMAGES = 2_500
_ROWS = 10  # of a GAN without condition, or of conditions drawn as the data have them
_LONGEST_NAME = 24  # letters beside a row of several labels
_MIN_TILE = 56  # pixels: smaller images are drawn enlarged


def save(figure, path):
    """Writes a figure as an image file of the kind its name ends in, whole or not at all.

    Args:
        figure: `matplotlib.figure.Figure`.
        path: file, in a folder that need not exist.

    Raises:
        InputError: if the name ends in no kind that matplotlib writes.
    """
    if Path(path).suffix.lstrip(".").lower() not in figure.canvas.get_supported_filetypes():
        raise InputError(f"the picture's name must end in .png (or another kind), got {path}.")
    with replacing(path) as temporary:
        figure.savefig(temporary)


def tile(images, columns):
    """Lays images side by side, row by row, with a line of white between.

    Args:
        images: float `(n, H, W, C)` in [0, 1], C 1 or 3.
        columns: int.

    Returns:
        float32 `(rows * (H + pad) + pad, columns * (W + pad) + pad, C)`.
    """
    images = np.asarray(images, "float32")
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    pad = max(1, round(max(height, width) / 16))
    canvas = np.ones((rows * (height + pad) + pad, columns * (width + pad) + pad, channels), "float32")
    for i, image in enumerate(images):
        top = pad + (i // columns) * (height + pad)
        left = pad + (i % columns) * (width + pad)
        canvas[top : top + height, left : left + width] = np.clip(image, 0, 1)
    return canvas


def grid(images, *, columns, row_labels=None, framed_column=None):
    """A grid of images, one label beside each row.

    Args:
        images: float `(n, H, W, C)` in [0, 1], C 1 or 3.
        columns: int >= 1.
        row_labels: sequence of str, or None.
        framed_column: int or None. A column to set off by a yellow frame.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        InputError: if the images are not of that shape.
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or not len(images):
        raise InputError(
            f"a grid needs images of shape (n, height, width, 1 or 3), got {images.shape}."
        )
    checked_count(len(images))
    canvas = tile(_enlarged(images), columns)
    height, width = canvas.shape[:2]
    rows = -(-len(images) // columns)
    labels = [str(label) for label in row_labels or ()]
    margin = 0 if not labels else 12 + 9 * max(map(len, labels))  # pixels
    dpi = 100
    figure = Figure(figsize=((width + margin) / dpi, height / dpi), dpi=dpi, facecolor="white")
    axes = figure.add_axes((margin / (width + margin), 0, width / (width + margin), 1))
    axes.imshow(canvas.squeeze(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_axis_off()
    if framed_column is not None:
        step = width / columns
        frame = Rectangle(
            (framed_column * step, 0), step, height, fill=False, color="gold", linewidth=3
        )
        axes.add_patch(frame)
    for row, label in enumerate(labels):
        place = (-6, (row + 0.5) * height / rows)
        axes.text(*place, printable(label), ha="right", va="center", fontsize=11, parse_math=False)
    return figure


def _enlarged(images):
    """Small images, enlarged by a whole factor. Smoothly: blocks of pixels hide what they show."""
    height, width = images.shape[1:3]
    zoom = -(-_MIN_TILE // max(height, width))
    if zoom <= 1:
        return images
    return tf.image.resize(images, (height * zoom, width * zoom), "bicubic").numpy()


def samples(gan, *, conditions=None, count=None, seed=0, class_names=None, **sampling):
    """A grid of samples: a row per condition, or ten in a row where there is none; a scatter of points.

    Args:
        gan: `tfgan.GAN` or `tfgan.CGAN`.
        conditions: one per row; None is every class (the first 25), or ten different ones that the
            training data have of several labels or vectors.
        count: int. Images per condition (10), or in all of a GAN without condition (100; of points,
            whose images have the shape (1, 1, 2), 2,500).
        seed: int. The same seed gives the same picture; every row has latents of its own.
        class_names: names by class, or None.
        **sampling: further arguments of `gan.sample`, such as `truncation`.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        InputError: if the labels do not fit.
    """
    if are_points(gan.image_shape):
        count = checked_count(MAX_IMAGES if count is None else count)
        return points(gan.sample(count, conditions, seed=seed, **sampling))
    if not gan.conditional:
        count = checked_count(100 if count is None else count)
        return grid(gan.sample(count, seed=seed, **sampling), columns=min(count, 10))
    columns = 10 if count is None else count
    conditions = rows_of(gan, conditions, seed=seed)
    checked_count(columns * len(conditions))
    conditions_of_all = np.repeat(conditions, columns, axis=0)
    images = gan.sample(len(conditions_of_all), conditions_of_all, seed=seed, **sampling)
    return grid(images, columns=columns, row_labels=names_of(conditions, class_names))


def interpolation(
    gan, *, conditions=None, count=None, seed=0, class_names=None, truncation=1.0, **making
):
    """Straight lines between two latents, left to right: one per condition, or ten.

    Args:
        gan: `tfgan.GAN` or `tfgan.CGAN`.
        conditions: one per row; None as in `samples`.
        count: int. Images per line (10).
        seed: int.
        class_names: names by class, or None.
        truncation: float in (0, 1], as in `gan.sample`.
        **making: further arguments of `gan.images_of`, such as `ema`.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        InputError: if the labels do not fit.

    Reference:
        Goodfellow et al., 2014, figure 3 (arXiv 1406.2661).
    """
    columns, rows, labels = 10 if count is None else count, _ROWS, None
    if gan.conditional:
        conditions = rows_of(gan, conditions, seed=seed)
        rows, labels = len(conditions), names_of(conditions, class_names)
        conditions = np.repeat(conditions, columns, axis=0)
    checked_count(columns * rows)
    ends = gan.draw_latents(2 * rows, seed=seed, truncation=truncation)
    ends = ends.reshape(2, rows, 1, -1)  # (end, rows, 1, dim)
    t = np.linspace(0, 1, columns, dtype="float32")[None, :, None]
    line = (1 - t) * ends[0] + t * ends[1]  # (rows, columns, dim)
    latents = line.reshape(rows * columns, -1)  # (rows * columns, dim)
    images = gan.images_of(latents, conditions, **making)
    return grid(images, columns=columns, row_labels=labels)


def mixture(gan, first, second, *, rows=5, count=None, seed=0, truncation=1.0, **making):
    """From one condition to another, left to right: the latents of a row are the same.

    Args:
        gan: `tfgan.CGAN`.
        first: one condition, such as a class label.
        second: another.
        rows: int >= 1. Latents.
        count: int. Images per row (10).
        seed: int.
        truncation: float in (0, 1], as in `gan.sample`.
        **making: further arguments of `gan.images_of`, such as `ema`.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        InputError: if the conditions do not fit, or the generator takes no mix.
    """
    columns = 10 if count is None else count
    checked_count(columns * rows)
    weights = np.tile(np.linspace(0, 1, columns), rows)
    conditions = gan.check_condition(columns * rows, Mix(first, second, weights))
    latents = gan.draw_latents(rows, seed=seed, truncation=truncation)
    latents = np.repeat(latents, columns, axis=0)  # (rows * columns, latent_dim)
    return grid(gan.images_of(latents, conditions, **making), columns=columns)


def checked_count(count):
    """Refuses a number of images that no grid holds."""
    if not 1 <= count <= MAX_IMAGES:
        raise InputError(
            f"a grid holds 1 to at most {MAX_IMAGES} images, got {count}: ask for fewer, or for a data "
            "set of them (tfgan sample --format, tfgan.export.dataset)."
        )
    return count


def rows_of(gan, conditions, *, seed=0):
    """The conditions of a grid's rows; None is every class, or some as the training data have them."""
    if conditions is None:
        if gan.condition is None:
            raise InputError("this CGAN does not know its classes: name the conditions to draw.")
        if isinstance(gan.condition, Labels):
            return np.arange(min(gan.condition.num_classes, MAX_ROWS), dtype="int32")
        if not gan.seen_conditions.seen:
            raise InputError(
                f"this CGAN's condition is {gan.condition}, no class: give conditions=..., one per row."
            )
        drawn = gan.check_condition(10 * _ROWS, None, seed=seed)
        _, first = np.unique(drawn, axis=0, return_index=True)
        return drawn[np.sort(first)[:_ROWS]]
    conditions = np.atleast_1d(conditions)
    return gan.check_condition(len(conditions), conditions)


def names_of(conditions, class_names):
    """What is written beside the rows, or None of vectors."""
    count = 1 + int(conditions.max()) if conditions.ndim == 1 else conditions.shape[1]
    if class_names and len(class_names) < count and conditions.dtype.kind != "f":
        raise InputError(f"class_names must be {count} at least, got {len(class_names)}: name all.")
    if conditions.ndim == 1:
        return [class_names[c] if class_names else str(c) for c in conditions]
    if conditions.dtype.kind == "f":
        return None
    names = class_names or [str(label) for label in range(conditions.shape[1])]
    return [_joined([names[label] for label in np.flatnonzero(row)]) for row in conditions]


def _joined(names):
    text = "+".join(names) or "none"
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"
