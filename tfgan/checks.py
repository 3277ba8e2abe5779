"""What is looked at before a GAN is built or compiled, each mistake in one line."""

import numbers
import warnings

import keras
import numpy as np
import tensorflow as tf

from tfgan.errors import InputError, shortened

UPDATES = ("alternating", "simultaneous")


def check_networks(generator, discriminator):
    """Refuses what is no Keras layer, such as a class or a function, and networks in wrong order.

    Warns in one line of a discriminator that ends with a sigmoid.
    """
    for name, network in (("generator", generator), ("discriminator", discriminator)):
        if not isinstance(network, keras.Layer):
            raise InputError(f"the {name} must be a Keras model, got {network!r}: build one first.")
    makes, takes = (_output_shape(network) for network in (generator, discriminator))
    if makes[1:] == (1,) and len(takes) == 4:
        raise InputError(
            f"the generator returns {makes} and the discriminator images {takes}: give the generator "
            "first."
        )
    last = (getattr(discriminator, "layers", None) or [None])[-1]
    if getattr(last, "activation", None) is keras.activations.sigmoid:
        warnings.warn(
            "the discriminator ends with a sigmoid, where logits are expected, which losses take the "
            "sigmoid of: leave it out.",
            stacklevel=3,
        )


def _output_shape(network):
    """The shape of what a network returns, with None for open sides; () where it tells none."""
    shape = getattr(network, "output_shape", None)
    is_one = isinstance(shape, tuple) and all(side is None or isinstance(side, int) for side in shape)
    return shape if is_one else ()


def check_compiled(model):
    """Refuses what was not told how to train."""
    if not model.compiled:
        raise InputError(f"this {type(model).__name__} is not compiled: call its compile() first.")


def check_compile(g_optimizer, d_optimizer, update, d_steps):
    """Refuses what does not go together in `GAN.compile`."""
    check_choice("update", update, UPDATES)
    at_least_one("d_steps", d_steps)
    if update == "simultaneous" and d_steps != 1:
        raise InputError(
            f"update='simultaneous' takes one step of each player, got d_steps={d_steps}: "
            "use update='alternating'."
        )
    if isinstance(g_optimizer, keras.optimizers.Optimizer) and g_optimizer is d_optimizer:
        raise InputError(
            "g_optimizer and d_optimizer are one object: give each network its own instance."
        )


def check_steps_per_execution(value):
    """Refuses what is no number of steps, nor "auto"."""
    if value != "auto":
        at_least_one("steps_per_execution", value)


def check_choice(name, value, choices):
    """Refuses a value that is none of the choices."""
    if not any(value is choice or (value == choice and isinstance(value, str)) for choice in choices):
        raise InputError(f"{name} must be one of {', '.join(map(str, choices))}, got {value!r}.")


def at_least_one(name, value):
    """Returns a count; refuses what is no integer of at least 1."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < 1:
        raise InputError(f"{name} must be an integer of at least 1, got {value!r}.")
    return int(value)


def check_initial_step(value, steps):
    """Refuses what is no number of batches done of an epoch of `steps`, or of unknown length (None)."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < 0 or (steps is not None and value > steps):
        most = "" if steps is None else f" and at most {steps}, the batches of an epoch"
        raise InputError(f"initial_step must be an integer of at least 0{most}, got {value!r}.")


def at_least_zero(name, value):
    """Returns a number as a float; refuses what is none of at least 0."""
    if not _is_number(value) or not 0 <= value < float("inf"):
        raise InputError(f"{name} must be a number of at least 0, got {value!r}.")
    return float(value)


def at_least_zero_or_schedule(name, value):
    """Returns a number as a float, or a Keras schedule; refuses all else, and numbers below 0."""
    if isinstance(value, keras.optimizers.schedules.LearningRateSchedule):
        return value
    if not _is_number(value) or not 0 <= value < float("inf"):
        raise InputError(f"{name} must be a number of at least 0 or a Keras schedule, got {value!r}.")
    return float(value)


def check_mismatched(gan, mismatched):
    """Refuses mismatched pairs where there are no conditions to mix up."""
    check_choice("mismatched", mismatched, (True, False))
    if not mismatched:
        return
    if gan.condition is None or getattr(gan.condition, "num_classes", 2) < 2:
        raise InputError(
            "mismatched=True needs a CGAN with labels of at least 2 classes, or conditions of another "
            f"kind, got {gan.condition or 'none'}: leave it out."
        )


def samplewise(gan):
    """Tells whether each logit depends on its own image only, and the network's losses on none.

    Tried, since networks are anybody's: in training mode on random images, with weights moved a little
    so that a layer that starts at zero hides nothing. Everything is put back.
    """
    network = gan.discriminator
    before = [(v, tf.identity(v.value)) for v in network.variables]
    for number, variable in enumerate(network.trainable_variables):
        noise = tf.random.stateless_normal(variable.shape, (3, number), 0.0, 0.1, alg="philox")
        variable.assign_add(tf.cast(noise, variable.dtype))
    images = tf.random.stateless_uniform((4, *gan.image_shape), (1, 2), alg="philox")
    images = tf.cast(images, gan.compute_dtype)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(images)
        logits = tf.unstack(gan.discriminate(images, gan.example_condition(4), training=True))
        own_losses = network.losses
    # (logit, image): whether any pixel of the image moves the logit
    moves = np.array([_any_by_image(tape.gradient(logit, images)) for logit in logits])
    of_losses = [tape.gradient(loss, images) for loss in own_losses]
    for variable, value in before:
        variable.assign(value)
    alone = moves.diagonal().any() and not moves[~np.eye(4, dtype=bool)].any()
    return bool(alone) and all(slope is None for slope in of_losses)


