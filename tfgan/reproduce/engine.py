"""Does the rows of a report: trains, measures, draws, writes."""

import csv
import dataclasses
import os
import platform
import time
from pathlib import Path
from typing import Any

from tfgan import evaluation, plots, runs
from tfgan.errors import InputError, suggestion
from tfgan.files import write_json
from tfgan.metrics import parzen
from tfgan.reproduce import report
from tfgan.reproduce.figures import PICTURES
from tfgan.reproduce.papers import PAPERS
from tfgan.reproduce.references import REFERENCES
from tfgan.reproduce.rows import Drawn, Pictured, Row, Trained

SAMPLES = 10_000  # as many as the papers draw
TRUNCATIONS = tuple(round(0.05 * n, 2) for n in range(20, 5, -1))  # 1, .95, ... .3
EVALUATION_SEED = 0


@dataclasses.dataclass(frozen=True)
class Job:
    """One row to do.

    Attributes:
        paper: key of `PAPERS`.
        row: what is done.
        seed: int, of the training.
        epochs: int, or None for rows that are not trained.
        quick: bool.
        source: str. The data.
        data_dir: str or None. Where TFDS keeps its data sets.
    """

    paper: str
    row: Row
    seed: int
    epochs: int | None
    quick: bool
    source: str
    data_dir: str | None = None

    @property
    def key(self):
        """str: file name of this row, seed and length."""
        return self._named(self.row.name)

    @property
    def run(self):
        """str: folder of the run, which rows may share."""
        return self._named(self.row.run or self.row.name)

    def _named(self, name):
        short = "" if self.epochs in (None, self.row.epochs) else f"-{self.epochs}-epochs"
        return f"{name}-seed{self.seed}{short}"

    @property
    def name(self):
        """str: the row, and the seed where it is trained."""
        return self.row.name if self.epochs is None else f"{self.row.name}, seed {self.seed}"

    @property
    def is_published_data(self):
        """bool: whether the row is done on the paper's data."""
        wanted = self.row.source or PAPERS[self.paper].source
        return self.source.partition(":")[0] == wanted.partition(":")[0]

    @property
    def seconds(self):
        """float: about how long it takes on two cores."""
        return self.row.seconds(self.epochs)

    @property
    def command(self):
        """str: what repeats it."""
        words = ["tfgan reproduce", self.paper, "--only", self.row.name]
        if self.source != (self.row.source or PAPERS[self.paper].source):
            words += ["--data", self.source]
        if self.epochs is not None:
            words += ["--seed", str(self.seed)]
            if self.quick:
                words += ["--quick"]
            elif self.epochs != self.row.epochs:
                words += ["--epochs", str(self.epochs)]
        return " ".join(words)


