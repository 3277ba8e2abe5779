"""What a recipe is, and how its settings are overridden."""

import contextlib
import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import keras

from tfgan import checks, penalties
from tfgan.baselines.stacked import Stacked
from tfgan.errors import InputError, suggestion
from tfgan.optimizers import published_sgd
from tfgan.penalties import PENALTIES
from tfgan.shown import Adaptive

# How steps are executed: settings of `GAN.compile` that all recipes share. XLA by name, not "auto", so
# that a seed gives one result; K changes no number, but callbacks see every K-th step only.
EXECUTION = {"jit_compile": True, "steps_per_execution": "auto", "matmul_precision": "float32"}

_WRITTEN = {
    "sample_steps": None,  # steps between further pictures
    "checkpoint_seconds": None,  # between checkpoints; None is 30, or more of large models
    "checkpoint_steps": None,  # between further ones
    "checkpoints": 3,  # that are kept
}

# What `GAN.compile`, the optimizers and the networks can be told besides, all of it off.
TRAINING = {
    "label_smoothing": 0.0,
    "instance_noise": 0.0,  # at the start; falls to 0 linearly
    "augment": "",
    "augment_strength": 1.0,
    "ada_images": 500_000,
    **dict.fromkeys(PENALTIES, 0.0),
    "penalty_every": 1,
    "penalty_end": 1.0,  # what is left of the penalties' weights at the end
    "auxiliary_weight": 1.0,
    "clipnorm": 0.0,  # of all gradients of a network together
    "accumulate": 1,  # batches whose gradients make one step
    "precision": "float32",
    "synchronized": True,  # whether batch statistics are of all replicas, where there are several
    "stop_when_won": False,  # whether training ends where the discriminator has won
    **_WRITTEN,
    **EXECUTION,
}

# The same, of baselines: no game is played, and what is drawn comes of chains.
CHAIN = {"chains": 100, "burn_in": 1000, "thin": 1, **_WRITTEN, **EXECUTION}

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")  # what networks compute in

_OPEN = {  # kinds of settings whose default is None, which leaves them to the network or the data
    "upsample": str,
    "kernel_size": int,
    "separable": bool,
    "batch_norm": bool,
    "spectral_norm": bool,
    "minibatch_stddev": bool,
    "dropout": float,
    "blocks": int,
    "expansion": int,
    "groups": int,
    "sample_steps": int,
    "checkpoint_seconds": float,
    "checkpoint_steps": int,
    "image_size": int,
}

# Settings that change nothing of what is learnt: a run that goes on may have others.
RECOVERY = ("checkpoint_seconds", "checkpoint_steps", "checkpoints")

# Settings that say nothing without others: what these are, and whether they are there.
_NEEDS = {
    **dict.fromkeys(
        ("penalty_every", "penalty_end"),
        (" or ".join(PENALTIES), lambda settings: any(settings[name] for name in PENALTIES)),
    ),
    "augment_strength": ("augment", lambda settings: settings["augment"]),
    "ada_images": (
        "augment_strength=adaptive",
        lambda settings: settings["augment_strength"] == "adaptive",
    ),
    "auxiliary_weight": (
        "conditioning=auxiliary",
        lambda settings: settings.get("conditioning") == "auxiliary",
    ),
    "conditioning": ("conditional=true", lambda settings: settings["conditional"]),
}

# See `_most`. Weights are looked at besides, as they are made: `tfgan.weights`.
_MOST = {
    **dict.fromkeys(("units", "channels", "max_channels", "latent_dim"), 2**16),
    **dict.fromkeys(("blocks", "expansion", "groups", "kernel_size", "d_steps"), 1000),
    **dict.fromkeys(("layers", "cd_steps", "walkbacks"), 100),
    **dict.fromkeys(("chains", "burn_in", "thin"), 100_000),
    "steps_per_execution": 10_000,
}
_LARGEST = 3.4028234663852886e38  # of float32, in which all is computed

