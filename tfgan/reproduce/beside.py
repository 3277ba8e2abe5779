"""What stands beside scores: what the first paper says of each system, and what samples cost."""

from tfgan.files import markdown_table
from tfgan.reproduce import systems
from tfgan.reproduce.rows import label

TITLE = "What the paper says of each, and what shows here"

SAMPLING = """\
Drawing 10,000 samples, with what chains move before the first; the median of three times. Chains run
side by side. A system without moves draws each sample by itself, in one pass: there is
no chain that could be stuck. Correlation is of the pixels of two samples of one chain, about their
means: 0 where they know nothing of each other. It is read beside the scores: a chain that hardly moves
gives fewer images than it gives samples."""

_CHAIN = "sampling requires a Markov chain, which must mix (table 2)"
_GRADIENT = "MCMC is needed to approximate the partition function's gradient (table 2)"
_TRADEOFF = "a tradeoff between mixing and the power of reconstruction (table 2)"
_SYNCHRONY = "the discriminator must keep in step with the generator, lest samples collapse (table 2)"
_DRAWING = "sampling has no difficulties (table 2)"
_SLOWS = "noise-contrastive estimation slows once the model is about right, its noise being fixed"


def claims(done):
    """The paper's claims and the numbers that show them; nothing where no baseline is finished.

    Args:
        done: list of finished rows, as `tfgan.reproduce.report.read_rows` has them.

    Returns:
        list of Markdown texts, of one or none.
    """
    lines = [
        [_label(row), said, shown]
        for row in done
        for said, show in {**_OF_GANS, **_OF_BASELINES}.get(row["row"], ())
        for shown in [show(row)]
        if shown
    ]
    if not {row["row"] for row in done} & _OF_BASELINES.keys() or not lines:
        return []
    text = f"## {TITLE}\n\n{markdown_table(['system', 'said', 'shown by'], lines)}"
    curves = [row for row in done if (row.get("system") or {}).get("tradeoff")]
    return ["\n\n".join([text, *map(_tradeoff_table, curves)])]


def costs(done):
    """What a sample of each system costs: a list of one Markdown text, or none."""
    timed = [row for row in done if row.get("system")]
    if not timed:
        return []
    head = ["system", "ms per sample", "chains", "moves before the first", "between two"]
    head += [f"correlation, {lag} moves apart" for lag in systems.LAGS]
    lines = []
    for row in timed:
        system = row["system"]
        moves, correlation = system["moves"], system["correlation"]
        chain = ["-"] * (3 + len(systems.LAGS))
        if moves is not None:
            chain = [f"{n:,}" for n in (row["settings"]["chains"], moves["before"], moves["between"])]
            chain += [f"{correlation[str(lag)]:z.3f}" for lag in systems.LAGS]
        lines.append([_label(row), f"{1000 * system['seconds_per_sample']:.2g}", *chain])
    return [f"## What a sample costs\n\n{markdown_table(head, lines)}\n\n{SAMPLING}"]


def _label(row):
    return label(row) + ("" if row.get("published_data", True) else f", {row['data']}")


def _chain(row):
    system = row.get("system")
    if not system:
        return ""
    alike = " and ".join(f"{system['correlation'][str(n)]:z.2f} after {n}" for n in systems.LAGS[1:])
    before = f"{system['moves']['before']:,} moves before the first sample"
    return f"{before}; correlation of a chain's samples {alike} moves"


def _pass(row):
    system = row.get("system")
    return system and f"{1000 * system['seconds_per_sample']:.2g} ms a sample, in one pass each"


def _collapse(row):
    seen = row["collapse_seen_in_epoch"]
    found = row["results"].get("coverage") or {}
    if found.get("covered") is None:
        return ""
    when = "no collapse was seen" if seen is None else f"a collapse was seen in epoch {seen}"
    return f"{found['covered']} of {found['of']} classes in the samples; in training {when}"


def _tradeoff(row):
    points = (row.get("system") or {}).get("tradeoff")
    if not points:
        return ""
    shown = (
        f"noise {point['noise']:g}: correlation {point['correlation']:z.2f}, Parzen "
        f"{point['log_likelihood']:.0f}"
        for point in (points[0], points[len(points) // 2], points[-1])
    )
    return "; ".join(shown) + "; see below"


def _numbers(row):
    return "; ".join(f"{name}: {value:.4f}" for name, value in row["results"].items())


def _tradeoff_table(row):
    head = ["noise", f"correlation, {systems.TRADEOFF_LAG} moves apart", "Parzen, validation (nats)"]
    lines = [
        [f"{p['noise']:g}", f"{p['correlation']:z.3f}", f"{p['log_likelihood']:.1f}"]
        for p in row["system"]["tradeoff"]
    ]
    return (
        f"{_label(row).capitalize()}, by its sampler's noise: little, and a chain stays where it is; "
        f"much, and it leaves the data.\n\n{markdown_table(head, lines)}"
    )


_OF_GAN = ((_DRAWING, _pass), (_SYNCHRONY, _collapse))
_OF_GANS = dict.fromkeys(("gan", "gan-average"), _OF_GAN)
_OF_BASELINES = {
    "dbn": ((_CHAIN, _chain),),
    "cae": ((_CHAIN, _chain), (_TRADEOFF, _tradeoff)),
    "gsn": ((_CHAIN, _chain),),
    "boltzmann": ((_GRADIENT, _numbers),),
    "nce": ((_SLOWS, _numbers),),
}
