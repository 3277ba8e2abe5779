"""`tfgan reproduce` on small data: rows, reports, what is kept, and what the references are worth."""

import json
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import one_line, stripes

from tfgan import evaluation, reproduce, runs
from tfgan.baselines import CAE, GSN, RBM
from tfgan.baselines.draws import Draws
from tfgan.data import load
from tfgan.errors import InputError
from tfgan.metrics import parzen
from tfgan.reproduce import engine, estimates, figures, references, report, systems
from tfgan.reproduce.rows import TABLES, Drawn, Pictured, Trained


@pytest.fixture
def source(tmp_path):
    images, labels = stripes(300)
    np.savez(tmp_path / "stripes.npz", images=images, labels=labels)
    return f"npz:{tmp_path / 'stripes.npz'}"


@pytest.mark.parametrize("paper", reproduce.PAPERS)
def test_rows_are_whole(paper):
    """Every row can be planned, stands in a table that is laid out, and its command finds it again."""
    for job in reproduce.jobs(paper):
        assert job.row.table in TABLES
        assert job.row.table in report.LAYOUTS
        assert reproduce.seconds([job])[0] > 0
        words = job.command.split()
        assert words[:3] == ["tfgan", "reproduce", paper]
        assert reproduce.jobs(paper, only=[words[4]]) == [job]
        if isinstance(job.row, Trained):
            config = runs.plan(job.row.recipe, changes=job.row.changes)
            assert config["settings"]["epochs"] == job.epochs
        elif isinstance(job.row, Pictured):
            assert job.row.name in figures.PICTURES
        else:
            assert job.row.name in references.REFERENCES


def test_jobs_follow_their_arguments():
    quick = reproduce.jobs("gan2014", only=["gan"], quick=True)
    assert [(job.epochs, job.quick) for job in quick] == [(2, True)]
    assert "--quick" in quick[0].command
    jobs = reproduce.jobs("gan2014", only=["gan", "noise"], epochs=7, seeds=(3, 4))
    assert [(job.row.name, job.seed, job.epochs) for job in jobs] == [
        ("gan", 3, 7),
        ("gan", 4, 7),
        ("noise", 0, None),
    ]
    assert jobs[0].command == "tfgan reproduce gan2014 --only gan --seed 3 --epochs 7"
    assert len({job.key for job in jobs}) == 3
    ours, theirs = (reproduce.jobs("gan2014", only=["gan"], source=s)[0] for s in ("digits", None))
    assert ours.key != theirs.key
    assert ours.run != theirs.run
    assert (ours.is_published_data, theirs.is_published_data) == (False, True)
    shared = reproduce.jobs("gan2014", only=["gan", "gan-average"])
    assert shared[0].run == shared[1].run
    first, second = reproduce.seconds(shared)
    assert second < first / 10
    tfd = reproduce.jobs("gan2014", only=["tfd"], quick=True, source="tfd:other.mat")[0]
    assert tfd.is_published_data
    assert "pretraining_epochs=4" in tfd.changes
    with pytest.raises(InputError, match="leave it or --epochs out") as error:
        reproduce.jobs("gan2014", quick=True, epochs=3)
    one_line(error)
    with pytest.raises(InputError, match="data of its own") as error:
        reproduce.jobs("gan2014", only=["ring"], source="digits")
    one_line(error)
    with pytest.raises(InputError, match="did you mean gan2014") as error:
        reproduce.jobs("gan2015")
    one_line(error)
    with pytest.raises(InputError, match="did you mean ring") as error:
        reproduce.jobs("gan2014", only=["rings"])
    one_line(error)


