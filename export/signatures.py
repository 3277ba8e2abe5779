"""What an exported generator takes and gives, by name."""

import tensorflow as tf

DEFAULT = "serving_default"


def module(gan, *, batch=None):
    """Wraps the generator, in inference mode, with its named signature.

    Args:
        gan: `tfgan.GAN` or `tfgan.CGAN`.
        batch: int for a fixed batch, None for any.

    Returns:
        (`tf.Module` that holds the weights once, dict of signatures). `serving_default` takes
        `latents` float32 `(batch, latent_dim)` and, from a CGAN, `condition` (int32 `(batch,)` for
        labels, float32 `(batch, dim)` for vectors), and gives `images` float32 `(batch, H, W, C)` in
        [0, 1], or whatever else the generator makes.
    """
    wrapped = tf.Module()
    wrapped.generator_weights = [variable.value for variable in gan.sampler.variables]
    specs = [tf.TensorSpec((batch, gan.latent_dim), tf.float32, name="latents")]
    if gan.conditional:
        example = gan.example_condition(1)
        specs.append(tf.TensorSpec((batch, *example.shape[1:]), example.dtype, name="condition"))

    @tf.function(input_signature=specs, autograph=False)
    def serving_default(latents, condition=None):
        images = gan.generate(latents, condition, training=False)
        return {"images": tf.cast(images, tf.float32)}

    wrapped.serving_default = serving_default
    return wrapped, {DEFAULT: serving_default.get_concrete_function()}
