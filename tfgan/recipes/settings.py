"""The settings that recipes share, and how settings are overridden."""

import contextlib
import json

from tfgan.errors import InputError, suggestion
from tfgan.penalties import PENALTIES

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