def test_report_of_a_stopped_and_resumed_reproduction(source, tmp_path, monkeypatch):
    out = tmp_path / "report"
    jobs = reproduce.jobs("gan2014", only=["noise", "gan"], epochs=2, source=source)
    real, calls = evaluation.evaluate, []

    def stopped(*args, **kwargs):
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    monkeypatch.setattr(evaluation, "evaluate", stopped)
    monkeypatch.setattr(engine, "SAMPLES", 200)
    with pytest.raises(KeyboardInterrupt):
        reproduce.reproduce(jobs, out, say=lambda line: None, verbose=0)
    weights = out / "runs" / jobs[0].run / "gan.keras"
    written = weights.stat().st_mtime_ns
    path = reproduce.reproduce(jobs, out, say=lambda line: None, verbose=0)
    said = []
    reproduce.reproduce(jobs, out, say=said.append, verbose=0)
    assert all("done before" in line for line in said)
    assert len(calls) == 2
    assert weights.stat().st_mtime_ns == written  # not trained again
    text = path.read_text()
    result = json.loads((out / "rows" / f"{jobs[0].key}.json").read_text())
    ours = result["results"]["parzen"]
    assert f"**{ours['log_likelihood']:.1f} ± {ours['standard_error']:.1f}**" in text
    assert "**2 of 900 epochs**" in text
    assert "uniform noise" in text
    assert "225 ± 2" not in text  # other data than published
    assert "214" not in text
    assert "k-means" in text  # what Parzen cannot tell
    assert result["command"] in text
    for file in re.findall(r"\]\((.*?)\)", text):
        assert (out / file).is_file(), file
    assert result["results"]["memorization"]["protocol"]["n_train"] == 240
    again = json.loads((out / "report.json").read_text())["rows"]
    assert [row["row"] for row in again] == ["gan", "noise"]


@pytest.mark.slow
def test_quick_rows_are_marked(source, tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "SAMPLES", 100)
    jobs = reproduce.jobs("cgan2014", only=["cgan-matching"], quick=True, source=source)
    path = reproduce.reproduce(jobs, tmp_path / "out", say=lambda line: None, verbose=0)
    text = path.read_text()
    assert "**quick: 2 of" in text
    assert re.search(r"\d\.\d{4} / \d\.\d{4}", text)  # classifier, samples / real


def test_k_means_finds_clusters(tmp_path, monkeypatch):
    monkeypatch.setattr(references, "COUNT", 40)
    rng = np.random.default_rng(0)
    levels = np.repeat([0.1, 0.5, 0.9], 100)
    images = levels[:, None, None] + 0.01 * rng.standard_normal((300, 4, 4))
    np.savez(tmp_path / "levels.npz", images=images.astype("float32"))
    data = load(f"npz:{tmp_path / 'levels.npz'}")
    found = references.k_means(data, 0)
    assert found.shape == (40, 4, 4, 1)
    train, _ = data.arrays("train")
    apart = np.linalg.norm(train.reshape(-1, 1, 16) - found.reshape(1, -1, 16), axis=-1)
    own = apart.argmin(axis=1)
    for centroid in set(own):
        np.testing.assert_allclose(
            found[centroid].ravel(), train[own == centroid].reshape(-1, 16).mean(axis=0), atol=0.01
        )


def test_reference_scores_on_digits():
    """Pins the estimate on small data: real images, the mean image, noise."""
    data = load("digits")
    valid, test = (data.arrays(split)[0] for split in ("valid", "test"))
    scores = {
        name: parzen.score(draw(data, 0), valid, test)["log_likelihood"]
        for name, draw in references.REFERENCES.items()
    }
    expected = {"real": 30.3, "fewer-real": 27.4, "mean-image": -6.3, "noise": -38.5}
    for name, value in expected.items():
        assert scores[name] == pytest.approx(value, abs=0.1), scores


def mnist():
    try:
        return load("mnist")
    except InputError:
        pytest.skip("MNIST is not on this machine: set TFDS_DATA_DIR")


@pytest.mark.slow
def test_reference_scores_on_mnist():
    """The reference points of the papers document, 10,000 samples and all test images."""
    data = mnist()
    valid, test = data.arrays("valid", limit=1000)[0], data.arrays("test")[0]
    expected = {
        "real": (243.6, 4.5),  # standard error 2.1 each
        "fewer-real": (120, 6),
        "k-means": (335.9, 8),
        "mean-image": (-59, 3),
        "noise": (-628, 3),
    }
    for name, (value, off) in expected.items():
        found = parzen.score(references.REFERENCES[name](data, 0), valid, test)
        assert found["log_likelihood"] == pytest.approx(value, abs=off), name
    assert found["sigma"] > 0.2


def test_drawn_rows_are_all_references():
    rows = [row for row in reproduce.PAPERS["gan2014"].rows if isinstance(row, Drawn)]
    assert {row.name for row in rows} == set(references.REFERENCES)


