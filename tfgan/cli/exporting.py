"""`tfgan export` and `tfgan verify`."""

import click

from tfgan.cli.common import check_folder, check_target, echo, import_tensorflow
from tfgan.cli.options import PATH
from tfgan.errors import InputError
from tfgan.reading import quiet

# Options of `export`, and what they go with.
_EXPORT_OPTIONS = {
    "quantize": ("tflite", "web"),
    "batch": ("tflite",),
    "name": ("saved_model", "web"),
    "version": ("saved_model",),
    "max_batch": ("saved_model",),
    "litert_js": ("web",),
}


@click.command()
@click.argument("run", type=PATH)
@click.option(
    "--to", "target", type=click.Choice(["saved_model", "tflite", "onnx", "web"]), required=True
)
@click.option(
    "--quantize",
    type=click.Choice(["float16", "dynamic", "int8", "all"]),
    help="TFLite in half or a quarter of the bytes; all: each, and a report.",
)
@click.option("--batch", metavar="N|any", help="Images that a TFLite file makes at once.  [default: 1]")
@click.option("--name", metavar="NAME", help="What a server or page calls it.  [default: the folder's]")
@click.option("--version", type=int, metavar="N", help="Of a SavedModel.  [default: the next]")
@click.option("--max-batch", type=int, metavar="N", help="Rows that a server's request may have.")
@click.option(
    "--out", type=PATH, metavar="PATH", required=True, help="FILE.tflite, FILE.onnx, or a folder."
)
@click.option(
    "--litert-js", type=PATH, metavar="DIR", help="For web: where npm installed @litertjs/core."
)
def export(run, target, out, **options):
    """Export the generator of RUN, and compare what was written with Keras."""
    import_tensorflow()
    import tfgan.export

    options = {key: value for key, value in options.items() if value is not None}
    for key in options:
        if target not in _EXPORT_OPTIONS[key]:
            option = key.replace("_", "-")
            raise InputError(
                f"--{option} goes with --to {' or '.join(_EXPORT_OPTIONS[key])}: leave it out."
            )
    if "batch" in options:
        options["batch"] = _batch(options["batch"])
    check_target(out)
    if target == "tflite" and options.get("quantize") == "all":
        _compare_variants(run, out, options)
        return
    with quiet():  # the converter's C++ side
        report = getattr(tfgan.export, target)(run, out, **options)
    echo(f"{target}: {report.path}\nverified: {report}")


def _compare_variants(run, out, options):
    from tfgan import runs
    from tfgan.export import quantization

    if "batch" in options:
        raise InputError("--quantize all compares files of batch 1: leave --batch out.")
    check_folder(out, "the variants")
    data = runs.load_data(runs.read_config(run))
    with quiet():
        quantization.compare(run, out, data)
    echo(f"{(out / 'report.md').read_text(encoding='utf-8')}\nreport: {out / 'report.md'}")


def _batch(text):
    if text == "any":
        return None
    try:
        return int(text)
    except ValueError:
        raise InputError(f"--batch takes a number of images or any, got {text!r}.") from None


@click.command()
@click.argument("path", type=PATH)
def verify(path):
    """Run exported files again and compare them with what Keras made when they were written."""
    import_tensorflow()
    import tfgan.export

    report = tfgan.export.verify(path)
    echo(f"{report.path}\nverified: {report}")
