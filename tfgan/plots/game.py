"""The game as a landscape: V over a discriminator and a generator of one number each.

Data are N(0, 1) and samples N(g, 1), g being the generator's number. The discriminator is the best one
against N(d, 1), d being its number: its logit is `log N(x; 0, 1) - log N(x; d, 1) = d^2 / 2 - d x`. So
`max_d V` is C(G), at d = g, and the game's only equilibrium is the saddle point d = g = 0: samples like
data, D = 1/2, V = -log 4.
"""

import math

import numpy as np
from matplotlib.figure import Figure

from tfgan import theory
from tfgan.errors import InputError

UPDATES = ("simultaneous", "alternating")
_X, _WEIGHTS = theory.quadrature(-16, 16, 240)
_COLORS = {"simultaneous": "tab:orange", "alternating": "tab:blue"}


def _normal(x, mean):
    return np.exp(-0.5 * (x - mean) ** 2) / math.sqrt(2 * math.pi)


def _logits(d, x):
    return d**2 / 2 - d * x


def game_value(d, g):
    """V of the discriminator `d` and the generator `g`.

    Args:
        d, g: float, |g| <= 8.

    Returns:
        float, in nats.
    """
    densities = _normal(_X, 0), _normal(_X, g)
    return theory.value(_logits(d, _X), *densities, weights=_WEIGHTS, from_logits=True)


def game_gradients(d, g):
    """V's slopes (dV/dd, dV/dg) there.

    By the chain rule, samples being x = g + noise: `dV/dd = E_data[(1 - D)(d - x)] - E_g[D (d - x)]`,
    `dV/dg = d E_g[D]`.

    Args:
        d, g: float, |g| <= 8.

    Returns:
        two floats.
    """
    answers = np.exp(-np.logaddexp(0.0, -_logits(d, _X)))
    data, samples = _WEIGHTS * _normal(_X, 0), _WEIGHTS * _normal(_X, g)
    by_d = data @ ((1 - answers) * (d - _X)) - samples @ (answers * (d - _X))
    return float(by_d), float(d * (samples @ answers))


def game_path(start, *, rate=0.5, steps=40, update="alternating"):
    """Gradient steps: the discriminator up, the generator down.

    Args:
        start: (d, g).
        rate: float > 0. Of both players.
        steps: int >= 1.
        update: "simultaneous" (both slopes at the same point) or "alternating" (the generator sees the
            discriminator's step).

    Returns:
        float64 `(steps + 1, 2)`: (d, g) before each step and after the last.

    Raises:
        InputError: for another update.
    """
    if update not in UPDATES:
        raise InputError(f"update must be one of {', '.join(UPDATES)}, got {update!r}.")
    d, g = map(float, start)
    path = [(d, g)]
    for _ in range(steps):
        by_d, by_g = game_gradients(d, g)
        d += rate * by_d
        if update == "alternating":
            _, by_g = game_gradients(d, g)
        g -= rate * by_g
        path.append((d, g))
    return np.array(path)


def saddle(*, start=(-1.0, 1.2), rate=0.5, steps=40):
    """V's contours with both players' paths to the saddle point, and the generator's criterion beside.

    Args:
        start, rate, steps: see `game_path`.

    Returns:
        `matplotlib.figure.Figure`.
    """
    figure = Figure(figsize=(9.6, 4.4), dpi=120, facecolor="white", layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    numbers = np.linspace(-2.2, 2.2, 61)
    values = np.array([[game_value(d, g) for d in numbers] for g in numbers])  # (g, d)
    levels = -math.log(4) + np.linspace(-2.0, 1.0, 31)
    filled = left.contourf(numbers, numbers, values, levels, cmap="RdBu_r", extend="both", alpha=0.75)
    left.contour(
        numbers, numbers, values, [-math.log(4)], colors="0.35", linewidths=0.8, linestyles="-"
    )
    left.plot(numbers, numbers, color="black", linewidth=1.0, linestyle=":", label="the best D, d = g")
    for update in UPDATES:
        path = game_path(start, rate=rate, steps=steps, update=update)
        left.plot(*path.T, ".-", color=_COLORS[update], linewidth=1.3, markersize=5, label=update)
    left.plot(*start, "o", color="black", markersize=5)
    left.plot(0, 0, "*", color="black", markersize=13, label="saddle point, V = -log 4")
    left.set(xlabel="discriminator d (climbs)", ylabel="generator g (descends)", aspect="equal")
    left.set(xlim=numbers[[0, -1]], ylim=numbers[[0, -1]])
    left.legend(fontsize=8, loc="lower left", framealpha=0.95)
    figure.colorbar(filled, ax=left, label="V(D, G) in nats", ticks=np.arange(-3.0, 0.0, 0.5))
    for d, style in ((0.0, "-"), (0.7, "--"), (1.4, "-.")):
        right.plot(
            numbers, [game_value(d, g) for g in numbers], style, color="tab:gray", label=f"V, d = {d:g}"
        )
    best = [theory.criterion(_normal(_X, 0), _normal(_X, g), weights=_WEIGHTS) for g in numbers]
    right.plot(numbers, best, color="tab:green", linewidth=2.2, label="C(G) = max V")
    right.plot(0, -math.log(4), "*", color="black", markersize=13)
    right.set(xlabel="generator g", ylabel="nats", xlim=numbers[[0, -1]], ylim=(-2.6, -0.4))
    right.legend(fontsize=8, loc="lower right")
    return figure
