"""What an exported generator takes and gives, by name.

serving_default  latents [, condition] -> images   float32, [0, 1]
uint8            latents [, condition] -> pixels   uint8, 0 to 255
sample           seeds [, condition] -> images     the image of a seed, latents drawn inside
sample_png       seeds [, condition] -> image_bytes  the same, as PNG files

`latents` float32 `(batch, latent_dim)`; `seeds` int64 `(batch,)`; `condition` int32 `(batch,)` for
labels, `(batch, num_labels)` of 0 and 1 for several at once, float32 `(batch, dim)` for vectors.
`images` and `pixels` are `(batch, H, W, C)`. A server's graph takes no more than `max_batch` rows at
once, so that no single request can take all its memory.
"""

import math

import tensorflow as tf

from tfgan import latents as priors
from tfgan import steps
from tfgan.errors import InputError

DEFAULT = "serving_default"
BOTH = "images_and_pixels"  # of formats that have one signature
BY_SEED = ("sample", "sample_png")
_PNG_CHANNELS = (1, 3, 4)  # 2 would be grey and transparency
LEAST_BATCH = 32  # rows that the comparison with Keras asks for at once
_MOST_ROWS, _LEAST_ROWS = 4_096, 64
_MOST_VALUES = 2**23  # of images at once: 32 MB of float32


def of_images(gan):
    """The signatures that a server offers of this GAN: pixels only of what makes images."""
    names = [DEFAULT, "sample"]
    if not gan.unbounded and len(gan.image_shape) == 3:
        names.insert(1, "uint8")
        if gan.image_shape[-1] in _PNG_CHANNELS:
            names.append("sample_png")
    return tuple(names)


def checked_max_batch(max_batch, image_shape):
    """How many rows a request may have; None chooses by the images' size.

    4,096, or as many images as have 8 million values, but at least 64.

    Raises:
        InputError: if it is no integer of at least 32.
    """
    if max_batch is None:
        return min(_MOST_ROWS, max(_LEAST_ROWS, _MOST_VALUES // math.prod(image_shape)))
    if (
        isinstance(max_batch, bool)
        or not isinstance(max_batch, int)
        or not LEAST_BATCH <= max_batch < 2**31
    ):
        raise InputError(
            f"max_batch must be an integer of at least {LEAST_BATCH}, or None, got {max_batch!r}."
        )
    return max_batch


def module(gan, *, names=(DEFAULT,), batch=None, guard="assert", max_batch=None):
    """Wraps the generator, in inference mode, with its named signatures.

    Args:
        gan: `tfgan.GAN` or `tfgan.CGAN`.
        names: which signatures.
        batch: int for a fixed batch, None for any.
        guard: how the graph fails at labels out of range: "assert", which says what is wrong, also of
            numbers that are not finite; or "gather", by ops that LiteRT and ONNX have.
        max_batch: int or None. With "assert": how many rows a graph takes before it fails.

    Returns:
        (`tf.Module` that holds the weights once, dict of signatures).
    """
    wrapped = tf.Module()
    wrapped.generator_weights = [variable.value for variable in gan.sampler.variables]
    options = {"batch": batch, "guard": guard, "max_batch": max_batch}
    functions = {name: function(gan, name, **options) for name in names}
    return wrapped, {name: f.get_concrete_function() for name, f in functions.items()}


def function(gan, name, *, batch=None, guard="assert", max_batch=None):
    """Returns a signature as a `tf.function`; the arguments as for `module`."""
    if name in BY_SEED:
        first = tf.TensorSpec((batch,), tf.int64, name="seeds")
    else:
        first = tf.TensorSpec((batch, gan.latent_dim), tf.float32, name="latents")
    specs = [first]
    if gan.conditional:
        example = gan.example_condition(1)
        specs.append(tf.TensorSpec((batch, *example.shape[1:]), example.dtype, name="condition"))

    def images_of(given, condition):
        if guard == "assert":
            given, condition = _counted(given, condition, max_batch)
        if condition is not None and gan.condition is not None:
            condition = gan.condition.guard(condition, guard)
        if name in BY_SEED:
            latents = _latents_of(gan, given)
        elif guard == "assert":
            latents = tf.debugging.check_numerics(given, "latents must be finite")
        else:
            latents = given
        return tf.cast(gan.generate(latents, condition, training=False), tf.float32)

    def call(given, condition=None):
        return _OUTPUTS[name](images_of(given, condition))

    # The arguments' names are those of the inputs.
    if name in BY_SEED:

        @tf.function(input_signature=specs, autograph=False)
        def signature(seeds, condition=None):
            return call(seeds, condition)

    else:

        @tf.function(input_signature=specs, autograph=False)
        def signature(latents, condition=None):
            return call(latents, condition)

    return signature


def _counted(given, condition, most):
    """Both inputs, in a graph that fails before any work where rows are too many, or do not pair."""
    rows = tf.shape(given)[0]
    right = []
    if most is not None:
        said = [f"a request may have at most {most} rows, send fewer at a time; got", rows]
        right.append(tf.debugging.Assert(rows <= most, said))
    if condition is None:
        with tf.control_dependencies(right):
            return tf.identity(given), None
    conditions = tf.shape(condition)[0]
    # Unchecked, one condition could serve all rows, where a network adds the two up.
    said = ["a request needs a condition a row, got rows and conditions:", rows, conditions]
    right.append(tf.debugging.Assert(rows == conditions, said))
    with tf.control_dependencies(right):
        return tf.identity(given), tf.identity(condition)


def _latents_of(gan, seeds):
    """The latents of `gan.draw_latents(1, seed=s)` for each seed: no row depends on another."""
    return priors.by_row(gan.noise, seeds, steps.SAMPLE_STREAM, gan.latent_dim)  # (batch, latent_dim)


def pixels(images):
    """uint8 of float images in [0, 1], rounded."""
    # Clipped as integers, and the images used twice: else LiteRT's converter gives the images a wrong
    # scale in int8, that of what is made of them.
    whole = tf.cast(256 * images + 0.5 - images, tf.int32)
    return tf.cast(tf.clip_by_value(whole, 0, 255), tf.uint8)


def _png(images):
    return {
        "image_bytes": tf.io.encode_png(pixels(images))
    }  # (batch,); the ending makes servers answer in base64


_OUTPUTS = {
    DEFAULT: lambda images: {"images": images},
    BOTH: lambda images: {"images": images, "pixels": pixels(images)},
    "uint8": lambda images: {"pixels": pixels(images)},
    "sample": lambda images: {"images": images},
    "sample_png": _png,
}
