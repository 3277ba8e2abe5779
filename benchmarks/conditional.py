"""A conditional GAN of this package beside Keras's public example, at equal training time, in one run.

    python benchmarks/conditional.py [--minutes 6] [--out DIR]

The recipe `cdcgan-fashion` on MNIST, and the example's GAN (`keras_example.py`) on the same images,
both ways it may be read. They train in turns, a tenth of their time each, so that all see the same
noise of the machine; after each turn 5,000 samples are measured, which does not count as time. Nor does
the first call of each, which compiles. Writes conditional.json, conditional.md and conditional.png.
"""

import argparse
from pathlib import Path

import conditional_report
import keras
import keras_example
import numpy as np
import tensorflow as tf
from clock import Clock
from training import HERE, machine

from tfgan import runs
from tfgan.evaluation.features import extractor_of
from tfgan.metrics import classifier, frechet

RECIPE = "cdcgan-fashion"
SAMPLES = 5_000


class Contestant:
    """A model in training: its data, its clock, and how it samples.

    Args:
        model: Keras model, compiled.
        data: `tf.data.Dataset` of batches, without end.
        clock: `Clock`.
        sample: function of labels int `(n,)` and a seed; returns images `(n, 28, 28, 1)`.
        **fit: further arguments of `fit`.
    """

    def __init__(self, model, data, clock, sample, **fit):
        self.model, self.data, self.clock, self.sample, self.fit = model, data, clock, sample, fit
        clock.set_model(model)

    def train(self, until):
        self.clock.train(until, self.data, shuffle=False, **self.fit)


def ours(config, data, seconds):
    """The recipe; its rates fall to 0 over the time that there is, as otherwise over its epochs."""
    anneal = config["settings"]["anneal"]
    config = {**config, "settings": {**config["settings"], "anneal": False}}
    gan = runs.build(config, data)
    batch_size, _ = runs.steps_of(config, data)
    batches = data.train.repeat().batch(batch_size, drop_remainder=True).prefetch(2)

    def sample(labels, seed):
        return gan.sample(len(labels), labels, seed=seed)

    return Contestant(gan, batches, Clock(seconds, anneal=anneal), sample, check=False)


def example(label_channels, seed, data, seconds):
    """Keras's example, as a plain graph: twice as fast on a CPU as by XLA, which `fit` would choose."""
    keras.utils.set_random_seed(seed)
    gan = keras_example.ConditionalGAN(label_channels, seed)
    gan.compile(jit_compile=False)
    batches = data.train.repeat().batch(keras_example.BATCH_SIZE)
    batches = batches.map(lambda x, y: (x, tf.one_hot(y, keras_example.CLASSES))).prefetch(2)
    return Contestant(gan, batches, Clock(seconds), gan.sample)


class Judge:
    """What samples are measured by: a classifier of the real training images, and its features."""

    def __init__(self, data, seed):
        self.extractor = extractor_of(data, "classifier", seed)
        self.classes, self.seed = data.condition.num_classes, seed
        train, labels = data.arrays("train")
        self.model = classifier.trained(train, labels, self.classes, seed=seed)
        test, test_labels = data.arrays("test")
        self.test = frechet.moments(self.extractor(test, verbose=False))
        valid, _ = data.arrays("valid", limit=SAMPLES)
        self.real = {
            "accuracy": classifier.accuracy(self.model, test, test_labels),
            "frechet": self.distance(valid),
        }

    def distance(self, images):
        return frechet.distance(self.extractor(images, verbose=False), self.test)

    def measure(self, sample):
        labels = np.arange(SAMPLES, dtype="int32") % self.classes
        images = sample(labels, self.seed)
        accuracy = classifier.accuracy(self.model, images, labels)
        return {"accuracy": accuracy, "frechet": self.distance(images)}


def compare(contestants, judge, seconds, turns):
    """Trains all in turns; returns rows by name: a list of what was measured at each mark."""
    rows = {name: [] for name in contestants}
    names = list(contestants)
    for turn in range(1, turns + 1):
        for name in names:
            one = contestants[name]
            one.train(seconds * turn / turns)
            row = {"seconds": one.clock.seconds, "steps": one.clock.steps}
            rows[name].append(row | judge.measure(one.sample))
            print(conditional_report.progress(name, rows[name][-1]), flush=True)
        names = names[1:] + names[:1]
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=6.0, help="of training, for each")
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", default="mnist", help="28 x 28 grey images of ten classes")
    parser.add_argument("--data-dir", help="folder of TFDS data sets")
    parser.add_argument("--set", action="append", default=[], help="key=value, of the recipe")
    parser.add_argument("--only-recipe", action="store_true", help="to look for settings")
    parser.add_argument("--out", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    changes = [f"seed={arguments.seed}", *arguments.set]
    config = runs.plan(RECIPE, source=arguments.data, data_dir=arguments.data_dir, changes=changes)
    data, seconds = runs.load_data(config), 60 * arguments.minutes
    judge = Judge(data, arguments.seed)
    contestants = {f"tfgan, {RECIPE}": ours(config, data, seconds)}
    if not arguments.only_recipe:
        for channels, name in ((keras_example.bands, "code"), (keras_example.planes, "text")):
            made = example(channels, arguments.seed, data, seconds)
            contestants[f"Keras example, as its {name}"] = made
    rows = compare(contestants, judge, seconds, arguments.turns)
    results = {
        "machine": machine(),
        "data": arguments.data,
        "seed": arguments.seed,
        "samples": SAMPLES,
        "minutes": arguments.minutes,
        "settings": config["settings"],
        "real": judge.real,
        "first_s": {name: one.clock.first_s for name, one in contestants.items()},
        "rows": rows,
    }
    conditional_report.write(results, arguments.out)


if __name__ == "__main__":
    main()
