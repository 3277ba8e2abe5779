"""The figures of theory, which no run on images makes."""

import numpy as np

from tfgan import figure1, plots
from tfgan.reproduce.estimates import boltzmann_gradients, noise_contrast


def figure_1(folder):
    """Draws figure 1 and its animation; returns (numbers, {caption: file name})."""
    _gan, snapshots = figure1.train(seed=0)
    plots.save(
        plots.stages([snapshots[i] for i in figure1.STAGES], titles=figure1.TITLES),
        folder / "figure-1.png",
    )
    plots.animation(snapshots, folder / "figure-1.gif")
    first, last = snapshots[0], snapshots[-1]
    numbers = {
        "total variation of samples and data, before": _distance(first),
        "total variation of samples and data, after": _distance(last),
        "mean distance of D from D*, after": _off(last),
    }
    return numbers, {
        "Figure 1: data, samples, D, D* and the map from z to x at four stages": "figure-1.png",
        "The same, moving": "figure-1.gif",
    }


def saddle(folder):
    """Draws the saddle of the game; returns (numbers, {caption: file name})."""
    plots.save(plots.saddle(), folder / "saddle.png")
    numbers = {"V at the saddle point (nats)": float(plots.game_value(0.0, 0.0))}
    return numbers, {"The saddle point of V, and steps of gradients around it": "saddle.png"}


def _distance(snapshot):
    return float(0.5 * np.trapezoid(np.abs(snapshot.p_data - snapshot.p_g), snapshot.x))


def _off(snapshot):
    """Mean distance of D from D*, over data and samples in equal parts."""
    mixture = 0.5 * (snapshot.p_data + snapshot.p_g)
    return float(np.trapezoid(mixture * np.abs(snapshot.d - snapshot.d_star), snapshot.x))


PICTURES = {
    "figure-1": figure_1,
    "saddle": saddle,
    "nce": noise_contrast,
    "boltzmann": boltzmann_gradients,
}
