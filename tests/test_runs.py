import json
import re
import shutil

import keras
import numpy as np
import pytest
from makers import one_line, stripes

from tfgan import configs, runs, watching
from tfgan.errors import DivergedError, InputError, StoppedError
from tfgan.files import read_csv

SMALL = ["units=8", "latent_dim=4", "batch_size=16", "sample_every=2", "jit_compile=false"]


@pytest.fixture
def source(tmp_path):
    images, labels = stripes(80)
    np.savez(tmp_path / "stripes.npz", images=images, labels=labels)
    return f"npz:{tmp_path / 'stripes.npz'}"


def plan(source, epochs=None, changes=SMALL, recipe="cgan-digits"):
    return runs.plan(recipe, source=source, epochs=epochs, changes=changes)


def go_on(run, config):
    return runs.train(run, runs.resumed_config(run, config), verbose=0)


def rows(run):
    return read_csv(run / "metrics.csv")


def test_a_run_directory(source, tmp_path):
    run = tmp_path / "run"
    gan = runs.train(run, plan(source, 4), verbose=0)
    names = {p.name for p in run.iterdir()}
    assert names == {
        "config.json",
        "metrics.csv",
        "times.csv",
        "tensorboard",
        "samples",
        "checkpoints",
        "gan.keras",
    }
    assert sorted(p.name for p in (run / "samples").iterdir()) == [
        "animation.gif",
        "epoch-0002.png",
        "epoch-0004.png",
    ]
    config = json.loads((run / "config.json").read_text())
    assert config["recipe"] == "cgan-digits"
    assert config["settings"]["epochs"] == 4
    assert config["settings"]["units"] == 8
    assert len(config["fingerprint"]) >= 16
    assert {"tfgan", "tensorflow", "keras", "python"} <= set(config["versions"])
    assert [r["epoch"] for r in rows(run)] == ["1", "2", "3", "4"]
    assert [r["epoch"] for r in read_csv(run / "times.csv")] == ["1", "2", "3", "4"]
    assert gan.train_steps.numpy() == 4 * (64 // 16)
    np.testing.assert_array_equal(runs.load(run).sample(3, seed=0), gan.sample(3, seed=0))


def test_resume_can_add_epochs_only(source, tmp_path):
    run = tmp_path / "run"
    runs.train(run, plan(source, 1), verbose=0)
    gan = go_on(run, plan(source, 3, changes=[]))
    assert gan.train_steps.numpy() == 3 * 4
    assert len(rows(run)) == 3
    for changes, words in ((["seed=5"], "seed=1"), (["units=16"], "units=8")):
        with pytest.raises(InputError, match=words) as error:
            go_on(run, plan(source, changes=changes))
        one_line(error)
    with pytest.raises(InputError, match="recipe=cgan-digits"):
        go_on(run, plan(source, recipe="gan-digits", changes=[]))


@pytest.mark.slow
def test_added_epochs_of_a_run_that_named_none(source, tmp_path):
    run = tmp_path / "run"
    config = plan(source)
    config["settings"]["epochs"] = 1  # as if it were the recipe's own number
    runs.train(run, config, verbose=0)
    go_on(run, plan(source, 2, changes=[]))
    assert len(rows(run)) == 2
    assert runs.read_config(run)["settings"]["epochs"] == 2


def test_a_run_knows_its_data(source, tmp_path):
    """The command that a stopped run prints names none, also of a recipe without data of its own."""
    run = tmp_path / "run"
    asked = {"recipe_name": "folder-64", "changes": ["epochs=7"]}
    config = runs.plan("folder-64", source=source)
    run.mkdir()
    runs.write_config(run, config, runs.load_data(config))
    resumed = runs.resumed_config(run, runs.plan(**asked, resume=True))
    assert resumed["data"] == config["data"]
    assert resumed["settings"]["epochs"] == 7
    with pytest.raises(InputError, match="give --data"):
        runs.plan(**asked)


def test_other_data_are_refused_also_the_recipes_own(source, tmp_path):
    config = plan(source)
    runs.write_config(tmp_path, config, runs.load_data(config))
    resumed = runs.resumed_config(tmp_path, runs.plan("cgan-digits", resume=True))
    assert resumed["data"] == config["data"]
    with pytest.raises(InputError, match=r"data=npz:.*, not digits") as error:
        runs.resumed_config(tmp_path, runs.plan("cgan-digits", source="digits", resume=True))
    one_line(error)


@pytest.mark.parametrize(
    ("then", "words"),
    [
        ({"tfgan": "99.0"}, "tfgan 0.*, not 99.0"),
        ({"keras": "2.0", "tensorflow": "1.15"}, "tensorflow 2.*, not 1.15; keras 3.*, not 2.0"),
        ({"keras": [3]}, "keras"),
        ({"numpy": "1.0", "python": "2.7"}, None),
        ({}, None),
    ],
)
def test_other_versions_are_told_when_a_run_goes_on(source, tmp_path, then, words):
    config = plan(source)
    config["versions"] |= then
    runs.write_config(tmp_path, config, runs.load_data(config))
    lines = configs.resumed_differences(runs.resumed_config(tmp_path, plan(source)))
    assert len(lines) == (words is not None)
    assert words is None or re.search(words, lines[0])
    old = runs.read_config(tmp_path)
    del old["versions"]
    assert configs.resumed_differences(old) == []


def test_settings_of_a_newer_version_are_refused(source, tmp_path):
    config = plan(source)
    config["settings"]["wavelets"] = 3
    runs.write_config(tmp_path, config, runs.load_data(config))
    assert runs.resumed_config(tmp_path, plan(source))["settings"]["wavelets"] == 3
    for version in ("99.0", "0.1.0.1"):
        config["versions"]["tfgan"] = version
        runs.write_config(tmp_path, config, runs.load_data(config))
        for go_on in (
            lambda: runs.resumed_config(tmp_path, plan(source)),
            lambda: runs.repeated_config(tmp_path / "config.json"),
        ):
            with pytest.raises(InputError, match=rf"wavelets.*go on with tfgan {version}") as error:
                go_on()
            one_line(error)


def test_data_sets_may_have_moved(source, tmp_path):
    run = tmp_path / "run"
    config = plan(source) | {"data_dir": str(tmp_path / "old")}
    run.mkdir()
    runs.write_config(run, config, runs.load_data(plan(source)))
    assert runs.resumed_config(run, plan(source))["data_dir"] == str(tmp_path / "old")
    moved = plan(source) | {"data_dir": str(tmp_path / "new")}
    assert runs.resumed_config(run, moved)["data_dir"] == str(tmp_path / "new")


def test_what_was_killed_before_it_had_begun_is_begun(source, tmp_path):
    run = tmp_path / "run"
    with pytest.raises(InputError, match=r"no config\.json.*without --resume") as error:
        go_on(run, plan(source, 1))
    one_line(error)
    assert not run.exists()
    run.mkdir()
    (run / ".owner").write_text(json.dumps({"pid": 2**22, "host": "gone"}))
    with pytest.raises(InputError, match="give --data"):
        runs.resumed_config(run, runs.plan("folder-64", resume=True))
    go_on(run, plan(source, 1))
    assert len(rows(run)) == 1


def test_a_killed_run_has_its_config_before_its_networks_are_made(source, tmp_path, monkeypatch):
    run = tmp_path / "run"

    def killed(*given, **named):
        raise KeyboardInterrupt  # nothing is mended after that, as after SIGKILL

    with monkeypatch.context() as broken:
        broken.setattr(runs, "build", killed)
        with pytest.raises(KeyboardInterrupt):
            runs.train(run, plan(source, 1), verbose=0)
    go_on(run, runs.plan("cgan-digits", resume=True))
    assert runs.read_config(run)["settings"]["units"] == 8
    assert len(rows(run)) == 1


def test_networks_that_cannot_be_made_leave_no_run(source, tmp_path):
    run = tmp_path / "run"
    with pytest.raises(InputError, match="make them smaller"):
        runs.train(run, plan(source, 1, [*SMALL, "units=65536", "latent_dim=65536"]), verbose=0)
    assert not run.exists()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of two epochs and its source."""
    folder = tmp_path_factory.mktemp("trained")
    images, labels = stripes(80)
    np.savez(folder / "stripes.npz", images=images, labels=labels)
    source = f"npz:{folder / 'stripes.npz'}"
    runs.train(folder / "run", plan(source, 2), verbose=0)
    return folder / "run", source


def spoil_log(text):
    def spoil(run):
        log = run / "metrics.csv"
        log.write_bytes(text(log.read_bytes().splitlines(keepends=True)))

    return spoil


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda run: shutil.rmtree(run / "checkpoints"), "holds no checkpoint.*2 epochs"),
        (
            lambda run: (shutil.rmtree(run / "checkpoints"), (run / "metrics.csv").unlink()),
            "holds no checkpoint",
        ),
        (
            lambda run: (shutil.rmtree(run / "checkpoints"), (run / "checkpoints").touch()),
            "checkpoints",
        ),
        (spoil_log(lambda lines: b""), "each of the 2 epochs"),
        (spoil_log(lambda lines: b"".join(lines[:2])), "each of the 2 epochs"),
        (spoil_log(lambda lines: b"".join([lines[0], lines[2]])), "each of the 2 epochs"),
        (lambda run: (run / "metrics.csv").unlink(), "each of the 2 epochs"),
    ],
)
def test_a_run_with_something_missing_does_not_go_on(trained, tmp_path, spoil, words):
    """Nor is anything written."""
    whole, source = trained
    run = shutil.copytree(whole, tmp_path / "run")
    spoil(run)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    with pytest.raises((InputError, OSError), match=words) as error:
        go_on(run, plan(source, 3, changes=[]))
    one_line(error)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_signal_after_the_last_step_is_not_lost(source, tmp_path, monkeypatch):
    """As `reproduce` and pretraining would go on with the next training."""
    train = runs._train

    def asked(path, config, dataset, team, stopping, **given):
        gan = train(path, config, dataset, team, stopping, **given)
        stopping.asked = True
        return gan

    monkeypatch.setattr(runs, "_train", asked)
    with pytest.raises(StoppedError, match="when training was done"):
        runs.train(tmp_path / "run", plan(source, 1), verbose=0)
    assert (tmp_path / "run/gan.keras").is_file()


def test_evaluation_notices_other_data(source, tmp_path):
    run = tmp_path / "run"
    runs.train(run, plan(source, 1), verbose=0)
    images, labels = stripes(79)
    np.savez(source.removeprefix("npz:"), images=images, labels=labels)
    with pytest.raises(InputError, match="fingerprint"):
        runs.load_data(runs.read_config(run))


def test_images_that_cannot_be_drawn(tmp_path):
    np.savez(tmp_path / "four.npz", images=np.zeros((40, 4, 4, 4), "uint8"), labels=np.arange(40) % 3)
    with pytest.raises(InputError, match="4 channels") as error:
        runs.train(tmp_path / "run", plan(f"npz:{tmp_path / 'four.npz'}"))
    one_line(error)
    assert not (tmp_path / "run").exists()


def test_a_damaged_checkpoint(source, tmp_path):
    run = tmp_path / "run"
    runs.train(run, plan(source, 1), verbose=0)
    (file,) = (run / "checkpoints").iterdir()
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(InputError, match="cannot be read") as error:
        go_on(run, plan(source, 2, changes=[]))
    one_line(error)


def test_resume_refuses_other_data(source, tmp_path):
    run = tmp_path / "run"
    runs.train(run, plan(source, 1), verbose=0)
    images, labels = stripes(80, seed=1)
    np.savez(source.removeprefix("npz:"), images=images, labels=labels)
    before = (run / "config.json").read_text()
    with pytest.raises(InputError, match="fingerprint"):
        go_on(run, plan(source, 2, changes=[]))
    assert (run / "config.json").read_text() == before


@pytest.mark.slow
def test_best_is_kept(source, tmp_path):
    """cgan-mnist hands over the model of the best validation score."""
    run = tmp_path / "run"
    gan = runs.train(run, plan(source, 1, ["batch_size=16"], "cgan-mnist"), verbose=0)
    best = keras.saving.load_model(run / "checkpoints/best.keras")
    np.testing.assert_array_equal(best.sample(2, seed=0), gan.sample(2, seed=0))
    assert rows(run)[0]["val_parzen"]


@pytest.mark.slow
def test_more_images_than_a_batch_are_not_needed(source, tmp_path):
    gan = runs.train(tmp_path / "run", plan(source, 1, ["batch_size=1000", "units=8"]), verbose=0)
    assert gan.train_steps.numpy() == 1


def test_relative_paths_hold_elsewhere(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = runs.plan("cgan-digits", source="npz:stripes.npz")
    monkeypatch.chdir("/")
    assert runs.load_data(config).sizes["train"] == 64


def test_labels_are_needed(tmp_path):
    np.savez(tmp_path / "plain.npz", images=stripes(80)[0])
    with pytest.raises(InputError, match="needs labels") as error:
        runs.train(tmp_path / "run", plan(f"npz:{tmp_path / 'plain.npz'}"))
    one_line(error)
    assert not (tmp_path / "run").exists()


def test_taken_directory(source, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/mine.txt").write_text("mine")
    with pytest.raises(InputError, match="--resume") as error:
        runs.train(tmp_path / "run", plan(source))
    one_line(error)
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["mine.txt"]


def test_not_a_run(tmp_path):
    with pytest.raises(InputError, match=r"no config\.json"):
        runs.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"), [("{", "damaged"), ("[]", "damaged"), ('{"format": 99}', "format 99")]
)
def test_wrong_config(tmp_path, text, words):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InputError, match=words) as error:
        runs.load(tmp_path)
    one_line(error)


def test_unfinished_and_damaged_models(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(runs.plan("cgan-digits")))
    with pytest.raises(InputError, match="--resume"):
        runs.load(tmp_path)
    (tmp_path / "gan.keras").write_bytes(b"no zip")
    with pytest.raises(InputError, match="cannot be read") as error:
        runs.load(tmp_path)
    one_line(error)


@pytest.mark.slow
def test_a_run_older_than_standardised_latents_keeps_its_network(source, tmp_path):
    run = tmp_path / "run"
    changes = ["standardize=false", "batch_size=20", "epochs=1"]
    old = runs.plan("cgan-mnist", source=source, changes=changes)
    runs.train(run, old, verbose=0)
    config = json.loads((run / "config.json").read_text())
    del config["settings"]["standardize"]
    (run / "config.json").write_text(json.dumps(config))
    longer = runs.plan("cgan-mnist", source=source, changes=["epochs=2"])
    assert go_on(run, longer).generator.latent_std == 1


@pytest.mark.slow
def test_a_run_that_diverges_keeps_its_last_good_state(source, tmp_path, monkeypatch):
    """A weight becomes NaN in epoch 3; the run goes on from epoch 2 as if nothing had been."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    runs.train(whole, plan(source, 4), verbose=0)
    callbacks_of = watching.of_run

    def breaking(*args):
        watch = callbacks_of(*args)

        def spoil(epoch, logs):
            if epoch == 2:
                kernel = watch[0].model.generator.weights[0]
                kernel.assign(np.nan * np.ones(kernel.shape))

        return [*watch, keras.callbacks.LambdaCallback(on_epoch_begin=spoil)]

    monkeypatch.setattr(watching, "of_run", breaking)
    every_call = [*SMALL, "checkpoint_seconds=0.001"]
    with pytest.raises(DivergedError, match="--resume goes on from it") as error:
        runs.train(broken, plan(source, 4, every_call), verbose=0)
    assert "epoch 3" in one_line(error)
    assert not (broken / "gan.keras").exists()
    assert [r["epoch"] for r in rows(broken)] == ["1", "2"]
    monkeypatch.setattr(watching, "of_run", callbacks_of)
    gan = go_on(broken, plan(source, changes=[]))
    for x, y in zip(runs.load(whole).variables, gan.variables, strict=True):
        np.testing.assert_array_equal(x.numpy(), y.numpy(), err_msg=x.path)


@pytest.mark.slow
def test_a_run_watches_the_discriminator(source, tmp_path):
    run = tmp_path / "run"
    runs.train(run, plan(source, 2, changes=[*SMALL, "sample_every=1"]), verbose=0)
    for row in rows(run):
        for name in ("real", "held_out", "fake"):
            assert 0 <= float(row[f"d_accuracy_{name}"]) <= 1
    assert list((run / "tensorboard").glob("networks/events*"))
