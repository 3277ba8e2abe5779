"""What the variants of a `.tflite` file cost and lose: bytes, errors, latency, quality."""

import time
from pathlib import Path

import keras
import numpy as np

from tfgan.conditions import Labels
from tfgan.errors import InputError
from tfgan.evaluation import TEST_LIMIT, train_limit
from tfgan.export import card
from tfgan.export.tflite import TOLERANCES, tflite
from tfgan.files import markdown_table, write_json, write_text
from tfgan.metrics import classifier, features, frechet

ROUNDS, CALLS = 30, 10  # of timing, alternating between the variants
_POOLED = 16  # pixels a side, of features without labels


def compare(gan_or_run, folder, data, *, samples=10_000, seed=0):
    """Writes each variant of a `.tflite` file and a report on them.

    `folder` gets `float32.tflite`, `float16.tflite`, `dynamic.tflite`, `int8.tflite`, `report.md` and
    `report.json`. All variants are given the same latents and conditions, one row at a time.

    Args:
        gan_or_run: `tfgan.GAN`, `tfgan.CGAN` on labels, or the run directory of one.
        folder: to write to.
        data: `tfgan.data.Dataset`. The quality of samples is measured against its test images: by a
            classifier of its train images where they have labels.
        samples: int >= 2. Images drawn from each variant.
        seed: int. Of latents and classifier.

    Returns:
        list of dicts, one per variant: `quantize`, `bytes`, `max_error` and `mean_error` (of images in
        [0, 1], from Keras's), `milliseconds` (median of calls of one row, on one thread), `frechet`,
        `accuracy` of a conditional GAN; and `frechet_change`, `accuracy_change`, relative to float32.

    Raises:
        InputError: if the GAN's images are not the data's, or as `tflite`.
    """
    folder = Path(folder)
    gan = card.source_of(gan_or_run).gan
    if gan.image_shape != tuple(data.image_shape):
        raise InputError(
            f"the GAN makes images of shape {gan.image_shape}, {data.name} has "
            f"{tuple(data.image_shape)}: compare on the data it was trained on."
        )
    if gan.conditional and not isinstance(gan.condition, Labels):
        raise InputError(f"quality is measured of conditions that are labels, not {gan.condition}.")
    folder.mkdir(parents=True, exist_ok=True)
    reports = {q: tflite(gan, folder / f"{_name(q)}.tflite", quantize=q) for q in TOLERANCES}
    latents = gan.draw_latents(samples, seed=seed)
    given = {"latents": latents}
    if gan.conditional:
        given["condition"] = gan.condition.example(samples)
    wanted = gan.images_of(latents, given.get("condition"))
    runners = {q: _Runner(report.path) for q, report in reports.items()}
    seconds = _seconds(runners, given)
    judge = _Judge(data, seed)
    rows = []
    for quantize, run in runners.items():
        images = np.concatenate([run(given, i) for i in range(samples)])
        errors = np.abs(images.astype("float64") - wanted)
        rows.append(
            {
                "quantize": _name(quantize),
                "bytes": reports[quantize].size,
                "max_error": float(errors.max()),
                "mean_error": float(errors.mean()),
                "milliseconds": 1000 * seconds[quantize],
                **judge(images, given.get("condition")),
            }
        )
    for row in rows:
        for name in ("frechet", "accuracy"):
            if name in row:
                row[f"{name}_change"] = row[name] / rows[0][name] - 1
    protocol = {
        **judge.protocol,
        "n_fake": samples,
        "seed": seed,
        "calls": ROUNDS * CALLS,
        "threads": 1,
    }
    write_json(folder / "report.json", {"data": data.name, "protocol": protocol, "variants": rows})
    write_text(folder / "report.md", markdown(rows, data.name, protocol))
    return rows


def markdown(rows, data_name, protocol):
    """The report as text."""
    head = ["variant", "bytes", "max error", "mean error", "ms an image", "Frechet distance"]
    head += ["accuracy"] if "accuracy" in rows[0] else []
    lines = []
    for row in rows:
        share = row["bytes"] / rows[0]["bytes"]
        line = [
            row["quantize"],
            f"{row['bytes']:,} ({share:.0%})",
            f"{row['max_error']:.1e}",
            f"{row['mean_error']:.1e}",
            f"{row['milliseconds']:.3f}",
            f"{row['frechet']:.4g} ({row['frechet_change']:+.2%})",
        ]
        if "accuracy" in row:
            line.append(f"{row['accuracy']:.4f} ({row['accuracy_change']:+.2%})")
        lines.append(line)
    said = ", ".join(f"{key} {value}" for key, value in protocol.items())
    note = f"{data_name}; {said}. In brackets: of float32, and the change from it."
    return f"{markdown_table(head, lines)}\n\n{note}\n"


def _name(quantize):
    return quantize or "float32"


class _Runner:
    """A file as a function of inputs and the row to take of them."""

    def __init__(self, path):
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_path=str(path), num_threads=1)
        self.run = interpreter.get_signature_runner("serving_default")

    def __call__(self, given, row):
        return self.run(**{name: values[row : row + 1] for name, values in given.items()})["images"]


def _seconds(runners, given):
    """Median seconds of a call by variant; runs of the variants alternate, so that all see one load."""
    taken: dict = {name: [] for name in runners}
    for turn in range(ROUNDS + 1):
        for name, run in runners.items():
            for call in range(CALLS):
                start = time.perf_counter()
                run(given, call % len(given["latents"]))
                if turn:  # the first is warm-up
                    taken[name].append(time.perf_counter() - start)
    return {name: float(np.median(times)) for name, times in taken.items()}


class _Judge:
    """Measures images against a data set's test images."""

    def __init__(self, data, seed):
        real, _ = data.arrays("test", limit=TEST_LIMIT)
        self.classifier, said = None, f"pixels, averaged to at most {_POOLED} a side"
        self.features_of = _pooled
        if isinstance(data.condition, Labels):
            train, labels = data.arrays("train", limit=train_limit(data))
            count = data.condition.num_classes
            self.classifier = classifier.trained(train, labels, count, seed=seed)
            extractor = features.get("classifier", make_classifier=lambda: self.classifier)
            self.features_of, said = extractor, extractor.description
        self.real = self.features_of(real)
        self.protocol = {"n_real": len(real), "features": said}

    def __call__(self, images, labels):
        numbers = {"frechet": frechet.distance(self.features_of(images), self.real)}
        if labels is not None and self.classifier is not None:
            numbers["accuracy"] = classifier.accuracy(self.classifier, images, labels)
        return numbers


def _pooled(images):
    images = classifier.as_float(images)
    size = [min(_POOLED, side) for side in images.shape[1:3]]
    return np.asarray(keras.ops.image.resize(images, size, antialias=True)).reshape(len(images), -1)
