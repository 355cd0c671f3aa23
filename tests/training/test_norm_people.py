"""Whom the built-in norms count: nobody by a model that knows them, and only who says enough."""

import csv
from pathlib import Path

import numpy as np

from services.audio.training.classifier import Labelled
from services.audio.training.corpora import CLEAN, Corpus, augmented_names
from services.audio.training.dataset import RAVDESS_LABELS, Clip
from services.audio.training.embeddings import Windows
from services.audio.training.norm_people import unheard_neutral
from services.common.contracts.labels import EMOTIONS, TRAITS
from services.common.serving.litert import LiteRtPredictor
from services.common.settings import CommonSettings
from services.text.training.norm_people import speaking_people

PEOPLE, SIZE = 6, 12
NEUTRAL = EMOTIONS.index("neutral")
LONELY = "p0"


def corpus(*, lonely: bool) -> Corpus:
    """Six people whose windows carry the class; one may sound, when neutral, as nobody else ever does."""
    generator = np.random.default_rng(0)
    labels = np.tile(np.arange(len(RAVDESS_LABELS)), PEOPLE)
    people = np.repeat([f"p{number}" for number in range(PEOPLE)], len(RAVDESS_LABELS))
    rows = np.zeros((len(labels), SIZE), np.float32)
    rows[np.arange(len(labels)), labels] = 3.0
    if lonely:
        rows[(people == LONELY) & (labels == 0)] = 3.0 * np.eye(SIZE, dtype=np.float32)[SIZE - 1]
    rows += generator.normal(0.0, 0.5, rows.shape).astype(np.float32)
    windows = Windows(rows, np.arange(len(labels)), np.ones(len(labels), np.float32))
    clips = [
        Clip(path=Path(str(number)), speaker=str(person), emotion=None, source_label=RAVDESS_LABELS[label])
        for number, (person, label) in enumerate(zip(people, labels, strict=True))
    ]
    part = Labelled(windows, labels, people)
    parts = dict.fromkeys((CLEAN, *augmented_names()), part)
    return Corpus(clips, labels, RAVDESS_LABELS, people, parts, "made")


def test_neutral_speech_is_neutral_when_others_sound_alike() -> None:
    found = unheard_neutral([corpus(lonely=False)], temperature=1.0, folds=3)
    assert sorted(found) == [f"p{number}" for number in range(PEOPLE)]
    assert min(row[NEUTRAL] for row in found.values()) > 0.5
    assert {round(float(row.sum()), 6) for row in found.values()} == {1.0}


def test_nothing_of_a_person_is_known_when_this_person_is_scored() -> None:
    found = unheard_neutral([corpus(lonely=True)], temperature=1.0, folds=3)
    assert found[LONELY][NEUTRAL] < 0.5 < min(row[NEUTRAL] for name, row in found.items() if name != LONELY)


def test_clips_of_one_video_are_one_text_when_people_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "first_impressions" / "first_impressions.csv"
    path.parent.mkdir()
    said = "I really like to meet new people and to talk with them about what they do "
    texts = [("a", said), ("a", said), ("b", said), ("c", said * 4)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["clip", "speaker_video", "text", *TRAITS, "interview"])
        writer.writerows([f"{n}", who, text, *[0.5] * 6] for n, (who, text) in enumerate(texts))
    predictor = LiteRtPredictor(models_dir=CommonSettings().models_dir)
    found = speaking_people(tmp_path, predictor=predictor, kept=tmp_path / "kept")
    assert len(found) == 2
    assert [[ref.name for ref in result.models] for result in found] == [["text_traits"]] * 2
    assert all(set(result.traits or {}) == set(TRAITS) for result in found)
