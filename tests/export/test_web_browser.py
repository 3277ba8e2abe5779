"""The page in headless Chromium, driven by web/browse.mjs: its images are LiteRT's, and it behaves.

Needs Chromium, Node.js, and the network once: LiteRT.js and playwright-core come from npm's registry.
"""

import json
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest

import tfgan
from tfgan import runs
from tfgan.errors import InputError

interpreters = pytest.importorskip("ai_edge_litert.interpreter")
images_of_files = pytest.importorskip("PIL.Image")

pytestmark = pytest.mark.slow

DRIVER = Path(__file__).with_name("web")
LABEL = 2
NAMES = [
    "<img src=x onerror=\"window.pwned='image'\">",
    "<script>window.pwned='script'</script>",
    "</title><script>window.pwned='title'</script>",
]
HOSTILE = "\"><svg onload=window.pwned='name'>"
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


def make_cgan():
    """Of ten classes on 8 x 8 images, which differ."""
    condition = tfgan.conditions.Labels(10)
    nets = tfgan.networks.mirza2014
    return differing(
        tfgan.CGAN(
            nets.Generator((8, 8, 1), condition=condition, latent_dim=16, units=32),
            nets.Discriminator((8, 8, 1), condition=condition, image_units=6, units=5),
        )
    )


def make_gan():
    """Of colour images that are not square."""
    nets = tfgan.networks.goodfellow2014
    generator = nets.Generator((8, 6, 3), latent_dim=9, units=16)
    discriminator = nets.Discriminator((8, 6, 3), units=4)
    return differing(tfgan.GAN(generator, discriminator, noise="uniform"))


def differing(gan):
    rng = np.random.default_rng(0)
    gan.generator.set_weights([0.3 * rng.normal(size=w.shape) for w in gan.generator.get_weights()])
    return gan


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    """A folder where browse.mjs and what it imports lie."""
    for program, where in {
        "chromium": CHROMIUM,
        **{p: shutil.which(p) for p in ("node", "npm")},
    }.items():
        if not where:
            pytest.skip(f"{program} is missing")
    folder = tmp_path_factory.mktemp("driver")
    for name in ("package.json", "package-lock.json", "browse.mjs"):
        shutil.copy(DRIVER / name, folder)
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"npm cannot install playwright-core: {done.stderr.strip()[-200:]}")
    return folder


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Exported pages, by name: (GAN, folder)."""
    folder = tmp_path_factory.mktemp("pages")
    made = {
        "digits": (make_cgan(), None),
        "colour": (make_gan(), "float16"),
        "dynamic": (make_cgan(), "dynamic"),
        "hostile": (hostile_run(folder / "run"), None),
    }
    for name, (gan, quantize) in made.items():
        try:
            page_name = HOSTILE if name == "hostile" else None
            tfgan.export.web(gan, folder / name, quantize=quantize, name=page_name)
        except InputError as error:
            if "cannot be fetched" in str(error):
                pytest.skip(str(error))
            raise
    # A script that tries what the policy forbids, on the server of one page alone.
    (folder / "hostile/evil.js").write_text(
        "try { window.evaluated = String((0, eval)('6 * 7')); }"
        " catch (error) { window.evaluated = error.name; }"
    )
    return {name: (gan, folder / name) for name, (gan, _) in made.items()}


def hostile_run(folder):
    """A run directory whose classes have names of markup."""
    condition = tfgan.conditions.Labels(len(NAMES))
    nets = tfgan.networks.mirza2014
    gan = differing(
        tfgan.CGAN(
            nets.Generator((8, 8, 1), condition=condition, latent_dim=16, units=32),
            nets.Discriminator((8, 8, 1), condition=condition, image_units=6, units=5),
        )
    )
    folder.mkdir()
    gan.compile()
    gan.save(folder / "gan.keras")
    config = {**runs.plan("cgan-digits"), "class_names": NAMES}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def seen(driver, pages, tmp_path_factory):
    """What the browser saw; `out` is the folder of its pictures."""
    out = tmp_path_factory.mktemp("out")
    gan, folder = pages["digits"]
    asked = {
        "chromium": CHROMIUM,
        "folder": str(folder),
        "out": str(out),
        "latents": gan.draw_latents(1, seed=99)[0].tolist(),
        "label": LABEL,
    }
    servers = []
    try:
        for name, (_, folder) in pages.items():
            server, asked[name] = serve(folder, with_headers=name == "hostile")
            servers.append(server)
        (driver / "asked.json").write_text(json.dumps(asked))
        done = subprocess.run(
            ["node", "browse.mjs", "asked.json"],
            cwd=driver,
            capture_output=True,
            text=True,
            timeout=500,
        )
    finally:
        for server in servers:
            server.terminate()
            server.wait()
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    failed = {
        name: each["failed"]
        for name, each in found.items()
        if isinstance(each, dict) and "failed" in each
    }
    assert not failed
    return {**found, "out": out, "asked": asked}


WITH_HEADERS = """
import http.server, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *given): super().__init__(*given, directory=sys.argv[1])
    def end_headers(self):
        for line in sys.argv[2].splitlines(): self.send_header(*line.split(": ", 1))
        super().end_headers()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("port", server.server_port)
