"""The command, run in this process; that it starts fast is tested in another."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from makers import npm_folder, stripes

SMALL = [
    "--set",
    "units=8",
    "--set",
    "batch_size=16",
    "--set",
    "latent_dim=4",
    "--set",
    "jit_compile=false",
]


@pytest.fixture
def tfgan(command):
    return command


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    images, labels = stripes(90)
    path = tmp_path_factory.mktemp("data") / "stripes.npz"
    np.savez(path, images=images, labels=labels)
    return f"npz:{path}"


@pytest.fixture(scope="module")
def trained(source, tmp_path_factory):
    """A run directory made by the command itself, in another process and folder."""
    folder = tmp_path_factory.mktemp("elsewhere")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "tfgan",
            "train",
            "cgan-digits",
            "--data",
            source,
            "--epochs",
            "2",
            *SMALL,
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder / "runs/cgan-digits"


def test_train_sample_evaluate_export(tfgan, trained, tmp_path):
    assert (trained / "gan.keras").is_file()
    code, out, _ = tfgan(
        "sample", trained, "--condition", "2,0", "--count", 3, "--out", tmp_path / "a.png"
    )
    assert code == 0
    assert f"{tmp_path / 'a.png'}" in out
    assert (tmp_path / "a.png").is_file()
    assert tfgan("sample", trained, "--interpolate")[0] == 0
    assert (trained / "samples.png").is_file()
    numbers = tmp_path / "numbers.json"
    code, out, _ = tfgan("evaluate", trained, "--samples", 60, "--json", numbers)
    assert code == 0
    assert "real test images" in out
    plain = json.loads(numbers.read_text())
    assert plain["parzen"]["protocol"]["n_fake"] == 60
    assert "sampling" not in plain
    pixels = ["--samples", 60, "--metrics", "kernel", "--features", "pixels"]
    code, out, _ = tfgan("evaluate", trained, *pixels)
    assert code == 0
    assert "pixels features" in out
    latents = ["--truncation", "0.5", "--smoothing", "0.3"]
    quick = ["--samples", 60, "--metrics", "parzen"]
    assert tfgan("evaluate", trained, *quick, "--json", numbers, *latents)[0] == 0
    other = json.loads(numbers.read_text())
    assert other["sampling"] == {"truncation": 0.5, "smoothing": 0.3}
    assert other["parzen"]["log_likelihood"] != plain["parzen"]["log_likelihood"]
    drawn = {(trained / "samples.png").read_bytes()}
    for options in (latents[:2], latents[2:], latents):
        assert tfgan("sample", trained, "--interpolate", *options)[0] == 0
        drawn.add((trained / "samples.png").read_bytes())
    assert len(drawn) == 4
    assert "truncation 0.5, smoothing 0.3" in tfgan("evaluate", trained, *quick, *latents)[1]
    code, out, _ = tfgan("export", trained, "--to", "saved_model", "--out", tmp_path / "served")
    assert code == 0
    assert "equal Keras's" in out
    assert (tmp_path / "served/1/saved_model.pb").is_file()
    code, out, _ = tfgan("verify", tmp_path / "served")
    assert code == 0
    assert "equal Keras's" in out
    (tmp_path / "served/1/saved_model.pb").write_bytes(b"cut")
    code, _, error = tfgan("verify", tmp_path / "served")
    assert code == 2
    assert "saved_model.pb is not the file" in error
    pytest.importorskip("ai_edge_litert")
    file = tmp_path / "half.tflite"
    assert tfgan("export", trained, "--to", "tflite", "--quantize", "float16", "--out", file)[0] == 0
    assert file.is_file()
    card = (tmp_path / "served/1/README.md").read_text()
    assert "classifier accuracy" in card  # of RUN/evaluation.json
    assert "- Frechet distance" in card


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--to", "saved_model", "--quantize", "int8"], "--quantize goes with --to tflite or web"),
        (["--to", "onnx", "--batch", "1"], "--batch goes with --to tflite"),
        (["--to", "tflite", "--name", "digits"], "--name goes with --to saved_model or web"),
        (["--to", "tflite", "--batch", "many"], "--batch takes a number of images or any"),
        (["--to", "tflite", "--batch", "0.5"], "--batch takes"),
        (["--to", "tflite", "--quantize", "all", "--batch", "1"], "leave --batch out"),
        (["--to", "saved_model", "--version", "0"], "version must be an integer of at least 1"),
        (["--to", "saved_model", "--name", "a b"], "a model's name must be"),
    ],
)
def test_options_of_export_that_do_not_fit(tfgan, trained, tmp_path, options, words):
    code, _, error = tfgan("export", trained, *options, "--out", tmp_path / "served")
    assert code == 2
    assert words in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_export_to_the_web(tfgan, trained, tmp_path):
    pytest.importorskip("ai_edge_litert")
    page = tmp_path / "page"
    given = ["--to", "web", "--out", page, "--litert-js", npm_folder(tmp_path / "npm")]
    code, out, _ = tfgan("export", trained, *given)
    assert code == 0
    assert f"web: {page}\nverified: 32 images equal Keras's" in out
    model = json.loads((page / "model.json").read_text())
    assert (model["recipe"], model["num_classes"]) == ("cgan-digits", 3)
    assert tfgan("verify", page)[0] == 0


def test_dry_run_trains_nothing(tfgan, source, tmp_path):
    code, out, _ = tfgan(
        "train", "cgan-digits", "--data", source, *SMALL, "--out", tmp_path / "run", "--dry-run"
    )
    assert code == 0
    config = json.loads(out[: out.index("\n}\n") + 2])
    assert config["settings"]["units"] == 8
    assert "Total params" in out
    assert not (tmp_path / "run").exists()


def test_batches_larger_than_the_data_are_told(tfgan, source, tmp_path):
    given = ["--data", source, "--set", "batch_size=10000", "--out", tmp_path / "run", "--dry-run"]
    code, out, _ = tfgan("train", "cgan-digits", *given)
    assert code == 0
    assert re.search(r"\n(\d+) training examples of [\dx ]+, in batches of \1, 1 an epoch\n", out)


def test_resume(tfgan, source, tmp_path):
    run = tmp_path / "run"
    assert tfgan("train", "cgan-digits", "--data", source, *SMALL, "--epochs", 1, "--out", run)[0] == 0
    assert tfgan("train", "cgan-digits", "--epochs", 2, "--out", run, "--resume")[0] == 0
    assert len((run / "metrics.csv").read_text().splitlines()) == 3


@pytest.mark.slow
def test_resume_where_versions_are_others(tfgan, source, tmp_path):
    run = tmp_path / "run"
    tfgan("train", "cgan-digits", "--data", source, "--epochs", 1, "--out", run, *SMALL)
    file = run / "config.json"
    config = json.loads(file.read_text())
    config["versions"]["tensorflow"] = "1.15"
    file.write_text(json.dumps(config))
    go_on = ["train", "cgan-digits", "--epochs", 2, "--out", run, "--resume"]
    code, _, err = tfgan(*go_on, "--data", "digits")
    assert (code, err.count("\n")) == (2, 1)
    assert "not digits" in err
    code, _, err = tfgan(*go_on)
    assert code == 0
    assert err.startswith("tfgan: other than where the run began: tensorflow 2.")


def test_recipes(tfgan):
    code, out, _ = tfgan("recipes")
    assert code == 0
    for name in ("cgan-digits", "gan-digits", "gan-mnist", "cgan-mnist"):
        assert name in out


MISTAKES = {
    "unknown command": (["trian"], "No such command"),
    "unknown option": (["train", "cgan-digits", "--epoch", "2"], "--epoch"),
    "no recipe": (["train"], "RECIPE"),
    "unknown recipe": (["train", "cgan-digit"], "did you mean cgan-digits"),
    "unknown source": (["train", "cgan-digits", "--data", "cifar11"], "did you mean cifar10"),
    "no such folder": (["train", "cgan-digits", "--data", "folder:/nowhere"], "/nowhere"),
    "epochs": (["train", "cgan-digits", "--epochs", "0"], "at least 1"),
    "epochs word": (["train", "cgan-digits", "--epochs", "ten"], "ten"),
    "setting": (["train", "cgan-digits", "--set", "unit=3"], "did you mean units"),
    "resume nothing": (["train", "cgan-digits", "--resume", "--out", "nowhere"], "config.json"),
    "no run": (["sample", "nowhere"], "no config.json"),
    "no run to evaluate": (["evaluate", "nowhere"], "no config.json"),
    "no run to export": (["export", "nowhere", "--to", "tflite", "--out", "a.tflite"], "gan.keras"),
    "metric": (["evaluate", "RUN", "--metrics", "parsen"], "did you mean parzen"),
    "features": (["evaluate", "RUN", "--features", "pixel"], "did you mean pixels"),
    "no features": (["evaluate", "RUN", "--features", "inception:a.h5"], "no file of weights"),
    "samples": (["evaluate", "RUN", "--samples", "0"], "--samples"),
    "count": (["sample", "RUN", "--count", "0"], "--count"),
    "truncation": (["sample", "RUN", "--truncation", "0"], "--truncation"),
    "smoothing": (["evaluate", "RUN", "--smoothing", "-1"], "--smoothing"),
    "huge count": (["sample", "RUN", "--count", "100000"], "at most"),
    "condition": (["sample", "RUN", "--condition", "0,9"], "[0, 3)"),
    "condition word": (["sample", "RUN", "--condition", "cat"], "0,1,2"),
    "picture name": (["sample", "RUN", "--out", "a.xyz"], "end in"),
    "target": (["export", "RUN", "--to", "onnx", "--out", "a"], "onnx"),
    "quantize": (
        ["export", "RUN", "--to", "saved_model", "--quantize", "float16", "--out", "a"],
        "tflite",
    ),
    "ending": (["export", "RUN", "--to", "tflite", "--out", "a.bin"], ".tflite"),
    "taken": (["train", "cgan-digits", "--out", "RUN"], "--resume"),
    "inside a file": (["train", "cgan-digits", "--out", "RUN/config.json/x"], "no folder"),
    "picture is a folder": (["sample", "RUN", "--out", "RUN"], "is a folder"),
    "picture in a file": (["sample", "RUN", "--out", "RUN/config.json/a.png"], "no folder"),
    "numbers are a folder": (["evaluate", "RUN", "--json", "RUN"], "is a folder"),
    "export in a file": (
        ["export", "RUN", "--to", "saved_model", "--out", "RUN/config.json/x"],
        "no folder",
    ),
    "page is there": (["export", "RUN", "--to", "web", "--out", "RUN"], "exists"),
    "no litert.js": (
        ["export", "RUN", "--to", "web", "--out", "a", "--litert-js", "RUN"],
        "npm install @litertjs/core@",
    ),
    "litert.js for a file": (
        ["export", "RUN", "--to", "tflite", "--out", "a.tflite", "--litert-js", "RUN"],
        "--to web",
    ),
    "file is a folder": (["export", "RUN", "--to", "tflite", "--out", "RUN/samples"], ".tflite"),
    "negative seed": (["sample", "RUN", "--seed", "-1"], "--seed"),
    "huge seed": (["evaluate", "RUN", "--seed", "99999999999999999999"], "--seed"),
    "auto": (["train", "cgan-digits", "--set", "epochs=auto"], "takes int"),
    "deep picture name": (["sample", "RUN", "--out", "new/folder/a.xyz"], "end in"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_line_and_exit_code_2(tfgan, trained, case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments, words = MISTAKES[case]
    before = sorted(trained.rglob("*"))
    code, _, err = tfgan(*[a.replace("RUN", str(trained)) for a in arguments])
    assert code == 2
    assert err.startswith("tfgan: ")
    assert err.count("\n") == 1
    assert words in err
    assert not list(tmp_path.iterdir())
    assert sorted(trained.rglob("*")) == before


HELP = """
import sys
sys.argv = ["tfgan", *{arguments}]
import tfgan.cli
try:
    tfgan.cli.main()
