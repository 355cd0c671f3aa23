"""One real training step, export, and evaluation of what was exported."""

import numpy as np
import pytest

from services.audio.features import N_MELS, WINDOW_FRAMES
from services.audio.training.dataset import RAVDESS_LABELS, find_clips
from services.audio.training.evaluate import evaluate
from services.audio.training.fit import Recipe, train_network
from services.audio.training.publish import GROUPS, measure, merge_classes, publish
from services.audio.training.train import load_corpus
from services.common.contracts.labels import EMOTIONS
from services.common.serving.litert import LiteRtPredictor
from tests.media_audio import make_audio_file, make_audio_tone

RECIPE = Recipe(epochs=1, batch_size=8, variants=1)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Sixteen tones under RAVDESS names: eight emotions by an actor trained on and by one who is not."""
    data = tmp_path_factory.mktemp("data")
    (data / "ravdess").mkdir()
    for actor in ("01", "22"):
        for code in range(1, 9):
            tone = make_audio_tone(0.8, pitch_hz=150.0 * code)
            make_audio_file(data / "ravdess" / f"03-01-0{code}-01-01-01-{actor}.wav", tone)
    return data


@pytest.fixture(scope="module")
def corpus(recordings):
    clips, _ = find_clips(recordings, "ravdess")
    return load_corpus(clips, recipe=RECIPE, seed=0)


@pytest.fixture(scope="module")
def trained(corpus):
    losses: list[float] = []
    network = train_network(
        corpus.variants,
        corpus.classes,
        n_classes=len(RAVDESS_LABELS),
        recipe=RECIPE,
        seed=0,
        on_epoch=lambda _, loss: losses.append(loss),
    )
    return network, losses


@pytest.fixture(scope="module")
def models_dir(corpus, trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    logits = [np.asarray(trained[0](windows)) for windows in corpus.served]
    publish(
        trained[0],
        clips=corpus.clips,
        logits=logits,
        weights=corpus.weights,
        check_batch=np.concatenate(corpus.served[:4]),
        digest="0" * 64,
        seed=0,
        recipe=RECIPE,
        models_dir=folder,
    )
    return folder


def test_the_features_have_one_row_per_clip_when_a_corpus_is_loaded(corpus):
    assert corpus.variants.shape == (16, 2, N_MELS, WINDOW_FRAMES)
    assert corpus.classes.tolist() == [c for c in range(8) for _ in range(2)]


def test_one_step_gives_a_finite_loss_and_moves_weights_when_training(trained):
    network, losses = trained
    assert len(losses) == 1
    assert 0.0 < losses[0] < 10.0
    bias = network.get_layer("logits").get_weights()[1]
    assert np.abs(bias).max() > 0.0


def test_the_served_model_gives_calibrated_product_labels_when_exported(models_dir, corpus):
    predictor = LiteRtPredictor(models_dir=models_dir)
    manifest = predictor.manifest("voice_emotion")
    assert manifest.labels == [emotion.value for emotion in EMOTIONS]
    assert manifest.input.name == "log_mel"
    assert manifest.licence == "CC-BY-NC-SA-4.0"
    assert {"uar", "ece", "ece_before_temperature", "uar_8_classes"} <= {m.name for m in manifest.metrics}
    probabilities = predictor.predict("voice_emotion", np.concatenate(corpus.served))
    assert probabilities.shape == (16, 7)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-5)


def test_the_card_says_what_the_model_is_not_for_when_exported(models_dir):
    card = (models_dir / "voice_emotion" / "1" / "CARD.md").read_text(encoding="utf-8")
    for statement in ("acted speech", "not for\ndecisions about people", "inherit", "Known failures"):
        assert statement in card


def test_new_actors_are_told_from_known_ones_when_ravdess_is_evaluated(models_dir, recordings):
    report = evaluate(recordings, corpus="ravdess", predictor=LiteRtPredictor(models_dir=models_dir))
    assert (report["model"], report["version"], report["n"]) == ("voice_emotion", 1, 16)
    assert report["training_actors"]["n"] == 8
    assert report["other_actors"]["n"] == 8
    assert report["without_speech"] == 16
    assert set(report["per_class"]) == set(EMOTIONS)
    assert report["per_class"]["neutral"]["n"] == 4
    assert "8 clips are by actors 01-20" in report["note"]
    assert report["intervals"]["accuracy"][0] <= report["accuracy"] <= report["intervals"]["accuracy"][1]


def test_a_file_that_does_not_decode_is_counted_when_a_corpus_is_evaluated(models_dir, tmp_path):
    make_audio_file(tmp_path / "DC_a01.flac", make_audio_tone(1.0))
    (tmp_path / "DC_su02.wav").write_bytes(b"RIFF and nothing")
    report = evaluate(tmp_path, corpus="savee", predictor=LiteRtPredictor(models_dir=models_dir))
    assert (report["n"], report["undecodable"]) == (1, 1)


def test_probabilities_of_calm_and_neutral_add_up_when_merged():
    merged = merge_classes(np.eye(8))
    assert merged[0].argmax() == merged[1].argmax() == EMOTIONS.index("neutral")
    assert merged.sum() == 8.0
    assert sorted(set(GROUPS)) == list(range(7))


def test_temperature_lowers_the_calibration_error_when_logits_are_too_sure(corpus):
    generator = np.random.default_rng(0)
    right = np.eye(8)[corpus.classes]
    logits = [(20.0 * (0.6 * row + generator.random(8)))[None].astype(np.float32) for row in right]
    figures = measure(corpus.clips, logits, corpus.weights)
    assert figures.temperature > 1.5
    assert figures.product.nll < figures.uncalibrated.nll
    assert figures.slices["men"][1] == 8
