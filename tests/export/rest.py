"""TensorFlow Serving's REST protocol, in terms of its own protos.

What its REST door does with a request, as its documentation has it: JSON, in rows or columns, becomes a
PredictRequest by the signature's types; a PredictResponse becomes JSON in the same format.
https://www.tensorflow.org/tfx/serving/api_rest
"""

import base64

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import predict_pb2

DEFAULT = "serving_default"


class Rest:
    """A SavedModel behind the REST door.

    Args:
        folder: version of a SavedModel.
        name: str, of the model.
    """

    def __init__(self, folder, name="model"):
        model = saved_model_pb2.SavedModel()
        with open(f"{folder}/saved_model.pb", "rb") as file:
            model.ParseFromString(file.read())
        (graph,) = model.meta_graphs
        self.definitions = dict(graph.signature_def)
        self.loaded = tf.saved_model.load(str(folder))
        self.name = name

    def predict(self, body):
        """The answer's JSON to a request's; raises ValueError as the door answers 400."""
        if not isinstance(body, dict):
            raise ValueError("a request is a JSON object")
        row_format = "instances" in body
        if row_format == ("inputs" in body):
            raise ValueError("a request has either instances or inputs")
        request = self.request(body)
        response = self.run(predict_pb2.PredictRequest.FromString(request.SerializeToString()))
        return self.rows(response) if row_format else self.columns(response)

    def request(self, body):
        """The PredictRequest of a request's JSON."""
        request = predict_pb2.PredictRequest()
        request.model_spec.name = self.name
        signature = body.get("signature_name", DEFAULT)
        if signature not in self.definitions:
            raise ValueError(f"there is no signature {signature!r}")
        request.model_spec.signature_name = signature
        specs = self.definitions[signature].inputs
        given = body.get("inputs")
        if given is None:
            rows = body["instances"]
            if not isinstance(rows, list) or not rows:
                raise ValueError("instances must be a list of at least one")
            if not isinstance(rows[0], dict):  # one input may go without its name
                (name,) = specs
                rows = [{name: row} for row in rows]
            if any(not isinstance(row, dict) or row.keys() != specs.keys() for row in rows):
                raise ValueError(f"instances must have {set(specs)}")
            given = {name: [row[name] for row in rows] for name in specs}
        elif not isinstance(given, dict):
            (name,) = specs
            given = {name: given}
        if given.keys() != specs.keys():
            raise ValueError(f"inputs must have {set(specs)}")
        for name, spec in specs.items():
            dtype = tf.dtypes.as_dtype(spec.dtype)
            check_numbers(name, given[name], dtype)
            with np.errstate(over="ignore"):  # a number too large is infinite, which the graph refuses
                array = np.array(given[name], dtype.as_numpy_dtype)
            known = [dim.size for dim in spec.tensor_shape.dim]
            if len(known) != array.ndim or any(
                size not in (-1, found) for size, found in zip(known, array.shape, strict=True)
            ):
                raise ValueError(f"{name} has shape {array.shape}, expected {known}")
            request.inputs[name].CopyFrom(tf.make_tensor_proto(array, dtype))
        return request

    def run(self, request):
        """The PredictResponse to a PredictRequest."""
        signature = self.loaded.signatures[request.model_spec.signature_name]
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        response = predict_pb2.PredictResponse()
        response.model_spec.CopyFrom(request.model_spec)
        for name, value in signature(**{key: tf.constant(v) for key, v in inputs.items()}).items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
        return response

    def rows(self, response):
        values = {name: self.json_of(name, value) for name, value in response.outputs.items()}
        if len({len(value) for value in values.values()}) != 1:
            raise ValueError("outputs differ in their number of rows")
        if len(values) == 1:
            (value,) = values.values()
            return {"predictions": value}
        rows = zip(*values.values(), strict=True)
        return {"predictions": [dict(zip(values, row, strict=True)) for row in rows]}

    def columns(self, response):
        values = {name: self.json_of(name, value) for name, value in response.outputs.items()}
        return {"outputs": values if len(values) > 1 else next(iter(values.values()))}

    def json_of(self, name, value):
        array = tf.make_ndarray(value)
        if value.dtype != tf.string.as_datatype_enum:
            return array.tolist()
        if name.endswith("_bytes"):
            return [{"b64": base64.b64encode(data).decode()} for data in array]
        return [data.decode() for data in array]  # fails on what is no text, as the door does


def check_numbers(name, value, dtype):
    """Refuses what is no number of that type: NumPy would make one of 0.5, true and "1"."""
    kinds = (int, float) if dtype.is_floating else (int,)
    left = [value]
    while left:
        value = left.pop()
        if isinstance(value, list):
            left += value
        elif type(value) not in kinds:
            raise ValueError(f"{name} must be {dtype.name}, got {str(value)[:40]!r}")
