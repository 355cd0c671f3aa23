"""Both runtimes on the served artefacts: LiteRT in process and gRPC to a real PredictionService."""

import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from services.common.contracts.results import ErrorCode
from services.common.errors import TemporaryError
from services.common.serving.client import check_model_server, open_predictor
from services.common.serving.predictor import Predictor
from services.common.serving.registry import (
    FACE_EMOTION,
    TEXT_ENCODER,
    TEXT_IMPRESSION,
    TEXT_TRAITS,
    VOICE_EMOTION,
    VOICE_ENCODER,
    Manifest,
)
from services.common.settings import CommonSettings, Serving
from services.common.work.ledger import open_ledger
from services.common.work.presence import OK, Presence
from services.text.context import load_pieces

OWN_MODELS = [TEXT_ENCODER, TEXT_TRAITS, TEXT_IMPRESSION, VOICE_ENCODER, VOICE_EMOTION, FACE_EMOTION]


@pytest.fixture(scope="module")
def model_server_target() -> Iterator[str]:
    from tests.model_server import serve

    server, port = serve(CommonSettings().models_dir)
    yield f"127.0.0.1:{port}"
    server.stop(grace=None)


@pytest.fixture(scope="module")
def over_grpc(model_server_target: str) -> Predictor:
    return open_predictor(CommonSettings(serving=Serving.TF_SERVING, tf_serving_target=model_server_target))


@pytest.fixture(scope="module")
def in_process() -> Predictor:
    return open_predictor(CommonSettings(serving=Serving.LITERT))


def _batch(manifest: Manifest, rows: int) -> np.ndarray:
    """Rows in the range that each model's features have: standardised, or sparse and non-negative."""
    shape = [rows, *(size if size is not None else 64 for size in manifest.input.shape[1:])]
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def _word_pieces(predictor: Predictor, rows: int) -> np.ndarray:
    """Looked up in the encoder's own table: its attention turns other numbers into noise."""
    table = load_pieces(predictor)
    chosen = np.random.default_rng(0).integers(1000, len(table.scale), size=(rows, 62))
    return np.stack([table.embed(row) for row in chosen])


@pytest.mark.parametrize("model", OWN_MODELS)
@pytest.mark.parametrize("rows", [1, 3, 70])
def test_runtimes_agree_when_they_get_the_same_batch(
    in_process: Predictor, over_grpc: Predictor, model: str, rows: int
) -> None:
    batch = _batch(in_process.manifest(model), rows)
    if model == TEXT_ENCODER:
        batch = _word_pieces(in_process, rows)
    ours, theirs = in_process.predict(model, batch), over_grpc.predict(model, batch)
    free = in_process.manifest(model).output.shape[1:]
    assert ours.shape == theirs.shape
    assert len(ours) == rows
    assert all(have == want for have, want in zip(ours.shape[1:], free, strict=True) if want is not None)
    assert ours.dtype == theirs.dtype == np.float32
    assert np.abs(ours - theirs).max() < 1e-4 * max(1.0, np.abs(ours).max())


@pytest.mark.parametrize("model", [VOICE_EMOTION, FACE_EMOTION])
def test_probabilities_sum_to_one_when_labels_exclude_each_other(in_process: Predictor, model: str) -> None:
    batch = _batch(in_process.manifest(model), 4)
    np.testing.assert_allclose(in_process.predict(model, batch).sum(axis=1), 1.0, atol=1e-5)


@pytest.mark.parametrize("model", OWN_MODELS)
def test_batch_is_refused_when_it_does_not_fit(in_process: Predictor, model: str) -> None:
    with pytest.raises(ValueError, match=model):
        in_process.predict(model, np.zeros((1, 2), np.float32))
    fitting = _batch(in_process.manifest(model), 1)
    with pytest.raises(ValueError, match="float64"):
        in_process.predict(model, fitting.astype(np.float64))


def test_fault_is_temporary_when_the_model_server_is_down() -> None:
    nobody = open_predictor(
        CommonSettings(serving=Serving.TF_SERVING, tf_serving_target="127.0.0.1:1", tf_serving_timeout_s=1)
    )
    with pytest.raises(TemporaryError) as fault:
        nobody.predict(FACE_EMOTION, _batch(nobody.manifest(FACE_EMOTION), 1))
    assert fault.value.code is ErrorCode.MODEL_UNAVAILABLE


def test_worker_tells_what_it_lacks_when_the_model_server_is_down(redis_url: str) -> None:
    down = CommonSettings(serving=Serving.TF_SERVING, tf_serving_target="127.0.0.1:1")
    ledger = open_ledger(redis_url)
    Presence(ledger, ["video"], check=lambda: check_model_server(down)).announce()
    assert ledger.read_workers()["video"] == "The model server is out of reach."


def test_worker_lacks_nothing_when_the_model_server_answers(model_server_target: str, redis_url: str) -> None:
    up = CommonSettings(serving=Serving.TF_SERVING, tf_serving_target=model_server_target)
    ledger = open_ledger(redis_url)
    Presence(ledger, ["video"], check=lambda: check_model_server(up)).announce()
    assert ledger.read_workers()["video"] == OK


def test_fault_is_temporary_when_there_is_no_such_model(in_process: Predictor) -> None:
    with pytest.raises(TemporaryError) as fault:
        in_process.manifest("no_such_model")
    assert fault.value.code is ErrorCode.MODEL_UNAVAILABLE


@pytest.mark.parametrize("serving", list(Serving))
def test_tensorflow_is_not_loaded_when_a_predictor_opens(serving: Serving) -> None:
    """Its 600 MB belong in the model server, not in each worker (the gRPC stubs alone would load it)."""
    program = (
        "import sys\n"
        "from services.common.serving.client import open_predictor\n"
        "from services.common.settings import CommonSettings, Serving\n"
        f"open_predictor(CommonSettings(serving=Serving({serving.value!r})))\n"
        "assert 'tensorflow.python' not in sys.modules, 'TensorFlow was loaded'\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
