"""How training scales from one process to two, each pinned to a core of its own.

    python benchmarks/scaling.py --out DIR

Weak scaling: B images a step by one process, beside 2 B by two that take the step together
(`MultiWorkerMirroredStrategy` on the loopback interface). All processes live at once and take turns;
while some work the others wait. Efficiency is the time of a step alone over that of a step together;
the share of the all-reduce is the time that summing as many gradients takes by itself, over that of a
step. Beside them, two processes that take steps of their own at once, which is what the machine allows;
and one process and two by XLA, which compiles of two what they pass through the networks, where batch
normalization takes the statistics of each one's own images.

The model beside the measured step: the step alone, a latency for each sum over the processes, and the
bytes summed at a rate; both of them measured by sums of one number and of 4 million, on the same
interface. Writes scaling.md.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cluster
import nets
import training
from engines import MOMENTUM, RATE, dataset

HERE = Path(__file__).parent
SECONDS = 2.0  # that one measurement takes, about
NETS = {"convolutional": ("conv", 64), "dcgan": ("dcgan", 32), "MNIST": ("mlp", 1200)}
BATCHES = {"convolutional": (32, 128, 512), "dcgan": (32, 128, 512), "MNIST": (100, 1000)}  # a process
CASES = {
    f"{name}, {batch} images": {"nets": kind, "width": width, "batch": batch}
    for name, (kind, width) in NETS.items()
    for batch in BATCHES[name]
}


# A worker: pinned before TensorFlow counts the cores, it answers lines of JSON on stdin.


def built(case, strategy, jit_compile):
    import tfgan
    from tfgan import distributed
    from tfgan.layers import Dropout
    from tfgan.networks import dcgan
    from tfgan.optimizers import MomentumSGD

    with strategy.scope():
        if case["nets"] == "dcgan":
            pair = [
                kind((28, 28, 1), channels=case["width"])
                for kind in (dcgan.Generator, dcgan.Discriminator)
            ]
        else:
            pair = nets.keras_pair(case["nets"], case["width"], Dropout)
        gan = tfgan.GAN(*pair, seed=0)
        if strategy.num_replicas_in_sync > 1:
            distributed.synchronize(gan, not jit_compile)
        optimizers = {f"{one}_optimizer": MomentumSGD(RATE, MOMENTUM) for one in "gd"}
        gan.compile(**optimizers, jit_compile=jit_compile)
    return gan


def weights(gan):
    return [network.trainable_variables for network in (gan.discriminator, gan.generator)]


def summing(gan, strategy):
    """Sums what a step sums of gradients, by itself: function of nothing."""
    import tensorflow as tf

    from tfgan import replicas

    shapes = [[variable.shape for variable in variables] for variables in weights(gan)]

    def on_a_replica():
        with replicas.on(1):
            for of_network in shapes:
                replicas.summed([tf.zeros(shape) for shape in of_network])

    return tf.function(lambda: strategy.run(on_a_replica), autograph=False)


def summing_numbers(strategy, count):
    """Sums so many numbers over the processes, ten times: function of nothing."""
    import tensorflow as tf

    def on_a_replica():
        context, values = tf.distribute.get_replica_context(), tf.zeros([count])
        for _ in range(10):  # each needs the one before
            values = context.all_reduce(tf.distribute.ReduceOp.SUM, values)

    return tf.function(lambda: strategy.run(on_a_replica), autograph=False)


def sums_in(train):
    """How many sums over the processes a step takes, that of its metrics with it."""
    (traced,) = train._many._list_all_concrete_functions()
    graph = traced.graph.as_graph_def()
    nodes = [*graph.node, *(node for one in graph.library.function for node in one.node_def)]
    return sum(node.op.startswith("CollectiveReduce") for node in nodes)


def worker(core, together, jit_compile):
    os.sched_setaffinity(0, {core})
    import tensorflow as tf

    distribute = tf.distribute
    strategy = distribute.MultiWorkerMirroredStrategy() if together else distribute.get_strategy()
    train = iterator = sums = None
    for line in sys.stdin:
        task = json.loads(line)
        if "numbers" in task:
            run = summing_numbers(strategy, task["numbers"])
            run()
            start = time.perf_counter()
            for _ in range(5):
                run()
            print(json.dumps({"seconds": (time.perf_counter() - start) / 50}), flush=True)
            continue
        if "case" in task:
            case = task["case"]
            gan = built(case, strategy, jit_compile)
            train = gan.make_train_function()
            data = dataset(case["batch"])
            if together:
                data = strategy.distribute_datasets_from_function(lambda context, data=data: data)
            iterator, sums = iter(data), summing(gan, strategy)
            task["steps"] = 2
        start = time.perf_counter()
        for _ in range(task["steps"]):
            logs = train(iterator)
        float(logs["d_loss"])
        seconds, start = time.perf_counter() - start, time.perf_counter()
        for _ in range(task["steps"] if together else 0):
            sums()
        answer = {"seconds": seconds / task["steps"]}
        answer["reduce"] = (time.perf_counter() - start) / task["steps"]
        answer["bytes"] = 4 * sum(math.prod(v.shape) for variables in weights(gan) for v in variables)
        answer["sums"] = sums_in(train) if together else 0
        print(json.dumps(answer), flush=True)


# The benchmark: groups of one process, of two together, both also by XLA, and of two apart.


class Group:
    def __init__(self, cores, *, together=False, jit_compile=False):
        environments = cluster.environments(len(cores)) if together else [None] * len(cores)
        self.workers = []
        for core, environment in zip(cores, environments, strict=True):
            flags = [str(core), str(together), str(jit_compile)]
            command = [sys.executable, __file__, "--worker", *flags]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            self.workers.append(subprocess.Popen(command, env=environment, **pipes))

    def asked(self, **task):
        """The slowest process's answer."""
        for one in self.workers:
            one.stdin.write(json.dumps(task) + "\n")
            one.stdin.flush()
        answers = [json.loads(one.stdout.readline()) for one in self.workers]
        return max(answers, key=lambda answer: answer["seconds"])

    def end(self):
        for one in self.workers:
            one.stdin.close()
        for one in self.workers:
            one.wait()