server.serve_forever()
"""


def documented_headers():
    """Those that docs/browser.md says a server may send."""
    text = (Path(__file__).parents[2] / "docs/browser.md").read_text()
    return re.search(r"```\n(Content-Security-Policy: .*?)```", text, re.DOTALL)[1]


def serve(folder, *, with_headers=False):
    """Starts a server of a folder on a free port; returns it and its address."""
    command = [sys.executable, "-u"]
    if with_headers:
        command += ["-c", WITH_HEADERS, str(folder), documented_headers()]
    else:
        command += ["-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    port = re.search(r"port (\d+)", server.stdout.readline())[1]
    address = f"http://127.0.0.1:{port}/"
    urllib.request.urlopen(address).close()
    server.stdout.close()
    return server, address


def litert_image(folder, z, label=None):
    """The image that ai-edge-litert makes, float32 (H, W, C)."""
    run = interpreters.Interpreter(str(folder / "generator.tflite")).get_signature_runner(
        "serving_default"
    )
    given = {"latents": np.array(z, "float32")[None]}
    if label is not None:
        given["condition"] = np.array([label], "int32")
    return run(**given)["images"][0]


def pixels(image):
    return np.round(255 * np.clip(image, 0, 1))


def rgba(values, shape):
    return np.reshape(values, (*shape[:2], 4))


@pytest.mark.parametrize(
    ("browser", "page", "tolerance"),
    [
        ("images", "digits", 1e-5),
        ("compatible", "digits", 1e-5),  # without relaxed SIMD
        ("dynamic", "dynamic", 2e-2),  # in 8 bits each processor rounds in its own way
    ],
)
def test_image_is_litert_s(seen, pages, browser, page, tolerance):
    image = litert_image(pages[page][1], seen["asked"]["latents"], LABEL)
    np.testing.assert_allclose(np.reshape(seen[browser]["image"], image.shape), image, atol=tolerance)
    assert image.std() > 0.05


def test_without_relaxed_simd_other_files_are_loaded(seen):
    assert "litert_wasm_compat_internal.wasm" in seen["compatible"]["asks"]
    assert "litert_wasm_internal.wasm" not in seen["compatible"]["asks"]
    assert seen["compatible"]["backend"] == "WebAssembly (SIMD, 1 thread)"


def test_every_cell_shows_its_class_and_seed(seen, pages):
    gan, folder = pages["digits"]
    cells = seen["images"]["cells"]
    assert len(cells) == 10 * 10
    shown = set()
    for title, values in cells:
        label, seed = map(int, re.fullmatch(r"class (\d+), seed (\d+)", title).groups())
        canvas = rgba(values, gan.image_shape)
        shown.add(canvas.tobytes())
        expected = gan.sample(1, [label], seed=seed)[0]
        assert np.abs(canvas[..., :3] - pixels(expected)).max() <= 1
        assert (canvas[..., 3] == 255).all()
        if seed == 0:
            image = litert_image(folder, gan.draw_latents(1, seed=seed)[0], label)
            assert np.abs(canvas[..., :3] - pixels(image)).max() <= 1
    assert len(shown) == 100


def test_colour_without_classes(seen, pages):
    gan, _ = pages["colour"]
    cells = seen["colour"]["cells"]
    assert [title for title, _ in cells] == [f"seed {seed}" for seed in range(7, 7 + 18)]
    for seed, (_, values) in enumerate(cells, start=7):
        expected = pixels(gan.sample(1, seed=seed)[0])
        assert np.abs(rgba(values, gan.image_shape)[..., :3] - expected).max() <= 2  # float16 weights
    assert not seen["colour"]["chooser"]
    assert seen["colour"]["overlong"] <= 3**0.5 + 1e-6  # where the prior ends


def test_says_how_long_an_image_takes(seen):
    assert re.fullmatch(
        r"100 images, \d+\.\d\d ms each \(median\), by WebAssembly \(.*SIMD, 1 thread\)\.",
        seen["images"]["status"],
    )
    assert 0 < seen["images"]["milliseconds"] < 100
    assert seen["images"]["title"] == "digits"


def test_refuses_what_does_not_fit(seen):
    said = seen["images"]["refusals"]
    for case in ("label too high", "label -1", "label 1.5", "no label"):
        assert "A label is a whole number from 0 to 9" in said[case], case
    assert said["few latents"] == "RangeError: Latents are 16 numbers, not 15."
    assert "finite" in said["latents NaN"]
    for case in ("seed -1", "seed 0.5"):
        assert "A seed is a whole number" in said[case]
    assert seen["colour"]["refusals"]["no label"] is None
    assert "knows no classes" in seen["colour"]["refusals"]["label -1"]


def test_shows_what_is_wrong(seen):
    found = seen["wrongInput"]
    assert found["label"] == "A label is a whole number from 0 to 9, not 12."
    assert found["seed"] == "A seed is a whole number from 0 to 2^53 - 1, not -4."
    assert found["marked"] == "true"
    assert found["last"] == "A seed is a whole number from 0 to 2^53 - 1, not 9007199254740992."
    assert found["none"] == "Choose at least one class."


def test_a_link_shows_the_same(seen):
    found = seen["link"]
    assert found["titles"] == [f"class {c}, seed {s}" for c in (3, 7) for s in range(41, 45)]
    assert found["caption"] == "class 7, seed 42, changed"
    assert (found["slider"], found["from"]) == ("1.5", "9")
    assert found["hash"] == (
        "#classes=3,7&seed=41&columns=4&selected=42,7&moves=1.5,0,0,0,0&from=9&to=8"
    )


def test_by_keyboard_alone(seen):
    found = seen["keyboard"]
    assert found["changed"]
    assert found["back"]
    assert found["paused"] == "Play"
    assert "classes=1,2,9&seed=3&columns=3&selected=4,2&moves=2," in found["hash"]
    assert all(step["visible"] for step in found["order"])


def test_fits_every_width(seen):
    for name, (scrolled, width, *_) in seen["looks"].items():
        assert scrolled <= width, name
    light, dark = (np.array(re.findall(r"\d+", seen["looks"][n][2]), int) for n in ("light", "dark"))
    assert light.min() > 200
    assert dark.max() < 60
    assert {"light.png", "dark.png", "phone.png"} <= {file.name for file in seen["out"].iterdir()}


def test_saves_pictures(seen, pages):
    gan, _ = pages["digits"]
    assert seen["files"] == ["digits-seed41.png", "digits-class7-seed42.png"]
    one = np.asarray(images_of_files.open(seen["out"] / "image.png").convert("RGB"))
    expected = np.broadcast_to(pixels(gan.sample(1, [7], seed=42)[0]), (8, 8, 3))
    assert np.abs(one - expected).max() <= 1
    grid = np.asarray(images_of_files.open(seen["out"] / "grid.png").convert("RGB"))
    assert grid.shape == (2 * 64 + 2, 4 * 64 + 3 * 2, 3)
    cell = grid[66:, 66 : 66 + 64]  # of class 7, seed 42
    np.testing.assert_array_equal(cell, one.repeat(8, 0).repeat(8, 1))


def test_plays_nothing_where_motion_is_to_be_reduced(seen):
    assert seen["still"] == [False, True]


def test_says_what_is_missing(seen):
    said = seen["without"]
    assert "no WebAssembly" in said["wasm"]
    assert "JavaScript" in said["script"]
    assert "python -m http.server" in said["file"]
    for name in ("generator.tflite", "model.json"):
        assert said[name] == f"{name} cannot be loaded (HTTP 404): put the whole folder on the server."
    for name in ("litert/core.js", "js/view.js", "litert/wasm/litert_wasm_internal.js"):
        assert "cannot be loaded: put the whole folder on the server" in said[name]


def test_names_of_markup_do_nothing(seen):
    """Nor does the page do what its policy, or the documented headers, would have to forbid."""
    found = seen["hostile"]
    assert found["before"] == []
    shown = found["shown"]
    assert shown["pwned"] is None
    assert shown["images"] == 0
    # LiteRT.js adds its loader.
    assert set(shown["scripts"]) <= {"js/start.js", "js/main.js"} | {
        name for name in shown["scripts"] if name and "litert/wasm/" in name
    }
    assert shown["chips"] == shown["options"] == shown["heads"] == NAMES
    assert shown["caption"] == f"class {NAMES[0]}, seed 0"
    assert shown["name"] == shown["title"] == HOSTILE
    assert any("frame-ancestors 'none'" in header for header in found["headers"])


def test_injected_scripts_are_blocked(seen):
    found = seen["hostile"]
    assert found["pwned"] is None
    assert not found["hidden"]
    assert found["evaluated"] == "EvalError"
    assert found["sent"] == "refused"
    blocked = {violation.split()[0] for violation in found["violations"]}
    assert {
        "script-src-elem",
        "script-src-attr",
        "style-src-elem",
        "connect-src",
        "script-src",
    } <= blocked


def test_scripts_of_other_digests_are_not_run(seen):
    for name, (said, pwned) in seen["tampered"].items():
        assert "cannot be loaded: put the whole folder on the server" in said, name
        assert pwned is None, name


def test_memory_does_not_grow(seen):
    (wasm, scripts), (wasm_after, scripts_after) = seen["memory"]["before"], seen["memory"]["after"]
    assert wasm_after == wasm
    assert scripts_after < scripts + 2e6


def test_nothing_is_wrong_on_the_console_and_no_other_host_is_asked(seen):
    assert seen["faults"] == []
    own = {seen["asked"][name].split("/")[2] for name in ("digits", "colour", "dynamic", "hostile")}
    assert set(seen["hosts"]) - {""} == own
