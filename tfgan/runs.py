"""Run directories: what was trained, how far it is, and what came out.

config.json   all that is needed to repeat the run
metrics.csv   a row per epoch
times.csv     how many seconds each epoch took
tensorboard/  the same for TensorBoard
samples/      a grid of samples every few epochs and an animation of them, or a table of tags found
checkpoints/  step-000001234.keras, the last few states, from which --resume goes on; best.keras where
              a metric chooses, and best-raw.keras, chosen without the generator's moving average, where
              there is one
evaluation.json  what `tfgan evaluate` measured, if it did
gan.keras     the model to use: the best where a metric chooses, else the last
pretraining/  the run directory of the recipe that a recipe begins with, where it does
"""

import contextlib
import shutil
import tempfile
from pathlib import Path

import keras

import tfgan.cgan
import tfgan.gan  # noqa: F401  (registers the class for keras.saving)
from tfgan import (
    callbacks,
    checkpoints,
    configs,
    data,
    distributed,
    owner,
    plots,
    recipes,
    recovery,
    stored,
)
from tfgan.conditions.empirical import POOL
from tfgan.configs import (
    check_free,
    differences,
    plan,
    read_config,
    repeated_config,
    resumed_config,
    write_config,
)
from tfgan.errors import DivergedError, InputError, StoppedError
from tfgan.evaluation import VALID_LIMIT, judge_of_modes, train_limit
from tfgan.files import replacing, sweep_temporary
from tfgan.precision import policy
from tfgan.processes import Team
from tfgan.stopping import Stopping
from tfgan.weights import within_memory

