"""The messages between processes: strict, symmetric, and free of anything but pydantic."""

import pytest
from pydantic import ValidationError

from services.common.contracts.labels import EMOTIONS, TRAITS, Modality, ModalityStatus
from services.common.contracts.results import ErrorCode, ModalityResult, TimelineSegment
from services.common.contracts.tasks import ANALYZE_TASK, QUEUE_OF_TASK, AnalyzeTask

UNIFORM = dict.fromkeys(EMOTIONS, 1 / 7)


def test_labels_keep_the_order_of_the_design() -> None:
    assert [str(e) for e in EMOTIONS] == ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
    assert [str(t) for t in TRAITS] == [
        "openness",
        "conscientiousness",
        "extraversion",
        "agreeableness",
        "neuroticism",
    ]


def test_every_analysis_has_a_queue() -> None:
    assert {QUEUE_OF_TASK[ANALYZE_TASK[modality]] for modality in Modality} == {"text", "audio", "video"}


def test_result_survives_json_when_sent_between_processes() -> None:
    result = ModalityResult(
        modality=Modality.AUDIO,
        status=ModalityStatus.SUCCEEDED,
        emotions=UNIFORM,
        timeline=[
            TimelineSegment(start_s=0, end_s=3, label=EMOTIONS[3], confidence=0.5, emotions=UNIFORM),
        ],
    )
    assert ModalityResult.model_validate(result.model_dump(mode="json")) == result


def test_unknown_field_is_refused_when_a_message_drifts() -> None:
    with pytest.raises(ValidationError, match="extra"):
        AnalyzeTask.model_validate(
            {"assessment_id": "asm_1", "modality": "text", "media": None, "content": "the answer itself"}
        )


def test_result_is_refused_when_it_failed_without_a_code() -> None:
    with pytest.raises(ValidationError, match="error_code"):
        ModalityResult(modality=Modality.TEXT, status=ModalityStatus.FAILED)


def test_result_is_refused_when_it_succeeded_with_a_code() -> None:
    with pytest.raises(ValidationError, match="error_code"):
        ModalityResult(modality=Modality.TEXT, status=ModalityStatus.SUCCEEDED, error_code=ErrorCode.INTERNAL)


def test_result_is_refused_when_an_emotion_is_missing() -> None:
    with pytest.raises(ValidationError, match="seven"):
        ModalityResult(
            modality=Modality.AUDIO,
            status=ModalityStatus.SUCCEEDED,
            emotions=dict.fromkeys(EMOTIONS[:2], 0.5),
        )


def test_segment_is_refused_when_it_ends_before_it_starts() -> None:
    with pytest.raises(ValidationError, match="end_s"):
        TimelineSegment(start_s=2, end_s=1, label=EMOTIONS[0], confidence=0.5, emotions=UNIFORM)
