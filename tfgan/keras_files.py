"""Keras's files, looked over before Keras reads them: nothing in them may run, or name other files.

Keras's safe mode refuses Python code in a `.keras` file. It still takes most names of Keras's own, such
as functions that fetch from the network. Here only what models of images are made of passes, and what
this process has registered.
"""

import io
import json
import math
import zipfile

import h5py  # Keras brings it
import keras

from tfgan import reading

_WEIGHTS = "model.weights.h5"
SEAL = "tfgan.json"  # what `tfgan.checkpoints` adds
_MEMBERS = {"metadata.json", "config.json", _WEIGHTS}
_CONFIG_BYTES = 2**24
# Above the floor, what is read may be so many times what is stored: else it is made to fill the memory.
_FLOOR, _ZIP_RATIO, _HDF5_RATIO = 2**26, 100, 1000
_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}

# What `class_name` in a config may be without a module: values, not classes.
_VALUES = {"__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__"}
_MODULES = {
    "keras.constraints",
    "keras.dtype_policies",
    "keras.initializers",
    "keras.layers",
    "keras.losses",
    "keras.metrics",
    "keras.optimizers",
    "keras.optimizers.schedules",
    "keras.quantizers",
    "keras.random",
    "keras.regularizers",
    "keras.src.models.functional",
    "keras.src.models.sequential",
}
_TOP = {"DTypePolicy", "FloatDTypePolicy", "Functional", "Model", "Sequential"}  # of `keras` itself
_OPERATIONS = "keras.src.ops."  # of functional models
# Layers that hold code or a SavedModel, that unpickle, or that read the files which their config names.
_REFUSED = {
    "FlaxLayer",
    "IndexLookup",
    "IntegerLookup",
    "JaxLayer",
    "Lambda",
    "StringLookup",
    "TFSMLayer",
    "TextVectorization",
    "TorchModuleWrapper",
}
_FUNCTION_MODULES = {
    "builtins",
    "keras.activations",
    "keras.initializers",
    "keras.losses",
    "keras.metrics",
    "keras.ops",
    "keras.regularizers",
}


def load_model(file, *, compile=True):
    """Returns the model of a `.keras` file that passes `check`, loaded in Keras's safe mode.

    Args:
        file: path.
        compile: bool. Whether to compile it as it was.

    Raises:
        ValueError: if the file is refused or unreadable; says why, without the file's name.
        OSError: if the disk fails.
    """
    check(file)
    return _read(lambda: keras.saving.load_model(file, compile=compile, safe_mode=True))


def load_weights(model, file):
    """Gives a model the weights of a `.keras` file that passes `check`.

    Raises:
        ValueError, OSError: as `load_model`.
    """
    check(file)
    _read(lambda: model.load_weights(file))


def check(file):
    """Refuses a `.keras` file in which there is more than a model's settings and numbers.

    That is: other members than Keras's three and a seal, or one twice; a config of classes or functions
    that are neither Keras's building blocks nor registered in this process; weights as in
    `check_weights`; and members or arrays far larger than what is stored of them.

    Args:
        file: path.

    Raises:
        ValueError: if it is refused, or no such file; says why, without the file's name.
        OSError: if the disk fails.
    """

    def look():
        with zipfile.ZipFile(file) as archive:
            check_members(archive.infolist())
            _check_config(json.loads(archive.read("config.json")))
            check_weights(io.BytesIO(archive.read(_WEIGHTS)))

    _read(look)


def check_weights(file):
    """Refuses a file of weights (HDF5) that points to others, or has more than plain arrays.

    Args:
        file: path, or a binary file.

    Raises:
        ValueError: if it is refused, or no such file; says why, without the file's name.
        OSError: if the disk fails.
    """

    def look():
        with h5py.File(file, "r") as content:
            _check_groups(content)

    _read(look)