def jobs(paper, *, only=(), epochs=None, quick=False, seeds=(1,), source=None, data_dir=None):
    """Returns the rows to do, in order.

    Args:
        paper: key of `PAPERS`.
        only: names of rows; none is all of them but the optional ones.
        epochs: int or None, which takes each row's own number.
        quick: bool. A few epochs each, to see that everything works.
        seeds: ints. Each trained row is done once per seed.
        source: data source, or None for the paper's.
        data_dir: where TFDS keeps its data sets, or None.

    Raises:
        InputError: for an unknown paper or row.
    """
    if paper not in PAPERS:
        raise InputError(f"no paper is called {paper!r}: {suggestion(paper, PAPERS)}")
    whole = PAPERS[paper]
    rows = {row.name: row for row in whole.rows}
    for name in only:
        if name not in rows:
            raise InputError(f"{paper} has no row {name!r}: {suggestion(name, rows)}")
    found = []
    for row in rows.values():
        if row.name not in only and (only or row.optional):
            continue
        common: dict[str, Any] = {"paper": paper, "row": row, "quick": quick, "data_dir": data_dir}
        common["source"] = (row.optional and source) or row.source or source or whole.source
        if isinstance(row, Trained):
            count = row.quick_epochs if quick else epochs or row.epochs
            found += [Job(seed=seed, epochs=count, **common) for seed in seeds]
        else:
            found.append(Job(seed=EVALUATION_SEED, epochs=None, **common))
    return found


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
        InputError: for data or runs that do not fit; what is finished stays.
    """
    out = Path(out)
    for job in found:
        file = out / "rows" / f"{job.key}.json"
        if file.is_file():
            say(f"{job.name}: done before, {file}")
            continue
        say(f"{job.name}: {job.row.title}, {duration(job.seconds)}")
        do = next(do for kind, do in _DO.items() if isinstance(job.row, kind))
        write_json(file, do(job, out, verbose))
        report.write(found[0].paper, out)
    return report.write(found[0].paper, out)


def _result(job, **more):
    return {
        "paper": job.paper,
        "row": job.row.name,
        "title": job.row.title,
        "table": job.row.table,
        "published": job.row.published if job.is_published_data else "",
        "note": job.row.note,
        "seed": job.seed,
        "epochs": job.epochs,
        "of_epochs": job.row.epochs,
        "quick": job.quick,
        "command": job.command,
        "machine": machine(),
        **more,
    }


def _draw(job, out, verbose):
    config = runs.plan("gan-mnist", source=job.source, data_dir=job.data_dir)
    data = runs.load_data(config)
    start = time.monotonic()
    samples = REFERENCES[job.row.name](data, EVALUATION_SEED)
    names = ("parzen", "memorization")
    results = {name: evaluation.METRICS[name](samples, None, data, EVALUATION_SEED) for name in names}
    seconds = time.monotonic() - start
    return _result(job, data=data.name, seconds=seconds, results=results, versions=config["versions"])


def _train(job, out, verbose):
    changes = [*job.row.changes, f"seed={job.seed}", f"epochs={job.epochs}"]
    config = runs.plan(job.row.recipe, source=job.source, data_dir=job.data_dir, changes=changes)
    path = out / "runs" / job.run
    if (path / "config.json").is_file():
        config = runs.resumed_config(path, config)
    if not (path / "gan.keras").is_file():  # else another row has trained it
        runs.train(path, config, verbose=verbose)
    gan = runs.load(path, raw=not job.row.ema)
    data = runs.load_data(config)
    sampling: dict[str, Any] = {} if job.row.ema else {"ema": False}
    if job.row.truncate:
        sampling["truncation"] = _best_truncation(gan, data)
    results = evaluation.evaluate(gan, data, samples=SAMPLES, seed=EVALUATION_SEED, sampling=sampling)
    with open(path / "metrics.csv", newline="", encoding="utf-8") as file:
        log = list(csv.DictReader(file))
    collapsed = [int(row["epoch"]) for row in log if float(row.get("collapsed") or 0)]
    return _result(
        job,
        data=data.name,
        recipe=job.row.recipe,
        settings=config["settings"],
        versions=config["versions"],
        seconds=sum(float(row["seconds"]) for row in log),
        best_epoch=_best_epoch(log, "val_parzen" if job.row.ema else "val_parzen_raw"),
        collapse_seen_in_epoch=collapsed[0] if collapsed else None,
        results=results,
        figures=_figures(gan, data, path, out / "figures", job.key, sampling),
    )


def _picture(job, out, verbose):
    start = time.monotonic()
    folder = out / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    numbers, figures = PICTURES[job.row.name](folder)
    seconds = time.monotonic() - start
    versions = runs.plan("gan-mnist")["versions"]
    return _result(job, seconds=seconds, results=numbers, figures=figures, versions=versions)


_DO = {Drawn: _draw, Trained: _train, Pictured: _picture}


def _best_truncation(gan, data):
    """The truncation of highest validation Parzen log-likelihood, as the papers choose sigma."""
    valid, _ = data.arrays("valid", limit=evaluation.VALID_LIMIT)
    conditions = None if gan.condition is None else gan.condition.example(SAMPLES)

    def score(truncation):
        images = gan.sample(SAMPLES, conditions, seed=EVALUATION_SEED, truncation=truncation)
        return parzen.select_sigma(images, valid)[1].max()

    return max(TRUNCATIONS, key=score)


def _best_epoch(log, column):
    """The epoch whose model was kept, where validation Parzen chose."""
    measured = [row for row in log if row.get(column)]
    best = max(measured, key=lambda row: float(row[column]), default=None)
    return int(best["epoch"]) if best else None


def _figures(gan, data, path, folder, key, sampling):
    """Draws a run; returns {caption: file name}."""
    drawn = {}
    if path.name == key:  # not another row's run
        drawn["training"] = ("Training curves", plots.curves(path))
    if data.tags is not None:
        pass  # words, no pictures
    elif plots.are_points(gan.image_shape):
        real, _ = data.arrays("test", limit=plots.MAX_IMAGES)
        modes = data.modes.centres if data.modes else None
        points = plots.points(gan.sample(plots.MAX_IMAGES, seed=0), real=real, modes=modes)
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
        drawn["lines"] = ("Straight lines between two latents", plots.interpolation(gan, **options))
    files = {}
    for name, (caption, figure) in drawn.items():
        plots.save(figure, folder / f"{key}-{name}.png")
        files[caption] = f"{key}-{name}.png"
    return files


def duration(seconds):
    """str: a time for a person, of two figures."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def machine():
    """str: processor, cores and system, as results name them."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{os.cpu_count()} cores of {model}, {platform.system()}"
