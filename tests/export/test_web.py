"""The folder of the web page: whole, right, verified. What a browser shows: test_web_browser.py."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from makers import npm_folder, one_line, small_cgan, small_gan

import tfgan
from tfgan import configs, latents, steps
from tfgan.conditions import Vector
from tfgan.errors import InputError
from tfgan.export import litert, verify

pytest.importorskip("ai_edge_litert")

ROOT = Path(tfgan.__file__).parents[1]
PAGE = ROOT / "export/web_page"
MODULES = {f"js/{file.name}" for file in PAGE.glob("js/*.js")} | {
    f"litert/{name}" for files in litert.FILES.values() for name in files.values() if "/" not in name
}


@pytest.fixture(scope="module")
def npm(tmp_path_factory):
    return npm_folder(tmp_path_factory.mktemp("npm"))


@pytest.fixture(scope="module")
def page(npm, tmp_path_factory):
    """A page of a conditional GAN, and its report."""
    out = tmp_path_factory.mktemp("web") / "small"
    return out, tfgan.export.web(small_cgan(noise="uniform"), out, litert_js=npm)


@pytest.fixture
def copy(page, tmp_path):
    return shutil.copytree(page[0], tmp_path / "copy")


def names(folder):
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def test_is_whole(page):
    out, report = page
    library = {f"litert/{new}" for files in litert.FILES.values() for new in files.values()}
    model = {
        "generator.tflite",
        "generator.tflite.verification.json",
        "generator.tflite.verification.npz",
    }
    assert names(out) == names(PAGE) | library | model | {"model.json"}
    assert report.path == str(out)
    shown = [name for name in names(out) if ".verification." not in name]
    assert report.size == sum((out / name).stat().st_size for name in shown)
    assert report.max_error < 1e-5
    assert list(out.parent.iterdir()) == [out]


def test_asks_no_other_host(page):
    """Every address in what is not LiteRT.js is one in a text, a comment, or this machine's."""
    for name in names(PAGE):
        addresses = re.findall(r"https?://[\w.]+", (page[0] / name).read_text())
        assert set(addresses) <= {"http://localhost"} or name == "litert/LICENSE", name


def test_names_files_that_are_there(page):
    out, _ = page
    text = (out / "index.html").read_text()
    files = re.findall(r'"(?:\./)?([\w/-]+\.(?:js|css))"', text)
    assert set(files) == {"style.css"} | MODULES
    for name in files:
        assert (out / name).is_file(), name
    for script in (out / "js").iterdir():
        for name in re.findall(r'from "\./([^"]+)"', script.read_text()):
            assert (out / "js" / name).is_file(), name
    ids = set(re.findall(r'\bid="([\w-]+)"', text))
    for script in (out / "js").iterdir():
        assert set(re.findall(r'element\("([\w-]+)"\)', script.read_text())) <= ids, script.name


def policy_of(text):
    """The page's Content-Security-Policy: {directive: sources}."""
    (content,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    return {words[0]: set(words[1:]) for words in map(str.split, content.split(";"))}


def test_content_security_policy(page):
    """Nothing is allowed but this server's files and WebAssembly; servers can send the same."""
    text = (page[0] / "index.html").read_text()
    policy = policy_of(text)
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == {"'none'"}
    assert policy["script-src"] == {"'self'", "'wasm-unsafe-eval'"}
    assert policy["style-src"] == policy["connect-src"] == {"'self'"}
    assert policy["img-src"] == {"'self'", "data:"}
    documented = (ROOT / "docs/browser.md").read_text()
    (header,) = re.findall(r"Content-Security-Policy: (.+)", documented)
    sent = {words[0]: set(words[1:]) for words in map(str.split, header.split(";"))}
    assert sent == policy | {"frame-ancestors": {"'none'"}}


def test_nothing_is_inline(page):
    text = (page[0] / "index.html").read_text()
    assert not re.findall(r"<style|\sstyle=|\son\w+=|[\"'=]\s*javascript:", text, re.IGNORECASE)
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == 1
    assert all("src=" in tag and not body for tag, body in scripts)


def test_scripts_insert_text_only():
    """What reads HTML or code out of a text is in none of the page's scripts."""
    makers = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|setHTML"
    makers += r"|DOMParser|createContextualFragment|srcdoc|set(?:Timeout|Interval)\([\"'`]"
    for script in PAGE.glob("js/*.js"):
        assert not re.findall(makers, script.read_text()), script.name


def test_browsers_are_told_the_digest_of_each_module(page):
    out, _ = page
    named = r'(?:href|src)="([^"]+\.(?:js|css))"(?: integrity="([^"]*)")?'
    tags = re.findall(named, (out / "index.html").read_text())
    by_hand = {"style.css", "js/start.js"}  # work as files too, where browsers cannot check digests
    assert {name for name, told in tags if told} == MODULES - by_hand
    assert {name for name, told in tags if not told} == by_hand
    for name, told in tags:
        if name in by_hand:
            continue
        digest = hashlib.sha384((out / name).read_bytes()).digest()
        assert told == f"sha384-{base64.b64encode(digest).decode()}", name


def test_model_json(page):
    model = json.loads((page[0] / "model.json").read_text())
    gan = small_cgan()
    assert model["name"] == "small"
    assert model["image_shape"] == [4, 4, 1]
    assert (model["latent_dim"], model["noise"]) == (gan.latent_dim, "uniform")
    assert (model["noise_mean"], model["noise_deviation"]) == latents.moments("uniform")
    assert (model["num_classes"], model["class_names"]) == (3, [])
    assert model["weights"] == "float32"
    assert model["licence"] is None
    assert (model["tfgan"], model["litert_js"]) == (tfgan.__version__, litert.VERSION)
    vectors = np.array([direction["vector"] for direction in model["directions"]])
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(len(vectors)), atol=1e-5)