def _any_by_image(gradient):
    if gradient is None:
        return np.zeros(4, bool)
    return np.asarray(gradient).reshape(4, -1).any(axis=1)  # (B,)


def check_supports_jit(model):
    """Refuses XLA for layers that say they cannot be compiled by it.

    Raises:
        InputError: naming them.
    """
    names = [layer.name for layer in model._flatten_layers() if not layer.supports_jit]
    if names:
        raise InputError(f"XLA cannot compile {', '.join(names)}: use jit_compile='auto' or False.")


def check_auxiliary(condition, shape):
    """Refuses a discriminator's second output of 2 images that is no classifier of their conditions."""
    if condition is None or shape != (2, condition.dim):
        wanted = "none, without a condition" if condition is None else f"(batch, {condition.dim})"
        raise InputError(
            f"the discriminator's second output must be {wanted}, got (batch, "
            f"{', '.join(map(str, shape[1:]))}): it classifies the condition of each image."
        )


def computes_in_half(*networks):
    """Whether any layer of the networks computes in float16, whose gradients need a scaled loss."""
    return any(
        layer.compute_dtype == "float16" for network in networks for layer in network._flatten_layers()
    )


def check_seed(seed):
    """Returns a seed as an int.

    Raises:
        InputError: if it is no integer from 0 to 2**63 - 1.
    """
    whole = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)
    if not whole or not 0 <= seed < 2**63:
        raise InputError(f"seed must be a whole number from 0 to 2**63 - 1, got {seed!r}.")
    return int(seed)


def check_samples(count):
    """Returns a number of samples; refuses what is no integer of at least 1."""
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
        raise InputError(f"the number of samples must be a positive integer, got {count!r}.")
    return int(count)


def check_truncation(truncation):
    """Refuses what is no number in (0, 1]."""
    if not _is_number(truncation) or not 0 < truncation <= 1:
        raise InputError(f"truncation must lie above 0 and be at most 1, got {truncation!r}.")


def _is_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def find_latent_dim(generator, latent_dim):
    """Returns the width of the generator's latents.

    Args:
        generator: Keras model.
        latent_dim: int, or None to ask the generator.

    Raises:
        InputError: if nobody knows it.
    """
    if latent_dim is None:
        latent_dim = getattr(generator, "latent_dim", None)
    if latent_dim is None:
        inputs = getattr(generator, "inputs", None)
        if inputs:
            latent_dim = inputs[0].shape[-1]
    if latent_dim is None:
        raise InputError(
            f"latent_dim of {generator.name!r} is unknown: pass latent_dim=... to the GAN, "
            "or give the generator an attribute of that name."
        )
    return int(latent_dim)


def known_image_shape(discriminator):
    """Returns the image shape the discriminator was made for, or None where it does not tell."""
    shape = getattr(discriminator, "image_shape", None)
    if shape is None and getattr(discriminator, "inputs", None):
        shape = discriminator.inputs[0].shape[1:]
    return None if shape is None or None in tuple(shape) else tuple(shape)


def zeros_for_second_input(generator, count):
    """Zeros of the shape and dtype of the second input of a functional generator.

    Raises:
        InputError: if the generator does not tell.
    """
    inputs = getattr(generator, "inputs", None)
    if not inputs or len(inputs) != 2:
        raise InputError(
            f"the condition of {generator.name!r} is unknown: pass condition="
            "tfgan.conditions.Labels(num_classes) or Vector(dim) to the CGAN, or build the generator "
            "as a Keras functional model of two inputs, [latents, condition]."
        )
    return tf.zeros((count, *inputs[1].shape[1:]), inputs[1].dtype)


def run_network(name, call, inputs, *, most=1):
    """Calls a network on example inputs; a failure becomes one line that names both.

    It may return one tensor, or a tuple of two to `most` of them.
    """
    try:
        output = call()
    except InputError:
        raise
    except Exception as error:  # whatever a user's network raises
        raise InputError(
            f"the {name} does not take {inputs}: {type(error).__name__}: {shortened(error, 300)}"
        ) from error
    tensors = output if isinstance(output, (tuple, list)) and 1 < len(output) <= most else [output]
    if not all(hasattr(tensor, "shape") for tensor in tensors):
        raise InputError(f"the {name} must return one tensor, got {type(output).__name__}.")
    return output


def is_unbounded(generator):
    """Whether a generator says, by `value_range = None`, that its samples are no images in [0, 1]."""
    return getattr(generator, "value_range", (0, 1)) is None


def warn_if_out_of_range(images):
    """Warns in one line if generated images leave [0, 1], the range of the data."""
    low, high = float(np.min(images)), float(np.max(images))
    if low < 0 or high > 1:
        warnings.warn(
            f"the generator makes values in [{low:.3g}, {high:.3g}], images are in [0, 1]: "
            "end it with a sigmoid, or rescale inside it.",
            stacklevel=3,
        )
