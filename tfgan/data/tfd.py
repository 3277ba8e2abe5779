"""`tfd:FILE.mat[:FOLD]`: the Toronto Face Database, from its owner's `TFD_48x48.mat` (or 96x96).

The file holds `images` (n, 48, 48) uint8 and `folds` (n, 5), which says for each of five folds what an
image is for: 0 unlabelled, 1 train, 2 valid, 3 test. As in the first paper's published files, the
unlabelled images (the same ones in every fold) are the training images here, and valid and test are
those of FOLD, 0 to 4, by default 0. The few labelled training images are left aside, and so are labels:
most images have none.

Reference:
    J. Susskind, A. Anderson, G. Hinton, *The Toronto Face Database*, 2010; pylearn2's
    `TFD(which_set='unlabeled')`, 'valid' and 'test'.
"""

import math
import re

import h5py  # Keras brings it
import numpy as np

from tfgan.data.memory import from_arrays
from tfgan.errors import InputError
from tfgan.keras_files import plain_dataset
from tfgan.reading import check_memory, open_regular, refusing

_CODES = {"train": 0, "valid": 2, "test": 3}  # of `folds`, for our splits
_FOLDS = 5
_BYTES = {"uint8": 1, "int8": 1, "logical": 1}  # a value of these takes; of others at most 8
_REMEDY = "use the original TFD_48x48.mat"


def load(argument, *, data_dir, image_size, memory_limit):
    """Returns the `Loaded` of a TFD file.

    Args:
        argument: str. The file, and `:FOLD` where it is not 0.
        data_dir: not used.
        image_size: (height, width) or None.
        memory_limit: not used: the images, 230 MB, are kept in memory.

    Raises:
        InputError: if SciPy is missing, or the file is missing or not as described above.
    """
    path, colon, fold = argument.rpartition(":")
    if not colon or not re.fullmatch("[0-9]+", fold):
        path, fold = argument, "0"
    if int(fold) >= _FOLDS:
        raise InputError(f"TFD has folds 0 to {_FOLDS - 1}, got {fold}: give tfd:{path}:0.")
    images, folds = _checked(_read(path), path)
    rows = {split: np.flatnonzero(folds[:, int(fold)] == code) for split, code in _CODES.items()}
    for split, code in _CODES.items():
        if not len(rows[split]):
            raise InputError(
                f"{path}: expected images for {split} (code {code} in column {fold} of folds), found "
                "none: use the original TFD_48x48.mat."
            )
    held = {"train": (images[..., np.newaxis], None)}  # (N, H, W, 1)
    return from_arrays(
        held, {split: ("train", index) for split, index in rows.items()}, image_size=image_size
    )


def _read(path):
    """dict of the arrays `images` and `folds` of a MATLAB file, as far as it has them."""
    try:
        import scipy.io
    except ImportError:
        raise InputError(
            "reading tfd:FILE.mat needs SciPy, which is not installed: pip install 'tfgan[tfd]'."
        ) from None
    names = ("images", "folds")

    def line(reason):
        return (
            f"{path} must be a MATLAB file, and cannot be read ({reason}): use the original "
            "TFD_48x48.mat."
        )

    try:
        with refusing(line, but=FileNotFoundError), open_regular(path) as file:
            try:
                told = scipy.io.whosmat(file)
            except NotImplementedError:  # MATLAB 7.3 writes HDF5
                return _read_hdf5(file, names, path)
            sizes = [
                math.prod(shape) * _BYTES.get(kind, 8) for name, shape, kind in told if name in names
            ]
            check_memory(sum(sizes), path, _REMEDY)
            file.seek(0)
            return scipy.io.loadmat(file, variable_names=names)
    except FileNotFoundError:
        raise InputError(
            f"expected a MATLAB file at {path}, found none: give your own copy, tfd:FILE.mat (TFD "
            "cannot be downloaded freely)."
        ) from None


def _read_hdf5(file, names, path):
    with h5py.File(file) as content:
        found = {name: plain_dataset(content, name) for name in names if name in content}
        check_memory(sum(dataset.nbytes for dataset in found.values()), path, _REMEDY)
        # MATLAB's order of axes is the reverse.
        return {name: np.asarray(dataset).T for name, dataset in found.items()}


def _checked(arrays, path):
    """(images uint8 `(n, height, width)`, folds `(n, 5)`)."""
    expected = {"images": "uint8 (n, height, width)", "folds": f"whole numbers (n, {_FOLDS})"}
    for name, what in expected.items():
        if name not in arrays:
            raise InputError(
                f"{path} must hold {name}, {what}, and has none: use the original TFD_48x48.mat."
            )
    images, folds = np.asarray(arrays["images"]), np.asarray(arrays["folds"])
    good = {
        "images": images.dtype == np.uint8 and images.ndim == 3 and 0 not in images.shape,
        "folds": folds.dtype.kind in "iuf"
        and folds.shape == (len(images) if images.ndim else 0, _FOLDS),
    }
    for name, array in (("images", images), ("folds", folds)):
        if not good[name]:
            raise InputError(
                f"{path}: {name} must be {expected[name]}, one row an image, got {array.dtype} "
                f"{array.shape}: use the original TFD_48x48.mat."
            )
    return images, folds