def test_a_figure_is_a_row(tmp_path):
    jobs = reproduce.jobs("gan2014", only=["saddle"])
    text = reproduce.reproduce(jobs, tmp_path / "out", say=lambda line: None).read_text()
    assert "-1.3863" in text
    assert (tmp_path / "out/figures/saddle.png").stat().st_size > 10_000


def test_baselines_are_rows_that_are_asked_for():
    def names(**given):
        return [job.row.name for job in reproduce.jobs("gan2014", **given)]

    theirs = ["dbn", "cae", "gsn", "nce", "boltzmann"]
    assert not set(theirs) & set(names())
    assert set(names(baselines=True)) == {*names(), *theirs}
    assert names(only=["gan"], baselines=True) == ["gan", *theirs]
    assert names(only=["gsn"]) == ["gsn"]
    with pytest.raises(InputError, match="cgan2014 has no baselines") as error:
        reproduce.jobs("cgan2014", baselines=True)
    one_line(error)


@pytest.mark.slow
def test_the_report_of_baselines(source, tmp_path, monkeypatch):
    """Trained, kept, timed and drawn side by side; rebuilt from what is kept."""
    monkeypatch.setattr(engine, "SAMPLES", 100)
    out = tmp_path / "out"
    options = {"source": source, "epochs": 1}
    jobs = reproduce.jobs("gan2014", only=["gan", "gan-average", "dbn", "cae", "gsn"], **options)
    keys = {job.row.name: job.key for job in jobs}
    path = reproduce.reproduce(jobs, out, say=lambda line: None, verbose=0)
    text = path.read_text()
    rows = {row["row"]: row for row in json.loads((out / "report.json").read_text())["rows"]}
    data = load(source)
    valid, test = (data.arrays(split)[0] for split in ("valid", "test"))
    for name, row in rows.items():
        kept = np.load(out / "samples" / row["samples"])["images"]
        assert kept.shape == (100, 8, 8, 1)
        # The estimator, on what was kept, finds what the report says.
        ours, theirs = parzen.score(kept, valid, test), row["results"]["parzen"]
        assert ours["log_likelihood"] == pytest.approx(theirs["log_likelihood"], abs=1e-6), name
        assert row["system"]["seconds_per_sample"] > 0
        assert (row["system"]["moves"] is None) == name.startswith("gan")
    assert set(rows["gsn"]["system"]["correlation"]) == {"1", "10", "100"}
    assert "What a sample costs" in text
    tradeoff = rows["cae"]["system"]["tradeoff"]
    assert [point["noise"] for point in tradeoff] == sorted({point["noise"] for point in tradeoff})
    assert all(abs(point["correlation"]) <= 1 for point in tradeoff)
    claims = text.split("What the paper says of each")[1].split("\n## ")[0]
    for name in ("gan", "dbn", "cae", "gsn"):
        assert f"\n| {rows[name]['title']}, seed 1 " in claims, name
    assert "systems.png" in text
    for file in re.findall(r"\]\((.*?)\)", text):
        assert (out / file).is_file(), file
    (out / "figures" / "systems.png").unlink()
    assert report.write("gan2014", out).read_text() == text
    assert (out / "figures" / "systems.png").is_file()
    # What is gone is left out of the report, and is made again from the runs.
    lost = [
        out / "samples" / rows["cae"]["samples"],
        out / "figures" / f"{keys['dbn']}-nearest.png",
    ]
    for file in lost:
        assert file.is_file()
        file.unlink()
    assert lost[1].name not in report.write("gan2014", out).read_text()
    (out / "rows" / f"{keys['gan']}.json").unlink()
    said = []
    reproduce.reproduce(jobs, out, say=said.append, verbose=0)
    assert sum("done before" in line for line in said) == 2  # gan-average, gsn
    assert all(file.is_file() for file in lost)
    again = {row["row"]: row for row in json.loads((out / "report.json").read_text())["rows"]}
    for name, row in rows.items():
        assert again[name]["results"]["parzen"] == row["results"]["parzen"], name
    (out / "samples" / rows["dbn"]["samples"]).write_bytes(b"no archive")
    with pytest.raises(InputError, match=r"dbn.* cannot be read") as error:
        report.write("gan2014", out)
    one_line(error)


