"""What a run will do, is doing or did: `config.json`, before, in and after a run directory."""

import datetime
import importlib.metadata
import json
import os
import platform
import re
from pathlib import Path

from tfgan import recipes, recorded
from tfgan.errors import InputError, suggestion
from tfgan.files import write_json
from tfgan.owner import check_not_owned, was_owned
from tfgan.recipes.settings import RECOVERY

FORMAT = recorded.FORMAT
# Where a recipe now has another value than runs had before there was the setting.
_BEFORE = {"standardize": False}
# What a repetition finds out itself, or is not about.
_OF_ONE_RUN = ("created", "machine", "fingerprint", "class_names", "earlier_epochs")


def plan(recipe_name, *, source=None, data_dir=None, epochs=None, changes=(), resume=False):
    """Resolves what a run will do, without doing it.

    Args:
        recipe_name: str, see `tfgan.recipes.RECIPES`.
        source: data source, or None for the recipe's.
        data_dir: folder of TFDS data sets, or None.
        epochs: int or None, short for the change `epochs=N`.
        changes: strings `key=value`. Besides the recipe's settings, `image_size` resizes images.
        resume: bool. Whether it is for `resumed_config`: a run knows its data.

    Returns:
        dict: `config.json` as far as it is known before the data is read. With `resume`, its data is
        None where no source is given.

    Raises:
        InputError: for an unknown recipe, setting or value.
    """
    recipe = recipes.get(recipe_name, recipes.RECIPES)
    changes = [*changes, *([] if epochs is None else [f"epochs={epochs}"])]
    settings = recipes.override({"image_size": None, **recipe.settings}, changes)
    if source is None and not resume:
        source = _own_data(recipe)
    return {
        "format": FORMAT,
        "recipe": recipe.name,
        "data": None if source is None else absolute(source),
        "data_dir": _real(data_dir) if data_dir else None,
        "settings": settings,
        "overrides": list(changes),
        "versions": versions(),
    }


def _own_data(recipe):
    if not recipe.data:
        raise InputError(f"{recipe.name} is for images of yours: give --data, such as folder:DIR.")
    return recipe.data


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
    inner = re.sub("^(stacked:)+", "", source)
    kind, colon, path = inner.partition(":")
    if kind in ("folder", "npz", "idx", "tfd") and path:
        return source.removesuffix(inner) + kind + colon + _real(path)
    return source


def _real(path):
    """An absolute path without links, as far as they lead somewhere: `Path.resolve` fails at loops."""
    if "\0" in str(path):
        raise InputError(f"{path} is no path: it has a byte 0.")
    return os.path.realpath(os.path.expanduser(path))


def check_free(path):
    """Refuses a path that holds something already, or that another process trains in.

    Raises:
        InputError: if it does.
    """
    check_not_owned(Path(path))
    check_not_taken(path)


def check_not_taken(path):
    """Refuses a path that holds something already.

    Raises:
        InputError: if it does.
    """
    path = Path(path)
    taken = path.is_dir() and any(not p.name.startswith(".") for p in path.iterdir())
    if not taken and (path.is_dir() or not path.exists()):
        return
    if (path / "config.json").exists():
        raise InputError(f"{path} exists: add --resume to go on with it, or choose another --out.")
    raise InputError(f"{path} exists and is no run, to go on with by --resume: choose another --out.")


