"""The model card of an export: what it is, takes and gives, what it was made of, and how good it is."""

from pathlib import Path
from typing import NamedTuple

from tfgan import evaluation, recorded, stored
from tfgan.conditions import Labels, MultiLabel
from tfgan.data.licences import licence
from tfgan.errors import InputError
from tfgan.export.float32 import in_float32
from tfgan.files import markdown, markdown_table, write_json
from tfgan.gan import GAN
from tfgan.reading import read_json, refusing

CLASSES, LIMITS = "classes.json", "limits.json"


class Source(NamedTuple):
    """What is exported.

    Attributes:
        gan: `tfgan.GAN` or `tfgan.CGAN`, whose generator computes in float32.
        config: dict of its run's `config.json`, or {} for a GAN that came without a run.
        results: dict of its run's `evaluation.json`, or {}.
    """

    gan: GAN
    config: dict
    results: dict


def source_of(gan_or_run):
    """Returns the `Source` of a GAN, or of the run directory of one.

    Raises:
        InputError: if it is neither, or the run holds no finished model or damaged files.
    """
    if isinstance(gan_or_run, GAN):
        return Source(in_float32(gan_or_run), {}, {})
    if not isinstance(gan_or_run, (str, Path)):
        raise InputError(f"expected a GAN or its run directory, got {gan_or_run!r}.")
    run = Path(gan_or_run)
    if not (run / "gan.keras").is_file():
        raise InputError(f"{run} holds no finished model (gan.keras): give a run directory.")
    file = run / "config.json"
    config = recorded.read_config(file) if file.exists() else {}
    results = _results(run / "evaluation.json")
    gan = stored.load(run / "gan.keras")
    if not isinstance(gan, GAN):
        raise InputError(
            f"{run} holds a {type(gan).__name__}, which has no generator to export: give a GAN's run."
        )
    _check_names(gan, config, file)
    return Source(in_float32(gan), config, results)


def _results(file):
    """What `tfgan evaluate` wrote, if it did; it must be such that it can be told."""
    if not file.exists():
        return {}
    remedy = "remove it, or measure anew"
    results = read_json(file, remedy)
    with refusing(lambda reason: f"{file} is damaged ({reason}): {remedy}."):
        _told(results)
    return results


def _told(results):
    """The lines of what was measured."""
    told = {**results, "data": data_name(results["data"]), "hints": []}
    return [line.strip() for line in evaluation.lines(told)]


def _check_names(gan, config, file):
    names = config.get("class_names")
    if names is None or not isinstance(gan.condition, (Labels, MultiLabel)):
        return
    (count,) = gan.condition.get_config().values()
    if len(names) != count:
        raise recorded.damaged(file, f"{len(names)} class_names, the model has {count} classes")


def data_name(data):
    """A data source without the folders its files lie in, which are no one else's business."""
    kind, colon, path = data.partition(":")
    if kind == "stacked":
        return kind + colon + data_name(path)
    return f"{kind}:{Path(path).name}" if colon and Path(path).is_absolute() else data


def write(folder, name, source, signatures, proof, max_batch):
    """Writes `README.md`, `signatures.json`, `limits.json` and, of labels, `classes.json`.

    Args:
        folder: of the export.
        name: str, of the model.
        source: `Source`.
        signatures: dict of concrete functions by signature.
        proof: `tfgan.export.proof.Proof`.
        max_batch: int. Rows that a request may have.
    """
    described = {key: describe(function) for key, function in signatures.items()}
    write_json(folder / "signatures.json", described)
    write_json(folder / LIMITS, {"max_batch": max_batch})
    if isinstance(source.gan.condition, (Labels, MultiLabel)):
        write_json(folder / CLASSES, classes(source))
    text = "\n\n".join(_parts(name, source, described, proof, max_batch)) + "\n"
    (folder / "README.md").write_text(text, encoding="utf-8")


def classes(source):
    """How many classes or labels a `Source` has, and what they are called, if that is known."""
    return {**source.gan.condition.get_config(), "class_names": source.config.get("class_names")}


def describe(function):
    """What a concrete function takes and gives: {"inputs": {name: {"dtype", "shape"}}, ...}."""

    def of(specs):
        return {
            key: {"dtype": spec.dtype.name, "shape": spec.shape.as_list()}
            for key, spec in specs.items()
        }

    given = [spec for spec in function.structured_input_signature[0] if spec is not None]
    return {
        "inputs": of({spec.name: spec for spec in given}),
        "outputs": of(function.structured_outputs),
    }


def _parts(name, source, described, proof, max_batch):
    gan, config = source.gan, source.config
    kind = "conditional generative adversarial net" if gan.conditional else "generative adversarial net"
    shape = " x ".join(map(str, gan.image_shape))
    made = f"by recipe {markdown(config['recipe'])} of tfgan" if config else "with tfgan"
    yield f"# {name}\n\nThe generator of a {kind}, {shape}, trained {made}."
    yield "## Signatures\n\n" + markdown_table(
        ["signature", "takes", "gives", "largest difference from Keras"],
        (
            [
                f"`{key}`",
                _specs(value["inputs"]),
                _specs(value["outputs"]),
                f"{proof.numbers['signatures'][key]['max_error']:.1e}",
            ]
            for key, value in described.items()
        ),
    )
    yield (
        f"Latents are drawn from the prior `{gan.noise}`; seeds are any integers, and a seed always "
        "gives the same image. Images lie in [0, 1], pixels in 0 to 255. A request may have "
        f"{max_batch} rows. `tfgan verify` repeats the comparison."
    )
    if gan.conditional and config.get("class_names"):
        rows = ([str(i), markdown(label)] for i, label in enumerate(config["class_names"]))
        yield "## Classes\n\n" + markdown_table([_condition_name(gan), "class"], rows)
    if config:
        yield (
            f"## Data\n\n{markdown(data_name(config['data']))}, fingerprint "
            f"{markdown(config.get('fingerprint', '-'))}. "
            f"Licence: {licence(config['data'])}."
        )
    measured = []
    if source.results:
        measured = [markdown(line) for line in _told(source.results)]
    yield "## Measured\n\n" + (
        "\n".join(f"- {line}" for line in measured)
        or "Not measured: `tfgan evaluate RUN` before exporting puts its numbers here."
    )


def _condition_name(gan):
    return "column of condition" if isinstance(gan.condition, MultiLabel) else "condition"


def _specs(specs):
    def text(key, spec):
        shape = ", ".join("batch" if size is None else str(size) for size in spec["shape"])
        return f"`{key}` {spec['dtype']} ({shape})"

    return "<br>".join(text(key, spec) for key, spec in specs.items())
