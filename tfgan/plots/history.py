"""Training curves of a run."""

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tfgan.errors import InputError
from tfgan.recorded import read_log

# Panel -> the columns of `metrics.csv` it shows, with what they are called.
PANELS = {
    "loss (nats)": {"d_loss": "discriminator", "g_loss": "generator"},
    "score": {"d_real": "D(x)", "d_fake": "D(G(z))"},
    "validation Parzen log-likelihood (nats)": {
        "val_parzen": "samples",
        "val_parzen_raw": "without the moving average",
    },
    "spread of samples / real": {"spread": "spread"},
    "modes reached": {"modes": "modes"},
}


def curves(source):
    """Training curves over the epochs: losses, scores and what else was logged, a panel each.

    Args:
        source: a run directory, its `metrics.csv`, or Keras's `History`, of which only what was
            measured in every epoch is drawn.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        InputError: if there is no such file, it is damaged, or there is nothing in it to draw.
    """
    columns = _columns(source)
    panels = {
        title: {name: label for name, label in names.items() if columns.get(name)}
        for title, names in PANELS.items()
    }
    panels = {title: names for title, names in panels.items() if names}
    if not panels:
        raise InputError(f"{source} has no losses to draw: give a run directory or its metrics.csv.")
    figure = Figure(figsize=(7, 2.2 * len(panels)), dpi=100, facecolor="white", layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for ax, (title, names) in zip(axes, panels.items(), strict=True):
        for name, label in names.items():
            epochs, values = zip(*columns[name], strict=True)
            ax.plot(epochs, values, label=label, marker="." if len(values) < 30 else None)
        ax.set_title(title, fontsize=10, loc="left")
        ax.grid(alpha=0.3)
        if len(names) > 1:
            ax.legend(fontsize=9)
    axes[-1].set_xlabel("epoch")
    axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def _columns(source):
    """dict: column -> list of (epoch, value)."""
    if hasattr(source, "history"):
        # It does not say in which epochs something was measured that was not in all.
        measured = source.history.items()
        return {name: list(enumerate(v, 1)) for name, v in measured if len(v) == len(source.epoch)}
    path = Path(source)
    path = path / "metrics.csv" if path.is_dir() else path
    if not path.is_file():
        raise InputError(f"no training log at {path}: give a run directory or its metrics.csv.")
    columns: dict[str, list[tuple[int, float]]] = {}
    for row in read_log(path):
        for name, text in row.items():
            if name != "epoch" and text:
                columns.setdefault(name, []).append((int(row["epoch"]), float(text)))
    return columns