_AUTO = {  # what else they may be
    "jit_compile": (bool, "auto"),
    "steps_per_execution": (int, "auto"),
    "augment_strength": (float, "adaptive"),
}


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A named experiment.

    Attributes:
        name: what the command line calls it.
        reproduces: one line.
        data: the default data source, see `tfgan.data.load`.
        time: of the whole run, with the machine.
        score: expected, with its protocol.
        settings: every number a user may override, with its default. Always `seed`, `epochs`,
            `batch_size`, those of `TRAINING` (of a baseline, of `CHAIN`) and `sample_every` (epochs
            between pictures).
        build: `(data, settings, steps_per_epoch) -> compiled GAN`, or baseline; the steps are the
            discriminator's, the generator makes one every `d_steps` of them. With `pretraining` it
            takes `pretrained=` too: the generator of that run, or None for a fresh one.
        conditional: whether the data needs labels; None takes them where there are any.
        tags: whether the data is features with tags, not images; see `tfgan.data.tags`.
        best_by_parzen: whether the model of the best validation Parzen log-likelihood is kept,
            measured 20 times a run, instead of the last.
        least_steps: discriminator steps that a run makes at least, on however few images, unless
            its epochs are given.
        choose: `(data) -> dict` of settings that go with the data's size and number, where they are not
            asked for; or None.
        largest_side: pixels a side that square images get at most, where no `image_size` is asked
            for: as many as the source's have, if these are fewer. None keeps their shape.
        baseline: whether it trains a model of `tfgan.baselines`, and no GAN.
        pretraining: name of the recipe that a run trains first, in its folder `pretraining`, on the
            same data and for `pretraining_epochs` (a setting); settings of one name have one value.
    """

    name: str
    reproduces: str
    data: str
    time: str
    score: str
    settings: Mapping[str, Any]
    build: Callable
    conditional: bool | None = False
    tags: bool = False
    best_by_parzen: bool = False
    least_steps: int = 0
    choose: Callable | None = None
    largest_side: int | None = None
    baseline: bool = False
    pretraining: str | None = None


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


def compile_baseline(model, settings, steps_per_epoch, *, optimizer, **options):
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


def get(name, recipes):
    """Returns the recipe of that name.

    Raises:
        InputError: if there is none.
    """
    if name not in recipes:
        raise InputError(f"no recipe is called {name!r}: {suggestion(name, recipes)}")
    return recipes[name]


def override(settings, changes, *, defaults=None):
    """Returns settings with some values replaced.

    Args:
        settings: dict.
        changes: strings `key=value`, the value as JSON or as a bare word.
        defaults: dict of the settings' defaults, where they are others.

    Raises:
        InputError: for an unknown key, a value of another type than the default's, or one that says
            nothing without another setting.
    """
    result, defaults = dict(settings), defaults or settings
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals:
            raise InputError(f"--set takes key=value, got {change[:60]!r}.")
        if key not in settings:
            raise InputError(f"no setting is called {key[:60]!r}: {suggestion(key[:60], settings)}")
        result[key] = _parse(key, text, defaults[key])
    _check(result)
    for key in result.keys() & _NEEDS.keys():
        others, there = _NEEDS[key]
        if result[key] != defaults[key] and not there(result):
            raise InputError(f"{key}={result[key]} says nothing without {others}: set that, too.")
    return result


def recorded(settings, found):
    """Returns settings as a run kept them: those of another version of tfgan stay as they are.

    Args:
        settings: dict of defaults.
        found: dict of what was kept.

    Raises:
        InputError: for a value of another type than the default's, or out of range.
    """
    known = {key: _parse(key, json.dumps(found[key]), settings[key]) for key in settings.keys() & found}
    result = {**settings, **found, **known}
    _check({key: result[key] for key in settings})
    return result


def _parse(key, text, default):
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # no JSON; more digits, or brackets, than Python reads
        value = text
    kind, word = _AUTO.get(key, (type(default), None))
    if default is None:
        if key not in _OPEN or value is None:
            return value
        kind = _OPEN[key]
    if word is not None and value == word:
        return value
    if kind is float and not isinstance(value, bool):
        with contextlib.suppress(ValueError, TypeError, OverflowError):  # .5 and 1. are no JSON
            value = float(value)
    if type(value) is not kind:
        values = f"{kind.__name__} values"
        if default is not None:
            values += f" such as {default!r}"
        if word is not None:
            values = f"{kind.__name__} values or {word}"
        raise InputError(f"{key} takes {values}, got {text[:60]!r}.")
    return value


def _most(key):
    """What a whole number is at most: of larger ones networks take for ever, or all memory."""
    return _MOST["units"] if key.endswith("_units") else _MOST.get(key, 2**31)


def _check(settings):
    for key, value in settings.items():
        if type(value) is int and value < (0 if key == "seed" else 1):
            raise InputError(f"{key} must be at least {0 if key == 'seed' else 1}, got {value}.")
        if type(value) is int and value >= 2**31:
            raise InputError(f"{key} must be below 2**31, got {value}.")
        most = _most(key)
        if type(value) is int and value > most:
            raise InputError(f"{key} must be at most {most}, got {value}.")
        if value is None:
            continue
        if key.endswith(("dropout", "ema_decay", "beta_1", "beta_2")) and not 0 <= value < 1:
            raise InputError(f"{key} must lie in [0, 1), got {value}.")
        if key == "penalty_end" and not 0 <= value <= 1:
            raise InputError(f"penalty_end must lie in [0, 1], got {value}.")
        if key == "decay" and not 1 <= value < 2:
            raise InputError(f"decay, a step's divisor of the rate, must lie in [1, 2), got {value}.")
        if key.endswith(("rate", "limit", "_seconds")) and not 0 < value < float("inf"):
            raise InputError(f"{key} must be a positive number, got {value}.")
        if key == "clipnorm" and not 0 <= value < float("inf"):
            raise InputError(f"clipnorm must be a number of at least 0, got {value}.")
        if key == "precision" and value not in PRECISIONS:
            raise InputError(f"precision must be one of {', '.join(PRECISIONS)}, got {value!r}.")
        if type(value) is float and not abs(value) <= _LARGEST:  # nor is NaN
            raise InputError(f"{key} must be a number that float32 holds, up to 3.4e38, got {value}.")
