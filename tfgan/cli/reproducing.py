"""`tfgan reproduce`."""

import sys
from pathlib import Path

import click

from tfgan.cli.common import check_folder, check_target, echo, given, import_tensorflow, tell
from tfgan.cli.options import NAME, PATH, SEED
from tfgan.errors import StoppedError


@click.command()
@click.argument("paper", metavar="gan2014|cgan2014")
@click.option(
    "--out", type=PATH, metavar="DIR", help="Report, figures, runs.  [default: reports/PAPER]"
)
@click.option("--only", multiple=True, metavar="ROW", help="Only this row of the report; repeatable.")
@click.option(
    "--baselines", is_flag=True, help="Train the systems, too, that the first paper compares with."
)
@click.option("--epochs", type=click.IntRange(min=1), metavar="N", help="Instead of each row's own.")
@click.option("--quick", is_flag=True, help="A few epochs each, and marked so.")
@click.option("--seed", "seeds", type=SEED, multiple=True, help="Of the training; repeatable.  [1]")
@click.option("--data", "source", type=NAME, metavar="SOURCE", help="Other data than MNIST.")
@click.option("--data-dir", type=PATH, metavar="DIR", help="Where TFDS keeps its data sets.")
@click.option("--dry-run", is_flag=True, help="Only list the rows and their times.")
def reproduce(paper, out, only, baselines, epochs, quick, seeds, source, data_dir, dry_run):
    """Train and measure what a paper reports, and write the report.

    Stopped at any time, the same command goes on from the last checkpoint.
    """
    import_tensorflow()
    from tfgan import reproduce as papers
    from tfgan.times import duration

    found = papers.jobs(
        paper,
        only=only,
        baselines=baselines,
        epochs=epochs,
        quick=quick,
        seeds=tuple(dict.fromkeys(seeds)) or (1,),
        source=source,
        data_dir=data_dir and str(data_dir),
    )
    out = out or Path("reports", paper)
    check_folder(out, "the report")
    check_target(out)
    times = papers.seconds(found)
    for job, seconds in zip(found, times, strict=True):
        click.echo(f"{job.name:24} {duration(seconds):>8}  {job.row.title}")
    total = duration(sum(times))
    echo(f"{'in all':24} {total:>8}  on two cores, as measured on one machine")
    if dry_run:
        return
    try:
        report = papers.reproduce(found, out, say=echo)
    except StoppedError as stopped:
        tell(f"{stopped}; go on with: {given()}")
        return
    except KeyboardInterrupt:
        tell("stopped; the same command goes on from the last checkpoint.")
        sys.exit(130)
    echo(f"report: {report}")
