"""Runs every signature of a .tflite file on given inputs, in a process without tfgan or TensorFlow.

    python run_tflite.py FILE INPUTS.npz OUTPUTS.npz

Inputs are arrays of the same number of rows by name; a signature takes those it asks for, as many rows
at a time as its fixed batch. Outputs are arrays by `signature/name`.
"""

import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def main(file, inputs_file, outputs_file):
    with np.load(inputs_file, allow_pickle=False) as stored:
        inputs = {name: stored[name] for name in stored.files}
    interpreter = Interpreter(model_path=file)
    outputs: dict = {}
    for signature in interpreter.get_signature_list():
        runner = interpreter.get_signature_runner(signature)
        details = runner.get_input_details()
        count = len(inputs["latents"])
        free = any(detail["shape_signature"][0] == -1 for detail in details.values())
        batch = count if free else details["latents"]["shape"][0]
        for start in range(0, count, batch):
            # The last batch of a fixed size starts over at the first row to be full.
            rows = np.arange(start, start + batch) % count
            for name, value in runner(**{name: inputs[name][rows] for name in details}).items():
                outputs.setdefault(f"{signature}/{name}", []).append(value)
    whole = {name: np.concatenate(parts)[:count] for name, parts in outputs.items()}
    np.savez(outputs_file, **whole)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(*sys.argv[1:])
