"""Runs every signature of a SavedModel on given inputs, in a process without tfgan or Keras.

    python run_saved_model.py FOLDER INPUTS.npz OUTPUTS.npz

Inputs are arrays by name; a signature takes those it asks for. Outputs are arrays by `signature/name`;
bytes are decoded as PNG files.
"""

import sys

import numpy as np
import tensorflow as tf


def main(folder, inputs_file, outputs_file):
    with np.load(inputs_file, allow_pickle=False) as file:
        inputs = {name: tf.constant(file[name]) for name in file.files}
    outputs = {}
    for signature, function in tf.saved_model.load(folder).signatures.items():
        asked = function.structured_input_signature[1]
        for name, value in function(**{name: inputs[name] for name in asked}).items():
            if value.dtype == tf.string:
                value = [tf.io.decode_png(data) for data in value]
            outputs[f"{signature}/{name}"] = np.asarray(value)
    np.savez(outputs_file, **outputs)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(*sys.argv[1:])