except SystemExit as stop:
    assert not stop.code
assert "tensorflow" not in sys.modules and "keras" not in sys.modules
"""


def test_divergence_is_one_line_and_exit_code_3(tfgan, source, tmp_path):
    run = tmp_path / "run"
    wild = ["--set", "learning_rate=1e30", "--out", run, "--epochs", 3]
    code, _, err = tfgan("train", "gan-digits", "--data", source, *wild, *SMALL)
    assert code == 3
    assert err.strip().startswith("tfgan: training diverged at step ")
    assert "(epoch 1): " in err
    assert "\n" not in err.strip()
    assert not list(run.rglob("*.keras"))


def test_help_as_a_module():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tfgan", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "tensorflow" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [["--help"], ["train", "--help"], ["export", "-h"], ["--version"]]
)
def test_help_does_not_import_tensorflow(arguments):
    done = subprocess.run(
        [sys.executable, "-c", HELP.format(arguments=arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_reproduce_lists_and_refuses(tfgan, tmp_path):
    code, out, _ = tfgan("reproduce", "gan2014", "--dry-run", "--only", "gan", "--only", "gan-average")
    assert code == 0
    assert "adversarial nets, as published" in out
    assert "1.5 h" in out
    file = tmp_path / "file"
    file.touch()
    for arguments, words in [
        (["gan2015"], "did you mean gan2014"),
        (["gan2014", "--out", file], "is a file"),
        (["gan2014", "--quick", "--epochs", "3"], "--epochs"),
    ]:
        code, _, err = tfgan("reproduce", *arguments)
        assert code == 2
        assert words in err
        assert err.count("\n") == 1
