"""The messages between processes: strict, symmetric, and free of anything but pydantic."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from services.common.contracts.labels import EMOTIONS, TRAITS, AssessmentStatus, Modality, ModalityStatus
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.results import ErrorCode, Fused, ModalityResult, Report, TimelineSegment
from services.common.contracts.tasks import ANALYZE_TASK, QUEUE_OF_TASK, AnalyzeTask, CombineTask
from services.common.contracts.voice import VoiceSummary

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


SUMMARY = VoiceSummary(model=ModelRef(name="voice_encoder", version=1), clips=2.0, mean="ADwAPA==")
HEARD = ModalityResult(
    modality=Modality.AUDIO, status=ModalityStatus.SUCCEEDED, emotions=UNIFORM, voice_summary=SUMMARY
)


def test_enrolment_survives_json_when_sent_between_processes() -> None:
    task = AnalyzeTask(assessment_id="asm_1", modality=Modality.AUDIO, media=None, enrolment=SUMMARY)
    assert AnalyzeTask.model_validate(task.model_dump(mode="json")) == task
    assert ModalityResult.model_validate(HEARD.model_dump(mode="json")) == HEARD


def test_no_voice_is_kept_when_the_message_does_not_say_so() -> None:
    assert not CombineTask.model_validate({"assessment_id": "asm_1", "tenant_id": "ten_a"}).keep_voice_summary


def test_report_is_refused_when_it_holds_a_voice_summary() -> None:
    with pytest.raises(ValidationError, match="voice_summary"):
        Report(
            assessment_id="asm_1",
            status=AssessmentStatus.SUCCEEDED,
            fused=Fused(),
            modalities={Modality.AUDIO: HEARD},
            created_at=datetime.now(UTC),
        )


def test_segment_is_refused_when_it_ends_before_it_starts() -> None:
    with pytest.raises(ValidationError, match="end_s"):
        TimelineSegment(start_s=2, end_s=1, label=EMOTIONS[0], confidence=0.5, emotions=UNIFORM)
