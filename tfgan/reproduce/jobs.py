"""Which rows to do, on what data and for how long."""

import dataclasses
import hashlib
import os
import re
import shlex
from typing import Any

from tfgan import configs, recipes
from tfgan.errors import InputError, suggestion
from tfgan.reproduce.papers import PAPERS
from tfgan.reproduce.rows import MEASURING, Row, Trained

DRAWING_SEED = 0  # of samples, and of all that is not trained


@dataclasses.dataclass(frozen=True)
class Job:
    """One row to do.

    Attributes:
        paper: key of `PAPERS`.
        row: what is done.
        seed: int, of the training.
        epochs: int, or None for rows that are not trained.
        quick: bool.
        source: str. The data; relative paths made absolute.
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
    def is_published_data(self):
        """bool: whether the row is done on the paper's data."""
        return self.source == self._own_source or (
            self._own_source.startswith("tfd:") and self.source.startswith("tfd:")
        )

    @property
    def _own_source(self):
        return configs.absolute(self.row.source or PAPERS[self.paper].source)

    @property
    def key(self):
        """str: file name of this row, data, seed and length."""
        return self._named(self.row.name)

    @property
    def run(self):
        """str: folder of the run, which rows may share."""
        return self._named(self.row.run or self.row.name)

    def _named(self, name):
        data = ""
        if self.source != self._own_source:
            digest = hashlib.sha256(os.fsencode(self.source)).hexdigest()[:6]
            data = "-" + re.sub(r"\W+", "-", self.source)[-20:].strip("-") + "-" + digest
        short = "" if self.epochs in (None, self.row.epochs) else f"-{self.epochs}-epochs"
        return f"{name}{data}-seed{self.seed}{short}"

    @property
    def name(self):
        """str: the row, and the seed where it is trained."""
        return self.row.name if self.epochs is None else f"{self.row.name}, seed {self.seed}"

    @property
    def changes(self):
        """Settings that differ from the recipe's, as `tfgan train --set` takes them."""
        assert isinstance(self.row, Trained)
        changes = [*self.row.changes, f"seed={self.seed}", f"epochs={self.epochs}"]
        before = recipes.RECIPES[self.row.recipe].settings.get("pretraining_epochs")
        if before:  # as much shorter as the rest
            changes.append(f"pretraining_epochs={max(1, before * self.epochs // self.row.epochs)}")
        return changes

    @property
    def command(self):
        """str: what repeats it."""
        words = ["tfgan", "reproduce", self.paper, "--only", self.row.name]
        if self.source != self._own_source:
            words += ["--data", self.source]
        if self.epochs is not None:
            words += ["--seed", str(self.seed)]
            if self.quick:
                words += ["--quick"]
            elif self.epochs != self.row.epochs:
                words += ["--epochs", str(self.epochs)]
        return shlex.join(words)


def jobs(
    paper,
    *,
    only=(),
    baselines=False,
    epochs=None,
    quick=False,
    seeds=(1,),
    source=None,
    data_dir=None,
):
    """Returns the rows to do, in order.

    Args:
        paper: key of `PAPERS`.
        only: names of rows; none is all of them but the optional ones and baselines.
        baselines: bool. Whether the systems are trained, too, that the paper compares with.
        epochs: int or None, which takes each row's own number.
        quick: bool. A few epochs each, to see that everything works.
        seeds: ints. Each trained row is done once per seed.
        source: data source of the rows that take one, or None for each row's own.
        data_dir: where TFDS keeps its data sets, or None.

    Returns:
        list of `Job`.

    Raises:
        InputError: for an unknown paper or row, a number of epochs for quick rows, a source for a row
            that is about its own data, or baselines of a paper that has none.
    """
    if paper not in PAPERS:
        raise InputError(f"no paper is called {paper!r}: {suggestion(paper, PAPERS)}")
    if quick and epochs:
        raise InputError("--quick takes a few epochs of its own: leave it or --epochs out.")
    whole = PAPERS[paper]
    rows = {row.name: row for row in whole.rows}
    for name in only:
        if name not in rows:
            raise InputError(f"{paper} has no row {name!r}: {suggestion(name, rows)}")
        if source and rows[name].fixed_source:
            raise InputError(f"row {name} is about data of its own: leave --data out for it.")
    if baselines and not any(row.baseline for row in whole.rows):
        raise InputError(f"{paper} has no baselines: leave --baselines out, or reproduce gan2014.")
    found = []
    for row in rows.values():
        by_itself = not only and not row.optional and not row.baseline
        if row.name not in only and not by_itself and not (baselines and row.baseline):
            continue
        data = row.source or (None if row.fixed_source else source) or whole.source
        if row.name in only and source:
            data = source
        common: dict[str, Any] = {"paper": paper, "row": row, "quick": quick, "data_dir": data_dir}
        common["source"] = configs.absolute(data)
        if isinstance(row, Trained):
            count = row.quick_epochs if quick else epochs or row.epochs
            found += [Job(seed=seed, epochs=count, **common) for seed in seeds]
        else:
            found.append(Job(seed=DRAWING_SEED, epochs=None, **common))
    return found


def seconds(found):
    """About how long each job takes on two cores; a run that rows share counts for the first."""
    begun, times = set(), []
    for job in found:
        shared = isinstance(job.row, Trained) and job.run in begun
        times.append(MEASURING if shared else job.row.seconds(job.epochs))
        begun.add(job.run)
    return times
