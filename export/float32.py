"""Generators of mixed precision as float32 ones: what exports compute in."""

import keras

from tfgan.errors import InputError, shortened


def in_float32(gan):
    """Returns the GAN itself, or one of a generator that has its weights and computes in float32.

    Converters know no bfloat16, and runtimes that round differently would hide errors.

    Raises:
        InputError: if the generator cannot be made anew from its configuration.
    """
    network = gan.sampler
    if all(layer.compute_dtype == "float32" for layer in network._flatten_layers()):
        return gan
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")  # what layers inside a layer take
    try:
        twin = _cloned(network)
        for layer in twin._flatten_layers():
            layer.dtype_policy = keras.DTypePolicy("float32")
        same = {"latent_dim": gan.latent_dim, "noise": gan.noise, "seed": gan.seed}
        if gan.conditional:
            same["condition"] = gan.condition
        exported = type(gan)(twin, gan.discriminator, **same)  # which builds it
        if gan.conditional:
            exported.seen_conditions = gan.seen_conditions
        twin.set_weights(network.get_weights())
    except Exception as error:  # whatever a user's network raises
        reason = shortened(error)
        raise InputError(
            f"exports compute in float32, and {network.name!r} cannot be made so anew from its "
            f"get_config() ({type(error).__name__}: {reason}): mend get_config."
        ) from error
    finally:
        keras.config.set_dtype_policy(policy)
    return exported


def _cloned(network):
    if isinstance(network, (keras.Sequential, keras.src.Functional)):
        return keras.models.clone_model(network)
    return type(network).from_config(network.get_config())
