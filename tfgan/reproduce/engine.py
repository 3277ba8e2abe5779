"""Does the rows of a report: trains, measures, draws, writes."""

import time
from pathlib import Path
from typing import Any

from tfgan import configs, evaluation, plots, runs
from tfgan.baselines import CAE
from tfgan.callbacks.sampling import even_samples
from tfgan.data import load
from tfgan.errors import InputError
from tfgan.files import write_json
from tfgan.gan import GAN
from tfgan.metrics import parzen
from tfgan.reading import read_json
from tfgan.recipes.settings import EXECUTION, RECOVERY
from tfgan.recorded import read_log
from tfgan.reproduce import report, systems
from tfgan.reproduce.figures import PICTURES
from tfgan.reproduce.jobs import DRAWING_SEED, seconds
from tfgan.reproduce.references import REFERENCES
from tfgan.reproduce.rows import Drawn, Pictured, Trained
from tfgan.times import duration

SAMPLES = 10_000  # as many as the papers draw
TRIED = {
    "truncation": tuple(round(0.05 * n, 2) for n in range(20, 5, -1)),  # 1, .95, ... .3
    "smoothing": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
}


def reproduce(found, out, *, say=print, verbose="auto"):
    """Does rows and writes the report after each; those done before are left as they are.

    Args:
        found: from `jobs`, of one paper.
        out: folder.
        say: function of a line of text.
        verbose: as in Keras's `fit`.

    Returns:
        `pathlib.Path` of the report.

    Raises:
        InputError: for rows that could not be done, after all others were; what is finished stays.
    """
    out, failed = Path(out), []
    for job, time_needed in zip(found, seconds(found), strict=True):
        file = out / "rows" / f"{job.key}.json"
        if file.is_file() and not _lacks(job, out, file):
            say(f"{job.name}: done before, {file}")
            continue
        say(f"{job.name}: {job.row.title}, {duration(time_needed)}")
        do = next(do for kind, do in _DO.items() if isinstance(job.row, kind))
        try:
            write_json(file, do(job, out, verbose))
        except InputError as error:
            say(f"{job.name}: not done: {error}")
            failed.append(f"{job.name}: {error}")
            continue
        report.write(found[0].paper, out)
    if failed:
        raise InputError(f"{len(failed)} of {len(found)} rows not done: {' | '.join(failed)}")
    return report.write(found[0].paper, out)


def _lacks(job, out, file):
    """Whether a finished row's samples or pictures are gone, and can be made without training."""
    kept = (out / "runs" / job.run / "gan.keras").is_file() if isinstance(job.row, Trained) else True
    if not kept or isinstance(job.row, Drawn):
        return False
    row = read_json(file, report.REMEDY)
    files = [out / "figures" / name for name in row.get("figures", {}).values()]
    if job.row.table == "mnist":
        files.append(out / "samples" / (row.get("samples") or ""))  # "": of an earlier version
    return not all(one.is_file() for one in files)


def _result(job, **more):
    return {
        "paper": job.paper,
        "row": job.row.name,
        "title": job.row.title,
        "table": job.row.table,
        "published": job.row.published if job.is_published_data else "",
        "published_data": job.is_published_data,
        "note": job.row.note,
        "seed": job.seed,
        "epochs": job.epochs,
        "of_epochs": job.row.epochs,
        "quick": job.quick,
        "command": job.command,
        "machine": configs.machine(),
        "versions": configs.versions(),
        **more,
    }


def _draw(job, out, verbose):
    data = load(job.source, data_dir=job.data_dir)
    start = time.monotonic()
    samples = REFERENCES[job.row.name](data, DRAWING_SEED)
    names = ("parzen", "memorization")
    results = {name: evaluation.METRICS[name](samples, None, data, DRAWING_SEED) for name in names}
    seconds = time.monotonic() - start
    return _result(job, data=data.name, seconds=seconds, results=results)