def test_the_tradeoff_of_an_autoencoders_noise():
    """Little, and chains stay at one of four images; much, and they move, to no image."""
    images = np.zeros((4, 4, 4, 1), "float32")  # a bright row each
    images[range(4), range(4)] = 1
    cae = CAE((4, 4, 1), hidden=(16,), contraction=0.01, noise=20.0, burn_in=50, seed=0)
    cae.compile(optimizer=keras.optimizers.Adam(0.01), steps_per_layer=1, steps_per_execution=50)
    cae.fit(np.tile(images, (50, 1, 1, 1)), batch_size=20, epochs=100, verbose=0)
    found = systems.tradeoff(cae, images, count=200, seed=0)
    assert [point["noise"] for point in found] == [5, 10, 20, 40, 80]
    correlations = [point["correlation"] for point in found]
    assert correlations[0] > 0.95
    assert max(map(abs, correlations[3:])) < 0.1
    assert sorted(correlations[:4], reverse=True) == correlations[:4]
    assert found[0]["log_likelihood"] > found[-1]["log_likelihood"] + 1


def test_correlation_of_a_chain():
    """Of a chain whose pixels are copied with probability 1/2 a move, it is 1/2, 1/4, ..."""

    class Copying(GSN):
        def move(self, state, draws):
            kept = draws.uniform((self.chains, 1)) < 0.5
            fresh = draws.uniform((self.chains, self.dim))
            return [tf.where(kept, state[0], fresh)]

        def start(self, draws):
            return [draws.uniform((self.chains, self.dim))]

        def emit(self, state, draws):
            return state[0]

    chain = Copying((3,), hidden=(2,), seed=0, chains=500, burn_in=1, thin=7)
    found = systems.correlation(chain, seed=0, lags=(1, 2, 10))
    for lag, value in found.items():
        assert value == pytest.approx(0.5 ** int(lag), abs=0.03)


def test_learning_from_noise_slows_where_the_noise_stays():
    """The slope by the last of eight numbers, against what theory says of noise that is the model."""
    fixed, moving = (
        [estimates.noise_slope(n, moving=kind, rows=20_000) for n in (0, 3, 7)]
        for kind in (False, True)
    )
    np.testing.assert_allclose(moving, 0.5, atol=0.03)  # half of the likelihood's, which is 1
    assert fixed[0] == pytest.approx(moving[0], rel=1e-3)
    assert fixed[1] < 0.2 * fixed[0]
    assert fixed[2] < 0.2 * fixed[1]


def test_slopes_of_a_boltzmann_machine():
    """By enumeration they are what a machine's own step estimates."""
    rbm, rng = RBM((4,), hidden=3, seed=0, cd_steps=1), np.random.default_rng(0)
    rbm.kernel.assign(rng.normal(0, 1, (4, 3)))
    rows = (rng.random((2, 4)) < 0.5).astype("float32")
    exact, found = estimates.boltzmann_slopes(rbm, rows)
    with tf.GradientTape() as tape:
        loss, _ = rbm.losses(tf.constant(np.repeat(rows, 20_000, axis=0)), Draws(0, 0), training=False)
    (slope,) = tape.gradient(loss, [rbm.kernel])
    np.testing.assert_allclose(-slope.numpy(), found["CD-1"], atol=0.02)
    with tf.GradientTape() as tape:
        free = tf.reduce_mean(rbm.free_energy(tf.constant(rows)))
        states = tf.constant(np.array(list(np.ndindex(2, 2, 2, 2)), "float32"))
        loss = free + tf.reduce_logsumexp(-rbm.free_energy(states))
    (slope,) = tape.gradient(loss, [rbm.kernel])
    np.testing.assert_allclose(-slope.numpy(), exact, atol=1e-5)
    np.testing.assert_allclose(found["CD-100"], exact, atol=1e-4)


def test_truncation_is_what_validation_images_choose(source):
    """Of a generator that is best at half its latents' range, because beyond it makes noise."""
    data = load(source)
    valid, _ = data.arrays("valid")

    class Fake:
        condition = None

        def sample(self, count, conditions, *, seed, truncation):
            rng = np.random.default_rng(seed)
            picked = valid[rng.integers(len(valid), size=count)]
            return picked + abs(truncation - 0.5) * rng.standard_normal(picked.shape)

    assert engine._best("truncation", Fake(), data, {}) == 0.5


