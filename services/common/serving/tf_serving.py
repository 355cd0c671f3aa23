"""Predictions by TF Serving over gRPC, with the message classes of `tensorflow-serving-api`."""

import importlib.util
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import numpy as np

from services.common.contracts.results import ErrorCode
from services.common.errors import TemporaryError
from services.common.serving.predictor import FloatArray, check_batch
from services.common.serving.registry import Manifest, ServedModels

MAX_BATCH = 64
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""A batch of the voice encoder's outputs is 30 MB; the default of gRPC is 4 MB. TF Serving has no limit."""
LIMITS = ("grpc.max_receive_message_length", "grpc.max_send_message_length")
DT_FLOAT = 1
"""`tensorflow.DataType.DT_FLOAT`."""


@contextmanager
def _import_tensorflow_protos_only() -> Iterator[None]:
    """Let `tensorflow.*_pb2` import without running `tensorflow/__init__.py`.

    The stubs need nothing of TensorFlow but its protobuf modules, and loading the rest costs
    seconds and over 600 MB in every worker (decision record 0003).
    """
    if "tensorflow" in sys.modules:
        yield
        return
    spec = importlib.util.find_spec("tensorflow")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("CANDOR_SERVING=tf_serving needs the `tf-serving` extra")
    package = types.ModuleType("tensorflow")
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules["tensorflow"] = package
    try:
        yield
    finally:
        del sys.modules["tensorflow"]


with _import_tensorflow_protos_only():
    from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc, predict_pb2
    from tensorflow_serving.apis import prediction_service_pb2_grpc as prediction_grpc


class TfServingPredictor(ServedModels):
    """`Predictor` that asks a TF Serving `PredictionService`; manifests are read locally."""

    def __init__(self, *, models_dir: Path, target: str, timeout_s: float = 10.0) -> None:
        super().__init__(models_dir)
        self._timeout_s = timeout_s
        self._channel = grpc.insecure_channel(target, options=[(name, MAX_MESSAGE_BYTES) for name in LIMITS])
        self._predict = prediction_grpc.PredictionServiceStub(self._channel).Predict
        self._status = model_service_pb2_grpc.ModelServiceStub(self._channel).GetModelStatus

    def predict(self, model: str, batch: FloatArray) -> FloatArray:
        manifest = self.manifest(model)
        check_batch(manifest, batch)
        return np.concatenate(
            [
                self._request(manifest, batch[start : start + MAX_BATCH])
                for start in range(0, len(batch), MAX_BATCH)
            ]
        )

    def _request(self, manifest: Manifest, rows: FloatArray) -> FloatArray:
        request = predict_pb2.PredictRequest()
        request.model_spec.name = manifest.name
        request.model_spec.version.value = manifest.version
        request.model_spec.signature_name = "serving_default"
        tensor = request.inputs[manifest.input.name]
        tensor.dtype = DT_FLOAT
        for size in rows.shape:
            tensor.tensor_shape.dim.add().size = size
        tensor.tensor_content = np.ascontiguousarray(rows, dtype="<f4").tobytes()
        with _translate_grpc_errors(manifest.name):
            answer = self._predict(request, timeout=self._timeout_s).outputs[manifest.output.name]
        shape = [dim.size for dim in answer.tensor_shape.dim]
        flat = (
            np.frombuffer(answer.tensor_content, dtype="<f4")
            if answer.tensor_content
            else np.asarray(answer.float_val, dtype=np.float32)
        )
        return flat.reshape(shape).astype(np.float32, copy=False)

    def check(self, model: str) -> None:
        """Raise `TemporaryError` unless the server has `model` available."""
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = model
        with _translate_grpc_errors(model):
            answer = self._status(request, timeout=self._timeout_s)
        available = get_model_status_pb2.ModelVersionStatus.State.Value("AVAILABLE")
        if not any(version.state == available for version in answer.model_version_status):
            raise TemporaryError(ErrorCode.MODEL_UNAVAILABLE, f"The model server has no {model!r} ready.")


@contextmanager
def _translate_grpc_errors(model: str) -> Iterator[None]:
    try:
        yield
    except grpc.RpcError as fault:
        raise TemporaryError(
            ErrorCode.MODEL_UNAVAILABLE, f"The model server did not answer for {model!r}: {fault.code()}"
        ) from fault
