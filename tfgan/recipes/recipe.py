"""What a recipe is, and how its settings are overridden."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any

from tfgan.errors import InputError, suggestion
from tfgan.optimizers import published_sgd

# How steps are executed: settings of `GAN.compile` that all recipes share. XLA by name, not "auto", so
# that a seed gives one result; K changes no number.
EXECUTION = {"jit_compile": True, "steps_per_execution": "auto", "matmul_precision": "float32"}

_AUTO = {"jit_compile": bool, "steps_per_execution": int}  # what else they may be


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
            `batch_size`, those of `EXECUTION` and `sample_every` (epochs between pictures).
        build: `(data, settings, steps_per_epoch) -> compiled GAN`; the steps are the
            discriminator's, the generator makes one every `d_steps` of them. With `pretraining` it
            takes `pretrained=` too: the generator of that run, or None for a fresh one.
        conditional: whether the data needs labels.
        tags: whether the data is features with tags, not images; see `tfgan.data.tags`.
        best_by_parzen: whether the model of the best validation Parzen log-likelihood is kept,
            measured 20 times a run, instead of the last.
        least_steps: discriminator steps that a run makes at least, on however few images, unless
            its epochs are given.
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
    conditional: bool = False
    tags: bool = False
    best_by_parzen: bool = False
    least_steps: int = 0
    pretraining: str | None = None


def compile_by(gan, settings, *, g_optimizer, d_optimizer, mismatched=False):
    """Compiles a GAN as its settings say; returns it."""
    names = ("loss", "update", "d_steps", *EXECUTION)
    gan.compile(
        g_optimizer=g_optimizer,
        d_optimizer=d_optimizer,
        ema_decay=settings["ema_decay"] or None,
        mismatched=mismatched,
        **{name: settings[name] for name in names},
    )
    return gan


def compile_as_published(gan, settings, steps_per_epoch, *, learning_rate=0.1, mismatched=False):
    """Compiles a GAN with the optimizers of the 2014 papers (`published_sgd`); returns it."""
    rates = {"decay": settings["decay"], "learning_rate": learning_rate}
    return compile_by(
        gan,
        settings,
        g_optimizer=published_sgd(steps_per_epoch=steps_per_epoch / settings["d_steps"], **rates),
        d_optimizer=published_sgd(steps_per_epoch=steps_per_epoch, **rates),
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


def override(settings, changes):
    """Returns settings with some values replaced.

    Args:
        settings: dict of defaults.
        changes: strings `key=value`, the value as JSON or as a bare word.

    Raises:
        InputError: for an unknown key, or a value of another type than the default's.
    """
    result = dict(settings)
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals:
            raise InputError(f"--set takes key=value, got {change!r}.")
        if key not in settings:
            raise InputError(f"no setting is called {key!r}: {suggestion(key, settings)}")
        result[key] = _parse(key, text, settings[key])
    _check(result)
    return result


def _parse(key, text, default):
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = text
    if default is None or (key in _AUTO and value == "auto"):
        return value
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    wanted = _AUTO.get(key, type(default))
    if type(value) is not wanted:
        kind = f"{wanted.__name__} values such as {default!r}"
        if key in _AUTO:
            kind = f"{wanted.__name__} values or auto"
        raise InputError(f"{key} takes {kind}, got {text!r}.")
    return value


def _check(settings):
    for key, value in settings.items():
        if type(value) is int and value < (0 if key == "seed" else 1):
            raise InputError(f"{key} must be at least {0 if key == 'seed' else 1}, got {value}.")
        if type(value) is int and value >= 2**31:
            raise InputError(f"{key} must be below 2**31, got {value}.")
        if key.endswith(("dropout", "ema_decay", "beta_1")) and not 0 <= value < 1:
            raise InputError(f"{key} must lie in [0, 1), got {value}.")
        if key == "decay" and not 1 <= value < 2:
            raise InputError(f"decay, a step's divisor of the rate, must lie in [1, 2), got {value}.")
        if key.endswith(("rate", "limit")) and not 0 < value < float("inf"):
            raise InputError(f"{key} must be a positive number, got {value}.")
