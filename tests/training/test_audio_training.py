"""Classifier, protocols, export and evaluation of the voice model, on small made-up corpora."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.audio.confidence import BY_LENGTH, BY_NOISE, BY_VOICES, TEMPERING
from services.audio.features import WINDOW_SIZE
from services.audio.training import conditions
from services.audio.training.classifier import (
    Labelled,
    choose_strength,
    clip_means,
    clip_probabilities,
    enrolled_logits,
    fit_classifier,
    measure_population,
)
from services.audio.training.conditions import CONDITIONS, SECOND_VOICE
from services.audio.training.corpora import EMODB_LABELS, Corpus, augmented_names, load
from services.audio.training.dataset import RAVDESS_LABELS, Clip, find_clips
from services.audio.training.embeddings import Windows, windows_of
from services.audio.training.evaluate import evaluate
from services.audio.training.measure import measure
from services.audio.training.publish import held_out_scores, publish
from services.audio.training.tables import GROUPS
from services.audio.training.train import publish_measured
from services.audio.training.voices import fit_voices
from services.common.contracts.labels import EMOTIONS, Emotion
from services.common.serving.litert import LiteRtPredictor
from services.common.serving.registry import VOICE_EMOTION, VOICE_ENCODER
from services.common.settings import CommonSettings
from services.training.folders import Folders
from services.training.publishing import read_served
from services.training.results import Figure
from tests.media_audio import make_audio_file, make_audio_tone
from tests.published import untouched_publications

DIMENSIONS = 24


def corpus_of(names: list[str], classes: tuple[str, ...], corpus: str, *, size: int = DIMENSIONS) -> Corpus:
    """Clips whose windows are the sum of an emotion, a person and noise; worse under every condition."""
    generator = np.random.default_rng(0)
    clips = []
    for name in names:
        (path, speaker, label) = name.split("|")
        clips.append(Clip(Path(path), speaker, None if label == "boredom" else _product(label), label))
    labels = np.array([classes.index(clip.source_label) for clip in clips])
    people = np.array([f"{corpus}-{clip.speaker}" for clip in clips])
    voices = {person: generator.normal(0.0, 2.0, size) for person in np.unique(people)}
    emotions = generator.normal(0.0, 1.0, (len(classes), size))
    rows = np.stack([emotions[label] + voices[person] for label, person in zip(labels, people, strict=True)])
    parts = {}
    for number, condition in enumerate(("clean", *augmented_names(), *CONDITIONS, SECOND_VOICE)):
        noisy = rows + generator.normal(0.0, 0.5 if condition == "clean" else 0.6 + 0.1 * number, rows.shape)
        windows = Windows(noisy.astype(np.float32), np.arange(len(rows)), np.full(len(rows), 2.0, np.float32))
        parts[condition] = Labelled(windows, labels, people)
    return Corpus(clips, labels, classes, people, parts, "0" * 64)


def _product(label: str) -> Emotion:
    return Emotion.NEUTRAL if label == "calm" else Emotion(label)


@pytest.fixture(scope="module")
def ravdess() -> Corpus:
    names = [
        f"03-01-0{code + 1}-0{1 + repetition}-0{statement}-01-{actor:02d}.flac|{actor:02d}|{label}"
        for actor in range(1, 11)
        for code, label in enumerate(RAVDESS_LABELS)
        for statement in (1, 2)
        for repetition in (0, 1)
    ]
    return corpus_of(names, RAVDESS_LABELS, "ravdess")


@pytest.fixture(scope="module")
def emodb() -> Corpus:
    names = [
        f"{speaker:02d}a0{take}X.flac|{speaker:02d}|{label}"
        for speaker in range(4)
        for label in EMODB_LABELS
        for take in (1, 2)
    ]
    return corpus_of(names, EMODB_LABELS, "emodb")


@pytest.fixture(scope="module")
def measured(ravdess: Corpus, emodb: Corpus):
    told: list[float] = []
    found = measure(ravdess, emodb, seeds=[0], progress=told.append)
    assert told == sorted(told)
    return found


@pytest.fixture(scope="module")
def models_dir(ravdess: Corpus, emodb: Corpus, measured, tmp_path_factory) -> Path:
    """A version made of real training code and a random classifier of the real size."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(CommonSettings().models_dir / VOICE_ENCODER, folder / VOICE_ENCODER)
    names = [f"{clip.path}|{clip.speaker}|{clip.source_label}" for clip in ravdess.clips[:64]]
    wide = corpus_of(names, RAVDESS_LABELS, "ravdess", size=WINDOW_SIZE)
    publish(
        fit_classifier([wide.clean], n_classes=8, strength=1.0, seed=0),
        held_out=held_out_scores(measured, ravdess, emodb),
        measured=measured,
        ravdess=wide,
        emodb=emodb,
        voices=fit_voices(ravdess, emodb, seed=0),
        encoder=LiteRtPredictor(models_dir=folder).manifest(VOICE_ENCODER),
        seed=0,
        models_dir=folder,
    )
    return folder