def test_of_a_run(npm, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    gan = small_gan()
    gan.compile()
    gan.save(run / "gan.keras")
    (run / "config.json").write_text(json.dumps(configs.plan("gan-digits")))
    report = tfgan.export.web(
        run, tmp_path / "page", name="Zero <b>", quantize="float16", litert_js=npm
    )
    assert report.max_error < 5e-3
    model = json.loads((tmp_path / "page/model.json").read_text())
    assert (model["name"], model["num_classes"], model["weights"]) == ("Zero <b>", None, "float16")
    assert (model["recipe"], model["data"]) == ("gan-digits", "digits")
    assert "CC BY 4.0" in model["licence"]


def test_offers_only_directions_that_change_something(npm, tmp_path):
    gan = small_gan()
    first, *others = gan.generator.get_weights()
    first[1:] = 0  # the image depends on the first latent
    gan.generator.set_weights([first, *others])
    tfgan.export.web(gan, tmp_path / "page", litert_js=npm)
    (direction,) = json.loads((tmp_path / "page/model.json").read_text())["directions"]
    assert direction["share"] == 1
    np.testing.assert_allclose(np.abs(direction["vector"]), [1, 0, 0, 0, 0], atol=1e-5)


def test_verify_passes(page):
    found = verify(page[0])
    assert found.samples == 32
    assert 0 < found.max_error < 1e-5


@pytest.mark.parametrize("harm", ["lose", "change"])
@pytest.mark.parametrize(
    "name",
    [
        "index.html",
        "model.json",
        "generator.tflite",
        "js/philox.js",
        "litert/LICENSE",
        "litert/wasm/litert_wasm_compat_internal.wasm",
    ],
)
def test_verify_names_what_is_harmed(copy, name, harm):
    if harm == "lose":
        (copy / name).unlink()
    else:
        (copy / name).write_bytes((copy / name).read_bytes() + b" ")
    words = "is missing" if harm == "lose" else "is not the file"
    with pytest.raises(InputError, match=f"{name} {words}") as error:
        verify(copy)
    one_line(error)


@pytest.mark.parametrize("kind", ["json", "npz"])
def test_verify_without_the_proof(copy, kind):
    (copy / f"generator.tflite.verification.{kind}").unlink()
    with pytest.raises(InputError, match=f"generator.tflite.verification.{kind} is missing") as error:
        verify(copy)
    one_line(error)


def vector_gan():
    condition = Vector(4)
    nets = tfgan.networks.mirza2014
    return tfgan.CGAN(
        nets.Generator((4, 4, 1), condition=condition, latent_dim=5, units=8),
        nets.Discriminator((4, 4, 1), condition=condition, image_units=6, condition_units=3, units=5),
    )


def many_channels():
    nets = tfgan.networks.goodfellow2014
    return tfgan.GAN(nets.Generator((4, 4, 2), units=4), nets.Discriminator((4, 4, 2), units=4))


def points():
    gan = small_gan()
    gan.generator.value_range = None
    return gan


REFUSED = {
    "vectors": (vector_gan, {}, r"takes Vector\(4\)"),
    "channels": (many_channels, {}, r"\(4, 4, 2\)"),
    "no images": (points, {}, "of any range"),
    "quantize": (small_gan, {"quantize": "int8"}, "LiteRT.js runs no others"),
    "name": (small_gan, {"name": "two\nlines"}, "one line of text"),
    "empty name": (small_gan, {"name": " "}, "one line of text"),
    "no LiteRT.js": (small_gan, {"litert_js": "nowhere"}, "npm install"),
    "no GAN": (lambda: 3, {}, "run directory"),
    "no run": (lambda: "nowhere", {}, "no finished model"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(npm, tmp_path, case):
    make, arguments, words = REFUSED[case]
    with pytest.raises(InputError, match=words) as error:
        tfgan.export.web(make(), tmp_path / "new/page", **{"litert_js": npm, **arguments})
    one_line(error)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_leaves_what_is_there(npm, tmp_path, kind):
    out = tmp_path / "page"
    out.write_text("mine") if kind == "file" else out.mkdir()
    with pytest.raises(InputError, match="exists") as error:
        tfgan.export.web(small_gan(), out, litert_js=npm)
    one_line(error)
    assert list(tmp_path.rglob("*")) == [out]


def test_a_generator_of_nan_leaves_nothing(npm, tmp_path):
    gan = small_gan()
    gan.generator.set_weights([w * np.nan for w in gan.generator.get_weights()])
    with pytest.raises(InputError, match="NaN or infinite") as error:
        tfgan.export.web(gan, tmp_path / "page", litert_js=npm)
    one_line(error)
    assert not list(tmp_path.iterdir())


needs_node = pytest.mark.skipif(not shutil.which("node"), reason="node is missing")


def in_node(script, expression, folder):
    """What an expression gives in Node.js, where `page` is a script of the page."""
    module = shutil.copy(PAGE / "js" / script, folder / "script.mjs")
    code = f'import * as page from "{module}"; console.log(JSON.stringify({expression}));'
    command = ["node", "--input-type=module", "--eval", code]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@needs_node
@pytest.mark.parametrize("noise", latents.NOISES)
def test_latents_of_a_seed_are_tensorflows(tmp_path, noise):
    seeds, counts = (0, 1, 2**31 - 1, 2**32 + 5, 2**53 - 1), (1, 2, 5, 100)
    cases = [(seed, count, noise) for seed in seeds for count in counts]
    made = in_node(
        "philox.js", f"{json.dumps(cases)}.map((given) => [...page.latentsOf(...given)])", tmp_path
    )
    for (seed, count, _), values in zip(cases, made, strict=True):
        pair = tf.constant([seed, steps.SAMPLE_STREAM], tf.int64)
        np.testing.assert_allclose(values, latents.get(noise)((1, count), pair)[0], atol=1e-5)


@needs_node
@pytest.mark.parametrize("noise", latents.NOISES)
def test_way_between_latents(tmp_path, noise):
    a, b = np.random.default_rng(0).normal(size=(2, 7))
    given = f"Float64Array.from({a.tolist()}), Float64Array.from({b.tolist()})"
    ways = [f"[...page.between({given}, {position}, '{noise}')]" for position in (0, 0.3, 1)]
    start, way, end = in_node("latents.js", f"[{','.join(ways)}]", tmp_path)
    np.testing.assert_allclose([start, end], [a, b])
    angle = np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    weights = np.sin([0.7 * angle, 0.3 * angle]) / np.sin(angle) if noise == "normal" else [0.7, 0.3]
    np.testing.assert_allclose(way, weights[0] * a + weights[1] * b)


@needs_node
@pytest.mark.parametrize("noise", latents.NOISES)
def test_moves_along_directions_stay_inside_the_prior(tmp_path, noise):
    _, deviation = latents.moments(noise)
    model = {
        "noise": noise,
        "noise_deviation": deviation,
        "directions": [{"vector": [0.6, 0.8, 0.0]}, {"vector": [0.0, 0.0, 1.0]}],
    }
    given = f"Float32Array.from([0.5, 0.25, 0]), [3, -1], {json.dumps(model)}"
    expected = np.array([0.5 + 1.8 * deviation, 0.25 + 2.4 * deviation, -deviation])
    low, high = {"normal": (-9, 9), "uniform": (-(3**0.5), 3**0.5), "unit_uniform": (0, 1)}[noise]
    found = in_node("latents.js", f"[...page.moved({given})]", tmp_path)
    np.testing.assert_allclose(found, np.clip(expected, low, high), rtol=1e-6)
