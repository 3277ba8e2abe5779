"""Data sets of samples: read back by others, the same images however they are cut, stopped or made."""

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import tarfile
import time

import numpy as np
import pytest
import tensorflow as tf
from makers import SHAPE, one_line, small_cgan, small_gan, varied

import tfgan
from tfgan import configs
from tfgan.conditions import Vector
from tfgan.errors import InputError
from tfgan.export import dataset
from tfgan.export.sampler import Sampler, open_generator
from tfgan.export.shards import FORMATS
from tfgan.networks import mirza2014

COUNT = 1100  # three runs of the network, the last not full
SEED = 3


def decode(data):
    return tf.io.decode_png(data).numpy()


def read_tfrecord(folder):
    spec = {
        "image/encoded": tf.io.FixedLenFeature((), tf.string),
        "image/class/label": tf.io.FixedLenFeature((), tf.int64, -1),
        "seed": tf.io.FixedLenFeature((), tf.int64),
    }
    files = sorted(map(str, folder.glob("*.tfrecord")))
    for record in tf.data.TFRecordDataset(files).map(lambda r: tf.io.parse_single_example(r, spec)):
        image = decode(record["image/encoded"])
        yield int(record["seed"]), int(record["image/class/label"]), image


def read_npz(folder):
    for file in sorted(folder.glob("*.npz")):
        with np.load(file, allow_pickle=False) as arrays:
            labels = arrays["labels"] if "labels" in arrays else np.full(len(arrays["seeds"]), -1)
            yield from zip(arrays["seeds"].tolist(), labels.tolist(), arrays["images"], strict=True)


def read_webdataset(folder):
    for file in sorted(folder.glob("*.tar")):
        with tarfile.open(file) as archive:
            files = {m.name: archive.extractfile(m).read() for m in archive}
        for key in sorted({name.partition(".")[0] for name in files}):
            about = json.loads(files[f"{key}.json"])
            label = int(files.get(f"{key}.cls", b"-1"))
            assert about["index"] == int(key)
            assert about.get("label", -1) == label
            yield about["seed"], label, decode(files[f"{key}.png"])


def read_png(folder):
    for file in sorted(folder.rglob("*.png"), key=lambda path: path.name):
        label = -1 if file.parent == folder else int(file.parent.name)
        yield (SEED << 32) + int(file.stem), label, decode(file.read_bytes())


READERS = {
    "tfrecord": read_tfrecord,
    "npz": read_npz,
    "webdataset": read_webdataset,
    "png": read_png,
}


def arrays(folder, format="npz"):
    """(seeds, labels, images) of a data set."""
    return tuple(map(np.array, zip(*READERS[format](folder), strict=True)))


