"""How far apart a recipe's weights come that differ in nothing but rounding, and in several processes.

    python benchmarks/rounding.py --out DIR

The same few steps by `tfgan train` on one device by XLA, as without options; by a plain graph
(`--set jit_compile=false`); and by several processes, whose steps are a plain graph, too
(`--strategy multi_worker`). What one device's two ways differ by is rounding alone: where networks and
Adam make much of it, several processes cannot be nearer. MNIST is TFDS's, downloaded once. Writes
rounding.md.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cluster
import numpy as np
import training

from tfgan import stored

HERE = Path(__file__).parent
BATCH = ("--epochs", "1", "--set", "batch_size=6000")  # 10 steps of MNIST
SMALL = (*BATCH, "--set", "channels=4")
MNIST = ("--data", "mnist", *SMALL)
CASES = {  # arguments of `tfgan train`, whose seeds are 1
    "gan-mnist": ("gan-mnist", *BATCH),
    "cgan-mnist": ("cgan-mnist", *BATCH),
    "dcgan-mnist": ("dcgan-mnist", *MNIST),
    "dcgan-mnist, seed 2": ("dcgan-mnist", *MNIST, "--set", "seed=2"),
    "dcgan-mnist, seed 3": ("dcgan-mnist", *MNIST, "--set", "seed=3"),
    "dcgan-mnist, batch_norm=false": ("dcgan-mnist", *MNIST, "--set", "batch_norm=false"),
    "cdcgan-fashion on MNIST": ("cdcgan-fashion", *MNIST),
    "stacked-mnist": ("stacked-mnist", "--data", "stacked:mnist", *SMALL),
}


def trained(folder, options, processes):
    """The weights that `tfgan train` leaves, one after another: float64 `(n,)`."""
    out = Path(folder) / "run"
    strategy = ("--strategy", "multi_worker") if processes > 1 else ()
    command = [sys.executable, "-m", "tfgan", "train", *options, *strategy, "--out", str(out)]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    environments = cluster.environments(processes)
    started = [subprocess.Popen(command, env=environment, **pipes) for environment in environments]
    for process in started:
        _, error = process.communicate()
        if process.returncode:
            raise SystemExit(error[-2000:])
    gan = stored.load(out / "gan.keras")
    return np.concatenate([np.ravel(weight).astype("float64") for weight in gan.get_weights()])


def measure(name, options):
    """A row: the case, and how far from one device by XLA the others come."""
    ways = [((), 1), (("--set", "jit_compile=false"), 1), ((), 2), ((), 4)]
    found = []
    for more, processes in ways:
        with tempfile.TemporaryDirectory() as folder:
            found.append(trained(folder, (*options, *more), processes))
    cells = [name]
    for weights in found[1:]:
        apart = np.abs(weights - found[0])
        cells.append(f"{np.quantile(apart, 0.99):.0e}, {apart.max():.0e}")
    return f"| {' | '.join(cells)} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    parser.add_argument("--only", help="cases that contain this")
    arguments = parser.parse_args()
    lines = [
        f"{training.caption(training.machine())} The same steps, batches of 6,000 of MNIST, in four "
        "ways, and how far weights come from those of one device by XLA: 99 % of them are within the "
        "first number, all within the second.",
        "",
        "| recipe, seed 1 | one device, plain graph | two processes | four |",
        "| --- | --- | --- | --- |",
    ]
    for name, options in CASES.items():
        if arguments.only and arguments.only not in name:
            continue
        lines.append(measure(name, options))
        print(lines[-1], flush=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "rounding.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
