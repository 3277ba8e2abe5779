"""A web page that runs the generator on its visitor's device, by LiteRT.js."""

import base64
import hashlib
import re
import shutil
from pathlib import Path

import tfgan
from tfgan import latents
from tfgan.conditions import Labels
from tfgan.data.licences import licence
from tfgan.errors import InputError
from tfgan.export import card, directions, litert
from tfgan.export.proof import cover
from tfgan.export.tflite import tflite
from tfgan.export.verify import WEB_MODEL
from tfgan.files import replacing, write_json

LEAST_SHARE = 0.005  # of all change: directions below it show nothing
QUANTIZE = (None, "float16", "dynamic")  # what LiteRT.js runs
_PAGE = Path(__file__).with_name("web_page")
_MODULE = r'(<link rel="modulepreload" href)="([\w./-]+)"'


def web(gan_or_run, out, *, quantize=None, name=None, litert_js=None):
    """Writes a folder of static files: a page that draws images, and all it needs to.

    In it lie the page (`index.html`, `style.css`, `js/`), `generator.tflite` for one image at a time
    with its proof beside it, `model.json` (what the page knows of the model) and `litert/` (LiteRT.js).
    Any server of static files serves it, such as `python -m http.server`. A seed makes the image there
    that `gan.sample(1, condition, seed=...)` makes.

    Args:
        gan_or_run: `tfgan.GAN`, `tfgan.CGAN` on labels, or the run directory of one.
        out: folder to write, which must not exist.
        quantize: None (float32 weights), "float16" or "dynamic", see `tflite`.
        name: str, the page's title; None takes the folder's.
        litert_js: folder where `npm install @litertjs/core` was run, or None to fetch LiteRT.js.

    Returns:
        `Report` of the whole folder, but for the proof.

    Raises:
        InputError: if `out` exists, if the generator makes no images of 1 or 3 channels or needs a
            vector, if LiteRT.js cannot be had, or as `tflite` and `card.source_of` do.
    """
    out = Path(out)
    if out.exists():
        raise InputError(f"{out} exists, expected a folder to be made: remove it, or choose another.")
    if quantize not in QUANTIZE:
        raise InputError(
            f"quantize must be None, 'float16' or 'dynamic' for the web, got {quantize!r}: LiteRT.js "
            "runs no others."
        )
    name = _checked_name(out.resolve().name if name is None else name)
    source = card.source_of(gan_or_run)
    _check_fit(source.gan)
    library = litert.read(litert_js)
    with replacing(out) as temporary:
        report = tflite(source.gan, temporary / WEB_MODEL, quantize=quantize, batch=1)
        proved = _files(temporary)
        shutil.copytree(_PAGE, temporary, dirs_exist_ok=True)
        for file, content in library.items():
            _write(temporary / "litert" / file, content)
        write_json(temporary / "model.json", describe(source, name, quantize))
        _pin(temporary)
        cover(temporary / WEB_MODEL, _files(temporary) - proved)
        proof = proved - {temporary / WEB_MODEL}
        size = sum(file.stat().st_size for file in _files(temporary) - proof)
    return report._replace(path=str(out), size=size)


def _files(folder):
    return {file for file in folder.rglob("*") if file.is_file()}


def _pin(folder):
    """Tells browsers the SHA-384 of each module: no other is run.

    Not of `js/start.js` and the style, which are to work from a disk too, where none can be checked.
    """

    def pinned(tag):
        digest = base64.b64encode(hashlib.sha384((folder / tag[2]).read_bytes()).digest()).decode()
        return f'{tag[1]}="{tag[2]}" integrity="sha384-{digest}"'

    page = folder / "index.html"
    text = page.read_text(encoding="utf-8")
    page.write_text(re.sub(_MODULE, pinned, text), encoding="utf-8")


def _write(file, content):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _checked_name(name):
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise InputError(
            f"a page's name must be one line of text, got {name!r}: give name=... (--name)."
        )
    return name.strip()


def _check_fit(gan):
    if gan.conditional and not isinstance(gan.condition, Labels):
        raise InputError(
            f"a page offers classes to choose from, this generator takes {gan.condition or 'vectors'}: "
            "export a SavedModel or TFLite."
        )
    shape = gan.image_shape
    if gan.unbounded or len(shape) != 3 or shape[-1] not in (1, 3):
        raise InputError(
            f"a page draws images of 1 or 3 channels, this generator makes samples of shape {shape}"
            f"{' of any range' if gan.unbounded else ''}: export a SavedModel or "
            "TFLite."
        )


def describe(source, name, quantize):
    """What the page knows of the model: dict, the content of `model.json`."""
    gan, config = source.gan, source.config
    vectors, shares = directions.principal(gan)
    mean, deviation = latents.moments(gan.noise)
    return {
        "format": 1,
        "name": name,
        "image_shape": list(gan.image_shape),
        "latent_dim": gan.latent_dim,
        "noise": gan.noise,
        "noise_mean": mean,
        "noise_deviation": deviation,
        "num_classes": gan.condition.num_classes if gan.conditional else None,
        "class_names": list(config.get("class_names") or []) if gan.conditional else [],
        "directions": [
            {"share": round(float(share), 4), "vector": [round(float(x), 6) for x in vector]}
            for vector, share in zip(vectors, shares, strict=True)
            if share >= LEAST_SHARE
        ],
        "weights": quantize or "float32",
        "recipe": config.get("recipe"),
        "data": card.data_name(config["data"]) if "data" in config else None,
        "licence": licence(config["data"]) if "data" in config else None,
        "tfgan": tfgan.__version__,
        "litert_js": litert.VERSION,
    }