def measure(groups, case, rounds):
    for group in groups.values():
        group.asked(case=case)  # compiles
    tried = {name: group.asked(steps=3)["seconds"] for name, group in groups.items()}
    found = {name: [] for name in groups}
    for number in range(rounds):
        for name in list(groups)[:: 1 if number % 2 else -1]:
            steps = max(2, round(SECONDS / tried[name]))
            found[name].append(groups[name].asked(steps=steps))
    return found


def wire(group):
    """(seconds that any sum takes, seconds a byte)."""
    few, many = 1, 4_000_000
    short, long = (group.asked(numbers=count)["seconds"] for count in (few, many))
    return short, (long - short) / (4 * (many - few))


def row(name, found, latency, a_byte):
    ms = {
        group: 1e3 * statistics.median(one["seconds"] for one in answers)
        for group, answers in found.items()
    }
    pairs = list(zip(found["one"], found["two"], strict=True))
    ratios = [one["seconds"] / two["seconds"] for one, two in pairs]
    shares = [two["reduce"] / two["seconds"] for two in found["two"]]
    reduced = 1e3 * statistics.median(two["reduce"] for two in found["two"])
    apart = zip(found["one"], found["apart"], strict=True)
    allowed = statistics.median(one["seconds"] / two["seconds"] for one, two in apart)
    two = found["two"][0]
    model = ms["one"] + 1e3 * (two["sums"] * latency + two["bytes"] * a_byte)
    return (
        f"| {name} | {ms['one']:.1f} | {ms['two']:.1f} | {model:.1f} | "
        f"**{statistics.median(ratios):.2f}** | {min(ratios):.2f} to {max(ratios):.2f} | "
        f"{allowed:.2f} | {two['bytes'] / 1e6:.2f} | {two['sums']} | "
        f"{reduced:.1f} | {statistics.median(shares):.0%} | {ms['XLA']:.1f} | {ms['two by XLA']:.1f} |"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", help="cases that contain this")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        core, together, jit_compile = arguments.worker
        worker(int(core), together == "True", jit_compile == "True")
        return
    first, second = sorted(os.sched_getaffinity(0))[:2]
    groups = {
        "one": Group([first]),
        "two": Group([first, second], together=True),
        "apart": Group([first, second]),
        "XLA": Group([first], jit_compile=True),
        "two by XLA": Group([first, second], together=True, jit_compile=True),
    }
    latency, a_byte = wire(groups["two"])
    lines = [
        f"{training.caption(training.machine())} One process on one core beside two on a core each, of "
        f"as many images each, taking turns; medians of {arguments.rounds} rounds, and the range of "
        f"the ratio. A sum over the two takes {1e3 * latency:.2f} ms and {1e9 * a_byte:.2f} ms a MB.",
        "",
        "| case | ms a step, one | ms a step of twice the batch, two | model | efficiency | range | "
        "two apart | MB of gradients | sums | ms to sum them | share | ms a step, one by XLA | "
        "two by XLA |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, case in CASES.items():
        if arguments.only and arguments.only not in name:
            continue
        lines.append(row(name, measure(groups, case, arguments.rounds), latency, a_byte))
        print(lines[-1], flush=True)
    for group in groups.values():
        group.end()
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "scaling.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