@pytest.mark.slow
def test_rows_of_one_run_and_a_row_that_cannot_be_done(source, tmp_path, monkeypatch):
    """The second row trains nothing; the third fails, the fourth is done all the same."""
    monkeypatch.setattr(engine, "SAMPLES", 100)
    monkeypatch.setattr(engine, "TRIED", {"truncation": (1.0, 0.5), "smoothing": (0.2,)})
    out = tmp_path / "out"
    common = {"epochs": 2, "source": source}
    jobs = reproduce.jobs(
        "gan2014", only=["gan", "gan-average", "gan-truncated", "gan-smoothed"], **common
    )
    jobs += reproduce.jobs("gan2014", only=["tfd", "saddle"])
    jobs.sort(key=lambda job: job.row.name == "saddle")
    with pytest.raises(InputError, match=r"1 of 6 rows not done: tfd, seed 1: .*TFD_48x48") as error:
        reproduce.reproduce(jobs, out, say=lambda line: None, verbose=0)
    one_line(error)
    assert len(list((out / "runs").iterdir())) == 1
    rows = json.loads((out / "report.json").read_text())["rows"]
    names = ["gan", "gan-average", "gan-truncated", "gan-smoothed", "saddle"]
    assert [row["row"] for row in rows] == names
    raw, average, scaled, smooth = rows[:4]
    assert raw["results"]["sampling"] == {"ema": False}
    assert "sampling" not in average["results"]
    assert scaled["results"]["sampling"]["truncation"] in (1.0, 0.5)
    assert smooth["results"]["sampling"] == {"smoothing": 0.2}
    assert smooth["results"]["parzen"] != average["results"]["parzen"]
    assert raw["results"]["parzen"] != average["results"]["parzen"]
    text = (out / "report.md").read_text()
    assert text.count("-training.png") == 1
    assert "smoothed by 0.2" in text
    (out / "rows/.gan.0a1b.json").write_text("{")  # what a kill leaves
    assert report.write("gan2014", out).read_text() == text
    (out / "rows/gan-broken.json").write_text("{")
    with pytest.raises(InputError, match="damaged") as error:
        report.write("gan2014", out)
    one_line(error)


@pytest.mark.slow
def test_a_run_of_other_settings_is_not_taken_for_the_rows(source, tmp_path):
    jobs = reproduce.jobs("gan2014", only=["gan"], source=source, epochs=2)
    reproduce.reproduce(jobs, tmp_path / "out", say=lambda line: None, verbose=0)
    (row,) = (tmp_path / "out/rows").glob("*.json")
    (config_file,) = (tmp_path / "out/runs").glob("*/config.json")
    for key, value in (("decay", 1.001), ("epochs", 9)):
        row.unlink(missing_ok=True)
        config = json.loads(config_file.read_text())
        old = dict(config["settings"])
        config["settings"][key] = value
        config_file.write_text(json.dumps(config))
        with pytest.raises(InputError, match=f"trained with {key}={value}, the row takes") as error:
            reproduce.reproduce(jobs, tmp_path / "out", say=lambda line: None, verbose=0)
        one_line(error)
        config_file.write_text(json.dumps({**config, "settings": old}))
    reproduce.reproduce(jobs, tmp_path / "out", say=lambda line: None, verbose=0)
    assert row.is_file()


def test_a_chain_that_never_moves_is_like_itself():
    model = CAE((3,), hidden=(2,), seed=0, chains=4, burn_in=1, noise=0.0)
    for weight in model.weights:
        weight.assign(np.zeros_like(weight))
    assert systems.correlation(model, seed=0, lags=(1, 3)) == {"1": 1.0, "3": 1.0}


def test_rows_of_their_own_data_stay_so(source):
    jobs = {job.row.name: job for job in reproduce.jobs("gan2014", baselines=True, source=source)}
    assert jobs["dbn"].source == source
    for name in ("nce", "boltzmann", "saddle", "ring"):
        assert jobs[name].source != source
        assert "--data" not in jobs[name].command
