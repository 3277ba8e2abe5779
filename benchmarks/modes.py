"""How many modes of `ring` and `grid` each loss covers at equal time, with and without R1 + R2.

    python benchmarks/modes.py [--seconds 15] [--seeds 3] [--out DIR]

The recipes' networks and settings, every loss of `tfgan.losses`: alone, and with R1 + R2 at the
recipe's weight. The Wasserstein loss means nothing without a bound on its critic's slopes: never alone,
it has its own gradient penalty, with five critic steps and the weight of its authors' toy code
(Gulrajani et al., 2017), or R1 + R2. Cases take turns seed by seed, in another order each time; rates
fall to 0 over the time that there is; compiling does not count. `--steps N` gives all as many
discriminator steps instead. Writes modes.json and modes.md.
"""

import argparse
import json
import random
import statistics
import sys
from pathlib import Path

from clock import Clock
from training import HERE, machine

from tfgan import losses, recipes, runs
from tfgan.evaluation import judge_of_modes
from tfgan.files import markdown_table, write_json, write_text
from tfgan.metrics import coverage

RECIPES = ("ring", "grid")
SAMPLES = 10_000
TOGETHER = 25  # steps between looks at the clock
NONE, R1_R2, GP = "none", "R1 + R2", "gradient penalty, 5 D steps"
PENALTIES = {
    NONE: ("r1=0", "r2=0"),
    R1_R2: (),  # the recipe's own
    GP: ("r1=0", "r2=0", "gradient_penalty=0.1", "d_steps=5", "beta_2=0.9"),
}
HEAD = ["data", "loss", "penalty", "modes", "of", "fewest to most", "inside", "KL, nats", "steps", "s"]


def cases():
    """All (recipe, loss, penalty)."""
    return [
        (recipe, loss, penalty)
        for recipe in RECIPES
        for loss in losses.LOSSES
        for penalty in ((GP, R1_R2) if loss == "wasserstein" else (NONE, R1_R2))
    ]


def planned(recipe, loss, penalty, seed):
    """The config of a run, at constant rates: what `Clock` anneals."""
    known = recipes.RECIPES[recipe].settings
    options = [change for change in PENALTIES[penalty] if change.partition("=")[0] in known]
    options += [f"loss={loss}", f"seed={seed}", f"steps_per_execution={TOGETHER}"]
    config = runs.plan(recipe, changes=options)
    return {**config, "settings": {**config["settings"], "anneal": False}}


def measure(case, seed, budget, of_steps):
    """Trains one case; returns what it covers, and what it took."""
    config = planned(*case, seed)
    data = runs.load_data(config)
    gan = runs.build(config, data)
    batch_size, _ = runs.steps_of(config, data)
    batches = data.train.repeat().batch(batch_size, drop_remainder=True).prefetch(2)
    clock = Clock(budget, anneal=True, of_steps=of_steps)
    clock.set_model(gan)
    clock.train(budget, batches, check=False)
    modes = judge_of_modes(data)(gan.sample(SAMPLES, seed=seed))
    found = coverage.coverage(modes, len(data.modes.centres))
    return {**found, "seconds": clock.seconds, "first_s": clock.first_s, "steps": clock.steps}


def rows_of(found):
    """What is said of each case, from the results of its seeds: texts, medians over seeds."""
    for entry in found:
        seeds = entry["seeds"]
        covered = [one["covered"] for one in seeds]
        # Where no sample is at any mode, there is no divergence: infinite.
        kl = statistics.median(float("inf") if one["kl"] is None else one["kl"] for one in seeds)
        yield [
            entry["recipe"],
            entry["loss"],
            entry["penalty"],
            f"{statistics.median(covered):g}",
            str(seeds[0]["of"]),
            f"{min(covered)} to {max(covered)}",
            f"{statistics.median(one['inside'] for one in seeds):.3f}",
            f"{kl:.3f}",
            f"{statistics.median(one['steps'] for one in seeds):,.0f}",
            f"{statistics.median(one['seconds'] for one in seeds):.1f}",
        ]


def lines(results):
    machine = results["machine"]
    versions = ", ".join(f"{name} {v}" for name, v in machine["versions"].items() if v)
    many = f"{len(results['cases'][0]['seeds'])} seeds"
    yield "# Modes covered, by loss and penalty"
    yield ""
    yield f"`{machine['command'].strip()}`, {machine['date']}: {machine['cores']} x {machine['cpu']},"
    yield f"Python {machine['python']}, {versions}."
    yield f"{results['budget']:g} {results['unit']} of training each, medians over {many} (from 1)."
    yield f"Of {results['samples']:,} samples: modes that hold a tenth of their share, the fraction of"
    yield "samples within 3 standard deviations of one, the divergence of their modes from the data's."
    for recipe, weights in results["weights"].items():
        yield f"{recipe}: R1 + R2 at {weights[0]:g} and {weights[1]:g}."
    yield ""
    yield markdown_table(HEAD, list(rows_of(results["cases"])))


def write(results, out):
    """Writes modes.json and modes.md into the folder `out`."""
    out = Path(out)
    write_json(out / "modes.json", results)
    write_text(out / "modes.md", "\n".join(lines(results)) + "\n")
    print(f"written: {out}/modes.json, .md")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15.0, help="of training, for each")
    parser.add_argument("--steps", type=int, help="instead of seconds")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", help="losses, comma-separated: " + ", ".join(losses.LOSSES))
    parser.add_argument("--again", type=Path, help="write the table of this modes.json again")
    parser.add_argument("--out", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    if arguments.again:
        write(json.loads(arguments.again.read_text()), arguments.again.parent)
        sys.exit()
    wanted = arguments.only.split(",") if arguments.only else list(losses.LOSSES)
    if unknown := set(wanted) - set(losses.LOSSES):
        parser.error(f"--only takes {', '.join(losses.LOSSES)}, got {', '.join(unknown)}")
    budget, of_steps = arguments.steps or arguments.seconds, bool(arguments.steps)
    found = {case: [] for case in cases() if case[1] in wanted}
    for seed in range(1, arguments.seeds + 1):
        for case in random.Random(seed).sample(list(found), len(found)):
            one = measure(case, seed, budget, of_steps)
            found[case].append(one)
            covered = f"{one['covered']:2d} of {one['of']} modes  {one['inside']:.3f} inside"
            print(
                f"{covered} {one['steps']:6d} steps {one['seconds']:5.1f} s  {', '.join(case)}",
                flush=True,
            )
    results = {
        "machine": machine(),
        "budget": budget,
        "unit": "steps" if of_steps else "seconds",
        "samples": SAMPLES,
        "weights": {
            name: [recipes.RECIPES[name].settings[p] for p in ("r1", "r2")] for name in RECIPES
        },
        "cases": [
            {"recipe": recipe, "loss": loss, "penalty": penalty, "seeds": seeds}
            for (recipe, loss, penalty), seeds in found.items()
        ],
    }
    write(results, arguments.out)


if __name__ == "__main__":
    main()
