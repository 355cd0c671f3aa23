"""Predictions by LiteRT in the same process, the default runtime. TensorFlow is not imported."""

from functools import cache
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from services.common.serving.predictor import FloatArray, check_batch
from services.common.serving.registry import ServedModels

MAX_VALUES = 50_000
"""Input values that are computed at once. A larger batch is no faster on one core, and needs more memory:
eight chunks of speech in the voice encoder 40 MB more than two, which are as many as this lets through."""


class LiteRtModel:
    """One `.tflite` file with one input, and the interpreter that runs it.

    Not safe for use from several threads at once.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
        self._input = self._interpreter.get_input_details()[0]
        self._outputs = self._interpreter.get_output_details()
        self._shape: tuple[int, ...] = ()

    def run(self, batch: FloatArray) -> list[FloatArray]:
        """Return all outputs for `batch`, in the file's own order.

        The input is resized when the shape of the batches changes.
        """
        if self._shape != batch.shape:
            self._interpreter.resize_tensor_input(self._input["index"], batch.shape)
            self._interpreter.allocate_tensors()
            self._shape = batch.shape
        self._interpreter.set_tensor(self._input["index"], batch)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(output["index"]) for output in self._outputs]


class LiteRtPredictor(ServedModels):
    """`Predictor` over the `model.tflite` twins in the models folder. One per process and thread."""

    def __init__(self, *, models_dir: Path, threads: int = 1) -> None:
        super().__init__(models_dir)
        self._threads = threads
        self._model = cache(self._load)

    def _load(self, model: str) -> LiteRtModel:
        return LiteRtModel(self.folder(model) / "model.tflite", threads=self._threads)

    def predict(self, model: str, batch: FloatArray) -> FloatArray:
        check_batch(self.manifest(model), batch)
        runtime = self._model(model)
        return np.concatenate([runtime.run(part)[0] for part in even_parts(batch)])


def even_parts(batch: FloatArray) -> list[FloatArray]:
    """Split a batch of at least one row into parts of at most `MAX_VALUES`, or of one row.

    Their lengths differ by one at most, because a model allocates anew for each other length.
    """
    most_rows = max(1, MAX_VALUES // batch[0].size)
    return np.array_split(batch, -(-len(batch) // most_rows))