def contents(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_every_format_has_a_reader():
    assert READERS.keys() == FORMATS.keys()


@pytest.mark.parametrize("format", FORMATS)
def test_read_back(gan, tmp_path, format):
    """Every image is the one of its seed and label."""
    report = dataset(gan, tmp_path / "out", COUNT, format=format, seed=SEED, shard_size=400)
    assert (report.images, report.written) == (COUNT, COUNT)
    seeds, labels, images = arrays(tmp_path / "out", format)
    assert seeds.tolist() == [(SEED << 32) + i for i in range(COUNT)]
    assert labels.tolist() == [i % 3 if gan.conditional else -1 for i in range(COUNT)]
    assert images.dtype == np.uint8
    for i in (0, 1, 511, 512, COUNT - 1):
        wanted = gan.sample(1, labels[i : i + 1] if gan.conditional else None, seed=int(seeds[i]))[0]
        np.testing.assert_allclose(images[i], 255 * wanted, atol=0.51)
    assert len(np.unique(images, axis=0)) > COUNT // 2
    on_disk = sum(p.stat().st_size for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert report.size == on_disk - (tmp_path / "out/dataset.json").stat().st_size


def test_the_same_images_however_cut(tmp_path):
    """Also where a shard ends inside what the network makes at once."""
    gan = varied(small_cgan())
    dataset(gan, tmp_path / "whole", COUNT, format="npz", seed=SEED)
    whole = arrays(tmp_path / "whole")
    for number, sizes in enumerate([{"shard_size": 7}, {"batch_size": 1}, {"shard_size": 600}]):
        folder = tmp_path / str(number)
        dataset(gan, folder, COUNT, format="npz", seed=SEED, **sizes)
        for one, other in zip(whole, arrays(folder), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_saved_model_makes_the_same_pixels(tmp_path, quick):
    """And a server that is asked for one of them."""
    gan = varied(small_cgan())
    path = tfgan.export.saved_model(gan, tmp_path / "served").path
    dataset(gan, tmp_path / "a", COUNT, format="npz", seed=SEED)
    dataset(tmp_path / "served", tmp_path / "b", COUNT, format="npz", seed=SEED)
    first, second = (contents(tmp_path / name) for name in "ab")
    name = "images-00000-of-00001.npz"
    assert first[name] == second[name]
    assert first["dataset.json"] != second["dataset.json"]  # it says what made them
    assert "all there" in str(dataset(path, tmp_path / "b", COUNT, format="npz", seed=SEED))
    seeds, labels, images = (array[-4:] for array in arrays(tmp_path / "a"))
    sample = tf.saved_model.load(path).signatures["sample_png"]
    files = sample(seeds=tf.constant(seeds), condition=tf.constant(labels, tf.int32))["image_bytes"]
    for data, image in zip(files.numpy(), images, strict=True):
        assert abs(decode(data).astype(int) - image).max() <= 1


def test_names_and_features(tmp_path):
    gan = small_cgan()
    dataset(gan, tmp_path / "records", 25, shard_size=10)
    assert sorted(p.name for p in (tmp_path / "records").iterdir()) == [
        "dataset.json",
        *(f"images-0000{i}-of-00003.tfrecord" for i in range(3)),
    ]
    (record, *_) = tf.data.TFRecordDataset(str(tmp_path / "records/images-00001-of-00003.tfrecord"))
    features = tf.train.Example.FromString(record.numpy()).features.feature
    assert features["image/format"].bytes_list.value == [b"png"]
    sizes = [features[f"image/{n}"].int64_list.value[0] for n in ("height", "width", "channels")]
    assert tuple(sizes) == SHAPE
    assert features["image/class/label"].int64_list.value == [1]
    assert features["seed"].int64_list.value == [10]
    dataset(gan, tmp_path / "tars", 25, format="webdataset", shard_size=10)
    with tarfile.open(tmp_path / "tars/images-000002.tar") as archive:
        members = archive.getmembers()
    assert [m.name for m in members[:3]] == ["000000020.cls", "000000020.json", "000000020.png"]
    assert {(m.mtime, m.uid, m.gid, m.mode, m.type) for m in members} == {(0, 0, 0, 0o644, b"0")}
    about = json.loads((tmp_path / "tars/dataset.json").read_text())
    assert (about["count"], about["shards"], about["finished"]) == (25, 3, True)


def test_sources_of_this_package_read_them(tmp_path):
    gan = varied(small_cgan())
    dataset(gan, tmp_path / "npz", 60, format="npz")
    dataset(gan, tmp_path / "png", 60, format="png")
    loaded = [
        tfgan.data.load(f"npz:{tmp_path / 'npz/images-00000-of-00001.npz'}"),
        tfgan.data.load(f"folder:{tmp_path / 'png'}"),
    ]
    _, labels, images = arrays(tmp_path / "npz")
    for data in loaded:
        assert data.image_shape == SHAPE
        assert data.condition.num_classes == 3
        parts = [data.arrays(split) for split in ("train", "valid", "test")]
        found = np.concatenate([np.rint(255 * x) for x, _ in parts])
        theirs = np.concatenate([y for _, y in parts])
        for label in range(3):
            one, other = found[theirs == label], images[labels == label]
            assert sorted(x.tobytes() for x in one.astype("uint8")) == sorted(
                x.tobytes() for x in other
            )


def test_folders_are_in_the_order_of_labels(tmp_path, monkeypatch):
    names = ["zebra", "ape / cat", "dog"]
    generator = open_generator(varied(small_cgan()))._replace(class_names=names)
    monkeypatch.setattr(sys.modules["tfgan.export.dataset"], "open_generator", lambda _: generator)
    dataset(None, tmp_path / "png", 6, format="png")
    folders = sorted(p.name for p in (tmp_path / "png").iterdir() if p.is_dir())
    assert folders == ["0-zebra", "1-ape_cat", "2-dog"]
    dataset(None, tmp_path / "tfrecord", 6)
    (record, *_) = tf.data.TFRecordDataset(str(tmp_path / "tfrecord/images-00000-of-00001.tfrecord"))
    features = tf.train.Example.FromString(record.numpy()).features.feature
    assert features["image/class/text"].bytes_list.value == [b"zebra"]


def test_conditions_in_turn(tmp_path):
    dataset(varied(small_cgan()), tmp_path, 7, format="npz", condition=[2, 0])
    assert arrays(tmp_path)[1].tolist() == [2, 0, 2, 0, 2, 0, 2]


def of_vectors(dim=6):
    condition = Vector(dim)
    return varied(
        tfgan.CGAN(
            mirza2014.Generator(SHAPE, condition=condition, latent_dim=5, units=8),
            mirza2014.Discriminator(SHAPE, condition=condition, image_units=6, units=5),
            seed=7,
        )
    )


@pytest.mark.parametrize("format", ["tfrecord", "npz"])
def test_vectors(tmp_path, format):
    gan, given = of_vectors(), np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    dataset(gan, tmp_path, 10, format=format, condition=given, seed=SEED)
    seeds, _, images = arrays(tmp_path, format)
    wanted = gan.sample(1, given[9 % 4 : 9 % 4 + 1], seed=int(seeds[9]))[0]
    np.testing.assert_allclose(images[9], 255 * wanted, atol=0.51)
    if format == "npz":
        with np.load(tmp_path / "images-00000-of-00001.npz") as found:
            np.testing.assert_array_equal(found["conditions"], given[np.arange(10) % 4])
    else:
        (record, *_) = tf.data.TFRecordDataset(str(tmp_path / "images-00000-of-00001.tfrecord"))
        features = tf.train.Example.FromString(record.numpy()).features.feature
        np.testing.assert_array_equal(features["condition"].float_list.value, given[0])


def of_points():
    generator = tf.keras.Sequential([tf.keras.Input((5,)), tf.keras.layers.Dense(2)])
    generator.value_range = None
    discriminator = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
    return tfgan.GAN(generator, discriminator, seed=0)


def test_points(tmp_path):
    gan = of_points()
    dataset(gan, tmp_path / "npz", 30, format="npz", seed=SEED)
    seeds, _, points = arrays(tmp_path / "npz")
    assert points.dtype == np.float32
    np.testing.assert_allclose(points[8:9], gan.sample(1, seed=int(seeds[8])), atol=1e-5)
    for format in FORMATS.keys() - {"npz"}:
        refused(InputError, "use npz", gan, tmp_path / format, 30, format=format)
        assert not (tmp_path / format).exists()


def refused(error_class, match, *args, **kwargs):
    with pytest.raises(error_class, match=match) as error:
        dataset(*args, **kwargs)
    return one_line(error)


@pytest.mark.parametrize(
    ("match", "changes"),
    [
        ("count must be", {"count": 0}),
        ("count must be", {"count": 2**32 + 1}),
        ("count must be", {"count": 2.5}),
        ("shard_size must be", {"shard_size": 0}),
        ("batch_size must be", {"batch_size": 0}),
        ("seed must be", {"seed": -1}),
        ("seed must be", {"seed": 2**31}),
        ("format must be", {"format": "jpg"}),
        (r"labels must lie in \[0, 3\)", {"condition": [0, 3]}),
        ("at least one condition", {"condition": np.zeros(0, int)}),
        ("expected a GAN, a run", {"source": 5}),
        ("does not exist", {"source": "nowhere"}),
        ("holds no SavedModel", {"source": os.path.dirname(__file__)}),
        ("neither a finished run", {"source": __file__}),
    ],
)
def test_refused(tmp_path, match, changes):
    arguments = {"source": small_cgan(), "out": tmp_path / "out", "count": 5, **changes}
    refused(InputError, match, **arguments)
    assert not (tmp_path / "out").exists()


def test_refused_conditions(tmp_path):
    refused(InputError, "no condition", small_gan(), tmp_path / "out", 5, condition=[0])
    refused(InputError, "only given", of_vectors(), tmp_path / "out", 5)
    refused(InputError, r"shape \(batch, 6\)", of_vectors(), tmp_path / "out", 5, condition=[[1.0]])
    assert not (tmp_path / "out").exists()


def test_numbers_that_are_not_finite(tmp_path):
    gan = small_gan()
    gan.generator.set_weights([np.full(w.shape, np.nan) for w in gan.generator.get_weights()])
    refused(InputError, "fails at images 0 to 511", gan, tmp_path / "out", 5)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["dataset.json"]


def test_a_folder_of_something_else(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    refused(InputError, "something else", small_gan(), tmp_path, 5)
    refused(InputError, "is a file", small_gan(), tmp_path / "mine.txt", 5)
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


def test_two_data_sets_never_mix(tmp_path):
    gan = small_cgan()
    dataset(gan, tmp_path, 20, shard_size=10)
    before = contents(tmp_path)
    for match, changes in (
        ("shard_size 10, this has 5", {"shard_size": 5}),
        ("seed 0, this has 1", {"seed": 1}),
        ("format tfrecord, this has npz", {"format": "npz"}),
        (r"condition \[0, 1, 2\], this has \[1\]", {"condition": [1]}),
    ):
        refused(InputError, match, gan, tmp_path, 20, **{"shard_size": 10, **changes})
    refused(InputError, "count 20, this has 30", gan, tmp_path, 30, shard_size=10)
    refused(InputError, "made_of", varied(small_cgan()), tmp_path, 20, shard_size=10)
    assert contents(tmp_path) == before
    again = dataset(gan, tmp_path, 20, shard_size=10)
    assert str(again) == "20 images, all there already"
    assert contents(tmp_path) == before


def test_killed_before_it_said_so(tmp_path):
    """All shards are there, and only the manifest does not say that it is finished."""
    gan = small_gan()
    dataset(gan, tmp_path, 5)
    before, file = contents(tmp_path), tmp_path / "dataset.json"
    file.write_text(file.read_text().replace('"finished": true', '"finished": false'))
    assert dataset(gan, tmp_path, 5).written == 0
    assert contents(tmp_path) == before


def test_a_damaged_manifest(tmp_path):
    dataset(small_gan(), tmp_path, 5)
    (tmp_path / "dataset.json").write_text("[1")
    refused(InputError, "damaged", small_gan(), tmp_path, 5)


def test_two_processes_at_once(tmp_path):
    """The lock is the folder's: here another handle of this process holds it."""
    import fcntl

    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    refused(InputError, "another process", small_gan(), tmp_path, 5)
    os.close(handle)
    assert dataset(small_gan(), tmp_path, 5).written == 5


@pytest.mark.parametrize("format", ["tfrecord", "png"])
def test_goes_on_after_the_shards_there_are(tmp_path, format, monkeypatch):
    """Stopped in the middle of the second shard, with what a kill leaves lying about."""
    gan = varied(small_cgan())
    dataset(gan, tmp_path / "whole", 1500, format=format, shard_size=600)
    real = Sampler.chunk

    def stop(self, start):
        if start >= 1024:
            raise KeyboardInterrupt
        return real(self, start)

    with monkeypatch.context() as patch:
        patch.setattr(Sampler, "chunk", stop)
        with pytest.raises(KeyboardInterrupt):
            dataset(gan, tmp_path / "cut", 1500, format=format, shard_size=600)
    manifest = json.loads((tmp_path / "cut/dataset.json").read_text())
    assert manifest["finished"] is False
    names = set(contents(tmp_path / "cut"))
    assert names < set(contents(tmp_path / "whole"))
    (tmp_path / "cut/.images-00001.12345678.npz").write_text("half")
    (tmp_path / "cut/.images-1-abc").mkdir()
    (tmp_path / "cut/.images-1-abc/000000600.png").write_text("half")
    report = dataset(gan, tmp_path / "cut", 1500, format=format, shard_size=600)
    assert report.written == 900
    assert "(600 there already)" in str(report)
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


@pytest.mark.parametrize("format", ["tfrecord", "npz", "png"])
def test_a_full_disk(tmp_path, format):
    """By a limit on the size of a file, which is refused as a full disk is."""
    gan = varied(small_cgan())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    count = 300 if format != "png" else 5
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000 if format != "png" else 50, limits[1]))
    try:
        with pytest.raises(OSError, match=r"(?i)too large") as error:
            dataset(gan, tmp_path / "out", count, format=format)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    one_line(error)
    assert not [p for p in (tmp_path / "out").iterdir() if p.name.startswith(".images")]
    assert dataset(gan, tmp_path / "out", count, format=format).written == count


def test_two_at_a_time_in_memory(tmp_path, monkeypatch):
    """However many images there are, few are made before the first are written."""
    made, written = [], []
    real = Sampler.chunk
    monkeypatch.setattr(Sampler, "chunk", lambda self, n: made.append(n) or real(self, n))
    store = FORMATS["npz"]._write

    def slow(path, rows, layout, count):
        def watched():
            for part in rows:
                time.sleep(0.02)
                written.append(len(made))
                yield part

        store(path, watched(), layout, count)

    monkeypatch.setattr(FORMATS["npz"], "_write", slow)
    dataset(small_gan(), tmp_path, 20 * 512, format="npz", batch_size=1024)
    assert len(made) == 20
    assert all(done - number <= 4 for number, done in enumerate(written))


@pytest.fixture
def run_directory(tmp_path):
    """As far as sampling reads it."""
    (tmp_path / "run").mkdir()
    varied(small_cgan()).save(tmp_path / "run/gan.keras")
    (tmp_path / "run/config.json").write_text(
        json.dumps({**configs.plan("cgan-digits"), "class_names": ["a", "b", "c"]})
    )
    return tmp_path / "run"


def test_command(command, run_directory, tmp_path):
    line = ["sample", run_directory, "--count", 30, "--out", tmp_path / "out"]
    code, out, err = command(*line, "--format", "webdataset", "--condition", "2,1", "--seed", SEED)
    assert (code, err) == (0, "")  # no bar where there is no terminal
    assert f"data set: {tmp_path / 'out'}\n30 images, " in out
    assert "images/s" in out
    _, labels, _ = arrays(tmp_path / "out", "webdataset")
    assert labels.tolist() == [2, 1] * 15
    np.save(tmp_path / "labels.npy", [0, 0, 1])
    code, _, _ = command(
        "sample", run_directory, "--count", 6, "--format", "npz", "--shard-size", 2, "--batch-size", 1,
        "--condition", tmp_path / "labels.npy", "--out", tmp_path / "npz",
    )  # fmt: skip
    assert code == 0
    assert arrays(tmp_path / "npz")[1].tolist() == [0, 0, 1, 0, 0, 1]


@pytest.mark.parametrize(
    ("words", "match"),
    [
        ("--format npz --out O", "needs --count and --out"),
        ("--format npz --count 5", "needs --count and --out"),
        ("--format npz --count 5 --out O --interpolate", "without --interpolate"),
        ("--format npz --count 5 --out O --truncation 0.5", "without --interpolate"),
        ("--format npz --count 5 --out O --condition 7", r"labels must lie in [0, 3)"),
        ("--format npz --count 5 --out O --condition x", "class numbers"),
        ("--format npz --count 5 --out O --condition no.npy", "No such file"),
        ("--format npz --count 0 --out O", "at least 1"),
        ("--format gif --count 5 --out O", "Invalid value for '--format'"),
        ("--shard-size 5", "go with --format"),
        ("--format npz --count 5 --out /dev/null/x", "no folder to write to"),
    ],
)
def test_command_refuses(command, run_directory, tmp_path, monkeypatch, words, match):
    monkeypatch.chdir(tmp_path)
    code, out, err = command("sample", run_directory, *words.split())
    assert (code, out) == (2, "")
    assert match in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "O").exists()


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_killed_at_any_moment(run_directory, tmp_path, format):
    """The command, killed again and again, ends with the files of one that was left alone."""

    def start(out):
        line = ["sample", run_directory, "--format", format, "--count", 60_000, "--shard-size", 1000]
        code = "import sys; sys.argv[0] = 'tfgan'; from tfgan import cli; cli.main()"
        command = [sys.executable, "-c", code, *map(str, line), "--out", str(out)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def done():
        folder = tmp_path / "cut" / ("0-a" if format == "png" else ".")
        return sum(not p.startswith(".") for p in os.listdir(folder)) if folder.exists() else 0

    start(tmp_path / "whole").communicate()
    assert json.loads((tmp_path / "whole/dataset.json").read_text())["finished"]
    for more, wait in ((1, 0.0), (2, 0.02), (3, 0.05), (1, 0.1)):
        before = done()
        process = start(tmp_path / "cut")
        while process.poll() is None and done() < before + more:
            time.sleep(0.005)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    process = start(tmp_path / "cut")
    assert b"there already" in process.communicate()[0]
    assert process.returncode == 0
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