def test_people_do_better_when_more_of_them_is_known(ravdess: Corpus):
    train, test = np.arange(0, 192), np.arange(192, 320)
    model = fit_classifier([ravdess.clean.of(train)], n_classes=8, strength=0.1, seed=0)
    part = ravdess.clean.of(test)

    def accuracy(count: int) -> float:
        clips, rows = clip_probabilities(enrolled_logits(model, part, count=count, seed=0), part.windows)
        return float((rows.argmax(axis=1) == part.labels[clips]).mean())

    assert accuracy(1000) > accuracy(4) > accuracy(0)


def test_the_deviation_is_that_within_people_when_the_population_is_measured(ravdess: Corpus):
    population = measure_population([ravdess.clean])
    assert population.deviation.mean() < ravdess.clean.windows.rows.std(axis=0).mean() / 1.3
    assert (population.deviation > 0).all()


def test_clips_weigh_windows_by_speech_when_averaged():
    windows = Windows(
        np.array([[0.0], [3.0], [5.0]], np.float32),
        np.array([4, 4, 7]),
        np.array([2.0, 1.0, 1.0], np.float32),
    )
    clips, means = clip_means(windows)
    assert clips.tolist() == [4, 7]
    np.testing.assert_allclose(means, [[1.0], [5.0]])


def test_a_penalty_of_the_list_is_chosen_when_inner_folds_are_scored(ravdess: Corpus):
    people = np.arange(0, 320)
    folds = [people[:160], people[160:]]
    assert choose_strength([ravdess.clean], folds=folds, n_classes=8, seed=0) in (0.03, 0.1, 0.3)


def test_every_protocol_has_rows_when_all_are_run(measured):
    protocols = {row.protocol.split(",")[0] for row in measured.rows}
    assert {"RAVDESS", "EMO-DB alone", "RAVDESS → EMO-DB"} <= protocols
    assert any("leaky" in row.protocol for row in measured.rows)
    assert any("sentence new" in row.protocol for row in measured.rows)
    titles = {row.title for row in measured.rows}
    assert {"one clip", "normalised, 8 clips", "women", "strong intensity", "telephone band, µ-law"} <= titles
    first = measured.rows[0]
    assert first.figures["uar"].low <= first.figures["uar"].value <= first.figures["uar"].high
    assert first.figures["uar"].value > 0.3
    assert {"ece", "ece_before", "nll", "nll_before"} <= set(first.figures)


def test_worse_sound_never_makes_surer_when_calibrated(measured):
    calibration = measured.calibration
    assert calibration.temperature > 0.0
    assert all(factor >= 1.0 for _, factor in calibration.by_noise + calibration.by_length)
    assert [at for at, _ in calibration.by_noise] == sorted(at for at, _ in calibration.by_noise)
    assert calibration.by_voices >= 1.0


