import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fusion.benchmark import Others
from fusion.notices import warnings
from fusion.reliability import ModelCards, channel_reliability
from fusion.report import combine_results, fuse, voice_summary
from fusion.settings import FusionSettings
from services.common.contracts.labels import EMOTIONS, TRAITS, AssessmentStatus, Modality, ModalityStatus
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.notices import EMOTION_RESTRICTED
from services.common.contracts.results import ErrorCode, ModalityResult, Notice, Report
from services.common.contracts.voice import VoiceSummary
from services.common.serving.registry import Manifest, Metric, TensorSpec
from services.common.statistics.histogram import Histogram

NOW = datetime(2026, 1, 2, tzinfo=UTC)
VOICE = ModalityResult(
    modality=Modality.AUDIO,
    status=ModalityStatus.SUCCEEDED,
    emotions=dict.fromkeys(EMOTIONS, 1 / 7),
    models=[ModelRef(name="voice_emotion", version=2)],
)
WORDS = ModalityResult(
    modality=Modality.TEXT,
    status=ModalityStatus.SUCCEEDED,
    traits=dict.fromkeys(TRAITS, 0.6),
    models=[ModelRef(name="text_traits", version=1)],
)
NO_FACE = ModalityResult(
    modality=Modality.VIDEO, status=ModalityStatus.FAILED, error_code=ErrorCode.NO_FACE, reason="No face."
)


def write_manifest(models_dir: Path, name: str, version: int, *metrics: Metric) -> None:
    folder = models_dir / name / str(version)
    folder.mkdir(parents=True)
    spec = TensorSpec(name="x", shape=[None, 1])
    manifest = Manifest(
        name=name,
        version=version,
        labels=list(EMOTIONS),
        input=spec,
        output=spec,
        metrics=list(metrics),
        created_at=NOW,
        licence="test",
    )
    (folder / "manifest.json").write_text(manifest.model_dump_json())


def test_voice_summary_is_taken_off_when_results_are_combined(tmp_path: Path) -> None:
    kept = VoiceSummary(model=ModelRef(name="voice_encoder", version=1), clips=2.0, mean="ADwAPA==")
    results = [WORDS, VOICE.model_copy(update={"voice_summary": kept}), NO_FACE]
    assert voice_summary(results) == kept
    combination = combine_results(results, settings=FusionSettings(), cards=ModelCards(tmp_path))
    assert combination.results[Modality.AUDIO] == VOICE
    assert voice_summary([WORDS, VOICE, NO_FACE]) is None


def test_report_holds_everything_when_one_channel_failed(tmp_path: Path) -> None:
    report, combination = fuse(
        [WORDS, VOICE, NO_FACE],
        assessment_id="asm_1",
        purpose="self_practice",
        policy=[EMOTION_RESTRICTED],
        settings=FusionSettings(min_cohort_size=20),
        cards=ModelCards(tmp_path),
        references=[],
        read_others=lambda _: Others(same_question={"trait.openness": Histogram.from_scores([0.1] * 20)}),
        created_at=NOW,
    )
    assert combination.fused == report.fused
    assert report.status is AssessmentStatus.PARTIALLY_SUCCEEDED
    assert report.benchmark["trait.openness"].percentile == 100.0
    assert report.benchmark["emotion.happy"].reason == "cohort_too_small"
    assert "congruence" not in report.benchmark
    assert Report.model_validate(json.loads(report.model_dump_json())) == report


def notice_codes(
    *results: ModalityResult, policy: Sequence[Notice] = (EMOTION_RESTRICTED,), purpose: str = "self_practice"
) -> list[str]:
    by_modality = {result.modality: result for result in results}
    notices = warnings(by_modality, policy=policy, purpose=purpose, trait_accuracy=None)
    return [notice.code for notice in notices]


def test_warnings_name_the_restriction_when_emotions_were_read_without_a_jurisdiction() -> None:
    assert notice_codes(VOICE)[0] == "emotion_inference_restricted"


def test_warnings_leave_the_restriction_out_when_there_are_only_words() -> None:
    assert notice_codes(WORDS) == ["traits_from_text_weak"]


def test_warnings_leave_the_restriction_out_when_the_jurisdiction_is_known() -> None:
    assert notice_codes(VOICE, policy=()) == ["acted_speech"]


def test_warnings_of_the_law_come_first_when_there_are_only_words() -> None:
    law = Notice(code="local_law", detail="Ask first.")
    assert notice_codes(WORDS, policy=[law]) == ["local_law", "traits_from_text_weak"]


def test_warnings_leave_out_a_channel_when_it_failed() -> None:
    assert "labelled_photographs" not in notice_codes(VOICE, NO_FACE)


def test_warnings_say_it_is_no_ground_for_decisions_when_the_purpose_is_hiring() -> None:
    assert "not_for_decisions" in notice_codes(WORDS, purpose="hiring")


def test_traits_warning_gives_the_interval_when_the_manifest_has_it() -> None:
    accuracy = Metric(name="accuracy", value=0.583, low=0.57, high=0.596, protocol="10-fold by essay")
    notices = warnings({Modality.TEXT: WORDS}, policy=(), purpose="self_practice", trait_accuracy=accuracy)
    assert "58.3%" in notices[0].detail
    assert "57.0% to 59.6%" in notices[0].detail


def test_reliability_comes_from_the_exact_version_when_there_are_two(tmp_path: Path) -> None:
    write_manifest(tmp_path, "voice_emotion", 1, Metric(name="uar", value=1.0, protocol="old"))
    write_manifest(tmp_path, "voice_emotion", 2, Metric(name="uar", value=4 / 7, protocol="new"))
    measured = channel_reliability([VOICE, WORDS], ModelCards(tmp_path), unmeasured=0.9)
    assert measured == {Modality.AUDIO: pytest.approx(0.5)}


def test_reliability_is_the_default_when_no_manifest_can_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "voice_emotion" / "2"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{broken")
    assert channel_reliability([VOICE], ModelCards(tmp_path), unmeasured=0.4) == {Modality.AUDIO: 0.4}