def write_config(path, config, dataset):
    """Writes `config.json`, with what reading the data added."""
    created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    config = {
        "created": created,
        **config,
        "machine": config.get("machine") or machine(),
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
    return _read(file)


def _read(file):
    config = recorded.read_config(file)
    recipe = recipes.RECIPES.get(config.get("recipe"))
    if recipe is not None:  # a run may be older than a setting
        before = {key: value for key, value in _BEFORE.items() if key in recipe.settings}
        defaults = {"image_size": None, **recipe.settings}
        try:
            config["settings"] = recipes.recorded(defaults, {**before, **config["settings"]})
        except InputError as error:
            raise recorded.damaged(file, error) from None
        for change in config["overrides"]:
            if (name := change.partition("=")[0]) not in config["settings"]:
                raise recorded.damaged(file, f"overrides name {name[:60]!r}, which is no setting of it")
    return config


def resumed_config(path, config):
    """Returns the config of a run to go on with.

    Args:
        path: run directory. Where a process was killed before it had begun the run, that is to begin.
        config: from `plan` with `resume`; of what it names, only `epochs` and what is kept may differ
            from the run's, and `data_dir`: the same data may lie elsewhere now. Rates that are annealed
            over the epochs follow the new number of them.

    Raises:
        InputError: if there is no run, it asks for another run than this one, what it wrote is damaged,
            or it is of a newer version of tfgan and has settings that this one does not know.
    """
    path = Path(path)
    check_not_owned(path)
    if not (path / "config.json").is_file():
        if not was_owned(path):
            raise InputError(
                f"{path} is no run directory (no config.json): give what --out named, or begin a run "
                "there without --resume."
            )
        if config["data"] is None:
            return config | {"data": absolute(_own_data(recipes.RECIPES[config["recipe"]]))}
        return config
    old = read_config(path)
    _check_known(path, old)
    recorded.check_written(path)
    asked = {change.partition("=")[0] for change in config["overrides"]}
    free = {"epochs", *RECOVERY}
    wanted = {"recipe": config["recipe"]}
    wanted |= {key: config["settings"][key] for key in asked - free}
    if config["data"] is not None:
        wanted["data"] = config["data"]
    for key, value in wanted.items():
        started_with = {**old, **old["settings"]}[key]
        if value != started_with:
            raise InputError(
                f"{path} was started with {key}={started_with}, not {value}: a run that goes on can "
                f"only change its {', '.join(sorted(free))}."
            )
    changed = {key: config["settings"][key] for key in config["settings"] if key in asked & free}
    if changed.get("epochs", old["settings"]["epochs"]) != old["settings"]["epochs"]:
        old["earlier_epochs"] = [*old.get("earlier_epochs", []), old["settings"]["epochs"]]
    old["settings"] |= changed
    old["data_dir"] = config["data_dir"] or old["data_dir"]
    old["overrides"] += [f"{key}={json.dumps(value)}" for key, value in changed.items()]
    return old


def repeated_config(file, *, source=None, data_dir=None, epochs=None, changes=()):
    """Returns the config of a new run that repeats another one.

    Args:
        file: `config.json` of that run.
        source: the data, if they are elsewhere now; so with `data_dir`.
        epochs: as in `plan`; so are `changes`: what is to be different.

    Returns:
        dict for `runs.train`. What the other run chose by its data stays.

    Raises:
        InputError: if the file is no config of a run, or as `plan`.
    """
    if not Path(file).exists():
        raise InputError(f"{file} does not exist: give the config.json of a run.")
    old = _read(Path(file))
    _check_known(file, old)
    _check_names(file, old)
    changes = [*changes, *([] if epochs is None else [f"epochs={epochs}"])]
    defaults = {"image_size": None, **recipes.get(old["recipe"], recipes.RECIPES).settings}
    repeated = {key: value for key, value in old.items() if key not in _OF_ONE_RUN}
    settings = recipes.override(old["settings"], changes, defaults=defaults)
    return repeated | {
        "data": old["data"] if source is None else absolute(source),
        "data_dir": _real(data_dir) if data_dir else old["data_dir"],
        "settings": settings,
        "overrides": [*old["overrides"], *changes],
        "versions": versions(),
    }


def resumed_differences(config):
    """What makes a run another than if it had never stopped: lines, none where nothing does.

    Args:
        config: from `resumed_config`.
    """
    here = versions()
    then = config.get("versions", {})
    changed = [
        f"{name} {here[name]}, not {str(then[name])[:30]}"
        for name in ("tfgan", "tensorflow", "keras")
        if then.get(name, here[name]) != here[name]
    ]
    lines = []
    if changed:
        lines.append(
            f"other than where the run began: {'; '.join(changed)}: it may become another than it "
            "would have been."
        )
    if earlier := config.get("earlier_epochs"):
        lines.append(
            f"planned for {earlier[-1]} epochs before and for {config['settings']['epochs']} now: "
            "rates that fall over all epochs fall otherwise: not the run of that many at once."
        )
    return lines


def _check_known(path, config):
    """Refuses settings that only a newer tfgan knows: without them the run would become another."""
    here, then = versions()["tfgan"], _version_of(config)
    unknown = _unknown(config)
    if unknown and _release(then) > _release(here):
        raise InputError(
            f"{path} has settings of tfgan {then} that tfgan {here} does not know: "
            f"{', '.join(unknown)[:100]}: go on with tfgan {then}."
        )


def _check_names(file, config):
    """Refuses settings that nobody knows, but those that an older tfgan knew: they were mistyped."""
    unknown = _unknown(config)
    if unknown and _release(_version_of(config)) == _release(versions()["tfgan"]):
        known = sorted({"image_size", *recipes.RECIPES[config["recipe"]].settings})
        raise InputError(
            f"{file} has a setting {unknown[0][:60]!r} that {config['recipe']} does not know: "
            f"{suggestion(unknown[0], known)}"
        )


def _unknown(config):
    """Names of a config's settings that its recipe does not have, where the recipe is known."""
    recipe = recipes.RECIPES.get(config["recipe"])
    if recipe is None:
        return []
    return sorted(config["settings"].keys() - {"image_size", *recipe.settings})


def _version_of(config):
    return str(config.get("versions", {}).get("tfgan", ""))[:30]


def _release(version):
    """A version as numbers, to be compared."""
    return [int(number) for number in re.findall(r"\d+", version)]


def differences(file, config, dataset):
    """What differs, here and now, from the run of a `config.json`: lines, none where nothing does.

    Args:
        file: `config.json` of that run.
        config: from `repeated_config`.
        dataset: `tfgan.data.Data`.
    """
    old, lines = _read(Path(file)), []
    if old.get("fingerprint") not in (None, dataset.fingerprint):
        lines.append(
            f"the data differ: fingerprint {dataset.fingerprint}, of that run {old['fingerprint']}: it "
            "will come to another result."
        )
    if earlier := old.get("earlier_epochs"):
        planned = ", then ".join(map(str, (*earlier, old["settings"]["epochs"])))
        lines.append(
            f"that run was planned for {planned} epochs, here they are one run: rates that fall over "
            "all epochs fall otherwise, and it will come to another result."
        )
    here = {**config["versions"], "machine": machine()}
    then = {**old.get("versions", {}), "machine": old.get("machine", here["machine"])}
    changed = [
        f"{name} {here[name]}, not {then.get(name)}" for name in here if here[name] != then.get(name)
    ]
    if changed:
        lines.append(f"other than that run's: {'; '.join(changed)}: the last bits may differ.")
    return lines


def machine():
    """str: processor, cores and system, as results name them."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{os.cpu_count()} cores of {model}, {platform.system()}"


def versions():
    """dict: package -> version, of what a result depends on."""
    packages = ("tfgan", "tensorflow", "keras", "numpy")
    found = {"python": platform.python_version()}
    return found | {package: importlib.metadata.version(package) for package in packages}
