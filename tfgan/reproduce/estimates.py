"""Two figures of what the 2014 notes say of other ways to learn, on models small enough to know all."""

import itertools
import math

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from tfgan import plots
from tfgan.baselines import NCE, RBM, Normal, NormalDensity
from tfgan.baselines.draws import Draws

# Noise-contrastive estimation: data of eight numbers, each N(1, 1/4^2), beside noise of N(0, 1).
_DIM, _MEAN, _STD = 8, 1.0, 0.25
_ROWS = 100_000


def noise_slope(right, *, moving, rows=_ROWS, seed=0):
    """How fast NCE would learn the last of eight numbers, when others are learned.

    Args:
        right: int in [0, 7]. How many numbers the model has right; the others are as in the noise.
        moving: bool. Whether the noise is the model itself, as it is for a GAN's discriminator; else it
            stays what it was.
        rows: int. Of data, and of noise.
        seed: int >= 0.

    Returns:
        float: size of the loss's slope by the last mean, which is to rise by 1.
    """
    learned = np.arange(_DIM) < right
    mean, std = np.where(learned, _MEAN, 0.0), np.where(learned, _STD, 1.0)
    noise = Normal(mean, std) if moving else Normal(np.zeros(_DIM), np.ones(_DIM))
    nce = NCE(NormalDensity(), noise, (_DIM,), seed=0)
    nce.network.mean.assign(mean)
    nce.network.log_std.assign(np.log(std))
    nce.log_normalizer.assign(-np.log(std).sum() - 0.5 * _DIM * math.log(2 * math.pi))
    data = np.random.default_rng(seed).normal(_MEAN, _STD, (rows, _DIM)).astype("float32")
    with tf.GradientTape() as tape:
        loss, _ = nce.losses(tf.constant(data), Draws(seed, 0), training=False)
    (slope,) = tape.gradient(loss, [nce.network.mean])
    return abs(float(slope[-1]))


def noise_contrast(folder):
    """Draws how NCE's learning slows; returns (numbers, {caption: file name})."""
    counts = range(_DIM)
    fixed, moving = ([noise_slope(n, moving=kind) for n in counts] for kind in (False, True))
    figure = Figure(figsize=(5, 3.5), dpi=100, layout="constrained")
    axes = figure.subplots()
    axes.semilogy(counts, fixed, "o-", label="noise stays: NCE")
    axes.semilogy(counts, moving, "s-", label="noise is the model: as in a GAN")
    axes.set(xlabel="numbers of 8 the model has right", ylabel="slope by the last number's mean")
    axes.legend()
    plots.save(figure, folder / "nce.png")
    numbers = {
        "NCE: slope by the last of 8 numbers, none of the others right": fixed[0],
        "NCE: the same, all others right": fixed[-1],
        "noise that is the model: the same, all others right": moving[-1],
    }
    return numbers, {"Noise-contrastive estimation slows where its noise stays": "nce.png"}


# Boltzmann machines: the likelihood's slope, by all states and as it is estimated.
_VISIBLE, _HIDDEN, _STEPS = 8, 6, 3000
_ESTIMATES = {"CD-1": 1, "CD-10": 10, "CD-100": 100}


def boltzmann_slopes(rbm, rows):
    """The slope of the mean log-likelihood by W, exactly, and in the mean by CD-k for each k.

    Args:
        rbm: `tfgan.baselines.RBM` of few units.
        rows: 0 or 1, `(n, visible)`.

    Returns:
        float64 `(visible, hidden)`, and dict of name -> the like; all by enumeration.
    """
    states = np.array(list(itertools.product((0.0, 1.0), repeat=rbm.dim)), "float32")
    hidden = np.array(list(itertools.product((0.0, 1.0), repeat=rbm.hidden)), "float32")
    expected = rbm.hidden_given(tf.constant(states)).numpy().astype("float64")
    shown = rbm.visible_given(tf.constant(hidden)).numpy().astype("float64")
    up = np.where(hidden[None] == 1, expected[:, None], 1 - expected[:, None]).prod(axis=2)
    down = np.where(states[None] == 1, shown[:, None], 1 - shown[:, None]).prod(axis=2)
    gibbs = up @ down  # (states, states): from one to the next
    numbers = (np.asarray(rows) @ 2 ** np.arange(rbm.dim)[::-1]).astype(int)
    data = np.bincount(numbers, minlength=len(states)) / len(rows)

    def moments(shares):
        return states.T.astype("float64") @ (shares[:, None] * expected)

    exact = moments(data) - moments(np.exp(rbm.log_likelihood(states)))
    found = {
        name: moments(data) - moments(data @ np.linalg.matrix_power(gibbs, k))
        for name, k in _ESTIMATES.items()
    }
    return exact, found


def boltzmann_gradients(folder):
    """Draws how far estimates are off a machine's slope; returns (numbers, {caption: file name})."""
    rng = np.random.default_rng(0)
    patterns = (rng.random((6, _VISIBLE)) < 0.5).astype("float32")
    rows = patterns[rng.integers(len(patterns), size=100 * _STEPS)]
    rbm = RBM((_VISIBLE,), hidden=_HIDDEN, seed=1)
    rbm.compile(optimizer=keras.optimizers.SGD(0.1), steps_per_execution=100)
    at, likelihood = [0], []
    off: dict[str, list[float]] = {name: [] for name in _ESTIMATES}
    for part in range(11):
        if part:
            step = len(rows) // 10
            rbm.fit(rows[(part - 1) * step : part * step], batch_size=100, verbose=0)
            at.append(int(rbm.train_steps.numpy()))
        exact, found = boltzmann_slopes(rbm, rows[:1000])
        likelihood.append(float(rbm.log_likelihood(patterns).mean()))
        for name, slope in found.items():
            off[name].append(float(np.linalg.norm(slope - exact) / np.linalg.norm(exact)))
    figure = Figure(figsize=(5, 3.5), dpi=100, layout="constrained")
    axes = figure.subplots()
    for name, values in off.items():
        axes.semilogy(at, values, "o-", label=name)
    axes.set(xlabel="steps of CD-1", ylabel="error of the slope / the slope")
    axes.legend()
    plots.save(figure, folder / "boltzmann.png")
    numbers = {
        f"Boltzmann machine, after {at[-1]} steps: error of {name}'s slope, of the slope": values[-1]
        for name, values in off.items()
    }
    numbers["log-likelihood of the patterns then (nats; at best -log 6 = -1.79)"] = likelihood[-1]
    return numbers, {
        "The slope of a Boltzmann machine's likelihood, as it is estimated": "boltzmann.png"
    }
