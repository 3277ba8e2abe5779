"""What looking for NaN in training costs: the same training with and without it, taking turns.

    python benchmarks/finite_check.py --out DIR

All in one process. Two GANs, alike but for `check_finite`, train for about a second each, in an order
that changes from round to round; a round gives one ratio of their times. Beside it, the share of
looks and copies by the clock, which needs no ratio. Writes finite_check.md.
"""

import argparse
import os
import statistics
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import nets
import training
from engines import MOMENTUM, RATE, dataset

SECONDS = 1.5  # that one measurement takes, about
HERE = Path(__file__).parent
MLP = {"nets": "mlp", "width": 1200, "batch": 100, "k": 50, "update": "alternating"}
CONV = {"nets": "conv", "width": 64, "batch": 64, "k": 10, "update": "alternating"}
CASES = {
    "MNIST, XLA, K = 50": {**MLP, "jit": True},
    "MNIST, XLA, K = 50, simultaneous": {**MLP, "jit": True, "update": "simultaneous"},
    "MNIST, XLA, K = 1": {**MLP, "jit": True, "k": 1},
    "MNIST, graph, K = 50": {**MLP, "jit": False},
    "MNIST, graph, K = 1": {**MLP, "jit": False, "k": 1},
    "convolutional, XLA, K = 10": {**CONV, "jit": True},
    "convolutional, graph, K = 10": {**CONV, "jit": False},
}


def trainer(case, check_finite):
    """Returns `(calls) -> (seconds, seconds of looks and copies)` of training by the GAN of a case."""
    import tfgan
    from tfgan.layers import Dropout
    from tfgan.optimizers import MomentumSGD

    gan = tfgan.GAN(*nets.keras_pair(case["nets"], case["width"], Dropout), seed=0)
    gan.compile(
        g_optimizer=MomentumSGD(RATE, MOMENTUM),
        d_optimizer=MomentumSGD(RATE, MOMENTUM),
        update=case["update"],
        jit_compile=case["jit"],
        steps_per_execution=case["k"],
        check_finite=check_finite,
    )
    iterator = iter(dataset(case["batch"]))
    train = gan.make_train_function()

    spent = [0.0]
    if check_finite:
        keep = train.past._keep

        def timed(call):
            start = time.perf_counter()
            keep(call)
            spent[0] += time.perf_counter() - start

        train.past._keep = timed

    def run(calls):
        spent[0], start = 0.0, time.perf_counter()
        for _ in range(calls):
            logs = train(iterator)
        float(logs["d_loss"])
        return time.perf_counter() - start, spent[0]

    return run


def measure(case, rounds):
    """Returns milliseconds of a step without, the ratios of all rounds, and the copies' share."""
    with_check, without = trainer(case, True), trainer(case, False)
    once = 0.0
    for run in (with_check, without):
        run(2)  # compiles
        tried = max(1, 10 // case["k"])
        once = max(once, run(tried)[0] / tried)
    calls = max(1, round(SECONDS / once))
    ratios, seconds, shares = [], [], []
    for number in range(rounds):
        order = [(with_check, 1), (without, 0)][:: 1 if number % 2 else -1]
        times = {which: run(calls) for run, which in order}
        ratios.append(times[1][0] / times[0][0])
        shares.append(times[1][1] / times[1][0])
        seconds.append(times[0][0] / (calls * case["k"]))
    return statistics.median(seconds) * 1e3, ratios, statistics.fmean(shares)


def interval(ratios):
    """The middle half, and a 95 % interval of the median by the ranks of the binomial distribution."""
    ordered, n = sorted(ratios), len(ratios)
    quarters = statistics.quantiles(ordered, n=4)
    reach = 0.98 * n**0.5
    low, high = max(0, round(n / 2 - reach) - 1), min(n - 1, round(n / 2 + reach))
    return quarters[0], quarters[2], ordered[low], ordered[high]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--only", help="cases that contain this")
    arguments = parser.parse_args()
    lines = [
        f"{training.caption(training.machine())} Ratios of the time with `check_finite=True` to that "
        "without, a round each, taking turns.",
        "",
        "| case | ms a step without | median ratio | 95 % interval of it | middle half | rounds | "
        "looks and copies |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, case in CASES.items():
        if arguments.only and arguments.only not in name:
            continue
        ms, ratios, share = measure(case, arguments.rounds)
        first, third, low, high = interval(ratios)
        row = f"| {name}, batch {case['batch']} | {ms:.2f} | {statistics.median(ratios):.4f} | "
        row += f"{low:.4f} to {high:.4f} | {first:.3f} to {third:.3f} | {len(ratios)} | {share:.2%} |"
        print(row, flush=True)
        lines.append(row)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "finite_check.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
