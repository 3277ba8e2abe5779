"""Writes what `benchmarks/training.py` measured: JSON, a table in Markdown, a plot.

python benchmarks/report.py benchmarks/results/training.json    (the last two again)
"""

import json
import sys
from pathlib import Path


def write(results, out):
    """Writes training.json, training.md and training.png into the folder `out`."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "training.json").write_text(json.dumps(results, indent=1) + "\n")
    (out / "training.md").write_text("\n".join(lines(results)) + "\n")
    plot(results, out / "training.png")
    print(f"written: {out}/training.json, .md, .png")


def lines(results):
    machine = results["machine"]
    versions = ", ".join(f"{name} {v}" for name, v in machine["versions"].items() if v)
    yield "# Training speed"
    yield ""
    yield f"`{machine['command'].strip()}`, {machine['date']}: {machine['cores']} x {machine['cpu']},"
    yield f"Python {machine['python']}, {versions}. Medians of alternating measurements."
    limits = results["tables"].get("limits", {})
    for name, rows in results["tables"].items():
        yield ""
        yield f"## {name}"
        yield ""
        yield "| | ms a step | steps/s | GFLOP/s | to Keras fit | to best PyTorch | first call, s |"
        yield "| --- | --- | --- | --- | --- | --- | --- |"
        for case, row in rows.items():
            cells = [case, f"{row['ms']:.2f}", f"{1e3 / row['ms']:.1f}", f"{row['gflops']:.0f}"]
            cells += [ratio(rows, row, "keras"), ratio(rows, row, "torch")]
            cells.append(f"{row['first_s']:.1f}")
            yield "| " + " | ".join(cells) + " |"
    if limits and "mlp" in results["tables"]:
        yield ""
        yield from verdicts(results["tables"])


def peers(rows, engine, like):
    """Milliseconds of an engine's rows of the same size: of Keras's, what `fit` does if left alone."""
    size = [like.get(name) for name in ("nets", "width", "batch")]
    return [
        row["ms"]
        for row in rows.values()
        if row["case"]["engine"] == engine
        and [row["case"].get(name) for name in ("nets", "width", "batch")] == size
        and (engine != "keras" or (row["case"]["jit"] == "auto" and row["case"]["k"] == 1))
    ]


def ratio(rows, row, engine):
    others = peers(rows, engine, row["case"])
    if not others or row["case"]["engine"] in ("gemm", "input"):
        return ""
    return f"{min(others) / row['ms']:.2f} x"


def verdicts(tables):
    """The issue's goals, each with what was measured."""
    rows = tables["mlp"]
    ours = {
        name: row
        for name, row in rows.items()
        if row["case"]["engine"] == "tfgan"
        and row["case"]["update"] == "simultaneous"
        and row["case"].get("matmul_precision", "float32") == "float32"
    }
    name, best = min(ours.items(), key=lambda item: item[1]["ms"])
    shapes, square, drawing = tables["limits"].values()
    keras = min(peers(rows, "keras", best["case"])) / best["ms"]
    goals = [
        (keras, 1.5, "times Keras fit"),
        (shapes["ms"] / best["ms"], 0.85, "of the rate of its products, each alone"),
        (best["gflops"] / square["gflops"], 0.85, "of the rate of one large product"),
    ]
    torch = peers(rows, "torch", best["case"])
    if torch:
        goals.insert(1, (min(torch) / best["ms"], 1.8, "times the better PyTorch"))
    yield f"Fastest float32 step: {name}, {best['ms']:.2f} ms."
    yield ""
    for value, goal, what in goals:
        yield f"- {value:.2f} {what}; goal {goal}: {holds(value >= goal)}"
    share = drawing["ms"] / best["ms"]
    yield f"- input pipeline {share:.1%} of the step; goal 2 %: {holds(share < 0.02)}"
    first = max(row["first_s"] for row in ours.values())
    yield f"- first call {first:.1f} s at most; goal 6 s: {holds(first < 6)}"


def holds(truth):
    return "holds" if truth else "does not hold"


def plot(results, path):
    """Draws steps a second of every case, and how the rate of products grows with the batch."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    tables = {n: r for n, r in results["tables"].items() if n in ("mlp", "conv-64", "conv-256")}
    growth = results["tables"].get("growth")
    if not tables:
        return
    colours = {"tfgan": "#2a6f97", "keras": "#c1666b", "torch": "#8a817c"}
    sizes = [len(rows) for rows in tables.values()] + ([10] if growth else [])
    figure, axes = plt.subplots(
        len(sizes), 1, figsize=(9, 0.32 * sum(sizes) + 1.6), height_ratios=sizes, squeeze=False
    )
    axes = axes[:, 0]
    titles = {
        "mlp": "MNIST networks, batch 100",
        "conv-64": "convolutional pair, batch 64",
        "conv-256": "convolutional pair, batch 256",
    }
    for axis, (name, rows) in zip(axes, tables.items(), strict=False):
        ordered = sorted(rows.items(), key=lambda item: item[1]["ms"], reverse=True)
        labels = [case for case, _ in ordered]
        values = [1e3 / row["ms"] for _, row in ordered]
        axis.barh(labels, values, color=[colours[row["case"]["engine"]] for _, row in ordered])
        axis.bar_label(axis.containers[0], fmt="%.1f", fontsize=7, padding=2)
        axis.set_title(titles[name], fontsize=9, loc="left")
        axis.tick_params(labelsize=7)
        axis.margins(x=0.08)
    axes[len(tables) - 1].set_xlabel("steps per second", fontsize=8)
    if growth:
        axis = axes[-1]
        kinds = {"tfgan": "tfgan", "keras": "Keras guide's GAN", "gemm": "products alone"}
        for engine, label in kinds.items():
            points = sorted(
                (row["case"]["batch"], row["gflops"])
                for row in growth.values()
                if row["case"]["engine"] == engine and row["case"]["width"] == 1200
            )
            colour = colours.get(engine, "black")
            axis.plot(*zip(*points, strict=True), marker="o", label=label, color=colour)
        axis.set_xscale("log", base=2)
        axis.set_xlabel("batch, width 1200", fontsize=8)
        axis.set_ylabel("GFLOP/s", fontsize=8)
        axis.set_ylim(bottom=0)
        axis.tick_params(labelsize=7)
        axis.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    plt.close(figure)


if __name__ == "__main__":
    source = Path(sys.argv[1])
    write(json.loads(source.read_text()), source.parent)
