"""SavedModel, as TensorFlow Serving reads it."""

import re
from pathlib import Path

from tfgan.errors import InputError
from tfgan.export import card, serving, signatures
from tfgan.export.comparison import Tolerance
from tfgan.export.proof import prove
from tfgan.export.saving import save_module
from tfgan.files import write_numbered

TOLERANCE = Tolerance(max=1e-5, mean=1e-5)


def saved_model(gan_or_run, base_dir, *, name=None, version=None, max_batch=None):
    """Writes `base_dir/<version>/` and compares it, run by a fresh process, with Keras.

    The folder appears under its number only when it is whole and right: a server that watches
    `base_dir` never sees less. In it lie a model card (`README.md`, `signatures.json`), the proof and,
    with `tfgan[serving]`, warm-up requests; in `base_dir/serving/` what starts a server and asks it for
    images. What each signature takes and gives: `tfgan.export.signatures`. Labels out of range, numbers
    that are not finite, and more than `max_batch` rows are answered with InvalidArgument.

    Args:
        gan_or_run: `tfgan.GAN`, `tfgan.CGAN`, or the run directory of one.
        base_dir: folder of one model's versions.
        name: str of letters, digits, `_` and `-`: what the server calls the model; None takes that of
            the versions before, or the folder's.
        version: int >= 1, or None for the next one.
        max_batch: int >= 32. Rows that a request may have, so that none takes all of a server's memory;
            None is 4,096, or as many images as have 8 million values, but at least 64.

    Returns:
        `Report`; its `path` is the version's folder.

    Raises:
        InputError: if `base_dir` is a file, if the version exists or is no such number, if the name or
            `max_batch` does not fit, if there is no finished model, or if images differ from Keras's.
    """
    base = Path(base_dir)
    if base.exists() and not base.is_dir():
        raise InputError(f"{base} is a file, expected a folder of versions: choose another path.")
    if name is None:
        name = serving.name_of(base) or base.resolve().name
    name = _checked_name(name)
    _check_base(base)
    _check_version(base, version)
    source = card.source_of(gan_or_run)
    names = signatures.of_images(source.gan)
    max_batch = signatures.checked_max_batch(max_batch, source.gan.image_shape)
    proofs = []

    def write(folder):
        module, by_name = signatures.module(source.gan, names=names, max_batch=max_batch)
        save_module(module, folder, by_name)
        proof = prove(source.gan, folder, "saved_model", TOLERANCE)
        serving.write_warmup(folder, name, proof.inputs, names)
        card.write(folder, name, source, by_name, proof, max_batch)
        proof.save(folder, _files(folder))
        proofs.append(proof)

    try:
        path = write_numbered(base, write, version)
    except FileExistsError as error:
        raise InputError(f"{error.filename} appeared meanwhile: choose another version.") from None
    serving.write_configuration(base, name, proofs[0].inputs, names, max_batch)
    return proofs[0].report(path, _files(path))


def _files(folder):
    return [file for file in folder.rglob("*") if file.is_file()]


def _checked_name(name):
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][\w-]*", name, re.ASCII):
        raise InputError(
            f"a model's name must be of letters, digits, _ and -, got {name!r}: give name=... (--name)."
        )
    return name


def _check_base(base):
    odd = [letter for letter in "[]*?" if letter in str(base.resolve())]
    if odd:
        raise InputError(f"TensorFlow reads no SavedModel from a path with {odd[0]}: rename {base}.")
    if (base / serving.FOLDER).exists() and not (base / serving.FOLDER).is_dir():
        raise InputError(
            f"{base / serving.FOLDER} is a file, expected a folder for the server's configuration: "
            "move it."
        )


def _check_version(base, version):
    if version is None:
        return
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version < 2**63:
        raise InputError(
            f"version must be an integer of at least 1 and below 2**63, or None, got {version!r}."
        )
    if (base / str(version)).exists():
        raise InputError(f"{base / str(version)} exists: choose another version, or none for the next.")
