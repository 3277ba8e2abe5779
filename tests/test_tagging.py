"""From features to tags, with right ones known: training, runs, the command."""

import json

import keras
import numpy as np
import pytest
from makers import one_line, small_cgan
from test_cli import tfgan as command  # noqa: F401  (a fixture)

import tfgan
from tfgan import evaluation, runs, tagging
from tfgan.data import toy_tags
from tfgan.errors import InputError
from tfgan.metrics import ranking

SMALL = {
    "g_latent_units": 20,
    "g_condition_units": 60,
    "d_word_units": 30,
    "d_condition_units": 40,
    "d_units": 30,
    "latent_dim": 10,
    "batch_size": 100,
    "jit_compile": "false",
}
SMALLEST = [f"{key}={value}" for key, value in SMALL.items()]


@pytest.fixture(scope="module")
def made():
    return toy_tags.make(600, topics=10, dim=30, word_dim=20, code_dim=15, noise=0.2)


@pytest.fixture(scope="module")
def source(made, tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "tags.npz"
    np.savez(path, **made.arrays)
    return f"npz:{path}"


def plan(source, *changes):
    return runs.plan("cgan-tags", source=source, changes=[*SMALLEST, *changes])


@pytest.fixture(scope="module")
def trained(source, tmp_path_factory):
    """A run directory, and its GAN."""
    run = tmp_path_factory.mktemp("runs") / "run"
    return run, runs.train(run, plan(source, "epochs=40", "sample_every=20"), verbose=0)


def right_precision(gan, data, made, split="test"):
    """Share of the ten words found for held-out images that are words of their topics."""
    rows = data.tags.rows[split]
    found = ranking.rank(tagging.draw(gan, data.tags.features[rows]), data.tags.word_vectors)
    return np.take_along_axis(made.right[rows], found, axis=1).mean()


def test_finds_the_right_tags_of_new_images(trained, source, made):
    run, gan = trained
    data = runs.load_data(runs.read_config(run))
    chance = made.right.mean()
    assert chance < 0.2
    assert right_precision(gan, data, made) > 0.7
    swapped = tagging.draw(gan, data.tags.features[data.tags.rows["test"][::-1]])
    found = ranking.rank(swapped, data.tags.word_vectors)
    rows = data.tags.rows["test"]
    assert np.take_along_axis(made.right[rows], found, axis=1).mean() < 0.35  # others' features


def test_draws(trained, source):
    _, gan = trained
    data = tfgan.data.load(source)
    features = data.tags.features[:3]
    words = tagging.draw(gan, features, draws=7, seed=4)
    assert words.shape == (3, 7, 20)
    latents = gan.draw_latents(21, seed=4)
    np.testing.assert_allclose(
        words[1, 2], gan.images_of(latents[9:10], features[1:2])[0], rtol=1e-4, atol=1e-5
    )
    np.testing.assert_array_equal(words, tagging.draw(gan, features, draws=7, seed=4))
    with pytest.raises(InputError, match=r"\(batch, 30\)"):
        tagging.draw(gan, features[:, :5])


def test_draws_in_parts(trained, source, monkeypatch):
    _, gan = trained
    features = tfgan.data.load(source).tags.features[:5]
    whole = tagging.draw(gan, features, draws=4)
    monkeypatch.setattr(tagging, "_CONDITION_BYTES", 2 * 4 * 4 * 30)  # two images
    np.testing.assert_allclose(tagging.draw(gan, features, draws=4), whole, rtol=1e-4, atol=1e-5)


def test_evaluation(trained, source):
    _, gan = trained
    data = tfgan.data.load(source)
    results = evaluation.evaluate(gan, data, samples=2000)
    assert set(results) == {"data", "fingerprint", "seed", "tags"}
    result = results["tags"]
    assert result["protocol"]["n_real"] == 20
    rows = data.tags.rows["test"][:20]
    found = ranking.rank(tagging.draw(gan, data.tags.features[rows]), data.tags.word_vectors)
    hits = [
        len(set(words) & set(data.tags.words_of(row))) for row, words in zip(rows, found, strict=True)
    ]
    np.testing.assert_allclose(result["precision"], np.mean(hits) / 10)
    assert result["chance_precision"] < result["precision"] <= result["most_precision"]
    assert result["frequent_precision"] < result["precision"]
    json.dumps(results)
    assert any("20 test images, 100 draws" in line for line in evaluation.lines(results))
    assert evaluation.evaluate(gan, data, samples=7)["tags"]["protocol"]["draws"] == 7
    for name, words in (("parzen", "needs images"), ("classifier", "labels")):
        with pytest.raises(InputError, match=words) as error:
            evaluation.evaluate(gan, data, metrics=[name], samples=100)
        one_line(error)


def test_evaluation_of_others(trained, source, tmp_path):
    data = tfgan.data.load(source)
    networks = tfgan.networks.mirza2014
    other = tfgan.conditions.Vector(9)
    gan = tfgan.CGAN(
        networks.TagGenerator(20, condition=other), networks.TagDiscriminator(20, condition=other)
    )
    with pytest.raises(InputError, match=r"Vector\(9\).*Vector\(30\)") as error:
        evaluation.evaluate(gan, data)
    one_line(error)
    np.savez(tmp_path / "a.npz", images=np.random.default_rng(0).random((30, 4, 4)))
    with pytest.raises(InputError, match="tags needs features"):
        evaluation.evaluate(
            small_cgan(), tfgan.data.load(f"npz:{tmp_path / 'a.npz'}"), metrics=["tags"], samples=9
        )


def test_word_vectors_have_no_bounds_but_must_be_finite():
    """No warning of [0, 1]; NaN and bytes are refused."""
    condition, networks = tfgan.conditions.Vector(30), tfgan.networks.mirza2014
    gan = tfgan.CGAN(
        networks.TagGenerator(20, condition=condition, latent_units=4, condition_units=4),
        networks.TagDiscriminator(20, condition=condition, word_units=4, condition_units=4, units=4),
    )
    gan.compile(jit_compile=False)
    words = 5 * np.random.default_rng(0).standard_normal((60, 20)).astype("float32")
    features = np.ones((60, 30), "float32")
    gan.fit(words, features, batch_size=30, verbose=0)
    broken = words.copy()
    broken[3, 2] = np.inf
    for given, text in (
        (broken, "finite"),
        ((words > 0).astype("uint8"), "float"),
        (words[0], "shape"),
    ):
        with pytest.raises(InputError, match=text) as error:
            gan.fit(given, features, verbose=0)
        one_line(error)


def test_a_run_directory(trained, source):
    run, _ = trained
    assert sorted(p.name for p in (run / "samples").iterdir()) == ["epoch-0020.tsv", "epoch-0040.tsv"]
    data = tfgan.data.load(source)
    header, *lines = (run / "samples/epoch-0040.tsv").read_text().splitlines()
    assert header.split("\t") == ["image", "tags", "found"]
    assert len(lines) == 10
    image, known, found = lines[0].split("\t")
    assert int(image) == data.tags.rows["valid"][0]
    assert known.split(", ") == [data.tags.words[w] for w in data.tags.words_of(int(image))]
    assert len(set(found.split(", "))) == 10


@pytest.mark.slow
def test_resume(source, tmp_path):
    """An epoch, and another after --resume, are two at once."""
    whole = runs.train(tmp_path / "whole", plan(source, "epochs=2"), verbose=0)
    half = tmp_path / "half"
    runs.train(half, plan(source, "epochs=1"), verbose=0)
    config = runs.resumed_config(
        half, runs.plan("cgan-tags", epochs=2, resume=True)
    )  # it knows its data
    resumed = runs.train(half, config, verbose=0)
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_save_and_load(trained, tmp_path):
    _, gan = trained
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    features = np.random.default_rng(0).random((4, 30))
    np.testing.assert_array_equal(loaded.sample(4, features, seed=0), gan.sample(4, features, seed=0))
    assert (tmp_path / "gan.keras").stat().st_size < 2e6  # no features inside


@pytest.mark.slow
def test_export(trained, tmp_path):
    _, gan = trained
    import tfgan.export

    report = tfgan.export.saved_model(gan, tmp_path / "served")
    assert report.max_error < 1e-4
    pytest.importorskip("ai_edge_litert")
    for quantize in (None, "float16"):
        tfgan.export.tflite(gan, tmp_path / "words.tflite", quantize=quantize)


def test_the_command(command, trained, source, tmp_path):  # noqa: F811
    run, _ = trained
    code, out, _ = command("sample", run, "--count", 3)
    assert code == 0
    table = (run / "samples.tsv").read_text()
    assert out == f"{table}table: {run / 'samples.tsv'}\n"
    assert len(table.splitlines()) == 4
    assert command("sample", run, "--count", 3, "--out", tmp_path / "a.txt")[0] == 0
    assert (tmp_path / "a.txt").read_text() == table
    code, out, _ = command("evaluate", run, "--samples", 1000)
    assert code == 0
    assert "precision of 10 tags" in out
    for arguments, words in (
        (["sample", run, "--condition", "1"], "leave --condition"),
        (["sample", run, "--interpolate"], "--interpolate"),
        (["evaluate", run, "--metrics", "parzen"], "parzen needs images"),
        (["train", "cgan-digits", "--data", source, "--out", tmp_path / "new"], "use cgan-tags"),
    ):
        code, _, err = command(*arguments)
        assert code == 2
        assert err.startswith("tfgan: ")
        assert err.count("\n") == 1
        assert words in err
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_the_published_networks(tmp_path):
    """As published but for the features' width: all right after 4 epochs of 96 steps."""
    made = toy_tags.make(3000, dim=256, word_dim=200, noise=0.3, spread=1.0)
    np.savez(tmp_path / "tags.npz", **made.arrays)
    config = runs.plan("cgan-tags", source=f"npz:{tmp_path / 'tags.npz'}", epochs=6)
    gan = runs.train(tmp_path / "run", config, verbose=0)
    assert right_precision(gan, runs.load_data(config), made) > 0.95
