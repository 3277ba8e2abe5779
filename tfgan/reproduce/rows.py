"""The rows of each paper's report: what is trained or drawn, and what was published."""

import dataclasses

from tfgan import recipes

MEASURING = 45.0  # seconds


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of a report's table.

    Attributes:
        name: what `--only` calls it.
        title: what the table calls it.
        table: the table it stands in, a key of `TABLES`.
        published: the published number with its error, or "".
        note: what differs from the paper, or what the row is for.
        source: data of its own, or None for the report's.
        run: name of the run, where rows share one; "" is the row's own.
        optional: whether it is done only if it is asked for by name.
        baseline: whether it is done only if baselines are asked for, or it is by name.
        fixed_source: whether no other data make sense.
    """

    name: str
    title: str
    table: str
    published: str = ""
    note: str = ""
    source: str | None = None
    run: str = ""
    optional: bool = False
    baseline: bool = False
    fixed_source: bool = False

    @property
    def epochs(self) -> int | None:
        """How many a whole run takes; None where nothing is trained."""
        return None

    def seconds(self, epochs) -> float:
        """About how long it takes on two cores."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class Trained(Row):
    """A row that trains a recipe.

    Attributes:
        recipe: its name.
        changes: settings that differ from the recipe's, `key=value`.
        epoch_seconds: about how long an epoch takes on two cores.
        quick_epochs: with `--quick`.
        ema: whether the generator's moving average samples, where the run has one.
        tuned: argument of `gan.sample` whose value suits validation images best, of `engine.TRIED`; ""
            is none.
    """

    recipe: str = ""
    changes: tuple = ()
    epoch_seconds: float = 0.0
    quick_epochs: int = 2
    ema: bool = True
    tuned: str = ""

    @property
    def epochs(self):
        for change in self.changes:
            key, _, value = change.partition("=")
            if key == "epochs":
                return int(value)
        return recipes.RECIPES[self.recipe].settings["epochs"]

    def seconds(self, epochs):
        return MEASURING + epochs * self.epoch_seconds


@dataclasses.dataclass(frozen=True)
class Drawn(Row):
    """A row of samples that no GAN made, of `REFERENCES` by its name.

    Attributes:
        making: about how many seconds its samples take on two cores.
    """

    making: float = 0.0

    def seconds(self, epochs):
        return MEASURING + self.making


@dataclasses.dataclass(frozen=True)
class Pictured(Row):
    """A row that is a figure, of `tfgan.reproduce.figures.PICTURES` by its name.

    Attributes:
        making: about how many seconds it takes on two cores.
    """

    making: float = 20.0

    def seconds(self, epochs):
        return self.making


TABLES = {
    "mnist": "MNIST, by the papers' protocol",
    "others": "Other data",
    "references": "The same estimate of samples that no GAN made",
    "modes": "Mode coverage on known mixtures",
    "tags": "Image to tags, where the right tags are known",
    "theory": "The game",
}

REFERENCE_ROWS = (
    Drawn("real", "real training images", "references"),
    Drawn("fewer-real", "a tenth of them", "references"),
    Drawn("k-means", "k-means centroids of training images", "references", making=240.0),
    Drawn("mean-image", "the mean image", "references"),
    Drawn("noise", "uniform noise", "references"),
)


def label(row):
    """What a report calls a finished row: its title, seed and, where it is short, epochs."""
    text = row["title"]
    sampling = row["results"].get("sampling", {})
    text += "".join(f" by {sampling[name]}" for name in ("truncation", "smoothing") if name in sampling)
    if row["epochs"] is None:
        return text
    text += f", seed {row['seed']}"
    if row["quick"]:
        text += f" (**quick: {row['epochs']} of {row['of_epochs']} epochs**)"
    elif row["epochs"] != row["of_epochs"]:
        text += f" (**{row['epochs']} of {row['of_epochs']} epochs**)"
    return text
