import json
import sys

import conditional
import conditional_report as report
import keras_example
import numpy as np
import pytest
import tensorflow as tf

from tfgan import runs

MACHINE = {
    "command": "python benchmarks/conditional.py",
    "date": "2026-01-01",
    "cores": 2,
    "cpu": "a CPU",
    "python": "3.11",
    "versions": {"keras": "3.15", "torch": None},
}


def mark(seconds, accuracy, frechet):
    return {"seconds": seconds, "steps": int(10 * seconds), "accuracy": accuracy, "frechet": frechet}


@pytest.fixture
def results():
    return {
        "machine": MACHINE,
        "data": "mnist",
        "seed": 1,
        "samples": 5_000,
        "minutes": 0.5,
        "real": {"accuracy": 0.99, "frechet": 1.0},
        "rows": {
            "ours": [mark(10.0, 0.5, 90.0), mark(20.0, 0.8, 20.0), mark(30.0, 0.97, 5.0)],
            "theirs": [mark(10.0, 0.1, 300.0), mark(20.0, 0.2, 200.0), mark(30.0, 0.6, 4.0)],
        },
    }


def test_the_example_is_the_published_one():
    """The numbers of weights that the page prints of its layers' shapes."""
    g, d = keras_example.generator(), keras_example.discriminator()
    assert (g.input_shape, g.output_shape) == ((None, 138), (None, 28, 28, 1))
    assert (d.input_shape, d.output_shape) == ((None, 28, 28, 11), (None, 1))
    dense = 138 * 49 * 138 + 49 * 138
    up = (4 * 4 * 138 * 128 + 128) + (4 * 4 * 128 * 128 + 128)
    assert g.count_params() == dense + up + 7 * 7 * 128 + 1
    assert d.count_params() == (9 * 11 * 64 + 64) + (9 * 64 * 128 + 128) + 128 + 1


def test_label_channels_as_the_examples_code_and_text():
    one_hot = np.eye(10, dtype="float32")
    planes = keras_example.planes(one_hot).numpy()
    bands = keras_example.bands(one_hot).numpy()
    # What `repeat` without an axis makes, of which the example says it is planes.
    published = np.repeat(one_hot[:, :, None, None], 28 * 28).reshape(-1, 28, 28, 10)
    np.testing.assert_array_equal(bands, published)
    for label in range(10):
        assert (planes[label].sum(axis=(0, 1)) == 784 * one_hot[label]).all()
        rows = np.flatnonzero(bands[label].any(axis=(1, 2)))  # 2.8 of them
        assert rows.min() == int(2.8 * label)
        assert rows.max() == int(np.ceil(2.8 * (label + 1))) - 1
        assert bands[label].sum() == 784


@pytest.mark.parametrize("label_channels", [keras_example.bands, keras_example.planes])
def test_the_example_trains_both_players(label_channels):
    gan = keras_example.ConditionalGAN(label_channels)
    gan.compile(run_eagerly=True)
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        np.testing.assert_allclose(float(optimizer.learning_rate), 3e-4, rtol=1e-6)
    images = np.random.default_rng(0).random((4, 28, 28, 1), "float32")
    before = [[w.copy() for w in n.get_weights()] for n in (gan.generator, gan.discriminator)]
    logs = gan.train_step((images, tf.one_hot([0, 1, 2, 3], 10)))
    assert float(logs["d_loss"]) == pytest.approx(np.log(2), abs=0.2)
    for old, network in zip(before, (gan.generator, gan.discriminator), strict=True):
        moved = [np.abs(a - b).max() for a, b in zip(old, network.get_weights(), strict=True)]
        # Adam's first step is the rate, wherever the gradient is not tiny.
        assert max(moved) == pytest.approx(3e-4, rel=0.05)


def test_table_and_plot(results, tmp_path):
    report.write(results, tmp_path)
    assert json.loads((tmp_path / "conditional.json").read_text()) == results
    assert (tmp_path / "conditional.png").read_bytes().startswith(b"\x89PNG")
    text = (tmp_path / "conditional.md").read_text()
    assert "| ours | 30 | 300 | 100 | 0.970 | 5.00 |" in text
    assert "ours has the last accuracy of theirs (0.600) after 20 s" in text
    assert "ours has the last frechet of theirs (4.000) at no mark" in text


class Still:
    """A contestant that takes a second for what it is asked, and makes noise."""

    def __init__(self, order, name):
        self.order, self.name, self.clock = order, name, self
        self.seconds, self.steps = 0.0, 0

    def train(self, until):
        self.order.append(self.name)
        self.seconds, self.steps = until, self.steps + 1

    def sample(self, labels, seed):
        return np.random.default_rng(seed).random((len(labels), 28, 28, 1), "float32")


class Judge:
    def measure(self, sample):
        return {"accuracy": float(sample(np.arange(3), 0).mean()), "frechet": 1.0}


def test_all_train_in_turns(capsys):
    order = []
    rows = conditional.compare({n: Still(order, n) for n in "abc"}, Judge(), 30.0, 3)
    assert "".join(order) == "abcbcacab"
    assert [row["seconds"] for row in rows["a"]] == [10.0, 20.0, 30.0]
    assert len(capsys.readouterr().out.splitlines()) == 9


def test_the_recipe_takes_part_with_rates_for_the_clock(digits_28):
    changes = ["channels=4", "batch_size=20", "steps_per_execution=2", "jit_compile=false"]
    config = runs.plan(conditional.RECIPE, source=digits_28, changes=changes)
    one = conditional.ours(config, runs.load_data(config), 1e3)
    assert one.clock.anneal
    rate = config["settings"]["learning_rate"]
    np.testing.assert_allclose(float(one.model.d_optimizer.learning_rate), rate, rtol=1e-6)
    labels = np.arange(4, dtype="int32")
    images = one.sample(labels, 0)
    np.testing.assert_array_equal(images, one.model.sample(4, labels, seed=0))


@pytest.fixture
def digits_28(tmp_path):
    rng = np.random.default_rng(0)
    labels = np.arange(240) % 10
    images = rng.integers(0, 60, (240, 28, 28)).astype("uint8")
    for image, label in zip(images, labels, strict=True):
        image[2 * label : 2 * label + 3] += 180
    np.savez(tmp_path / "bars.npz", images=images, labels=labels)
    return f"npz:{tmp_path / 'bars.npz'}"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Frechet distance of .* samples")
def test_a_short_run(digits_28, tmp_path, monkeypatch):
    """The whole of it, on few images."""
    monkeypatch.setattr(conditional, "SAMPLES", 200)
    small = ["--set", "channels=4", "--set", "batch_size=20"]
    arguments = [
        "--minutes",
        "0.1",
        "--turns",
        "2",
        "--data",
        digits_28,
        "--out",
        str(tmp_path),
        *small,
    ]
    monkeypatch.setattr(sys, "argv", ["conditional.py", *arguments])
    conditional.main()
    results = json.loads((tmp_path / "conditional.json").read_text())
    assert [len(marks) for marks in results["rows"].values()] == [2, 2, 2]
    for marks in results["rows"].values():
        assert marks[-1]["seconds"] >= 6
        assert marks[-1]["steps"] > marks[0]["steps"] > 0
    assert (tmp_path / "conditional.md").read_text().startswith("# Conditional GANs")
