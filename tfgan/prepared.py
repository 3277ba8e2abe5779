"""What a run trains: the data and the networks of its config."""

import keras

from tfgan import data, distributed, plots, recipes
from tfgan.conditions.empirical import POOL
from tfgan.errors import InputError
from tfgan.precision import policy
from tfgan.processes import Team
from tfgan.weights import within_memory


def load_data(config):
    """Reads the data of a config.

    Raises:
        InputError: see `tfgan.data.load`; or if it is other data than the run was started with.
    """
    settings = config["settings"]
    source, options = config["data"], {"data_dir": config["data_dir"], "seed": settings["seed"]}
    size, largest = settings["image_size"], recipes.get(config["recipe"], recipes.RECIPES).largest_side
    if size is None and largest is not None:
        dataset = data.load_square(source, largest, **options)
    else:
        dataset = data.load(source, image_size=size, **options)
    started_with = config.get("fingerprint", dataset.fingerprint)
    if dataset.fingerprint != started_with:
        raise InputError(
            f"{config['data']} is not the data this run was started with (fingerprint "
            f"{dataset.fingerprint}, not {started_with}): restore it, or train anew."
        )
    return dataset


def steps_of(config, dataset):
    """Returns (batch size, steps per epoch): the images that fill no batch wait for another epoch."""
    batch_size = min(config["settings"]["batch_size"], dataset.sizes["train"])
    return batch_size, dataset.sizes["train"] // batch_size


def fitted(config, dataset):
    """Returns a new run's config with what its recipe chooses by the data; of a run begun, its own.

    That is `Recipe.choose`, the side of images, and epochs enough for `Recipe.least_steps`: recipes
    count epochs of their own data, a few hundred images would be over in seconds, with nothing learnt.
    What was asked for stays. Of more epochs than the recipe's there are as many pictures, not more.
    """
    if {"fingerprint", "image_shape"} & config.keys():
        return config
    recipe, settings = recipes.RECIPES[config["recipe"]], config["settings"]
    asked = {change.partition("=")[0] for change in config["overrides"]}
    chosen = {} if recipe.choose is None else recipe.choose(dataset)
    if recipe.largest_side is not None:
        chosen = {"image_size": dataset.image_shape[0], **chosen}
    config = _with({name: value for name, value in chosen.items() if name not in asked}, config)
    _, steps_per_epoch = steps_of(config, dataset)
    epochs, planned = settings["epochs"], recipe.settings["epochs"]
    if "epochs" not in asked:
        epochs = max(epochs, -(-recipe.least_steps // steps_per_epoch))
    longer = {"epochs": epochs}
    if "sample_every" not in asked and epochs > planned:  # as many pictures
        longer["sample_every"] = settings["sample_every"] * epochs // planned
    return _with(longer, config)


def _with(changes, config):
    return {**config, "settings": {**config["settings"], **changes}}


def build(config, dataset, *, pretrained=None, team=None):
    """Makes the compiled GAN of a config.

    Args:
        config: from `tfgan.configs.plan`.
        dataset: from `load_data`.
        pretrained: the generator of the recipe's `pretraining`, or None for a fresh one.
        team: `tfgan.processes.Team` that trains it, or None for this process alone. Steps under a
            strategy are not compiled by XLA, whatever the config says: it does not take all of those of
            several replicas, and those of one are to round as they do.

    Raises:
        InputError: if the recipe is for other data: with labels, of images or of tags.
    """
    recipe = recipes.get(config["recipe"], recipes.RECIPES)
    check_fit(config, dataset)
    keras.utils.set_random_seed(config["settings"]["seed"])
    _, steps_per_epoch = steps_of(config, dataset)
    begin_with = {"pretrained": pretrained} if recipe.pretraining else {}
    room = within_memory(f"{recipe.name}: its networks", "make them smaller, by --set")
    team = team or Team()
    if recipe.baseline and team.strategy is not None:
        raise InputError(f"{recipe.name} trains on one device: leave --strategy out.")
    settings = {**config["settings"], **({"jit_compile": False} if team.strategy else {})}
    with team.scope(), room, policy(settings.get("precision", "float32")):
        gan = recipe.build(dataset, settings, steps_per_epoch, **begin_with)
    if team.replicas > 1:
        distributed.synchronize(gan, settings["synchronized"])
    if gan.condition is not None:
        gan.remember_conditions(dataset.conditions("train", limit=POOL))
    return gan


def check_fit(config, dataset):
    """Refuses data that the config's recipe is not for.

    Raises:
        InputError: see `build`.
    """
    recipe = recipes.RECIPES[config["recipe"]]
    if recipe.tags and dataset.tags is None:
        raise InputError(
            f"{recipe.name} needs features with tags, {dataset.name} has none: give an npz file of "
            "features, word_vectors and tags."
        )
    if dataset.tags is not None and not recipe.tags:
        raise InputError(
            f"{recipe.name} needs images, {dataset.name} has features with tags: use cgan-tags."
        )
    if recipe.conditional and dataset.condition is None:
        raise InputError(
            f"{recipe.name} needs labels, {dataset.name} has none: use a source with labels (one "
            "subfolder a class), or an unconditional recipe such as gan-mnist."
        )
    asked = any(change.startswith("conditional=") for change in config["overrides"])
    if asked and config["settings"]["conditional"] and dataset.condition is None:
        raise InputError(
            f"conditional=true needs labels, {dataset.name} has none: use a source with labels (one "
            "subfolder a class), or leave it out."
        )
    drawable = dataset.image_shape[-1] in (1, 3) or plots.are_points(dataset.image_shape)
    if not recipe.tags and not drawable:
        raise InputError(
            f"{dataset.name} has images of {dataset.image_shape[-1]} channels, recipes draw them and "
            "need 1 or 3: choose channels, or use tfgan.GAN from Python."
        )
