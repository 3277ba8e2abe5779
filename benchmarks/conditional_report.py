"""Writes what `benchmarks/conditional.py` measured: JSON, a table in Markdown, a plot.

python benchmarks/conditional_report.py benchmarks/results/conditional.json    (the last two again)
"""

import json
import sys
from pathlib import Path

from tfgan.files import markdown_table, write_json, write_text

HEAD = ["", "training, s", "steps", "ms a step", "classifier accuracy", "Frechet distance"]


def write(results, out):
    """Writes conditional.json, conditional.md and conditional.png into the folder `out`."""
    out = Path(out)
    write_json(out / "conditional.json", results)
    write_text(out / "conditional.md", "\n".join(lines(results)) + "\n")
    plot(results, out / "conditional.png")
    print(f"written: {out}/conditional.json, .md, .png")


def progress(name, row):
    """A line of what was just measured."""
    scores = f"accuracy {row['accuracy']:.3f}  Frechet {row['frechet']:7.2f}"
    return f"{row['seconds']:7.1f} s {row['steps']:7d} steps  {scores}  {name}"


def lines(results):
    machine, real = results["machine"], results["real"]
    versions = ", ".join(f"{name} {v}" for name, v in machine["versions"].items() if v)
    yield "# Conditional GANs at equal training time"
    yield ""
    yield f"`{machine['command'].strip()}`, {machine['date']}: {machine['cores']} x {machine['cpu']},"
    yield f"Python {machine['python']}, {versions}. Data {results['data']}, seed {results['seed']}."
    yield f"{results['minutes']:g} minutes of training each, in turns; compiling and measuring are not"
    yield f"counted. Of {results['samples']:,} samples, by a classifier of real images: accuracy, and"
    yield "Frechet distance to the test images on the features of its last layer but one. Real images:"
    yield f"accuracy {real['accuracy']:.3f} (test), Frechet {real['frechet']:.2f} (valid to test)."
    yield ""
    yield markdown_table(HEAD, list(cells(results["rows"])))
    yield ""
    yield from verdicts(results["rows"])


def cells(rows):
    """Each one's last measurement, as texts."""
    for name, marks in rows.items():
        last = marks[-1]
        yield [
            name,
            f"{last['seconds']:.0f}",
            f"{last['steps']:,}",
            f"{1e3 * last['seconds'] / last['steps']:.0f}",
            f"{last['accuracy']:.3f}",
            f"{last['frechet']:.2f}",
        ]


def verdicts(rows):
    """When the first had what each of the others has at the end."""
    (mine, ours), *others = rows.items()
    for name, marks in others:
        for score, better in (("accuracy", float.__ge__), ("frechet", float.__le__)):
            end = float(marks[-1][score])
            at = next((row["seconds"] for row in ours if better(float(row[score]), end)), None)
            reached = "at no mark" if at is None else f"after {at:.0f} s"
            yield f"- {mine} has the last {score} of {name} ({end:.3f}) {reached}"


def plot(results, path):
    """Draws both scores by training time; dashed, those of real images."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4))
    colours = ("#2a6f97", "#c1666b", "#8a817c")
    for axis, score in zip(axes, ("accuracy", "frechet"), strict=True):
        for (name, marks), colour in zip(results["rows"].items(), colours, strict=False):
            times, values = zip(*((row["seconds"], row[score]) for row in marks), strict=True)
            axis.plot(times, values, marker="o", markersize=3, label=name, color=colour)
        axis.axhline(results["real"][score], color="black", linewidth=0.8, linestyle="--")
        axis.set_xlabel("seconds of training", fontsize=8)
        axis.tick_params(labelsize=7)
    axes[0].set_title("classifier accuracy", fontsize=9, loc="left")
    axes[1].set_title("Frechet distance, classifier features", fontsize=9, loc="left")
    axes[1].set_yscale("log")
    axes[0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    plt.close(figure)


if __name__ == "__main__":
    source = Path(sys.argv[1])
    write(json.loads(source.read_text()), source.parent)