__all__ = [
    "build",
    "check_free",
    "differences",
    "fitted",
    "load",
    "load_data",
    "plan",
    "read_config",
    "repeated_config",
    "resumed_config",
    "steps_of",
    "train",
    "write_config",
]


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
    What was asked for stays.
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
    epochs = -(-recipe.least_steps // steps_per_epoch)
    if "epochs" in asked or epochs <= settings["epochs"]:
        return config
    longer = {"epochs": epochs}
    if "sample_every" not in asked:
        longer["sample_every"] = settings["sample_every"] * epochs // settings["epochs"]
    return _with(longer, config)


def _with(changes, config):
    return {**config, "settings": {**config["settings"], **changes}}


def build(config, dataset, *, pretrained=None, team=None):
    """Makes the compiled GAN of a config.

    Args:
        config: from `plan`.
        dataset: from `load_data`.
        pretrained: the generator of the recipe's `pretraining`, or None for a fresh one.
        team: `tfgan.processes.Team` that trains it, or None for this process alone. Steps under a
            strategy are not compiled by XLA, whatever the config says: XLA draws other dropout masks,
            and weights are to be the same for any number of replicas, also for one.

    Raises:
        InputError: if the recipe is for other data: with labels, of images or of tags.
    """
    recipe = recipes.get(config["recipe"], recipes.RECIPES)
    _check_fit(config, dataset)
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


def _check_fit(config, dataset):
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


def _pretrained(path, config, dataset, team, verbose):
    """Trains the recipe's `pretraining` in RUN/pretraining, as far as that is to do; its generator."""
    first = path / "pretraining"
    if not team.told((first / "gan.keras").is_file):
        begun = team.told((first / "config.json").is_file)
        config = team.told(lambda: read_config(first)) if begun else configs.pretraining(config)
        train(first, config, team=team, verbose=verbose)
    with tempfile.TemporaryDirectory() as folder:
        return stored.load(team.copied(first / "gan.keras", Path(folder))).generator


def recipe_of(path):
    """Returns the `Recipe` of a run directory.

    Raises:
        InputError: as `read_config`; or for a recipe of another version of tfgan.
    """
    return recipes.get(read_config(path)["recipe"], recipes.RECIPES)


def load(path, *, raw=False):
    """Returns the trained GAN of a run directory.

    Args:
        path: run directory.
        raw: bool. Whether, of a run that averages its generator, it is the model that was best without
            the average.

    Raises:
        InputError: if there is no whole model.
    """
    read_config(path)
    file = Path(path) / "gan.keras"
    if not file.is_file():
        raise InputError(f"{path} holds no finished model: go on with `tfgan train --resume`.")
    best_raw = Path(path) / "checkpoints" / "best-raw.keras"
    if raw and best_raw.is_file():
        file = best_raw
    return stored.load(file)


def train(path, config, *, dataset=None, profile=False, team=None, verbose="auto"):
    """Trains a run to its end.

    It may be killed at any moment: `resumed_config` goes on from the last checkpoint, and comes to the
    same result as if nothing had been.

    Args:
        path: run directory.
        config: from `plan` or `repeated_config` for a new run; from `resumed_config` to go on where one
            stopped.
        dataset: from `load_data`, where it was loaded before.
        profile: bool. Whether to write a trace of a few steps beside TensorBoard's logs.
        team: `tfgan.processes.Team` of the processes that call this together, each with the same config
            and data, or None for this process alone. The chief writes; of others the run directory is
            not touched.
        verbose: as in Keras's `fit`.

    Returns:
        The trained GAN, as `load` gives it; on processes that are not the chief, as it is at the end of
        training.

    Raises:
        InputError: if the data or the recipe do not fit, if a new run's directory exists or another
            process trains in it, or if the disk is full or may not be written to.
        DivergedError: if a loss or weight became NaN or infinite.
        StoppedError: after SIGINT or SIGTERM, as soon as a step is done and saved; a second such signal
            stops at once.
        LostError: if another process of the team is gone.
    """
    path, team = Path(path), team or Team()

    def go_on():
        kept = recovery.kept_text(path) if team.chief else "what is kept is the first one's"
        return f"{kept}; start all processes again, with --resume."

    with contextlib.ExitStack() as stack:
        stopping = stack.enter_context(Stopping())
        stack.enter_context(team.watched(go_on))
        stack.enter_context(recovery.told(path))
        with team.together():
            if team.chief:
                stack.enter_context(owner.owning(path))
                if "fingerprint" in config:
                    recovery.check(path)
                else:
                    configs.check_not_taken(path)
            dataset = load_data(config) if dataset is None else dataset
        theirs = team.told(lambda: dataset.fingerprint)
        with team.together():
            if dataset.fingerprint != theirs:
                raise InputError(
                    f"{config['data']} is not the data of the chief (fingerprint "
                    f"{dataset.fingerprint}, not {theirs}): give every process the same."
                )
        begun, config = "fingerprint" in config, fitted(config, dataset)
        with team.together():
            _check_fit(config, dataset)
        if team.chief and not begun:
            stack.enter_context(_beginning(path, config, dataset))
        try:
            gan = _train(path, config, dataset, team, stopping, profile=profile, verbose=verbose)
        except (StoppedError, DivergedError):
            team.end()  # the others come to it too: none takes the chief for lost while it ends
            raise
        if stopping.asked:  # too late for a step to be stopped after, but not for what follows
            raise StoppedError("stopped when training was done")
        return gan


@contextlib.contextmanager
def _beginning(path, config, dataset):
    """Writes a new run's config, which `--resume` needs; takes it back where nothing was begun."""
    write_config(path, config, dataset)
    try:
        yield
    except InputError:
        if not any(name.name not in ("config.json", ".owner") for name in path.iterdir()):
            (path / "config.json").unlink()
        raise


def _train(path, config, dataset, team, stopping, *, profile, verbose):
    kept = path / "checkpoints"
    pretrained = None
    if recipes.RECIPES[config["recipe"]].pretraining and team.told(lambda: recovery.last(kept) is None):
        pretrained = _pretrained(path, config, dataset, team, verbose)
    gan = build(config, dataset, pretrained=pretrained, team=team)
    batch_size, steps_per_epoch = steps_of(config, dataset)
    position = _restored(gan, kept, steps_per_epoch, team)
    watch = [_guard(path, config)]
    with team.together():
        if team.chief:
            watch = _callbacks(path, config, dataset, position.epoch)
    if team.chief:
        write_config(path, config, dataset)
        sweep_temporary(path)
    checkpoints.put_back(position, gan, watch)
    settings = config["settings"]
    keeping = callbacks.Checkpoint(
        kept,
        seconds=settings["checkpoint_seconds"],
        steps=settings["checkpoint_steps"],
        keep=settings["checkpoints"],
        callbacks=watch,
        stopping=stopping,
        team=team,
    )
    gan.fit(
        _batches(dataset, batch_size, position.epoch, team),
        check=False,  # done when it was loaded
        # All of them; but told so, Keras draws one order of the images an epoch instead of two, and
        # a run that goes on sees those of an undisturbed one.
        steps_per_epoch=steps_per_epoch,
        initial_epoch=position.epoch,
        initial_step=position.step,
        epochs=settings["epochs"],
        verbose=verbose if team.chief else 0,
        callbacks=[
            *watch,
            keeping,
            *([callbacks.Profile(path / "tensorboard")] if profile and team.chief else []),
        ],
    )
    if team.chief:
        best = kept / "best.keras"
        source = best if best.is_file() else recovery.last(kept)
        checkpoints.check(source)
        with replacing(path / "gan.keras") as temporary:
            shutil.copyfile(source, temporary)
    team.end()
    return load(path) if team.chief else gan


def _batches(dataset, batch_size, epoch, team):
    """The full batches from an epoch on; of several processes epoch after epoch, a process's rows."""
    given = {"epoch": epoch, "bytes_stay": True}
    if team.count == 1:
        return dataset.train_batches(batch_size, **given).prefetch(2)

    def of_process(context):
        process = (context.input_pipeline_id, context.num_input_pipelines)
        batches = dataset.train_batches(batch_size, process=process, **given)
        return distributed.cut(batches.repeat(), context).prefetch(2)

    return team.strategy.distribute_datasets_from_function(of_process)


def _restored(gan, kept, steps_per_epoch, team):
    """As `recovery.restore`, for all processes; what the others load is a copy of the chief's."""
    position = checkpoints.Position()
    with team.together():
        if team.chief:
            position = recovery.restore(gan, kept, steps_per_epoch)
    if team.count > 1:
        with tempfile.TemporaryDirectory() as folder:
            team.copied(recovery.last(kept) if team.chief else None, Path(folder))
            if not team.chief:
                position = recovery.restore(gan, Path(folder), steps_per_epoch)
    return position


# Where the best model is kept, the column of its scores, and whether the generator's average made them.
_BEST = (("best.keras", "val_parzen", True), ("best-raw.keras", "val_parzen_raw", False))


_OVERFITTING_IMAGES = 500  # of each kind that the discriminator is asked about


def _guard(path, config):
    stop = config["settings"].get("stop_when_won", False)
    return callbacks.Guard(checkpoint=path / "checkpoints", stop=stop)


def _callbacks(path, config, dataset, first_epoch):
    recipe = recipes.RECIPES[config["recipe"]]
    log = callbacks.MetricsLog(path / "metrics.csv", first_epoch=first_epoch)
    best = []
    if recipe.best_by_parzen:
        valid, _ = dataset.arrays("valid", limit=VALID_LIMIT)
        averaged = bool(config["settings"].get("ema_decay"))
        for name, column, ema in _BEST if averaged else _BEST[:1]:
            best.append(
                callbacks.BestParzen(
                    path / "checkpoints" / name,
                    valid,
                    every=max(1, config["settings"]["epochs"] // 20),
                    samples=min(10_000, train_limit(dataset)),
                    best=log.best(column),
                    ema=ema,
                )
            )
    settings = config["settings"]
    every = settings["sample_every"]
    first: list = []
    if not recipe.baseline:
        first.append(
            callbacks.Overfitting(
                *(dataset.arrays(split, limit=_OVERFITTING_IMAGES) for split in ("train", "valid")),
                every=max(1, settings["epochs"] // 20),
            )
        )
    watch = []
    if dataset.tags is None:
        watch.append(
            callbacks.ModeCoverage(
                dataset.arrays("valid", limit=VALID_LIMIT),
                # Of 1,000 modes of stacked images a look in passing would see few.
                judge=judge_of_modes(dataset) if dataset.modes else None,
                num_modes=dataset.modes and len(dataset.modes.centres),
                every=every,
                samples=min(2_000, train_limit(dataset)),
            )
        )
    drawn = {"every": every, "seed": settings["seed"]}
    if dataset.tags is not None:
        samples = callbacks.SampleTags(path / "samples", dataset.tags, **drawn)
        board = {"samples": False}
    else:
        steps = settings["sample_steps"]
        board = {"class_names": dataset.class_names}
        samples = callbacks.SampleGrid(path / "samples", every_steps=steps, **drawn, **board)
    return [
        callbacks.Estimate(first_epoch=first_epoch),
        *first,
        _guard(path, config),  # what follows measures and keeps the GAN
        *best,
        *watch,
        log,
        callbacks.TensorBoard(path / "tensorboard", **drawn, **board),
        samples,
    ]
