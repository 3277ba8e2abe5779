"""What the recipes of the convolutional families share: one builder, one set of settings."""

from tfgan.cgan import CGAN
from tfgan.errors import InputError
from tfgan.gan import GAN
from tfgan.networks import FAMILIES
from tfgan.recipes.compiling import compile_with_adam
from tfgan.recipes.settings import TRAINING

# Options of the networks besides widths: whose they are. None leaves each family its own default.
_OPTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "generator": {
        "upsample": ("dcgan",),
        "kernel_size": ("dcgan",),
        "separable": ("dcgan",),
        "blocks": ("r3gan",),
        "expansion": ("r3gan",),
        "groups": ("r3gan",),
    },
    "discriminator": {
        "batch_norm": ("dcgan",),
        "minibatch_stddev": ("dcgan",),
        "dropout": ("dcgan",),
        "spectral_norm": ("dcgan", "resnet"),
        "kernel_size": ("dcgan",),
        "separable": ("dcgan",),
        "blocks": ("r3gan",),
        "expansion": ("r3gan",),
        "groups": ("r3gan",),
    },
}

SETTINGS = {
    "seed": 1,
    "batch_size": 64,
    "network": "dcgan",
    "latent_dim": 100,
    "channels": 32,
    "max_channels": 256,
    "conditional": False,
    "conditioning": "projection",
    "mismatched": False,
    **{name: None for options in _OPTIONS.values() for name in options},
    "noise": "normal",
    "learning_rate": 2e-4,
    "g_rate": 1.0,
    "beta_1": 0.5,
    "beta_2": 0.999,
    "anneal": True,
    "loss": "non_saturating",
    "update": "alternating",
    "d_steps": 1,
    "ema_decay": 0.999,
    **TRAINING,
}


def build(data, settings, steps_per_epoch):
    """Makes the compiled GAN, or CGAN where the setting `conditional` is True and the data has labels.

    Raises:
        InputError: for an unknown family, or an option that goes with another one.
    """
    name = settings["network"]
    if name not in FAMILIES:
        raise InputError(f"network must be one of {', '.join(FAMILIES)}, got {name!r}.")
    family = FAMILIES[name]
    condition = data.condition if settings["conditional"] else None
    if condition is None and settings["mismatched"]:
        raise InputError(
            "mismatched=true goes with conditional=true and data with labels: leave it out."
        )
    shared = {
        "condition": condition,
        "channels": settings["channels"],
        "max_channels": settings["max_channels"],
    }
    generator = family.Generator(
        data.image_shape,
        latent_dim=settings["latent_dim"],
        **shared,
        **_options("generator", settings),
    )
    discriminator = family.Discriminator(
        data.image_shape,
        conditioning=settings["conditioning"],
        **shared,
        **_options("discriminator", settings),
    )
    model = GAN if condition is None else CGAN
    gan = model(generator, discriminator, noise=settings["noise"], seed=settings["seed"])
    mismatched = condition is not None and settings["mismatched"]
    return compile_with_adam(gan, settings, steps_per_epoch, mismatched=mismatched)


def _options(player, settings):
    name = settings["network"]
    found = {}
    for option, families in _OPTIONS[player].items():
        if settings[option] is None:
            continue
        if name not in families:
            raise InputError(
                f"{option}={settings[option]} goes with {' or '.join(families)}, not with {name}: "
                "leave it out."
            )
        found[option] = settings[option]
    return found
