"""Options that several commands take, and how their values are read."""

from pathlib import Path

import click

SEED = click.IntRange(0, 2**31 - 1)


class _Range(click.FloatRange):
    """A range of numbers, in which NaN is not: to Click it is neither below nor above."""

    def convert(self, value, param, ctx):
        number = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"{value} is no number.", param, ctx)
        return number


class _Name(click.ParamType):
    """A text that is not empty, as that of a shell's variable that is not set."""

    name = "name"

    def convert(self, value, param, ctx):
        if not str(value):
            self.fail(f"it is empty, expected a {self.name}: give one (is a variable not set?).", param)
        return value


class _Path(_Name):
    """A path, where ~ is expanded."""

    name = "path"

    def convert(self, value, param, ctx):
        value = super().convert(value, param, ctx)
        try:
            return Path(value).expanduser()
        except RuntimeError as error:  # of ~user, who is nobody
            self.fail(f"{value} is no path: {error}", param, ctx)


NAME, PATH = _Name(), _Path()
UNCHANGED = {"truncation": 1.0, "smoothing": 0.0}


def sampling_options(command):
    """Adds what `gan.sample` can be told of the latents."""
    truncation = click.option(
        "--truncation",
        type=_Range(0, 1, min_open=True),
        default=UNCHANGED["truncation"],
        show_default=True,
        help="Below 1: more typical samples, less varied.",
    )
    smoothing = click.option(
        "--smoothing",
        type=_Range(0, 10),
        default=UNCHANGED["smoothing"],
        show_default=True,
        help="Above 0: each sample is the mean of six, of latents that far around its own.",
    )
    return truncation(smoothing(command))


def changed(sampling):
    """What was asked for of the latents: not all that is sampled has any."""
    return {name: value for name, value in sampling.items() if value != UNCHANGED[name]}


workers_option = click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes that share the samples, by Ray: here, or where RAY_ADDRESS says.",
)
