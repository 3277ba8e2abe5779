"""The callbacks that watch a run: what they measure, keep and draw, and how often."""

from tfgan import callbacks, recipes
from tfgan.evaluation import VALID_LIMIT, judge_of_modes, train_limit

# Where the best model is kept, the column of its scores, and whether the generator's average made them.
_BEST = (("best.keras", "val_parzen", True), ("best-raw.keras", "val_parzen_raw", False))
_OVERFITTING_IMAGES = 500  # of each kind that the discriminator is asked about


def guard(path, config):
    """What ends a run that diverges, or that is lost where the settings say so: all that the processes
    which are not the chief watch."""
    stop = config["settings"].get("stop_when_won", False)
    return callbacks.Guard(checkpoint=path / "checkpoints", stop=stop)


def of_run(path, config, dataset, first_epoch):
    """What measures, draws and logs a run, and keeps the best of it, in order.

    Args:
        path: `pathlib.Path` of the run directory.
        config: as `tfgan.prepared.fitted` gives it.
        dataset: from `tfgan.prepared.load_data`.
        first_epoch: int. The epoch that training begins with, from 0.

    Returns:
        list of Keras callbacks.
    """
    recipe, settings = recipes.RECIPES[config["recipe"]], config["settings"]
    log = callbacks.MetricsLog(path / "metrics.csv", first_epoch=first_epoch)
    best = []
    if recipe.best_by_parzen:
        valid, _ = dataset.arrays("valid", limit=VALID_LIMIT)
        averaged = bool(settings.get("ema_decay"))
        for name, column, ema in _BEST if averaged else _BEST[:1]:
            best.append(
                callbacks.BestParzen(
                    path / "checkpoints" / name,
                    valid,
                    every=max(1, settings["epochs"] // 20),
                    samples=min(10_000, train_limit(dataset)),
                    best=log.best(column),
                    ema=ema,
                )
            )
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
        guard(path, config),  # what follows measures and keeps the GAN
        *best,
        *watch,
        log,
        callbacks.TensorBoard(path / "tensorboard", **drawn, **board),
        samples,
    ]
