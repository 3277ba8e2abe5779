"""`tfgan sample`."""

import sys
from pathlib import Path

import click

from tfgan.cli.common import check_file, check_target, echo, import_tensorflow, tell
from tfgan.cli.options import PATH, SEED, UNCHANGED, changed, sampling_options, workers_option
from tfgan.errors import InputError


@click.command()
@click.argument("run", type=PATH)
@click.option(
    "--count", type=int, metavar="N", help="Images per condition (10), or in all (100; of tags 10)."
)
@click.option(
    "--condition",
    metavar="0,1,2",
    help="Classes, one row each, several labels as 0+2,1, or FILE.npy; of a data set in turn.  "
    "[default: all]",
)
@click.option("--mix", metavar="3,5", help="Each row goes from one condition to the other.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Same seed, same images.")
@click.option("--interpolate", is_flag=True, help="Each row is a line between two latents.")
@sampling_options
@click.option(
    "--format",
    type=click.Choice(["tfrecord", "npz", "png", "webdataset"]),
    help="Write a data set of --count images, also of a SavedModel.",
)
@click.option("--shard-size", type=click.IntRange(min=1), metavar="N", help="Images a file (10,000).")
@click.option("--batch-size", type=click.IntRange(min=1), metavar="N", help="Images made in advance.")
@workers_option
@click.option(
    "--out", type=PATH, metavar="PATH", help="Picture, or folder.  [default: RUN/samples.png]"
)
def sample(
    run,
    count,
    condition,
    mix,
    seed,
    interpolate,
    format,
    shard_size,
    batch_size,
    workers,
    out,
    **sampling,
):
    """Draw samples of RUN as a picture; of a run on tags, write a table of words for test images.

    With --format they become a data set in a folder. Stopped at any time, the same command goes on.
    """
    if count is not None and count < 1:
        raise InputError(f"--count must be at least 1, got {count}.")
    sizes = {"shard_size": shard_size, "batch_size": batch_size, "workers": workers}
    sizes = {name: size for name, size in sizes.items() if size is not None}
    if format:
        if interpolate or mix or sampling != UNCHANGED:
            raise InputError(
                "--format goes without --interpolate, --mix, --truncation and --smoothing."
            )
        if count is None or out is None:
            raise InputError("--format needs --count and --out: how many images, and the folder.")
        _sample_dataset(run, out, count, condition, format=format, seed=seed, **sizes)
        return
    if sizes:
        raise InputError("--shard-size, --batch-size and --workers go with --format: leave them out.")
    if mix and (interpolate or condition is not None):
        raise InputError("--mix goes without --condition and --interpolate: leave them out.")
    import_tensorflow()
    from tfgan import plots, runs

    if runs.recipe_of(run).tags:
        refused = condition is not None or interpolate or mix
        _sample_tags(run, out, count, seed, sampling, refused=refused)
        return
    file = out or run / "samples.png"
    check_file(file)
    gan = runs.load(run)
    given = condition if mix is None else mix
    if given is not None and not gan.conditional:
        option = "--condition" if mix is None else "--mix"
        raise InputError(f"{run} has no classes to choose from: leave {option} out.")
    rows = _conditions(given)
    if isinstance(rows, str):
        rows = gan.condition.parse(rows)
    sampling = {"count": count, "seed": seed, **changed(sampling)}
    if mix is not None:
        if len(rows) != 2:
            raise InputError(f"--mix takes two conditions such as 3,5, got {len(rows)} in {mix!r}.")
        figure = plots.mixture(gan, *rows, **sampling)
    else:
        draw = plots.interpolation if interpolate else plots.samples
        names = runs.read_config(run)["class_names"]
        figure = draw(gan, conditions=rows, class_names=names, **sampling)
    plots.save(figure, file)
    echo(f"picture: {file}")


def _sample_dataset(source, out, count, condition, **settings):
    """Writes a data set of a run or a SavedModel."""
    check_target(out)
    import_tensorflow()
    import tfgan.export

    condition = _conditions(condition)
    try:
        report = tfgan.export.dataset(source, out, count, condition=condition, **settings)
    except KeyboardInterrupt:
        tell("stopped; the same command goes on from the last whole file.")
        sys.exit(130)
    echo(f"data set: {report.path}\n{report}")


def _conditions(text):
    """The array of FILE.npy; other text as it is."""
    if text is None or not text.endswith(".npy"):
        return text
    from tfgan.data.npy import read_npy
    from tfgan.reading import refusing

    def line(reason):
        return f"{text} must hold one array of numpy.save, and cannot be read: {reason}"

    with refusing(line, but=FileNotFoundError):
        array = read_npy(Path(text).expanduser())
        if array.ndim < 1:
            raise ValueError("it holds no rows")
    return array


def _sample_tags(run, out, count, seed, sampling, *, refused):
    """Prints and writes a table of tags found for test images."""
    from tfgan import runs, tagging
    from tfgan.files import write_text

    if refused:
        raise InputError(f"{run} tags images: leave --condition, --mix and --interpolate out.")
    file = out or run / "samples.tsv"
    check_file(file)
    gan = runs.load(run)
    data = runs.load_data(runs.read_config(run))
    table = tagging.table(gan, data.tags, count=count or tagging.COUNT, seed=seed, **sampling)
    write_text(file, table)
    echo(f"{table}table: {file}")
