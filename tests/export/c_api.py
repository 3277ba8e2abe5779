"""Runs the signatures of a SavedModel by TensorFlow's C API alone, as TensorFlow Serving loads it.

    python c_api.py LIBRARY FOLDER SIGNATURES.json INPUTS.npz OUTPUTS.npz

SIGNATURES: {signature: {"inputs": {name: tensor}, "outputs": {name: tensor}}}, of the graph's tensors.
Files come out as arrays of bytes, `signature/name/row`. What fails is printed, with exit code 1.
"""

import ctypes
import json
import sys
from ctypes import Structure, c_char_p, c_int, c_int64, c_size_t, c_void_p

import numpy as np

DTYPES = {1: "float32", 3: "int32", 4: "uint8", 7: None, 9: "int64"}  # 7: strings
CODES = {name: code for code, name in DTYPES.items() if name}
STRING_BYTES = 24  # of a TF_TString


class Output(Structure):
    _fields_ = [("operation", c_void_p), ("index", c_int)]


class Api:
    def __init__(self, library):
        self.lib = ctypes.CDLL(library)
        for name in ("NewStatus", "NewGraph", "NewSessionOptions", "AllocateTensor", "TensorData"):
            getattr(self.lib, f"TF_{name}").restype = c_void_p
        for name in ("LoadSessionFromSavedModel", "GraphOperationByName", "StringGetDataPointer"):
            getattr(self.lib, f"TF_{name}").restype = c_void_p
        self.lib.TF_Message.restype = c_char_p
        for name in ("TensorByteSize", "StringGetSize"):
            getattr(self.lib, f"TF_{name}").restype = c_size_t
        self.lib.TF_Dim.restype = c_int64
        self.status = c_void_p(self.lib.TF_NewStatus())
        self.graph = c_void_p(self.lib.TF_NewGraph())

    def check(self):
        if self.lib.TF_GetCode(self.status):
            sys.exit(self.lib.TF_Message(self.status).decode())

    def load(self, folder):
        options = c_void_p(self.lib.TF_NewSessionOptions())
        tags = (c_char_p * 1)(b"serve")
        session = self.lib.TF_LoadSessionFromSavedModel(
            options, None, folder.encode(), tags, 1, self.graph, None, self.status
        )
        self.check()
        return c_void_p(session)

    def output(self, tensor):
        name, _, index = tensor.partition(":")
        operation = self.lib.TF_GraphOperationByName(self.graph, name.encode())
        assert operation, f"no operation {name}"
        return Output(operation, int(index))

    def tensor(self, array):
        array = np.ascontiguousarray(array)
        dims = (c_int64 * array.ndim)(*array.shape)
        size = c_size_t(array.nbytes)
        made = c_void_p(self.lib.TF_AllocateTensor(CODES[array.dtype.name], dims, array.ndim, size))
        ctypes.memmove(self.lib.TF_TensorData(made), array.ctypes.data, array.nbytes)
        return made

    def array(self, tensor):
        tensor = c_void_p(tensor)
        shape = [self.lib.TF_Dim(tensor, i) for i in range(self.lib.TF_NumDims(tensor))]
        dtype = DTYPES[self.lib.TF_TensorType(tensor)]
        start, size = self.lib.TF_TensorData(tensor), self.lib.TF_TensorByteSize(tensor)
        if dtype:
            return np.frombuffer(ctypes.string_at(start, size), dtype).reshape(shape)
        strings = [c_void_p(start + STRING_BYTES * i) for i in range(int(np.prod(shape)))]
        pointer, length = self.lib.TF_StringGetDataPointer, self.lib.TF_StringGetSize
        return [ctypes.string_at(pointer(string), length(string)) for string in strings]

    def run(self, session, inputs, outputs):
        """Values of the tensors `outputs`, fed {tensor: array}."""
        given = (Output * len(inputs))(*map(self.output, inputs))
        values = (c_void_p * len(inputs))(*map(self.tensor, inputs.values()))
        asked = (Output * len(outputs))(*map(self.output, outputs))
        found = (c_void_p * len(outputs))()
        self.lib.TF_SessionRun(
            *(session, None, given, values, len(inputs), asked, found, len(outputs)),
            *(None, 0, None, self.status),
        )
        self.check()
        return [self.array(tensor) for tensor in found]


def main(library, folder, signatures, inputs, outputs):
    assert "tensorflow" not in sys.modules
    with np.load(inputs) as file:
        given = dict(file)
    with open(signatures) as file:
        specs = json.load(file)
    api, made = Api(library), {}
    session = api.load(folder)
    for signature, spec in specs.items():
        fed = {tensor: given[name] for name, tensor in spec["inputs"].items()}
        for name, value in zip(
            spec["outputs"], api.run(session, fed, spec["outputs"].values()), strict=True
        ):
            if isinstance(value, list):  # files, one array of bytes each
                for i, data in enumerate(value):
                    made[f"{signature}/{name}/{i}"] = np.frombuffer(data, "uint8")
            else:
                made[f"{signature}/{name}"] = value
    np.savez(outputs, **made)


if __name__ == "__main__":
    main(*sys.argv[1:])
