"""The `tfgan` command. TensorFlow is imported by the commands that need it, not by `--help`."""

import io
import signal
import sys

import click

from tfgan.cli.common import tell
from tfgan.cli.evaluating import evaluate
from tfgan.cli.exporting import export, verify
from tfgan.cli.reproducing import reproduce
from tfgan.cli.sampling import sample
from tfgan.cli.training import list_recipes, train
from tfgan.errors import DivergedError, InputError, LostError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tfgan")
def cli():
    """Train GANs and conditional GANs on images, look at them, measure them, ship them."""


for command in (list_recipes, train, sample, evaluate, export, verify, reproduce):
    cli.add_command(command)


def main():
    """Runs the command line; a user's mistake is one line on stderr and exit code 2 (diverged: 3)."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # nothing half-written stays
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files are bytes, which need not be UTF-8
        sys.stdout.reconfigure(errors="surrogateescape")
    try:
        code = cli.main(standalone_mode=False)
    except LostError as error:
        tell(error)
        code = 75  # EX_TEMPFAIL of sysexits.h
    except InputError as error:
        tell(error)
        code = 3 if isinstance(error, DivergedError) else 2
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        code = 2
    except click.ClickException as error:
        tell(" ".join(error.format_message().split()))
        code = 2
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        tell(f"{error.strerror or error}{where}")
        code = 2
    except MemoryError as error:
        tell(f"there is too little memory ({error or 'nobody says for what'}): ask for less.")
        code = 2
    except (click.Abort, KeyboardInterrupt):
        tell("stopped.")
        code = 130
    sys.exit(code if isinstance(code, int) else 0)
