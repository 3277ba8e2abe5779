"""What TensorFlow Serving takes beside a SavedModel: warm-up records, configurations, clients."""

import json
import re
import string
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfgan.export import signatures
from tfgan.export.saving import disk_errors
from tfgan.files import write_text

WARMUP_BATCHES = (1, 8)
_WARMUP = "assets.extra/tf_serving_warmup_requests"
FOLDER = "serving"  # beside the versions
REST_PORT, GRPC_PORT = 8501, 8500
_BATCHED = 64  # rows that a server runs at once


def write_warmup(folder, name, inputs, names):
    """Writes requests that a server makes itself before it answers others, so that none waits.

    Args:
        folder: of a SavedModel.
        name: str, of the model.
        inputs: dict of arrays by input name, at least 8 rows.
        names: signatures.

    Returns:
        bool: whether it was written; without `tensorflow-serving-api` (`tfgan[serving]`) it is not.
    """
    try:
        from tensorflow_serving.apis import predict_pb2, prediction_log_pb2
    except ImportError:
        return False
    file = Path(folder) / _WARMUP
    file.parent.mkdir(exist_ok=True)
    with disk_errors(file), tf.io.TFRecordWriter(str(file)) as writer:
        for signature in names:
            first = "seeds" if signature in signatures.BY_SEED else "latents"
            for batch in WARMUP_BATCHES:
                request = predict_pb2.PredictRequest()
                request.model_spec.name = name
                request.model_spec.signature_name = signature
                for key in (first, "condition"):
                    if key in inputs:
                        rows = np.resize(inputs[key], (batch, *inputs[key].shape[1:]))
                        request.inputs[key].CopyFrom(tf.make_tensor_proto(rows))
                log = prediction_log_pb2.PredictionLog(
                    predict_log=prediction_log_pb2.PredictLog(request=request)
                )
                writer.write(log.SerializeToString())
    return True


def name_of(base):
    """The model's name in the configuration of a folder of versions; None where there is none."""
    file = Path(base) / FOLDER / "models.config"
    found = re.search(r'name: "(.*)"', file.read_text(encoding="utf-8")) if file.is_file() else None
    return found and found[1]


def write_configuration(base, name, inputs, names, max_batch):
    """Writes `base/serving/`: what starts a server of a folder of versions, and asks it for images.

    Args:
        base: folder of versions.
        name: str, of the model.
        inputs: dict of arrays by input name, whose first row the clients ask for.
        names: signatures.
        max_batch: int. Rows that a request may have.
    """
    columns = [("seeds", [7, 8], "int64")]
    row = {"seeds": 7}
    if "condition" in inputs:
        given = inputs["condition"]
        row["condition"] = given[0].tolist()
        columns.append(("condition", given[:2].tolist(), str(given.dtype)))
    values = {
        "name": name,
        "row": json.dumps(row),
        "columns": repr(columns),
        "rest_port": REST_PORT,
        "grpc_port": GRPC_PORT,
        "max_batch": min(_BATCHED, max_batch),
        "max_batch_limit": max_batch,
    }
    for template in sorted((Path(__file__).parent / "templates").iterdir()):
        file = template.name.removesuffix(".in")
        if file == "client.sh" and "sample_png" not in names:
            continue
        text = string.Template(template.read_text(encoding="utf-8")).substitute(values)
        write_text(Path(base) / FOLDER / file, text)