def plain_dataset(group, name):
    """Returns the array of an HDF5 group, which must lie in this file.

    Args:
        group: `h5py.Group`.
        name: str, of a member of the group.

    Returns:
        `h5py.Dataset`.

    Raises:
        ValueError: if it is a link to elsewhere, no array, or one whose numbers lie in other files,
            need unusual filters, or are far more than what is stored.
    """
    link = group.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink):
        raise ValueError(f"{name} is a link to elsewhere ({type(link).__name__})")
    dataset = group[name]
    if not isinstance(dataset, h5py.Dataset):
        raise ValueError(f"{name} is no array")
    if dataset.external or dataset.is_virtual:
        raise ValueError(f"the numbers of {name} lie in other files")
    if dataset.dtype.hasobject:
        raise ValueError(f"{name} is no array of numbers")
    properties = dataset.id.get_create_plist()
    filters = {properties.get_filter(i)[0] for i in range(properties.get_nfilters())}
    if not filters <= _FILTERS:
        raise ValueError(f"{name} needs HDF5 filters that are no usual ones")
    size = math.prod(dataset.shape or ()) * dataset.dtype.itemsize
    if size > max(_FLOOR, _HDF5_RATIO * dataset.id.get_storage_size()):
        raise ValueError(f"{name} would be {size} bytes, far more than are stored")
    return dataset


def _read(work):
    """Does the work; whatever a file makes libraries raise becomes a ValueError."""
    try:
        return work()
    except (ValueError, OSError):
        raise
    except Exception as error:  # of zip, JSON, HDF5, Keras, TensorFlow
        raise ValueError(str(error) or type(error).__name__) from error


def check_members(members):
    """Refuses what `check` does of a file's members: their names and sizes, before any is read.

    Args:
        members: list of `zipfile.ZipInfo`.

    Raises:
        ValueError: says why.
    """
    total, names = sum(member.file_size for member in members), [m.filename for m in members]
    if total > reading.memory():
        raise ValueError(f"it would take {total / 2**30:.3g} GiB of memory")
    odd = sorted(set(names) - _MEMBERS - {SEAL})
    if odd:
        raise ValueError(f"it holds {odd[0]!r}, which is no part of a Keras model of images")
    missing = sorted(_MEMBERS - set(names))
    if missing:
        raise ValueError(f"it holds no {missing[0]}")
    if len(names) > len(set(names)):
        raise ValueError("it holds a file twice")
    for member in members:
        name, size = member.filename, member.file_size
        limit = max(_FLOOR, _ZIP_RATIO * member.compress_size) if name == _WEIGHTS else _CONFIG_BYTES
        if size > limit:
            raise ValueError(f"its {name} would be {size} bytes, far more than are stored or needed")


def _check_config(config):
    registered = keras.saving.get_custom_objects()
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "class_name" in value:
                _check_object(value, registered)
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _check_object(value, registered):
    """Refuses a config of something that is neither registered nor one of Keras's building blocks."""
    name, module = value["class_name"], value.get("module")
    if not isinstance(name, str) or not isinstance(module, str | None):
        raise ValueError("its config.json has a class_name or a module that is no text")
    if name == "function":
        name = value.get("config")
        good = _is_registered(name, registered) or (
            isinstance(name, str)
            and name.isidentifier()
            and module in _FUNCTION_MODULES
            and name not in ("get", "deserialize", "serialize")
        )
    else:
        # As Keras does: the registered name comes first.
        good = _is_registered(value.get("registered_name", name), registered) or (
            name in _VALUES if module is None else _is_building_block(name, module)
        )
    if not good:
        where = f"{module}.{name}" if module else str(name)
        raise ValueError(
            f"its config.json names {where[:100]!r}, which is neither a building block of Keras that "
            "is safe to load nor registered here"
        )


def _is_registered(name, registered):
    return isinstance(name, str) and name in registered


def _is_building_block(name, module):
    if not name.isidentifier() or not name[0].isupper() or name in _REFUSED:
        return False
    if module == "keras":
        return name in _TOP
    return module in _MODULES or module.startswith(_OPERATIONS)


def _check_groups(content):
    seen, waiting = set(), [content]
    while waiting:
        group = waiting.pop()
        address = h5py.h5o.get_info(group.id).addr
        if address in seen:
            raise ValueError(f"its group {group.name} is linked twice")
        seen.add(address)
        for name in group:
            kind = group.get(name, getclass=True, getlink=True)
            if kind is h5py.HardLink and group.get(name, getclass=True) is h5py.Group:
                waiting.append(group[name])
            else:
                plain_dataset(group, name)
