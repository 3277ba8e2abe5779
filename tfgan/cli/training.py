"""`tfgan recipes` and `tfgan train`."""

import json
import sys
from pathlib import Path

import click

from tfgan.cli.common import check_parent, checked_text, given, import_tensorflow, tell
from tfgan.cli.options import PATH
from tfgan.errors import InputError, StoppedError

STRATEGIES = ("mirrored", "multi_worker")  # those of tfgan.processes, which imports TensorFlow


@click.command("recipes")
def list_recipes():
    """List the recipes, with what each reproduces, its time and its score."""
    import_tensorflow()
    from tfgan.recipes import RECIPES

    for recipe in RECIPES.values():
        click.echo(
            f"{recipe.name}\n    {recipe.reproduces}\n    data: {recipe.data or 'yours, by --data'}\n"
            f"    time: {recipe.time}\n    score: {recipe.score}"
        )


@click.command()
@click.argument("recipe", required=False)
@click.option(
    "--from", "config_file", type=PATH, metavar="FILE", help="Repeat the run of a config.json instead."
)
@click.option("--data", "source", metavar="SOURCE", help="digits, mnist, tfds:NAME, folder:DIR, ...")
@click.option("--data-dir", type=PATH, metavar="DIR", help="Where TFDS keeps its data sets.")
@click.option("--epochs", type=int, metavar="N", help="Passes over the data.")
@click.option("--out", type=PATH, metavar="RUN", help="Run directory.  [default: runs/RECIPE]")
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
        import_tensorflow(alone=strategy != "multi_worker")
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
                    tell(line)
            config = runs.fitted(config, dataset)
            if team.chief:
                click.echo(json.dumps(config, indent=2))
                shape = " x ".join(map(str, dataset.image_shape))
                batch_size, steps = runs.steps_of(config, dataset)
                click.echo(
                    f"{dataset.sizes['train']} training examples of {shape}, in batches of "
                    f"{batch_size}, {steps} an epoch"
                )
            if dry_run:
                gan = runs.build(config, dataset)
                for network in reversed(gan.networks().values()):
                    network.summary(print_fn=click.echo)
                return
            training = True
            runs.train(path, config, dataset=dataset, profile=profile, team=team)
    except (StoppedError, KeyboardInterrupt) as stopped:
        go_on = given()
        if path is not None and (path / "config.json").is_file():
            same = ["--strategy", strategy] if strategy else []
            go_on = runs.to_go_on(path, config, *same)
        tell(f"{str(stopped) or 'stopped'}; go on with: {go_on}")
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
    check_parent(path)
    return config


def _differences(config_file, config, dataset):
    """What differs from the run that is repeated, or gone on with: lines, none of a new one."""
    from tfgan import configs

    if config_file:
        return configs.differences(config_file, config, dataset)
    return configs.resumed_differences(config)


def _run_path(out, config):
    return checked_text(out or Path("runs", config["recipe"]))
