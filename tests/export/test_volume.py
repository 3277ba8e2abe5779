"""Samples and their statistics at volume: the same from any number of processes, run by Ray Data."""

import errno
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from makers import CLASSES, SHAPE, one_line, small_cgan, small_gan, varied

import tfgan
from tfgan import data
from tfgan.errors import InputError
from tfgan.export import dataset, statistics, volume
from tfgan.export.shards import FORMATS
from tfgan.metrics import frechet, kernel
from tfgan.networks import goodfellow2014

COUNT = 1300
SIZES = {"shard_size": 300, "seed": 3}


@pytest.fixture
def served(tmp_path, quick):
    """A SavedModel of a conditional GAN."""
    return tfgan.export.saved_model(varied(small_cgan()), tmp_path / "served").path


@pytest.fixture
def real(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (3000, *SHAPE), dtype="uint8")
    np.savez(tmp_path / "real.npz", images=images, labels=np.arange(3000) % CLASSES)
    return data.load(f"npz:{tmp_path}/real.npz")


def contents(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(autouse=True)
def _no_address(monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


def test_an_address_where_nobody_listens(served, tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    for given in (address, f"ray://{address}"):
        monkeypatch.setenv("RAY_ADDRESS", given)
        with pytest.raises(InputError, match=f"Ray is not reached at {given}") as error:
            volume._check_reached(given)
        one_line(error)
    with socket.create_server(("127.0.0.1", 0)) as other:
        volume._check_reached(f"127.0.0.1:{other.getsockname()[1]}")
    volume._check_reached("auto")


@pytest.mark.slow
def test_on_a_cluster_that_was_started_before(served, tmp_path, monkeypatch):
    """Of one machine, but started by Ray's own command and found by its address."""
    dataset(served, tmp_path / "one", 60, shard_size=20, seed=3)
    ray = Path(sys.executable).with_name("ray")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [ray, "start", "--head", "--port", str(port), "--num-cpus", "2"]
    command += ["--node-ip-address", "127.0.0.1"]
    subprocess.run(
        [*command, "--include-dashboard", "false", "--disable-usage-stats"],
        check=True,
        capture_output=True,
    )
    try:
        monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{port}")
        dataset(served, tmp_path / "two", 60, shard_size=20, seed=3, workers=2)
    finally:
        subprocess.run([ray, "stop", "--force"], check=True, capture_output=True)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


@pytest.mark.parametrize("workers", [0, -1, True, "2", 1.5])
def test_what_is_no_number_of_workers(served, tmp_path, workers):
    with pytest.raises(InputError, match="workers must be an integer") as error:
        dataset(served, tmp_path / "out", 10, workers=workers)
    one_line(error)
    assert not (tmp_path / "out").exists()


def test_workers_need_a_file(tmp_path):
    with pytest.raises(InputError, match="from a file") as error:
        dataset(small_gan(), tmp_path / "out", 10, workers=2)
    one_line(error)
    assert not (tmp_path / "out").exists()


def test_workers_need_ray(served, real, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "ray.data", None)
    with pytest.raises(InputError, match=r"pip install 'tfgan\[volume\]'") as error:
        dataset(served, tmp_path / "out", 10, workers=2)
    one_line(error)
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match=r"tfgan\[volume\]"):
        statistics(served, real, 100, features="pixels", workers=2)


@pytest.mark.parametrize("count", [999, 10_000, 12_345])
def test_statistics_are_those_of_all_samples_at_once(served, real, tmp_path, count):
    found = statistics(served, real, count, features="pixels", seed=3)
    dataset(served, tmp_path / "out", count, format="npz", seed=3, shard_size=count)
    with np.load(tmp_path / "out/images-00000-of-00001.npz") as arrays:
        fake = arrays["images"].reshape(count, -1) / np.float32(255)
    test, valid = (real.arrays(split)[0].reshape(300, -1) for split in ("test", "valid"))
    np.testing.assert_allclose(found["frechet"]["distance"], frechet.distance(fake, test), rtol=1e-6)
    same_n = found["frechet"]["same_n"]
    assert same_n["n"] == 300
    np.testing.assert_allclose(same_n["fake"], frechet.distance(fake[:300], test), rtol=1e-6)
    np.testing.assert_allclose(same_n["real"], frechet.distance(valid, test), rtol=1e-6)
    size = min(1000, count // 2)
    blocks = [
        kernel.distance(one, test)[0] for one in fake[: count // size * size].reshape(-1, size, 16)
    ]
    assert found["kernel"]["protocol"]["n_fake"] == len(blocks) * size
    np.testing.assert_allclose(found["kernel"]["distance"], np.mean(blocks), rtol=1e-6)
    error = np.std(blocks, ddof=1) / np.sqrt(len(blocks))
    np.testing.assert_allclose(found["kernel"]["standard_error"], error, rtol=1e-5)
    assert found["frechet"]["protocol"]["n_fake"] == count
    assert all("nan" not in line for line in tfgan.evaluation.lines(found))


def test_some_metrics(served, real):
    found = statistics(served, real, 100, features="pixels", metrics=["frechet"])
    assert "frechet" in found
    assert "kernel" not in found
    with pytest.raises(InputError, match="parzen needs all samples at once") as error:
        statistics(served, real, 100, metrics=["parzen"])
    one_line(error)
    with pytest.raises(InputError, match="from 4 to"):
        statistics(served, real, 3)
    with pytest.raises(InputError, match="below 2"):
        statistics(served, real, 100, seed=2**31)


def test_too_few_images(served, tmp_path):
    images = np.zeros((10, *SHAPE), "uint8")
    np.savez(tmp_path / "few.npz", images=images, labels=np.arange(10) % CLASSES)
    with pytest.raises(InputError, match="at least 2 test and 2 valid images") as error:
        statistics(served, data.load(f"npz:{tmp_path}/few.npz"), 100, features="pixels")
    one_line(error)


def test_few_samples_are_told(served, real):
    found = statistics(served, real, 10, features="pixels")
    assert "10 samples with 16 features" in found["frechet"]["warnings"][0]
    assert found["frechet"]["protocol"]["conditions"] == "all labels, in turn"


def test_data_of_another_shape(served):
    with pytest.raises(InputError, match=r"\(4, 4, 1\), digits has") as error:
        statistics(served, data.load("digits"), 100)
    one_line(error)


# From here on Ray runs, which takes some ten seconds to start.


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_any_number_of_workers_writes_the_same_bytes(served, tmp_path, format):
    pytest.importorskip("ray")
    dataset(served, tmp_path / "alone", COUNT, format=format, **SIZES)
    expected = contents(tmp_path / "alone")
    for workers in (1, 2, 3) if format == "tfrecord" else (2,):
        folder = tmp_path / str(workers)
        report = dataset(served, folder, COUNT, format=format, workers=workers, **SIZES)
        assert contents(folder) == expected
        assert (report.images, report.written) == (COUNT, COUNT)


@pytest.mark.slow
def test_workers_go_on_with_what_is_missing(served, tmp_path):
    pytest.importorskip("ray")
    folder = tmp_path / "out"
    dataset(served, folder, COUNT, **SIZES)
    expected = contents(folder)
    for number in (1, 4):
        (folder / f"images-0000{number}-of-00005.tfrecord").unlink()
    (folder / ".images-00001-of-00005.0123abcd.tfrecord").write_bytes(b"half")
    report = dataset(served, folder, COUNT, workers=2, **SIZES)
    assert report.written == 400
    assert contents(folder) == expected


@pytest.fixture
def by_value():
    """Functions of this file as other processes can take them, which do not have it."""
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def _work(what, folder):
    def work(piece):
        if piece == 3 and what == "mistake":
            raise InputError("the third piece is wrong: leave it out.")
        if piece == 3 and what == "full disk":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/some/file")
        if piece == 3 and what == "killed" and not os.path.exists(f"{folder}/killed"):
            open(f"{folder}/killed", "w").close()
            os.kill(os.getpid(), 9)
        return {"piece": piece, "array": np.full((piece, 2), piece)}

    return work


@pytest.mark.slow
@pytest.mark.parametrize("what", ["nothing", "mistake", "full disk", "killed"])
def test_what_happens_to_workers(what, tmp_path, request):
    pytest.importorskip("ray")
    request.getfixturevalue("by_value")
    done = volume.results(list(range(6)), 2, _work, what, str(tmp_path))
    if what == "mistake":
        with pytest.raises(InputError, match="third piece is wrong"):
            list(done)
    elif what == "full disk":
        with pytest.raises(OSError, match="No space left on device: '/some/file'"):
            list(done)
    else:
        found = list(done)
        assert [int(one["piece"]) for one in found] == list(range(6))
        for piece, one in enumerate(found):
            np.testing.assert_array_equal(one["array"], np.full((piece, 2), piece))
        assert (tmp_path / "killed").exists() == (what == "killed")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_by_a_signal(served, tmp_path, number):
    pytest.importorskip("ray")
    line = [
        "sample",
        served,
        "--format",
        "tfrecord",
        "--count",
        "3000000",
        "--workers",
        "1",
        "--out",
        "out",
    ]
    command = [sys.executable, "-m", "tfgan", *line, "--shard-size", "1000"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 300
    while not list(tmp_path.glob("out/images-*")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.2)
    process.send_signal(number)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert said.splitlines()[-1] == "tfgan: stopped; the same command goes on from the last whole file."


@pytest.mark.slow
def test_workers_that_cannot_begin(tmp_path):
    """They lack the module of the function, as machines of a cluster may lack tfgan."""
    pytest.importorskip("ray")
    with pytest.raises(
        InputError, match=r"Ray's workers fail \(.*No module named 'test_volume'"
    ) as error:
        list(volume.results([0, 1], 1, _work, "nothing", ""))
    one_line(error)


@pytest.mark.slow
def test_statistics_of_any_number_of_workers(served, real):
    pytest.importorskip("ray")
    options = {"features": "pixels", "seed": 3}
    alone = statistics(served, real, 25_500, **options)
    one, two = (statistics(served, real, 25_500, workers=n, **options) for n in (1, 2))
    assert one == two
    for name in ("frechet", "kernel"):
        np.testing.assert_allclose(one[name]["distance"], alone[name]["distance"], rtol=1e-9)


@pytest.mark.slow
def test_statistics_of_features_of_a_network(tmp_path, quick):
    """Which each worker is handed as it was trained here."""
    pytest.importorskip("ray")
    digits = data.load("digits")
    gan = tfgan.GAN(
        goodfellow2014.Generator(digits.image_shape, latent_dim=5, units=8),
        goodfellow2014.Discriminator(digits.image_shape, units=6, pieces=2),
    )
    served = tfgan.export.saved_model(varied(gan), tmp_path / "served").path
    alone, one, two = (statistics(served, digits, 15_500, seed=3, workers=n) for n in (None, 1, 2))
    assert "classifier" in one["frechet"]["protocol"]["feature_name"]
    assert one == two
    for name in ("frechet", "kernel"):
        np.testing.assert_allclose(one[name]["distance"], alone[name]["distance"], rtol=1e-4)


@pytest.mark.slow
def test_more_workers_than_a_cluster_has_room_for():
    ray = pytest.importorskip("ray")
    ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        with pytest.raises(InputError, match="at most the 1 CPUs") as error:
            list(volume.results([0, 1], 2, _work, "nothing", ""))
        one_line(error)
        assert ray.is_initialized()
    finally:
        ray.shutdown()