def _train(job, out, verbose):
    config = runs.plan(job.row.recipe, source=job.source, data_dir=job.data_dir, changes=job.changes)
    path = out / "runs" / job.run
    if (path / "config.json").is_file():
        _check_same(path, config)
        config = runs.resumed_config(path, config)
    if not (path / "gan.keras").is_file():  # else another row has trained it
        runs.train(path, config, verbose=verbose)
    gan = runs.load(path, raw=not job.row.ema)
    data = runs.load_data(config)
    sampling: dict[str, Any] = {} if job.row.ema else {"ema": False}
    if job.row.tuned:
        sampling[job.row.tuned] = _best(job.row.tuned, gan, data, sampling)
    results = evaluation.evaluate(gan, data, samples=SAMPLES, seed=DRAWING_SEED, sampling=sampling)
    system: dict[str, Any] = {}
    if job.row.table == "mnist":
        file = out / "samples" / f"{job.key}.npz"
        cost = systems.keep(file, gan, SAMPLES, seed=DRAWING_SEED, sampling=sampling)
        if isinstance(gan, CAE):
            valid, _ = data.arrays("valid", limit=evaluation.VALID_LIMIT)
            cost["tradeoff"] = systems.tradeoff(gan, valid, count=SAMPLES, seed=DRAWING_SEED)
        system = {"samples": file.name, "system": cost}
    log = _log(path)
    collapsed = [int(row["epoch"]) for row in log if float(row.get("collapsed") or 0)]
    return _result(
        job,
        data=data.name,
        recipe=job.row.recipe,
        settings=config["settings"],
        versions=config["versions"],
        seconds=_seconds(path) + _seconds(path / "pretraining"),
        best_epoch=_best_epoch(log, "val_parzen" if job.row.ema else "val_parzen_raw"),
        collapse_seen_in_epoch=collapsed[0] if collapsed else None,
        results=results,
        figures=_figures(gan, data, path, out / "figures", job.key, sampling),
        **system,
    )


def _check_same(path, config):
    """Refuses a run that was trained in another way than a row says."""
    theirs = runs.read_config(path)["settings"]
    may_differ = {*EXECUTION, *RECOVERY, "sample_every"}
    if not (path / "gan.keras").is_file():
        may_differ.add("epochs")  # it goes on
    for key, value in config["settings"].items():
        if key not in may_differ and theirs[key] != value:
            raise InputError(
                f"{path} was trained with {key}={theirs[key]}, the row takes {value}: move that run "
                "elsewhere, or give another --out."
            )


def _log(path, name="metrics.csv"):
    """The rows of a run's log; none where there is no run."""
    file = path / name
    return read_log(file) if file.is_file() else []


def _seconds(path):
    """What the epochs of a run took; runs of earlier versions told it in their log."""
    return sum(float(row["seconds"]) for row in _log(path, "times.csv") or _log(path))


def _picture(job, out, verbose):
    start = time.monotonic()
    folder = out / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    numbers, figures = PICTURES[job.row.name](folder)
    seconds = time.monotonic() - start
    return _result(job, seconds=seconds, results=numbers, figures=figures)


_DO = {Drawn: _draw, Trained: _train, Pictured: _picture}


def _best(name, gan, data, sampling):
    """The value of highest validation Parzen log-likelihood, as the papers choose sigma."""
    valid, _ = data.arrays("valid", limit=evaluation.VALID_LIMIT)

    def score(value):
        images, _ = even_samples(gan, SAMPLES, seed=DRAWING_SEED, **sampling, **{name: value})
        return parzen.select_sigma(images, valid)[1].max()

    return max(TRIED[name], key=score)


def _best_epoch(log, column):
    """The epoch whose model was kept, where validation Parzen chose."""
    measured = [row for row in log if row.get(column)]
    best = max(measured, key=lambda row: float(row[column]), default=None)
    return int(best["epoch"]) if best else None


def _figures(gan, data, path, folder, key, sampling):
    """Draws a run; returns {caption: file name}."""
    files = {"Training curves": f"{path.name}-training.png"}  # one of the rows that share a run
    plots.save(plots.curves(path), folder / files["Training curves"])
    drawn = {}
    if data.tags is not None:
        pass  # words, no pictures
    elif plots.are_points(gan.image_shape):
        real, _ = data.arrays("test", limit=plots.MAX_IMAGES)
        modes = data.modes.centres if data.modes else None
        samples = gan.sample(plots.MAX_IMAGES, seed=DRAWING_SEED, **sampling)
        points = plots.points(samples, real=real, modes=modes)
        drawn["points"] = ("Samples (blue), real points (grey), modes (rings)", points)
    else:
        options = {"class_names": data.class_names, **sampling}
        train, _ = data.arrays("train", limit=evaluation.train_limit(data))
        if gan.conditional:
            drawn["samples"] = ("Samples, a row per class, not picked", plots.samples(gan, **options))
        drawn["nearest"] = (
            "Samples, not picked; framed: the training image nearest to the sample left of it",
            plots.nearest(gan, train, **options),
        )
        if isinstance(gan, GAN):
            line = plots.interpolation(gan, **options)
            drawn["lines"] = ("Straight lines between two latents", line)
    for name, (caption, figure) in drawn.items():
        plots.save(figure, folder / f"{key}-{name}.png")
        files[caption] = f"{key}-{name}.png"
    return files
