"""How a recipe compiles its model, as its settings say."""

import math

import keras

from tfgan import checks, penalties
from tfgan.baselines.stacked import Stacked
from tfgan.optimizers import published_sgd
from tfgan.penalties import PENALTIES
from tfgan.recipes.settings import EXECUTION
from tfgan.shown import Adaptive


def compile_by(gan, settings, steps_per_epoch, *, g_optimizer, d_optimizer, mismatched=False):
    """Compiles a GAN as its settings say; returns it."""
    names = ("loss", "update", "d_steps", "label_smoothing", "auxiliary_weight")
    schedules, steps = keras.optimizers.schedules, max(1, settings["epochs"] * steps_per_epoch)
    strength, noise = settings["augment_strength"], settings["instance_noise"]
    if strength == "adaptive":
        strength = Adaptive(images=settings["ada_images"])
    noise = checks.at_least_zero("instance_noise", noise)
    if noise:
        noise = schedules.PolynomialDecay(noise, steps, 0.0)
    weights = penalties.check({name: settings[name] for name in PENALTIES})
    if settings["penalty_end"] != 1:
        part = settings["penalty_end"]
        weights = {
            name: schedules.CosineDecay(weight, steps, alpha=part) for name, weight in weights.items()
        }
    gan.compile(
        g_optimizer=g_optimizer,
        d_optimizer=d_optimizer,
        ema_decay=settings["ema_decay"] or None,
        mismatched=mismatched,
        penalties=weights,
        penalty_every=settings["penalty_every"] if weights else 1,
        instance_noise=noise,
        augment=settings["augment"] or None,
        augment_strength=strength,
        **{name: settings[name] for name in (*names, *EXECUTION)},
    )
    return gan


def optimizer_options(settings):
    """What every optimizer of a run is told: how gradients are clipped and summed up."""
    return {
        "global_clipnorm": settings["clipnorm"] or None,
        "gradient_accumulation_steps": settings["accumulate"] if settings["accumulate"] > 1 else None,
    }


def compile_baseline(model, settings, steps_per_epoch, *, optimizer):
    """Compiles a baseline as its settings say; returns it.

    Args:
        model: of `tfgan.baselines`.
        settings: dict.
        steps_per_epoch: int.
        optimizer: `rate -> optimizer`. The rate falls to 0 along a half cosine over the whole run, in
            a stack from layer to layer: deep belief networks come out far better so than where each
            layer has a fall of its own.
    """
    steps, options = settings["epochs"] * steps_per_epoch, {}
    if isinstance(model, Stacked):
        options["steps_per_layer"] = math.ceil(steps / settings["layers"])
    falling = keras.optimizers.schedules.CosineDecay(settings["learning_rate"], steps)
    execution = {name: settings[name] for name in EXECUTION}
    model.compile(optimizer=optimizer(falling), **execution, **options)
    return model


def baseline_options(settings):
    """What every baseline of a run is told when it is made: its layers, all alike, and its chains."""
    hidden = (settings["units"],) * settings["layers"]
    return {
        "hidden": hidden,
        **{name: settings[name] for name in ("seed", "chains", "burn_in", "thin")},
    }


def compile_as_published(gan, settings, steps_per_epoch, *, learning_rate=0.1, mismatched=False):
    """Compiles a GAN with the optimizers of the 2014 papers (`published_sgd`); returns it."""

    def sgd(steps):
        steps = steps / settings["accumulate"]
        options = optimizer_options(settings)
        return published_sgd(
            decay=settings["decay"], learning_rate=learning_rate, steps_per_epoch=steps, **options
        )

    return compile_by(
        gan,
        settings,
        steps_per_epoch,
        g_optimizer=sgd(steps_per_epoch / settings["d_steps"]),
        d_optimizer=sgd(steps_per_epoch),
        mismatched=mismatched,
    )


def compile_with_adam(gan, settings, steps_per_epoch, *, mismatched=False):
    """Compiles a GAN with Adam; returns it.

    Where the setting `anneal` is not False, the rates fall to 0 along a half cosine: clean last
    samples. The generator's is `g_rate` times the discriminator's, if that is a setting; so with
    `beta_1`, else 0.5, and `beta_2`, else 0.999.
    """

    def adam(steps, times=1.0):
        rate = settings["learning_rate"] * times
        if settings.get("anneal", True):
            # Keras asks schedules by batches, also where several make one step.
            rate = keras.optimizers.schedules.CosineDecay(rate, max(1, steps))
        betas = {name: settings[name] for name in ("beta_1", "beta_2") if name in settings}
        options = optimizer_options(settings)
        return keras.optimizers.Adam(rate, **{"beta_1": 0.5, **betas, **options})

    steps = settings["epochs"] * steps_per_epoch
    return compile_by(
        gan,
        settings,
        steps_per_epoch,
        g_optimizer=adam(steps // settings["d_steps"], settings.get("g_rate", 1.0)),
        d_optimizer=adam(steps),
        mismatched=mismatched,
    )
