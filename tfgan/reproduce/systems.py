"""What each system's samples are and cost, beside their scores: kept, timed, drawn side by side."""

import re
import statistics
import time

import numpy as np

from tfgan import plots
from tfgan.baselines.model import Baseline
from tfgan.callbacks.sampling import even_samples
from tfgan.data.npy import read_npz
from tfgan.files import replacing
from tfgan.metrics import parzen
from tfgan.reading import refusing

_SHOWN = 12  # samples of each system in the figure of all
_ROUNDS = 3
FIGURE = "systems.png"
LAGS = (1, 10, 100)  # moves of a chain from one sample to another
TRADEOFF_LAG = 10
_NOISE_TIMES = (0.25, 0.5, 1.0, 2.0, 4.0)


def keep(path, model, count, *, seed, sampling):
    """Draws a system's samples and keeps them, as `tfgan.data`'s npz files; returns how they came.

    Args:
        path: `.npz` file: `images` float32 `(count, H, W, C)` and, of a conditional GAN, `labels`.
        model: a GAN, or a model of `tfgan.baselines`, that has drawn before: what it compiles then is
            no part of the time.
        count: int.
        seed: int.
        sampling: dict of further arguments of `sample`.

    Returns:
        dict: `seconds_per_sample`, the median of three times of drawing all; `moves` of a chain
        `before` its first sample and `between` two; and `correlation` of two samples of a chain, as
        `correlation` has it. Of a GAN, which draws each by itself, these are None.
    """
    times = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        images, labels = even_samples(model, count, seed=seed, **sampling)
        times.append((time.perf_counter() - start) / count)
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, images=images, **({} if labels is None else {"labels": labels}))
    found = {"seconds_per_sample": statistics.median(times), "moves": None, "correlation": None}
    if isinstance(model, Baseline):
        found["moves"] = {"before": model.burn_in, "between": model.thin}
        found["correlation"] = correlation(model, seed=seed)
    return found


def correlation(model, *, seed, lags=LAGS):
    """How alike two samples of one chain are.

    Args:
        model: of `tfgan.baselines`.
        seed: int.
        lags: ints. Moves from one to the other.

    Returns:
        dict: str of a lag -> correlation of pixels about their means over all chains, 0 of samples that
        know nothing of each other, 1 of one that never moves.
    """
    moves = 2 * max(lags)
    images = model.walk(moves, seed=seed)
    rows = images.reshape(moves, model.chains, -1).astype("float64")  # (moves, chains, dim)
    rows -= rows.mean(axis=(0, 1))
    variance = np.square(rows).mean()
    if not variance:  # none of the chains has ever moved
        return {str(lag): 1.0 for lag in lags}
    return {str(lag): float((rows[lag:] * rows[:-lag]).mean() / variance) for lag in lags}


def tradeoff(cae, valid, *, count, seed):
    """How a contractive autoencoder's chains mix, and how good their samples are, by its noise.

    Args:
        cae: `tfgan.baselines.CAE`.
        valid: float validation images `(n, H, W, C)`.
        count: int. Samples that are scored.
        seed: int.

    Returns:
        list of dicts, by rising noise: `noise`; `correlation` of two samples `TRADEOFF_LAG` moves
        apart; `log_likelihood` of the validation images (Parzen, nats, sigma of the highest).
    """
    found = []
    for times in _NOISE_TIMES:
        noise = times * cae.noise
        other = cae.from_config(cae.get_config() | {"noise": noise})
        other.set_weights(cae.get_weights())
        alike = correlation(other, seed=seed, lags=(TRADEOFF_LAG,))[str(TRADEOFF_LAG)]
        score = parzen.select_sigma(other.sample(count, seed=seed), valid)[1].max()
        found.append({"noise": noise, "correlation": alike, "log_likelihood": float(score)})
    return found


def draw(out, rows):
    """Draws samples of each system, not picked, a row each, as one picture.

    Args:
        out: folder of a report.
        rows: of the report, in order; those that have no `samples`, or images of another shape than the
            first, or whose file is gone, are left out.

    Returns:
        Name of the file in `out / "figures"`, or None where there are fewer than two systems.

    Raises:
        InputError: if a file of samples is damaged.
    """
    names: list[str] = []
    shown: list[np.ndarray] = []
    for row in rows:
        file = out / "samples" / (row.get("samples") or "")
        if not file.is_file():
            continue

        def line(reason, file=file):
            return f"{file} cannot be read ({reason}): remove it and its row in rows/, to do it again."

        with refusing(line):
            images = read_npz(file, ["images"])[0]["images"][:_SHOWN]
        if not shown or images.shape == shown[0].shape:
            names.append(re.sub(r"-seed1\b", "", file.stem))
            shown.append(images)
    if len(shown) < 2:
        return None
    picture = plots.grid(np.concatenate(shown), columns=_SHOWN, row_labels=names)
    plots.save(picture, out / "figures" / FIGURE)
    return FIGURE
