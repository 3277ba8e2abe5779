"""`tfgan evaluate`."""

import os

import click

from tfgan.cli.common import check_file, echo, import_tensorflow, tell
from tfgan.cli.options import NAME, PATH, SEED, UNCHANGED, changed, sampling_options, workers_option
from tfgan.errors import InputError, printable


@click.command()
@click.argument("run", type=PATH)
@click.option(
    "--metrics", type=NAME, metavar="A,B", help="parzen, classifier, frechet, ...  [default: all]"
)
@click.option("--samples", type=click.IntRange(min=1), default=10_000, show_default=True)
@click.option(
    "--features",
    type=NAME,
    metavar="NAME|FILE",
    help="What distances are measured in: classifier, inception, inception:FILE.h5, pixels, or a Keras "
    "model FILE.keras.  [default: classifier, of data with labels]",
)
@click.option("--seed", type=SEED, default=0, show_default=True)
@workers_option
@sampling_options
@click.option(
    "--json", "json_file", type=PATH, metavar="FILE", help="Write the numbers with their protocol."
)
def evaluate(run, metrics, samples, features, seed, workers, json_file, **sampling):
    """Measure RUN against the data it was trained on.

    All metrics, with nothing changed in sampling, are kept in RUN/evaluation.json too, from where
    exports tell them. With --workers it is frechet and kernel, of any number of samples.
    """
    if workers is not None and sampling != UNCHANGED:
        raise InputError("--workers goes without --truncation and --smoothing: leave them out.")
    import_tensorflow()
    from tfgan import evaluation, runs

    names = [name.strip() for name in metrics.split(",")] if metrics else None
    evaluation.check_names(names)
    if json_file:
        check_file(json_file)
    if workers is not None:
        import tfgan.export

        data = runs.load_data(runs.read_config(run))
        options = {"metrics": names, "features": features, "seed": seed, "workers": workers}
        _show(tfgan.export.statistics(run, data, samples, **options), json_file)
        return
    gan, config = runs.load(run), runs.read_config(run)
    data = runs.load_data(config)
    sampling = changed(sampling)
    results = evaluation.evaluate(
        gan,
        data,
        metrics=names,
        samples=samples,
        seed=seed,
        sampling=sampling,
        features=features,
    )
    kept = None if names or sampling else run / "evaluation.json"
    if kept and not os.access(run, os.W_OK):
        tell(f"{run} cannot be written to: the numbers are not kept there.")
        kept = None
    _show(results, kept, json_file)


def _show(results, *files):
    """Prints what was measured, and writes it into the files that are not None."""
    from tfgan import evaluation
    from tfgan.files import write_json

    for line in evaluation.lines(results):
        echo(printable(line))
    for file in filter(None, files):
        write_json(file, results)
        echo(f"numbers: {file}")
