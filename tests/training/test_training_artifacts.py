import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.common.serving.litert import LiteRtPredictor
from services.common.serving.registry import Metric, load_manifest
from services.training import artifacts

ROWS = np.random.default_rng(0).random((5, 12, 8, 1)).astype(np.float32)
LABELS = ["a", "b", "c"]


def small_network(seed: int = 0) -> Any:
    artifacts.set_seed(seed)
    import keras

    source = keras.Input((12, 8, 1), name="log_mel")
    hidden = keras.layers.Conv2D(4, 3, activation="relu")(source)
    hidden = keras.layers.BatchNormalization()(hidden)
    hidden = keras.layers.Flatten()(hidden)
    return keras.Model(source, keras.layers.Dense(3, activation="softmax")(hidden))


def export(model: Any, models_dir: Path, **changes: Any) -> Any:
    arguments: dict[str, Any] = {
        "name": "small",
        "labels": LABELS,
        "preprocessing": {"sample_rate_hz": 16_000},
        "training_data": {"nothing": "0" * 64},
        "metrics": [Metric(name="uar", value=0.5, protocol="none")],
        "seed": 0,
        "licence": "MIT",
        "card": "# Small",
        "models_dir": models_dir,
        "check_batch": ROWS,
    }
    return artifacts.export_model(model, **(arguments | changes))


def test_export_writes_everything_serving_reads_when_the_model_fits(tmp_path: Path) -> None:
    model = small_network()

    written = export(model, tmp_path, assets={"words.json": b"[]"})

    predictor = LiteRtPredictor(models_dir=tmp_path)
    assert load_manifest(tmp_path, "small") == written
    assert (written.version, written.input.name, written.input.shape) == (1, "log_mel", [None, 12, 8, 1])
    assert written.output.name == "probabilities"
    assert predictor.asset("small", "words.json") == b"[]"
    assert (tmp_path / "small" / "1" / "CARD.md").read_text() == "# Small\n"
    np.testing.assert_allclose(predictor.predict("small", ROWS), model(ROWS).numpy(), atol=1e-5)


def test_saved_model_answers_by_name_when_it_is_loaded_alone(tmp_path: Path) -> None:
    model = small_network()
    export(model, tmp_path)

    tf = artifacts.load_tensorflow()
    signature = tf.saved_model.load(str(tmp_path / "small" / "1")).signatures["serving_default"]
    served = signature(log_mel=tf.constant(ROWS))

    assert list(served) == ["probabilities"]
    np.testing.assert_allclose(served["probabilities"].numpy(), model(ROWS).numpy(), atol=1e-5)


def test_versions_count_up_when_none_is_named(tmp_path: Path) -> None:
    model = small_network()

    numbers = [export(model, tmp_path).version, export(model, tmp_path).version]

    assert numbers == [1, 2]
    assert export(model, tmp_path, version=2, seed=7).seed == 7
    assert sorted(p.name for p in (tmp_path / "small").iterdir()) == ["1", "2"]


def test_parity_fails_when_the_twin_holds_other_weights(tmp_path: Path) -> None:
    export(small_network(seed=1), tmp_path)
    export(small_network(seed=2), tmp_path)
    first, second = tmp_path / "small" / "1", tmp_path / "small" / "2"
    artifacts.check_parity(first, "log_mel", ROWS)

    shutil.copy(second / "model.tflite", first / "model.tflite")

    with pytest.raises(artifacts.ParityError):
        artifacts.check_parity(first, "log_mel", ROWS)


def test_nothing_is_left_behind_when_an_export_fails(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"shape|dimension|rank"):
        export(small_network(), tmp_path, check_batch=ROWS[:, :5])

    assert list((tmp_path / "small").iterdir()) == []


def test_export_refuses_when_labels_and_outputs_differ(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not \\(None, 2\\)"):
        export(small_network(), tmp_path, labels=["a", "b"])


def test_weights_repeat_when_the_seed_is_the_same() -> None:
    def trained(seed: int) -> np.ndarray:
        model = small_network(seed)
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(ROWS, np.array([0, 1, 2, 0, 1]), epochs=2, verbose=0)
        return np.concatenate([w.ravel() for w in model.get_weights()])

    first, second, other = trained(1), trained(1), trained(2)

    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_data_hash_ignores_order_and_folder_when_contents_agree(tmp_path: Path) -> None:
    paths = []
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        for name in ("1.csv", "2.csv"):
            path = tmp_path / folder / name
            path.write_text(name)
            paths.append(path)

    before = artifacts.data_hash(paths[:2])

    assert before == artifacts.data_hash([paths[3], paths[2]])
    paths[0].write_text("other")
    assert artifacts.data_hash(paths[:2]) != before
