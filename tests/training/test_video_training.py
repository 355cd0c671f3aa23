"""The face training on small data: real steps, real export, real serving."""

from pathlib import Path

import numpy as np
import pytest

from services.common.contracts.labels import EMOTIONS
from services.common.serving.litert import LiteRtPredictor
from services.common.serving.registry import FACE_EMOTION
from services.video.features import network_input
from services.video.training.dataset import FaceImages
from services.video.training.evaluate import evaluate

keras = pytest.importorskip("keras")

from services.video.training import fitting  # noqa: E402
from services.video.training.models import calibrated, face_network  # noqa: E402
from services.video.training.train import train  # noqa: E402

TINY = fitting.Recipe(epochs=2, batch_size=14)


def stripes(count: int, *, seed: int = 0) -> FaceImages:
    """Images whose label shows as the number of bright stripes."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 7
    images = generator.integers(0, 60, (count, 48, 48), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[:: 2 + 2 * label] += 150
    return FaceImages(images, labels.astype(np.int64))


def answer(network: keras.Model, batch: np.ndarray) -> np.ndarray:
    return keras.ops.convert_to_numpy(network(batch, training=False))


def write_corpus(folder: Path) -> Path:
    (folder / "fer2013").mkdir()
    for seed, (name, count) in enumerate({"train": 140, "public": 35}.items()):
        part = stripes(count, seed=seed)
        np.savez(
            folder / "fer2013" / f"{name}.npz",
            images=part.images,
            labels=part.labels,
            label_names=np.array([str(emotion) for emotion in EMOTIONS]),
        )
    return folder


def test_loss_falls_when_steps_are_taken():
    network = fitting.compiled_network(fitting.Recipe(epochs=1, warm_up_epochs=0), steps_per_epoch=100)
    part = stripes(28)
    targets = np.eye(7, dtype=np.float32)[part.labels]
    losses = [float(network.train_on_batch(network_input(part.images), targets)) for _ in range(12)]
    network.reset_metrics()
    last = float(network.train_on_batch(network_input(part.images), targets))
    assert last < losses[0] - 0.2


def test_network_is_small_and_has_the_input_that_serving_names():
    network = face_network()
    assert network.inputs[0].name == "face"
    assert network.inputs[0].shape == (None, 48, 48, 1)
    assert 200_000 < network.count_params() < 450_000


def test_brightness_and_contrast_do_not_reach_the_network():
    network = face_network()
    face = network_input(stripes(1).images)
    logits = [answer(network, x) for x in (face, 0.4 * face + 0.3)]
    assert logits[0] == pytest.approx(logits[1], rel=0.01, abs=0.05)


def test_temperature_softens_but_does_not_reorder():
    network = face_network()
    faces = network_input(stripes(7).images)
    sharp, soft = (answer(calibrated(network, temperature=t), faces) for t in (0.1, 10.0))
    assert sharp.max(axis=1).mean() > soft.max(axis=1).mean()
    assert np.array_equal(sharp.argmax(axis=1), soft.argmax(axis=1))
    assert soft.sum(axis=1) == pytest.approx(1.0, abs=1e-5)


def test_training_goes_on_where_it_stopped(tmp_path: Path):
    part, held_out = stripes(70), stripes(14, seed=1)
    seen: list[int] = []

    def run(recipe: fitting.Recipe) -> list[fitting.Epoch]:
        return fitting.fit(
            part,
            held_out,
            recipe,
            seed=0,
            work_dir=tmp_path,
            on_epoch=lambda epoch: seen.append(epoch.number),
        )

    run(fitting.Recipe(epochs=1, batch_size=14))
    epochs = run(TINY)
    assert seen == [1, 2]
    assert [epoch.number for epoch in epochs] == [1, 2]
    assert all((tmp_path / epoch.checkpoint).is_file() for epoch in epochs)


def test_best_epoch_is_the_one_with_the_lower_loss_when_accuracies_are_equal():
    epochs = [
        fitting.Epoch(1, 1.0, 0.5, 0.9, "a"),
        fitting.Epoch(2, 1.0, 0.6, 0.9, "b"),
        fitting.Epoch(3, 1.0, 0.6, 0.8, "c"),
    ]
    assert fitting.best_epoch(epochs).number == 3


def test_trained_model_is_exported_served_and_evaluated(tmp_path: Path):
    data = write_corpus(tmp_path)
    told: list[float] = []
    manifest = train(
        data, models_dir=tmp_path / "models", recipe=TINY, work_dir=tmp_path / "runs", progress=told.append
    )
    assert manifest.ref.name == FACE_EMOTION
    assert manifest.version == 1
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert {metric.name for metric in manifest.metrics} >= {"accuracy", "uar", "ece", "majority"}
    card = (tmp_path / "models" / FACE_EMOTION / "1" / "CARD.md").read_text(encoding="utf-8")
    assert "not for decisions about people" in card
    predictor = LiteRtPredictor(models_dir=tmp_path / "models")
    public = evaluate(data, partition="public", predictor=predictor)
    stored = next(metric for metric in manifest.metrics if metric.name == "accuracy")
    assert public["accuracy"] == pytest.approx(stored.value)
    assert public["n"] == 35
    assert "note" not in public
    assert "training data" in evaluate(data, partition="train", predictor=predictor)["note"]
