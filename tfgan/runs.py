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
import shlex
import shutil
import tempfile
from pathlib import Path

from tfgan import (
    callbacks,
    checkpoints,
    configs,
    owner,
    recipes,
    recovery,
    sharding,
    stored,
    watching,
)
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
from tfgan.files import replacing, sweep_temporary
from tfgan.prepared import build, check_fit, fitted, load_data, steps_of
from tfgan.processes import Team
from tfgan.stopping import Stopping

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


def _pretrained(path, config, team, verbose):
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


def to_go_on(path, config, *more):
    """The command that goes on with a run of that config, with `more` arguments."""
    return shlex.join(["tfgan", "train", config["recipe"], "--out", str(path), "--resume", *more])


def load(path, *, raw=False):
    """Returns the trained GAN of a run directory.

    Args:
        path: run directory.
        raw: bool. Whether, of a run that averages its generator, it is the model that was best without
            the average.

    Raises:
        InputError: if there is no whole model.
    """
    config = read_config(path)
    file = Path(path) / "gan.keras"
    if not file.is_file():
        raise InputError(f"{path} holds no finished model: go on with: {to_go_on(path, config)}")
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
            check_fit(config, dataset)
        if team.chief and not begun:
            stack.enter_context(_beginning(path, config, dataset))
        try:
            gan = _train(path, config, dataset, team, stopping, profile=profile, verbose=verbose)
        except (StoppedError, DivergedError):
            team.end()  # the others come to it too: none takes the chief for lost while it ends
            raise
        # Too late for a step to be stopped after, but not for what follows. Of several processes all
        # end alike: one that were to be started again would wait for others that are done.
        if stopping.asked and team.count == 1:
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
        pretrained = _pretrained(path, config, team, verbose)
    gan = build(config, dataset, pretrained=pretrained, team=team)
    batch_size, steps_per_epoch = steps_of(config, dataset)
    position = _restored(gan, kept, steps_per_epoch, team)
    with team.together():
        if team.chief:
            watch = watching.of_run(path, config, dataset, position.epoch)
        else:
            watch = [watching.guard(path, config)]
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
    trained = load(path) if team.chief else gan
    team.end()
    return trained


def _batches(dataset, batch_size, epoch, team):
    """The full batches from an epoch on; of several processes epoch after epoch, a process's rows."""
    given = {"epoch": epoch, "bytes_stay": True}
    if team.count == 1:
        return dataset.train_batches(batch_size, **given).prefetch(2)

    def of_process(context):
        process = (context.input_pipeline_id, context.num_input_pipelines)
        batches = dataset.train_batches(batch_size, process=process, **given)
        return sharding.cut(batches.repeat(), context).prefetch(2)

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
