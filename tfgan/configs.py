"""What a run will do, is doing or did: `config.json`, before, in and after a run directory."""

import datetime
import importlib.metadata
import os
import platform
from pathlib import Path

from tfgan import recipes, recorded
from tfgan.errors import InputError
from tfgan.files import write_json

FORMAT = recorded.FORMAT
# Where a recipe now has another value than runs had before there was the setting.
_BEFORE = {"standardize": False}


def plan(recipe_name, *, source=None, data_dir=None, epochs=None, changes=()):
    """Resolves what a run will do, without doing it.

    Args:
        recipe_name: str, see `tfgan.recipes.RECIPES`.
        source: data source, or None for the recipe's.
        data_dir: folder of TFDS data sets, or None.
        epochs: int or None, short for the change `epochs=N`.
        changes: strings `key=value`. Besides the recipe's settings, `image_size` resizes images.

    Returns:
        dict: `config.json` as far as it is known before the data is read.

    Raises:
        InputError: for an unknown recipe, setting or value.
    """
    recipe = recipes.get(recipe_name, recipes.RECIPES)
    changes = [*changes, *([] if epochs is None else [f"epochs={epochs}"])]
    settings = recipes.override({"image_size": None, **recipe.settings}, changes)
    size = settings["image_size"]
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
        raise InputError(f"image_size must be a positive number of pixels, got {size!r}.")
    if source is None and not recipe.data:
        raise InputError(f"{recipe.name} is for images of yours: give --data, such as folder:DIR.")
    return {
        "format": FORMAT,
        "recipe": recipe.name,
        "data": absolute(recipe.data if source is None else source),
        "data_dir": _real(data_dir) if data_dir else None,
        "settings": settings,
        "overrides": list(changes),
        "versions": versions(),
    }


def pretraining(config):
    """Returns the config of the run that comes first, of the recipe's `pretraining`.

    It has the same data, and the same values of settings that both recipes have, but for the epochs.
    """
    recipe = recipes.get(recipes.RECIPES[config["recipe"]].pretraining, recipes.RECIPES)
    settings = {"image_size": None, **recipe.settings}
    settings |= {key: config["settings"][key] for key in settings}
    epochs = config["settings"]["pretraining_epochs"]
    return {
        **{key: config[key] for key in ("format", "data", "data_dir", "versions")},
        "recipe": recipe.name,
        "settings": {**settings, "epochs": epochs},
        "overrides": [f"epochs={epochs}"],
    }


def absolute(source):
    """A source whose relative path holds from any working directory."""
    kind, colon, path = source.partition(":")
    if kind == "stacked":
        return kind + colon + absolute(path)
    if kind in ("folder", "npz", "idx", "tfd") and path:
        return kind + colon + _real(path)
    return source


def _real(path):
    """An absolute path without links, as far as they lead somewhere: `Path.resolve` fails at loops."""
    if "\0" in str(path):
        raise InputError(f"{path} is no path: it has a byte 0.")
    return os.path.realpath(os.path.expanduser(path))


def check_free(path):
    """Refuses a path that holds something already.

    Raises:
        InputError: if it does.
    """
    path = Path(path)
    taken = path.is_dir() and any(not p.name.startswith(".") for p in path.iterdir())
    if taken or (path.exists() and not path.is_dir()):
        raise InputError(f"{path} exists: add --resume to go on with it, or choose another --out.")


def write_config(path, config, dataset):
    """Writes `config.json`, with what reading the data added."""
    created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    config = {
        "created": created,
        **config,
        "fingerprint": dataset.fingerprint,
        "image_shape": list(dataset.image_shape),
        "class_names": list(dataset.class_names) if dataset.class_names else None,
    }
    write_json(Path(path) / "config.json", config)


def read_config(path):
    """Returns the config of a run directory.

    Raises:
        InputError: if it is none, is damaged, or of a newer version of tfgan.
    """
    file = Path(path) / "config.json"
    if not file.is_file():
        raise InputError(f"{path} is no run directory (no config.json): give what --out named.")
    config = recorded.read_config(file)
    recipe = recipes.RECIPES.get(config.get("recipe"))
    if recipe is not None:  # a run may be older than a setting
        before = {key: value for key, value in _BEFORE.items() if key in recipe.settings}
        defaults = {"image_size": None, **recipe.settings}
        try:
            config["settings"] = recipes.recorded(defaults, {**before, **config["settings"]})
        except InputError as error:
            raise recorded.damaged(file, error) from None
    return config


def resumed_config(path, config):
    """Returns the config of a run to go on with.

    Args:
        path: run directory.
        config: from `plan`; of what it names, only `epochs` may differ from the run's. Rates that are
            annealed over the epochs follow the new number of them.

    Raises:
        InputError: if it asks for another run than this one.
    """
    old = read_config(path)
    asked = {change.partition("=")[0] for change in config["overrides"]}
    wanted = {"recipe": config["recipe"]}
    wanted |= {key: config["settings"][key] for key in asked - {"epochs"}}
    if config["data"] != absolute(recipes.RECIPES[config["recipe"]].data):
        wanted["data"] = config["data"]
    for key, value in wanted.items():
        started_with = {**old, **old["settings"]}[key]
        if value != started_with:
            raise InputError(
                f"{path} was started with {key}={started_with}, not {value}: a run that goes on can "
                "only change its epochs."
            )
    if "epochs" in asked:
        old["settings"]["epochs"] = config["settings"]["epochs"]
        old["overrides"].append(f"epochs={config['settings']['epochs']}")
    return old


def versions():
    """dict: package -> version, of what a result depends on."""
    packages = ("tfgan", "tensorflow", "keras", "numpy")
    found = {"python": platform.python_version()}
    return found | {package: importlib.metadata.version(package) for package in packages}
