"""Built-in norms: counted by the code that serves, and committed for the models that are served."""

from pathlib import Path

import pytest

from fusion.references import load_references, references_for
from fusion.reliability import ModelCards
from fusion.report import combine_results
from fusion.settings import FusionSettings
from fusion.training.norms import FILMED, VOICES, Group, norms_of, write_norms
from services.common.contracts.labels import EMOTIONS, TRAITS, Modality, ModalityStatus
from services.common.contracts.results import ModalityResult
from services.common.serving.registry import (
    FACE_ACTIVATION,
    FACE_DETECTOR,
    FACE_DETECTOR_FULL,
    FACE_EMOTION,
    FACE_LANDMARKS,
    IRIS,
    TEXT_IMPRESSION,
    TEXT_TRAITS,
    VOICE_EMOTION,
    VOICE_ENCODER,
    load_manifest,
)
from services.common.settings import CommonSettings
from services.common.statistics.model_keys import parse_model_key

MODELS = {
    Modality.TEXT: (TEXT_TRAITS, TEXT_IMPRESSION),
    Modality.AUDIO: (VOICE_EMOTION, VOICE_ENCODER),
    Modality.VIDEO: (FACE_EMOTION, FACE_ACTIVATION, FACE_DETECTOR, FACE_DETECTOR_FULL, FACE_LANDMARKS, IRIS),
}
"""What a served result names, as the pipelines do."""
ANSWERS = {
    "words": ([Modality.TEXT], {f"trait.{trait}" for trait in TRAITS}),
    "voice": ([Modality.AUDIO], {f"emotion.{emotion}" for emotion in EMOTIONS}),
    "face": ([Modality.VIDEO], {f"emotion.{emotion}" for emotion in EMOTIONS}),
    "video": (
        [Modality.AUDIO, Modality.VIDEO],
        {f"emotion.{emotion}" for emotion in EMOTIONS} | {"congruence"},
    ),
}
REBUILD = "the served models changed: make the norms anew with `candor train norms`"


def served_result(modality: Modality, *, happy: float = 0.4) -> ModalityResult:
    """A result that names the models of this checkout."""
    rest = (1.0 - happy) / (len(EMOTIONS) - 1)
    models_dir = CommonSettings().models_dir
    words = modality is Modality.TEXT
    return ModalityResult(
        modality=modality,
        status=ModalityStatus.SUCCEEDED,
        emotions=None if words else {label: happy if label == "happy" else rest for label in EMOTIONS},
        traits=dict.fromkeys(TRAITS, 0.5) if words else None,
        models=[load_manifest(models_dir, name).ref for name in MODELS[modality]],
    )


@pytest.mark.parametrize("answer", ANSWERS)
def test_every_kind_of_answer_finds_its_norms_when_only_the_committed_ones_are_there(answer: str) -> None:
    channels, scores = ANSWERS[answer]
    settings, cards = FusionSettings(), ModelCards(CommonSettings().models_dir)
    combination = combine_results(
        [served_result(modality) for modality in channels], settings=settings, cards=cards
    )
    found = references_for(combination.model_keys, load_references(settings.norms_dir))
    assert set(found) == scores, REBUILD


def test_no_committed_norm_is_of_older_models_when_the_served_ones_changed() -> None:
    models_dir = CommonSettings().models_dir
    pool = ModelCards(models_dir).pool()
    served = {load_manifest(models_dir, name).ref for names in MODELS.values() for name in names} | {pool}
    norms = load_references(FusionSettings().norms_dir)
    named = {ref for norm in norms for ref in parse_model_key(norm.model_key)[1]}
    assert named
    assert named <= served, REBUILD


def test_everybody_counts_once_for_each_score_when_norms_are_made() -> None:
    people = [(served_result(Modality.AUDIO, happy=happy),) for happy in (0.1, 0.4, 0.4)]
    norms = {
        norm.score: norm for norm in norms_of(Group(VOICES, people), models_dir=CommonSettings().models_dir)
    }
    assert norms["emotion.happy"].counts == {100: 1, 400: 2}
    assert {sum(norm.counts.values()) for norm in norms.values()} == {3}
    assert norms["emotion.happy"].source == VOICES


def test_voice_and_face_and_both_have_norms_of_their_own_when_people_were_filmed(tmp_path: Path) -> None:
    filmed = [
        (served_result(Modality.AUDIO), served_result(Modality.VIDEO, happy=happy)) for happy in (0.2, 0.6)
    ]
    counted = write_norms(
        spoken=[served_result(Modality.TEXT)],
        voices=[served_result(Modality.AUDIO, happy=0.9)],
        filmed=filmed,
        models_dir=CommonSettings().models_dir,
        folder=tmp_path,
    )
    assert counted == {"traits.json": 1, "voices.json": 3, "filmed.json": 2}
    happy = [norm for norm in load_references(tmp_path) if norm.score == "emotion.happy"]
    by_size = sorted((sum(norm.counts.values()), norm.model_key.startswith("logpool")) for norm in happy)
    assert by_size == [(2, False), (2, True), (3, False)]
    assert {norm.source.corpus for norm in happy} == {VOICES.corpus, FILMED.corpus}
