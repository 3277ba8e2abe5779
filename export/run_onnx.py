"""Runs an .onnx file on given inputs, in a process without tfgan or TensorFlow.

    python run_onnx.py FILE INPUTS.npz OUTPUTS.npz

Inputs are arrays by name; the file takes those it asks for. Outputs are arrays by `name/name`.
"""

import sys

import numpy as np
from onnxruntime import InferenceSession


def main(file, inputs_file, outputs_file):
    with np.load(inputs_file, allow_pickle=False) as stored:
        inputs = {name: stored[name] for name in stored.files}
    session = InferenceSession(file, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    values = session.run(names, {given.name: inputs[given.name] for given in session.get_inputs()})
    made = {f"{name}/{name}": value for name, value in zip(names, values, strict=True)}
    np.savez(outputs_file, **made)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(*sys.argv[1:])
