"""`python -m tfgan` is the `tfgan` command."""

from tfgan.cli import main

main()
