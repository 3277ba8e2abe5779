"""The `tfgan` command. TensorFlow is imported by the commands that need it, not by `--help`."""

import io
import json
import os
import shlex
import signal
import sys
from pathlib import Path

import click

from tfgan.errors import DivergedError, InputError, LostError, StoppedError, printable
from tfgan.reading import quiet

SEED = click.IntRange(0, 2**31 - 1)
STRATEGIES = ("mirrored", "multi_worker")  # those of tfgan.processes, which imports TensorFlow


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


_NAME, _PATH = _Name(), _Path()
_UNCHANGED = {"truncation": 1.0, "smoothing": 0.0}


def _sampling_options(command):
    """Adds what `gan.sample` can be told of the latents."""
    truncation = click.option(
        "--truncation",
        type=_Range(0, 1, min_open=True),
        default=_UNCHANGED["truncation"],
        show_default=True,
        help="Below 1: more typical samples, less varied.",
    )
    smoothing = click.option(
        "--smoothing",
        type=_Range(0, 10),
        default=_UNCHANGED["smoothing"],
        show_default=True,
        help="Above 0: each sample is the mean of six, of latents that far around its own.",
    )
    return truncation(smoothing(command))


def _changed(sampling):
    """What was asked for of the latents: not all that is sampled has any."""
    return {name: value for name, value in sampling.items() if value != _UNCHANGED[name]}


_workers_option = click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes that share the samples, by Ray: here, or where RAY_ADDRESS says.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tfgan")
def cli():
    """Train GANs and conditional GANs on images, look at them, measure them, ship them."""


@cli.command("recipes")
def list_recipes():
    """List the recipes, with what each reproduces, its time and its score."""
    _import_tensorflow()
    from tfgan.recipes import RECIPES

    for recipe in RECIPES.values():
        click.echo(
            f"{recipe.name}\n    {recipe.reproduces}\n    data: {recipe.data or 'yours, by --data'}\n"
            f"    time: {recipe.time}\n    score: {recipe.score}"
        )