def test_the_served_model_gives_calibrated_product_labels_when_exported(models_dir: Path):
    predictor = LiteRtPredictor(models_dir=models_dir)
    manifest = predictor.manifest("voice_emotion")
    assert manifest.labels == [emotion.value for emotion in EMOTIONS]
    assert manifest.licence == "CC-BY-NC-SA-4.0"
    assert {"uar", "accuracy", "ece", "uar_8_classes", "uar_normalised"} <= {m.name for m in manifest.metrics}
    assert set(manifest.preprocessing[TEMPERING]) == {BY_NOISE, BY_LENGTH, BY_VOICES}
    rows = predictor.predict("voice_emotion", np.zeros((3, WINDOW_SIZE), np.float32))
    np.testing.assert_allclose(rows.sum(axis=1), 1.0, atol=1e-5)
    assert sorted(set(GROUPS)) == list(range(7))


def test_the_card_says_what_the_model_is_not_for_when_exported(models_dir: Path):
    card = (models_dir / "voice_emotion" / "1" / "CARD.md").read_text(encoding="utf-8")
    for statement in ("acted speech", "not for\ndecisions about people", "inherit", "## Limits", "→ EMO-DB"):
        assert statement in card


def test_two_people_are_found_more_often_than_chance_when_voices_are_fitted(ravdess: Corpus, emodb: Corpus):
    found = fit_voices(ravdess, emodb, seed=0)
    assert found.projection.shape == (DIMENSIONS, 8)
    assert all(share > 0.3 for _, share in found.detected)


def test_the_figure_is_that_of_the_manifest_when_it_is_compared_row_by_row(models_dir: Path):
    served = read_served(models_dir, VOICE_EMOTION)
    assert served is not None
    assert served.held_out is not None
    uar = next(metric for metric in served.manifest.metrics if metric.name == "uar")
    assert served.held_out.figure.value == pytest.approx(uar.value, abs=2e-6)
    assert (served.held_out.protocol, served.held_out.seeds) == (uar.protocol, [0])


def test_nothing_is_published_when_the_voice_is_no_better_than_the_served_one(
    models_dir: Path, measured, ravdess: Corpus, emodb: Corpus, tmp_path: Path
):
    folders = Folders(models_dir, tmp_path / "results", tmp_path / "runs")
    wide = replace(ravdess, digest="1" * 64)
    encoder = LiteRtPredictor(models_dir=models_dir).manifest(VOICE_ENCODER)

    def outcome(corpus: Corpus):
        return publish_measured(measured, corpus, emodb, folders, encoder=encoder, seed=0, anyway=False)

    with untouched_publications():
        same, other_data = outcome(ravdess), outcome(wide)
    assert same.comparison.difference == Figure(value=0.0, low=0.0, high=0.0)
    assert "not better, not published" in same.text
    assert other_data.comparison.obstacle == "it was measured with other data."
    assert same.manifest is other_data.manifest is None
    assert [path.name for path in (models_dir / VOICE_EMOTION).iterdir()] == ["1"]
    assert not any(tmp_path.iterdir())


@pytest.fixture(scope="module")
def recordings(tmp_path_factory) -> Path:
    """Sixteen tones under RAVDESS names: eight emotions by an actor trained on and by one who is not."""
    data = tmp_path_factory.mktemp("data")
    (data / "ravdess").mkdir()
    for actor in ("01", "22"):
        for code in range(1, 9):
            tone = make_audio_tone(0.8, pitch_hz=150.0 * code)
            make_audio_file(data / "ravdess" / f"03-01-0{code}-01-01-01-{actor}.wav", tone)
    return data


def test_new_actors_are_told_from_known_ones_when_ravdess_is_evaluated(models_dir: Path, recordings: Path):
    report = evaluate(recordings, corpus="ravdess", predictor=LiteRtPredictor(models_dir=models_dir))
    assert (report["model"], report["version"], report["n"]) == ("voice_emotion", 1, 16)
    assert report["training_people"]["n"] == 8
    assert report["other_people"]["n"] == 8
    assert report["without_speech"] == 16
    assert set(report["per_class"]) == set(EMOTIONS)
    assert report["per_class"]["neutral"]["n"] == 4
    assert "8 clips are by people whom the model was trained on" in report["note"]
    assert report["intervals"]["accuracy"][0] <= report["accuracy"] <= report["intervals"]["accuracy"][1]


