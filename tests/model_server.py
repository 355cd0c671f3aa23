"""A `PredictionService` of our own that runs the served SavedModels with TensorFlow.

TF Serving's binary is in no package index, so the gRPC client is tested against this server, which
speaks the same protocol and loads the same files: `python -m tests.model_server --port 8500`.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from services.common.serving.registry import load_manifest
from services.common.serving.versions import find_served_dir

UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
"""As TF Serving itself is built."""


def served_models(models_dir: Path) -> dict[str, Path]:
    """Name → folder of the served version, of every model that TF Serving is meant to serve."""
    names = sorted(folder.name for folder in models_dir.iterdir() if folder.is_dir())
    return {
        name: find_served_dir(models_dir, name)
        for name in names
        if load_manifest(models_dir, name).served_by_tf_serving
    }


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """`Predict` over SavedModels, with TF Serving's status codes for what it does not have."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self._signatures: dict[tuple[str, int], Any] = {}
        for name, folder in folders.items():
            model = tf.saved_model.load(str(folder))
            self._signatures[name, int(folder.name)] = model.signatures["serving_default"]

    def Predict(self, request, context):
        wanted = (request.model_spec.name, request.model_spec.version.value)
        signature = self._signatures.get(wanted)
        if signature is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {wanted}")
        inputs = {name: tf.constant(tf.make_ndarray(tensor)) for name, tensor in request.inputs.items()}
        try:
            outputs = signature(**inputs)
        except (TypeError, ValueError, tf.errors.InvalidArgumentError) as fault:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(fault))
        answer = predict_pb2.PredictResponse()
        answer.model_spec.CopyFrom(request.model_spec)
        for name, tensor in outputs.items():
            answer.outputs[name].CopyFrom(tf.make_tensor_proto(np.asarray(tensor)))
        return answer


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """`GetModelStatus`: everything that was loaded is available."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self._folders = folders

    def GetModelStatus(self, request, context):
        folder = self._folders.get(request.model_spec.name)
        if folder is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Could not find model {request.model_spec.name}")
        status = get_model_status_pb2.ModelVersionStatus(
            version=int(folder.name), state=get_model_status_pb2.ModelVersionStatus.State.AVAILABLE
        )
        return get_model_status_pb2.GetModelStatusResponse(model_version_status=[status])


def serve(models_dir: Path, *, host: str = "127.0.0.1", port: int = 0) -> tuple[grpc.Server, int]:
    """Start serving `models_dir`; returns the running server and its port."""
    folders = served_models(models_dir)
    server = grpc.server(ThreadPoolExecutor(max_workers=4), options=UNLIMITED)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(PredictionService(folders), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(folders), server)
    bound = server.add_insecure_port(f"{host}:{port}")
    server.start()
    return server, bound


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("deploy/models"))
    parser.add_argument("--host", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=8500)
    options = parser.parse_args()
    server, port = serve(options.models, host=options.host, port=options.port)
    print(f"serving {sorted(served_models(options.models))} on port {port}", flush=True)  # noqa: T201
    server.wait_for_termination()


if __name__ == "__main__":
    main()