@cli.command()
@click.argument("recipe", required=False)
@click.option(
    "--from", "config_file", type=_PATH, metavar="FILE", help="Repeat the run of a config.json instead."
)
@click.option("--data", "source", metavar="SOURCE", help="digits, mnist, tfds:NAME, folder:DIR, ...")
@click.option("--data-dir", type=_PATH, metavar="DIR", help="Where TFDS keeps its data sets.")
@click.option("--epochs", type=int, metavar="N", help="Passes over the data.")
@click.option("--out", type=_PATH, metavar="RUN", help="Run directory.  [default: runs/RECIPE]")
@click.option("--resume", is_flag=True, help="Go on where the run stopped.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Override a setting.")
@click.option(
    "--strategy",
    type=click.Choice(STRATEGIES),
    help="On all GPUs (mirrored), or in all processes that TF_CONFIG or Slurm name (multi_worker).",
)
@click.option(
    "--stop-code",
    type=click.IntRange(0, 255),
    default=0,
    show_default=True,
    help="Exit code after Ctrl-C or SIGTERM, for schedulers that take 0 for done: such as 75.",
)
@click.option("--profile", is_flag=True, help="Write a trace of a few steps for TensorBoard.")
@click.option("--dry-run", is_flag=True, help="Print the config and the networks, train nothing.")
def train(
    recipe,
    config_file,
    source,
    data_dir,
    epochs,
    out,
    resume,
    changes,
    strategy,
    stop_code,
    profile,
    dry_run,
):
    """Train RECIPE into a run directory.

    Stopped by Ctrl-C or SIGTERM, it saves and says how to go on; killed, it goes on from the last
    checkpoint. Of several processes, which are given the same command, the first writes.
    """
    if recipe is None and config_file is None:
        raise click.UsageError("Missing argument 'RECIPE', or --from a run's config.json.")
    if recipe is not None and config_file is not None:
        raise InputError("RECIPE says what --from repeats: give one of the two.")
    if config_file and resume:
        raise InputError("--from begins a new run, --resume goes on with one: leave one of them out.")
    path, training = None, False
    try:
        _import_tensorflow(alone=strategy != "multi_worker")
        from tfgan import processes, runs

        team = processes.team(None if dry_run else strategy)
        asked = {"source": source, "data_dir": data_dir, "epochs": epochs, "changes": changes}
        with team.watched(lambda: "start all processes again, by the same command"):
            config = team.told(lambda: _planned(recipe, config_file, out, resume, asked))
            path = _run_path(out, config)
            with team.together():
                dataset = runs.load_data(config)
            if team.chief:
                for line in _differences(config_file, config, dataset):
                    _tell(line)
            config = runs.fitted(config, dataset)
            if team.chief:
                click.echo(json.dumps(config, indent=2))
                shape = " x ".join(map(str, dataset.image_shape))
                click.echo(f"{dataset.sizes['train']} training examples of {shape}")
            if dry_run:
                gan = runs.build(config, dataset)
                for network in reversed(gan.networks().values()):
                    network.summary(print_fn=click.echo)
                return
            training = True
            runs.train(path, config, dataset=dataset, profile=profile, team=team)
    except (StoppedError, KeyboardInterrupt) as stopped:
        go_on = shlex.join(["tfgan", *sys.argv[1:]])
        if path is not None and (path / "config.json").is_file():
            same = ["--strategy", strategy] if strategy else []
            go_on = shlex.join(
                ["tfgan", "train", config["recipe"], "--out", str(path), "--resume", *same]
            )
        text = f"tfgan: {str(stopped) or 'stopped'}; go on with: {go_on}"
        click.echo(printable(text), err=True)
        # A second signal did not wait for a step to be saved.
        sys.exit(130 if training and isinstance(stopped, KeyboardInterrupt) else stop_code)
    if not team.chief:
        click.echo(f"process {team.index} of {team.count}: done; process 0 has written the run")
        return
    click.echo(f"model: {path / 'gan.keras'}\nsamples: {path / 'samples'}")
    if any(path.glob("tensorboard/plugins/profile/*")):
        click.echo(f"trace: {path / 'tensorboard'} (tensorboard --logdir, with its profile plugin)")


def _planned(recipe, config_file, out, resume, asked):
    """The config of a run to train, whose directory is free, or begun where it is to go on."""
    from tfgan import runs

    if config_file:
        config = runs.repeated_config(config_file, **asked)
    else:
        config = runs.plan(recipe, **asked, resume=resume)
    path = _run_path(out, config)
    if resume:
        return runs.resumed_config(path, config)
    runs.check_free(path)
    _check_parent(path)
    return config


def _differences(config_file, config, dataset):
    """What differs from the run that is repeated, or gone on with: lines, none of a new one."""
    from tfgan import configs

    if config_file:
        return configs.differences(config_file, config, dataset)
    return configs.resumed_differences(config)


def _run_path(out, config):
    return _checked_text(out or Path("runs", config["recipe"]))