def test_a_file_that_does_not_decode_is_counted_when_a_corpus_is_evaluated(models_dir: Path, tmp_path: Path):
    make_audio_file(tmp_path / "DC_a01.flac", make_audio_tone(1.0))
    (tmp_path / "DC_su02.wav").write_bytes(b"RIFF and nothing")
    report = evaluate(tmp_path, corpus="savee", predictor=LiteRtPredictor(models_dir=models_dir))
    assert (report["n"], report["undecodable"]) == (1, 1)


def test_windows_come_from_the_cache_when_they_were_made_before(recordings: Path, models_dir: Path, tmp_path):
    clips, _ = find_clips(recordings, "ravdess")
    predictor = LiteRtPredictor(models_dir=models_dir)
    made = windows_of(clips[:3], condition="augmented-0", predictor=predictor, cache=tmp_path)
    (kept,) = tmp_path.glob("augmented-0-*.npz")
    stamp = kept.stat().st_mtime_ns
    again = windows_of(clips[:3], condition="augmented-0", predictor=predictor, cache=tmp_path)
    np.testing.assert_array_equal(made.rows, again.rows)
    assert kept.stat().st_mtime_ns == stamp
    assert made.rows.shape[1] == WINDOW_SIZE


def test_only_actors_that_may_be_trained_on_are_loaded_when_ravdess_is_read(
    recordings: Path, models_dir: Path, tmp_path: Path
):
    predictor = LiteRtPredictor(models_dir=models_dir)
    corpus = load(recordings, "ravdess", predictor=predictor, degraded=False, cache=tmp_path)
    assert set(corpus.people) == {"ravdess-01"}
    merged = corpus.under(("neutral", "happy"), merge={"calm": "neutral"})
    assert merged.labels.tolist() == [0, 0, 1, -1, -1, -1, -1, -1]
    assert set(merged.clean.windows.clip) == {0, 1, 2}


SPEECH_LIKE = make_audio_tone(2.0, pitch_hz=140.0)


@pytest.mark.parametrize("name", list(CONDITIONS))
def test_sound_stays_finite_and_its_length_when_degraded(name: str):
    changed = CONDITIONS[name](SPEECH_LIKE, np.random.default_rng(0))
    assert changed.dtype == np.float32
    assert np.isfinite(changed).all()
    if not name.startswith("excerpt"):
        assert abs(changed.size - SPEECH_LIKE.size) < 400


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 20.0])
def test_noise_has_the_level_asked_for_when_added(snr_db: float):
    noisy = conditions.noisy(SPEECH_LIKE, np.random.default_rng(0), snr_db=snr_db)
    noise_power = float(np.mean((noisy - SPEECH_LIKE) ** 2))
    measured_db = 10.0 * np.log10(conditions.speech_power(SPEECH_LIKE) / noise_power)
    assert measured_db == pytest.approx(snr_db, abs=0.3)


def test_a_telephone_keeps_its_band_when_sound_goes_through():
    time_s = np.arange(32_000) / 16_000
    hum, voice = (np.sin(2 * np.pi * hz * time_s).astype(np.float32) for hz in (60.0, 1000.0))
    generator = np.random.default_rng(0)
    low, kept = (float(np.std(conditions.telephone(sound, generator)[4000:-4000])) for sound in (hum, voice))
    assert kept > 0.6
    assert low < 0.05 * kept


def test_an_excerpt_holds_the_loudest_part_when_cut():
    sound = np.concatenate([np.zeros(16_000), np.ones(8_000), np.zeros(16_000)]).astype(np.float32)
    assert conditions.excerpt(sound, length_s=0.5).mean() > 0.95
