import json
import shutil
import zipfile

import keras
import numpy as np
import pytest
from makers import SHAPE, one_line, small_gan

import tfgan
from tfgan import callbacks, checkpoints
from tfgan.errors import InputError
from tfgan.networks import goodfellow2014


def compiled():
    gan = small_gan()
    gan.compile(jit_compile=False)
    return gan


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A GAN and its sealed file."""
    gan, path = compiled(), tmp_path_factory.mktemp("kept") / "gan.keras"
    checkpoints.save(gan, path, checkpoints.Position(2, 7, {"d_loss": [0.1, 3.0]}, {"Guard": {"a": 1}}))
    return gan, path


def test_a_checkpoint_is_a_keras_file(saved):
    gan, path = saved
    position = checkpoints.check(path)
    assert position == checkpoints.Position(2, 7, {"d_loss": [0.1, 3.0]}, {"Guard": {"a": 1}})
    np.testing.assert_array_equal(
        keras.saving.load_model(path).sample(2, seed=0), gan.sample(2, seed=0)
    )


def test_models_without_a_seal_are_read(saved, tmp_path):
    saved[0].save(tmp_path / "plain.keras")
    assert checkpoints.check(tmp_path / "plain.keras") is None


def test_every_flipped_bit_is_seen(saved, tmp_path):
    """Of the content and of what says where it is; but in the dates of entries nothing is lost."""
    whole = saved[1].read_bytes()
    with zipfile.ZipFile(saved[1]) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    rng, path, refused = np.random.default_rng(0), tmp_path / "flipped.keras", 0
    for at in [*rng.integers(0, len(whole), 150), *range(len(whole) - 150, len(whole))]:
        data = bytearray(whole)
        data[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        try:
            position = checkpoints.check(path)
        except checkpoints.DamagedError:
            position = None
        if position is None:  # nor does `restore` take it
            refused += 1
        else:
            with zipfile.ZipFile(path) as archive:
                assert {name: archive.read(name) for name in archive.namelist()} == content
    assert refused > 150


@pytest.mark.parametrize("length", [0, 1, 100, 0.5, -1])
def test_a_cut_file_is_refused(saved, tmp_path, length):
    data, path = saved[1].read_bytes(), tmp_path / "cut.keras"
    path.write_bytes(data[: int(length * len(data)) if isinstance(length, float) else length])
    with pytest.raises(checkpoints.DamagedError, match="cannot be read") as error:
        checkpoints.check(path)
    one_line(error)


def test_an_entry_too_many_or_too_few_is_refused(saved, tmp_path):
    path = tmp_path / "more.keras"
    shutil.copyfile(saved[1], path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("more", "x")
    with pytest.raises(checkpoints.DamagedError, match="holds 'more'"):
        checkpoints.check(path)
    seal = json.loads(zipfile.ZipFile(saved[1]).read("tfgan.json"))
    with zipfile.ZipFile(saved[1]) as whole, zipfile.ZipFile(path, "w") as archive:
        for name in whole.namelist():
            other = {"tfgan.json": json.dumps(seal).encode(), "metadata.json": b"{}"}
            archive.writestr(name, other.get(name, whole.read(name)))
    with pytest.raises(checkpoints.DamagedError, match="sha256"):
        checkpoints.check(path)


def test_one_of_a_newer_version_is_no_damaged_one(saved, tmp_path):
    checkpoints.save(saved[0], checkpoints.file_of(tmp_path, 1), checkpoints.Position())
    path = checkpoints.file_of(tmp_path, 2)
    with zipfile.ZipFile(saved[1]) as whole, zipfile.ZipFile(path, "w") as archive:
        for name in whole.namelist():
            content = whole.read(name)
            if name == "tfgan.json":
                content = json.dumps({**json.loads(content), "format": 2}).encode()
            archive.writestr(name, content)
    with pytest.raises(InputError, match="newer version of tfgan") as error:
        checkpoints.restore(compiled(), tmp_path)
    assert str(path) in one_line(error)
    assert path.is_file()


def test_the_one_before_a_damaged_one_is_used(saved, tmp_path, capsys):
    gan = compiled()
    for steps in (3, 6, 9):
        gan.train_steps.assign(steps)
        checkpoints.save(gan, checkpoints.file_of(tmp_path, steps), checkpoints.Position(steps // 3))
    newest = checkpoints.newest(tmp_path)
    assert newest.name == "step-000000009.keras"
    newest.write_bytes(newest.read_bytes()[:-40])
    other, said = compiled(), []
    assert checkpoints.restore(other, tmp_path, say=said.append).epoch == 2
    assert other.train_steps.numpy() == 6
    assert len(said) == 1
    assert f"{newest} is damaged" in said[0]
    assert "going on from step-000000006.keras" in said[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "step-000000003.keras",
        "step-000000006.keras",
        "step-000000009.keras.damaged",
    ]
    for path in checkpoints.files(tmp_path):
        path.write_bytes(b"")
    with pytest.raises(InputError, match="none of the 2 checkpoints") as error:
        checkpoints.restore(other, tmp_path)
    one_line(error)
    assert len(checkpoints.files(tmp_path)) == 2  # nothing is set aside for which there is no other
    assert not capsys.readouterr().err


WRONG = {
    "epoch": ("x", 1.5, -1, True, None, 10**30),
    "step": ("x", 1.5, -1),
    "metrics": (
        *(7, [], {"d_loss": 7}),
        *({"d_loss": sums} for sums in (["a", "b"], [[1.0], 2.0], [10**400], [None], [[[1.0]]])),
    ),
    "callbacks": ([], {"Guard": 7}, {"Guard": []}),
    "more": (1,),
}


@pytest.mark.parametrize(
    "entry", [{name: value} for name, values in WRONG.items() for value in values], ids=str
)
def test_a_position_that_is_none(saved, tmp_path, entry):
    path = tmp_path / "other.keras"
    with zipfile.ZipFile(saved[1]) as whole, zipfile.ZipFile(path, "w") as archive:
        for name in whole.namelist():
            content = whole.read(name)
            if name == "tfgan.json":
                seal = json.loads(content)
                content = json.dumps({**seal, "position": {**seal["position"], **entry}}).encode()
            archive.writestr(name, content)
    with pytest.raises(checkpoints.DamagedError, match=next(iter(entry))) as error:
        checkpoints.check(path)
    assert len(one_line(error)) < 1000


def test_sums_of_several_replicas_are_a_position(saved, tmp_path):
    position = checkpoints.Position(1, 2, {"d_loss": [[0.1, 2.0], [3.0, 1.0]], "none": []})
    checkpoints.save(saved[0], tmp_path / "a.keras", position)
    assert checkpoints.check(tmp_path / "a.keras") == position


STATES = {
    "MetricsLog": (lambda folder: callbacks.MetricsLog(folder / "a.csv"), {"seconds": "x"}),
    "Guard": (lambda folder: callbacks.Guard(), {"in_a_row": []}),
    "Overfitting": (lambda folder: callbacks.Overfitting(([0], None), ([0], None)), {}),
    "ModeCoverage": (lambda folder: callbacks.ModeCoverage(([0], None)), {"collapsed": 0}),
}


@pytest.mark.parametrize("name", STATES)
def test_what_a_callback_cannot_take_back(saved, tmp_path, name):
    make, state = STATES[name]
    checkpoints.save(saved[0], checkpoints.file_of(tmp_path, 1), checkpoints.Position(1))
    wrong = checkpoints.Position(2, callbacks={name: state})
    with pytest.raises(checkpoints.DamagedError, match=f"says of {name} cannot be read") as error:
        checkpoints.put_back(wrong, saved[0], [make(tmp_path)])
    one_line(error)
    checkpoints.save(saved[0], checkpoints.file_of(tmp_path, 2), wrong)
    said = []
    position = checkpoints.restore(compiled(), tmp_path, callbacks=[make(tmp_path)], say=said.append)
    assert position.epoch == 1
    assert len(said) == 1


def test_no_checkpoint_is_the_beginning(tmp_path):
    assert checkpoints.restore(compiled(), tmp_path / "none") == checkpoints.Position()


def test_what_says_no_position_is_no_checkpoint(saved, tmp_path):
    saved[0].save(checkpoints.file_of(tmp_path, 1))
    with pytest.raises(InputError, match="where training stood"):
        checkpoints.restore(compiled(), tmp_path)


def test_another_gan_cannot_be_loaded(saved, tmp_path):
    checkpoints.save(saved[0], checkpoints.file_of(tmp_path, 1), checkpoints.Position())
    wider = goodfellow2014.Generator(SHAPE, latent_dim=5, units=9)
    other = tfgan.GAN(wider, small_gan().discriminator)
    other.compile(jit_compile=False)
    with pytest.raises(InputError, match="cannot be read") as error:
        checkpoints.restore(other, tmp_path)
    one_line(error)


def test_only_the_newest_are_kept(tmp_path):
    for steps in (5, 1_000_000_000, 40):
        checkpoints.file_of(tmp_path, steps).touch()
    (tmp_path / "best.keras").touch()
    checkpoints.keep(tmp_path, 2)
    assert [path.name for path in checkpoints.files(tmp_path)] == [
        "step-1000000000.keras",
        "step-000000040.keras",
    ]
    assert (tmp_path / "best.keras").is_file()