@cli.command()
@click.argument("run", type=_PATH)
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
@_sampling_options
@click.option(
    "--format",
    type=click.Choice(["tfrecord", "npz", "png", "webdataset"]),
    help="Write a data set of --count images, also of a SavedModel.",
)
@click.option("--shard-size", type=click.IntRange(min=1), metavar="N", help="Images a file (10,000).")
@click.option("--batch-size", type=click.IntRange(min=1), metavar="N", help="Images made in advance.")
@_workers_option
@click.option(
    "--out", type=_PATH, metavar="PATH", help="Picture, or folder.  [default: RUN/samples.png]"
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
        if interpolate or mix or sampling != _UNCHANGED:
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
    _import_tensorflow()
    from tfgan import plots, runs

    if runs.recipe_of(run).tags:
        refused = condition is not None or interpolate or mix
        _sample_tags(run, out, count, seed, sampling, refused=refused)
        return
    file = out or run / "samples.png"
    _check_file(file)
    gan = runs.load(run)
    given = condition if mix is None else mix
    if given is not None and not gan.conditional:
        option = "--condition" if mix is None else "--mix"
        raise InputError(f"{run} has no classes to choose from: leave {option} out.")
    rows = _conditions(given)
    if isinstance(rows, str):
        rows = gan.condition.parse(rows)
    sampling = {"count": count, "seed": seed, **_changed(sampling)}
    if mix is not None:
        if len(rows) != 2:
            raise InputError(f"--mix takes two conditions such as 3,5, got {len(rows)} in {mix!r}.")
        figure = plots.mixture(gan, *rows, **sampling)
    else:
        draw = plots.interpolation if interpolate else plots.samples
        names = runs.read_config(run)["class_names"]
        figure = draw(gan, conditions=rows, class_names=names, **sampling)
    plots.save(figure, file)
    _echo(f"picture: {file}")


def _sample_dataset(source, out, count, condition, **settings):
    """Writes a data set of a run or a SavedModel."""
    _check_target(out)
    _import_tensorflow()
    import tfgan.export

    condition = _conditions(condition)
    try:
        report = tfgan.export.dataset(source, out, count, condition=condition, **settings)
    except KeyboardInterrupt:
        click.echo("tfgan: stopped; the same command goes on from the last whole file.", err=True)
        sys.exit(130)
    _echo(f"data set: {report.path}\n{report}")


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
    _check_file(file)
    gan = runs.load(run)
    data = runs.load_data(runs.read_config(run))
    table = tagging.table(gan, data.tags, count=count or tagging.COUNT, seed=seed, **sampling)
    write_text(file, table)
    _echo(f"{table}table: {file}")


@cli.command()
@click.argument("run", type=_PATH)
@click.option(
    "--metrics", type=_NAME, metavar="A,B", help="parzen, classifier, frechet, ...  [default: all]"
)
@click.option("--samples", type=click.IntRange(min=1), default=10_000, show_default=True)
@click.option(
    "--features",
    type=_NAME,
    metavar="NAME|FILE",
    help="What distances are measured in: classifier, inception, inception:FILE.h5, pixels, or a Keras "
    "model FILE.keras.  [default: classifier, of data with labels]",
)
@click.option("--seed", type=SEED, default=0, show_default=True)
@_workers_option
@_sampling_options
@click.option(
    "--json", "json_file", type=_PATH, metavar="FILE", help="Write the numbers with their protocol."
)
def evaluate(run, metrics, samples, features, seed, workers, json_file, **sampling):
    """Measure RUN against the data it was trained on.

    All metrics, with nothing changed in sampling, are kept in RUN/evaluation.json too, from where
    exports tell them. With --workers it is frechet and kernel, of any number of samples.
    """
    if workers is not None and sampling != _UNCHANGED:
        raise InputError("--workers goes without --truncation and --smoothing: leave them out.")
    _import_tensorflow()
    from tfgan import evaluation, runs

    names = [name.strip() for name in metrics.split(",")] if metrics else None
    evaluation.check_names(names)
    if json_file:
        _check_file(json_file)
    if workers is not None:
        import tfgan.export

        data = runs.load_data(runs.read_config(run))
        options = {"metrics": names, "features": features, "seed": seed, "workers": workers}
        _show(tfgan.export.statistics(run, data, samples, **options), json_file)
        return
    gan, config = runs.load(run), runs.read_config(run)
    data = runs.load_data(config)
    sampling = _changed(sampling)
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
    _show(results, kept, json_file)


def _show(results, *files):
    """Prints what was measured, and writes it into the files that are not None."""
    from tfgan import evaluation
    from tfgan.files import write_json

    for line in evaluation.lines(results):
        _echo(printable(line))
    for file in filter(None, files):
        write_json(file, results)
        _echo(f"numbers: {file}")


# Options of `export`, and what they go with.
_EXPORT_OPTIONS = {
    "quantize": ("tflite", "web"),
    "batch": ("tflite",),
    "name": ("saved_model", "web"),
    "version": ("saved_model",),
    "max_batch": ("saved_model",),
    "litert_js": ("web",),
}


@cli.command()
@click.argument("run", type=_PATH)
@click.option(
    "--to", "target", type=click.Choice(["saved_model", "tflite", "onnx", "web"]), required=True
)
@click.option(
    "--quantize",
    type=click.Choice(["float16", "dynamic", "int8", "all"]),
    help="TFLite in half or a quarter of the bytes; all: each, and a report.",
)
@click.option("--batch", metavar="N|any", help="Images that a TFLite file makes at once.  [default: 1]")
@click.option("--name", metavar="NAME", help="What a server or page calls it.  [default: the folder's]")
@click.option("--version", type=int, metavar="N", help="Of a SavedModel.  [default: the next]")
@click.option("--max-batch", type=int, metavar="N", help="Rows that a server's request may have.")
@click.option(
    "--out", type=_PATH, metavar="PATH", required=True, help="FILE.tflite, FILE.onnx, or a folder."
)
@click.option(
    "--litert-js", type=_PATH, metavar="DIR", help="For web: where npm installed @litertjs/core."
)
def export(run, target, out, **options):
    """Export the generator of RUN, and compare what was written with Keras."""
    _import_tensorflow()
    import tfgan.export

    options = {key: value for key, value in options.items() if value is not None}
    for key in options:
        if target not in _EXPORT_OPTIONS[key]:
            option = key.replace("_", "-")
            raise InputError(
                f"--{option} goes with --to {' or '.join(_EXPORT_OPTIONS[key])}: leave it out."
            )
    if "batch" in options:
        options["batch"] = _batch(options["batch"])
    _check_target(out)
    if target == "tflite" and options.get("quantize") == "all":
        _compare_variants(run, out, options)
        return
    with quiet():  # the converter's C++ side
        report = getattr(tfgan.export, target)(run, out, **options)
    _echo(f"{target}: {report.path}\nverified: {report}")


def _compare_variants(run, out, options):
    from tfgan import runs
    from tfgan.export import quantization

    if "batch" in options:
        raise InputError("--quantize all compares files of batch 1: leave --batch out.")
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file, expected a folder to write the variants to.")
    data = runs.load_data(runs.read_config(run))
    with quiet():
        quantization.compare(run, out, data)
    _echo(f"{(out / 'report.md').read_text(encoding='utf-8')}\nreport: {out / 'report.md'}")


def _batch(text):
    if text == "any":
        return None
    try:
        return int(text)
    except ValueError:
        raise InputError(f"--batch takes a number of images or any, got {text!r}.") from None


@cli.command()
@click.argument("path", type=_PATH)
def verify(path):
    """Run exported files again and compare them with what Keras made when they were written."""
    _import_tensorflow()
    import tfgan.export

    report = tfgan.export.verify(path)
    _echo(f"{report.path}\nverified: {report}")


@cli.command()
@click.argument("paper", metavar="gan2014|cgan2014")
@click.option(
    "--out", type=_PATH, metavar="DIR", help="Report, figures, runs.  [default: reports/PAPER]"
)
@click.option("--only", multiple=True, metavar="ROW", help="Only this row of the report; repeatable.")
@click.option(
    "--baselines", is_flag=True, help="Train the systems, too, that the first paper compares with."
)
@click.option("--epochs", type=click.IntRange(min=1), metavar="N", help="Instead of each row's own.")
@click.option("--quick", is_flag=True, help="A few epochs each, and marked so.")
@click.option("--seed", "seeds", type=SEED, multiple=True, help="Of the training; repeatable.  [1]")
@click.option("--data", "source", type=_NAME, metavar="SOURCE", help="Other data than MNIST.")
@click.option("--data-dir", type=_PATH, metavar="DIR", help="Where TFDS keeps its data sets.")
@click.option("--dry-run", is_flag=True, help="Only list the rows and their times.")
def reproduce(paper, out, only, baselines, epochs, quick, seeds, source, data_dir, dry_run):
    """Train and measure what a paper reports, and write the report.

    Stopped at any time, the same command goes on from the last checkpoint.
    """
    _import_tensorflow()
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
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file, expected a folder to write the report to.")
    _check_target(out)
    times = papers.seconds(found)
    for job, seconds in zip(found, times, strict=True):
        click.echo(f"{job.name:24} {duration(seconds):>8}  {job.row.title}")
    total = duration(sum(times))
    _echo(f"{'in all':24} {total:>8}  on two cores, as measured on one machine")
    if dry_run:
        return
    try:
        report = papers.reproduce(found, out, say=_echo)
    except StoppedError as stopped:
        go_on = shlex.join(["tfgan", *sys.argv[1:]])
        click.echo(printable(f"tfgan: {stopped}; go on with: {go_on}"), err=True)
        return
    except KeyboardInterrupt:
        click.echo("tfgan: stopped; the same command goes on from the last checkpoint.", err=True)
        sys.exit(130)
    _echo(f"report: {report}")


def _echo(text):
    """Prints lines; what is in them (names of classes, of files) does nothing to the terminal."""
    click.echo("\n".join(map(printable, text.split("\n"))))


def _check_target(path):
    """Refuses what a run, an export or a data set cannot be written to."""
    _check_parent(_checked_text(path))


def _checked_text(path):
    """Returns a path; refuses one that is no UTF-8, as TensorFlow writes to no other."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(f"{path} is no UTF-8, expected a name of such text: choose another.") from None
    return path


def _check_parent(path):
    """Refuses a path inside what is no folder, or of no file or folder, before any work is done."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InputError(f"{path} is a device or a pipe, expected the name of what to write.")
    for parent in path.parents:
        if parent.exists():
            if not parent.is_dir() or not os.access(parent, os.W_OK):
                raise InputError(f"{path} cannot be written, {parent} is no folder to write to.")
            return


def _check_file(path):
    if path.is_dir():
        raise InputError(f"{path} is a folder, expected the name of a file to write.")
    _check_parent(path)


def _import_tensorflow(*, alone=True):
    """Imports TensorFlow without what its C++ side prints meanwhile, which no setting turns off.

    Args:
        alone: bool. False keeps it from telling, in many lines, that another process is gone, too.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2" if alone else "3")
    with quiet():
        import absl.logging
        import tensorflow as tf

        absl.logging.set_verbosity(absl.logging.ERROR)

        tf.config.list_physical_devices()  # says on a machine without a GPU that there is none


def _tell(message):
    click.echo(f"tfgan: {printable(message)}", err=True)


def main():
    """Runs the command line; a user's mistake is one line on stderr and exit code 2 (diverged: 3)."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # nothing half-written stays
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files are bytes, which need not be UTF-8
        sys.stdout.reconfigure(errors="surrogateescape")
    try:
        code = cli.main(standalone_mode=False)
    except LostError as error:
        _tell(error)
        code = 75  # EX_TEMPFAIL of sysexits.h
    except InputError as error:
        _tell(error)
        code = 3 if isinstance(error, DivergedError) else 2
    except click.ClickException as error:
        _tell(" ".join(error.format_message().split()))
        code = 2
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        _tell(f"{error.strerror or error}{where}")
        code = 2
    except MemoryError as error:
        _tell(f"there is too little memory ({error or 'nobody says for what'}): ask for less.")
        code = 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("tfgan: stopped.", err=True)
        code = 130
    sys.exit(code if isinstance(code, int) else 0)
