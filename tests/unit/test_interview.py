"""Several answers in one view: how scores are put together, and what is said of what is missing."""

import itertools
import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from scipy.stats import t as student_t

from services.common.contracts.interview import AnswerStatus, InterviewReport, InterviewStatus
from services.common.contracts.labels import EMOTIONS, TRAITS, AssessmentStatus, Modality, ModalityStatus
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.results import (
    ChannelWeight,
    EmotionScores,
    ErrorCode,
    Fused,
    ModalityResult,
    Notice,
    Quality,
    Report,
    TraitScores,
)
from services.common.contracts.text import Estimate, TextMeasures
from services.common.contracts.voice import VoiceMeasures
from services.common.interviews.pooling import QuestionReport, build_interview_report
from services.common.statistics.pooled_scores import STUDENT_T, WeightedScore, normalise_weights, pool_scores

THEN = datetime(2026, 3, 2, tzinfo=UTC)


def emotions(seed: int) -> EmotionScores:
    raw = [random.Random(seed * 7 + place).random() + 0.01 for place in range(len(EMOTIONS))]
    return {label: value / math.fsum(raw) for label, value in zip(EMOTIONS, raw, strict=True)}


def traits(seed: int) -> TraitScores:
    return {trait: random.Random(seed * 5 + place).random() for place, trait in enumerate(TRAITS)}


def words_result(seed: int, *, words: int, version: int = 1) -> ModalityResult:
    scores = traits(seed)
    return ModalityResult(
        modality=Modality.TEXT,
        status=ModalityStatus.SUCCEEDED,
        traits=scores,
        trait_intervals={
            trait: Estimate(value=value, low=value * 0.9, high=value + (1 - value) * 0.1)
            for trait, value in scores.items()
        },
        text=TextMeasures(words=words, sentences=3),
        models=[ModelRef(name="text_traits", version=version)],
    )


def voice_result(seed: int, *, speech_s: float) -> ModalityResult:
    return ModalityResult(
        modality=Modality.AUDIO,
        status=ModalityStatus.SUCCEEDED,
        emotions=emotions(seed),
        voice=VoiceMeasures(speech_s=speech_s, speech_share=0.8, segments=4, sample_rate_hz=16_000),
    )


def face_result(seed: int, *, face_s: float) -> ModalityResult:
    return ModalityResult(
        modality=Modality.VIDEO,
        status=ModalityStatus.SUCCEEDED,
        emotions=emotions(seed + 100),
        quality=Quality(duration_s=face_s * 2, coverage=0.5),
    )


def report(*results: ModalityResult, fused: EmotionScores | None = None, days: int = 0) -> Report:
    by_modality = {result.modality: result for result in results}
    text = by_modality.get(Modality.TEXT)
    channels = [result for result in results if result.emotions is not None]
    return Report(
        assessment_id="asm_x",
        status=AssessmentStatus.SUCCEEDED,
        fused=Fused(
            emotions=fused or (channels[0].emotions if channels else None),
            traits=text.traits if text else None,
            congruence=0.8 if len(channels) == 2 else None,
            channels=[ChannelWeight(modality=r.modality, weight=1 / len(channels)) for r in channels],
        ),
        modalities=by_modality,
        warnings=[Notice(code="traits_from_text_weak", detail="Weak.")],
        created_at=THEN + timedelta(days=days),
    )


def answers(*reports: Report | None) -> list[QuestionReport]:
    return [
        QuestionReport(
            question=f"q_{place}",
            text="Why?",
            status=AnswerStatus.UNANSWERED if found is None else AnswerStatus.SUCCEEDED,
            report=found,
            assessment=None if found is None else f"asm_{place}",
            path=None if found is None else f"/v1/assessments/asm_{place}/report",
        )
        for place, found in enumerate(reports)
    ]


def build(parts: Sequence[QuestionReport]) -> InterviewReport:
    return build_interview_report(parts, interview_id="int_1", created_at=THEN - timedelta(days=1))


def whole(seed: int) -> Report:
    """An answer with words, voice and face of lengths of its own."""
    return report(
        words_result(seed, words=40 + seed * 31),
        voice_result(seed, speech_s=10.0 + seed * 3.7),
        face_result(seed, face_s=8.0 + seed * 5.1),
    )


def test_quantiles_are_those_of_students_distribution() -> None:
    exact = [student_t.ppf(0.975, degrees) for degrees in range(1, 31)]
    assert pytest.approx(exact, abs=5e-4) == STUDENT_T


def test_interval_is_that_of_a_mean_when_all_answers_weigh_the_same() -> None:
    values = [0.42, 0.47, 0.51, 0.58]
    score = pool_scores([WeightedScore(value, 0.25) for value in values])
    mean = math.fsum(values) / 4
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / 3)
    low, high = student_t.interval(0.95, 3, loc=mean, scale=sd / 2)
    assert (score.value, score.spread) == pytest.approx((mean, sd))
    assert (score.low, score.high) == pytest.approx((low, high), abs=1e-4)
    assert (score.lowest, score.highest, score.answers) == (0.42, 0.58, 4)


def test_interval_is_as_wide_as_the_answers_own_when_they_agree() -> None:
    own = Estimate(value=0.6, low=0.5, high=0.75)
    score = pool_scores([WeightedScore(0.6, 0.3, own), WeightedScore(0.6, 0.7, own)])
    assert (score.value, score.low, score.high) == pytest.approx((0.6, 0.5, 0.75))
    assert score.spread == pytest.approx(0.0)
    partly = pool_scores([WeightedScore(0.6, 0.3, own), WeightedScore(0.6, 0.7)])
    assert (partly.low, partly.high) == pytest.approx((0.5, 0.75))


def test_interval_widens_by_birges_ratio_when_answers_differ_more_than_their_own_allow() -> None:
    values = [0.4, 0.5, 0.6]
    own = [Estimate(value=value, low=value - 0.05, high=value + 0.05) for value in values]
    score = pool_scores(
        [WeightedScore(value, 1 / 3, around) for value, around in zip(values, own, strict=True)]
    )
    ratio = math.sqrt(2 * (0.1 / (0.05 / 1.96)) ** 2 / 2)
    assert (score.low, score.high) == pytest.approx((0.5 - ratio * 0.05, 0.5 + ratio * 0.05))
    close = [WeightedScore(value, 0.5, Estimate(value=value, low=0.3, high=0.7)) for value in (0.49, 0.51)]
    assert (pool_scores(close).low, pool_scores(close).high) == pytest.approx((0.3, 0.7))


def test_interval_stays_within_0_and_1_when_answers_contradict_each_other() -> None:
    own = Estimate(value=0.1, low=0.0, high=0.2), Estimate(value=0.9, low=0.8, high=1.0)
    score = pool_scores([WeightedScore(around.value, 0.5, around) for around in own])
    assert (score.value, score.low, score.high) == pytest.approx((0.5, 0.0, 1.0))
    bare = pool_scores([WeightedScore(0.0, 0.25), WeightedScore(0.0, 0.25), WeightedScore(1.0, 0.5)])
    assert (bare.low, bare.high) == (0.0, 1.0)


def test_two_answers_give_no_interval_when_they_have_none_of_their_own() -> None:
    score = pool_scores([WeightedScore(0.2, 0.5), WeightedScore(0.4, 0.5)])
    assert (score.value, score.low, score.high) == (pytest.approx(0.3), None, None)
    assert (score.lowest, score.highest) == (0.2, 0.4)
    assert score.spread == pytest.approx(0.2 / math.sqrt(2))


def test_a_tiny_answer_moves_nothing_when_it_weighs_nothing() -> None:
    alone, joined = (
        pool_scores([WeightedScore(0.3, 1.0)]),
        pool_scores([WeightedScore(0.3, 1.0 - 1e-9), WeightedScore(0.9, 1e-9)]),
    )
    assert joined.value == pytest.approx(alone.value)
    assert joined.spread == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ([10.0, 30.0], [0.25, 0.75]),
        ([10.0, None, 30.0], [1 / 6, 1 / 3, 1 / 2]),
        ([None, None], [0.5, 0.5]),
        ([0.0, 0.0], [0.5, 0.5]),
        ([0.0, None], [0.5, 0.5]),
        ([], []),
    ],
)
def test_weights_follow_the_known_amounts(amounts: list[float | None], expected: list[float]) -> None:
    assert normalise_weights(amounts) == pytest.approx(expected)


def test_order_of_the_answers_changes_nothing_in_the_whole() -> None:
    parts = answers(whole(1), report(words_result(2, words=90)), whole(3), whole(4))
    overall = [build(order).overall.model_dump() for order in itertools.permutations(parts)]
    assert all(one == overall[0] for one in overall)


def test_single_answer_gives_itself() -> None:
    only = whole(2)
    overall = build(answers(only)).overall
    assert overall.traits
    assert overall.emotions
    assert overall.congruence
    assert only.fused.traits
    assert {trait: score.value for trait, score in overall.traits.items()} == only.fused.traits
    assert {label: score.value for label, score in overall.emotions.items()} == only.fused.emotions
    own = only.modalities[Modality.TEXT].trait_intervals
    assert own
    for trait, score in overall.traits.items():
        assert (score.low, score.high, score.spread) == (own[trait].low, own[trait].high, None)
    assert (overall.congruence.value, overall.congruence.low) == (0.8, None)


def test_emotions_still_sum_to_one_when_they_are_pooled() -> None:
    overall = build(answers(*(whole(seed) for seed in range(5)))).overall
    assert overall.emotions
    assert set(overall.channels) == {Modality.AUDIO, Modality.VIDEO}
    for scores in (overall.emotions, *overall.channels.values()):
        assert math.fsum(score.value for score in scores.values()) == pytest.approx(1.0)


def test_words_weigh_traits_and_seconds_weigh_emotions() -> None:
    short = report(words_result(1, words=50), voice_result(1, speech_s=30.0))
    long = report(words_result(2, words=150), voice_result(2, speech_s=10.0))
    found = build(answers(short, long))
    assert [row.share_of_words for row in found.answers] == [0.25, 0.75]
    assert [row.share_of_seconds for row in found.answers] == [0.75, 0.25]
    for scores, left, right, weight in (
        (found.overall.traits, short.fused.traits, long.fused.traits, 0.25),
        (found.overall.emotions, short.fused.emotions, long.fused.emotions, 0.75),
    ):
        assert scores
        assert left
        assert right
        for label, score in scores.items():
            expected = weight * left[label] + (1 - weight) * right[label]  # type: ignore[index]
            assert score.value == pytest.approx(expected)


def test_fused_emotions_weigh_by_the_seconds_of_the_channels_that_made_them() -> None:
    both = report(voice_result(1, speech_s=20.0), face_result(1, face_s=40.0))
    found = build(answers(both, report(voice_result(2, speech_s=30.0))))
    assert [row.share_of_seconds for row in found.answers] == [0.5, 0.5]
    assert (found.answers[0].speech_s, found.answers[0].face_s) == (20.0, 40.0)


def test_channel_is_pooled_over_the_answers_that_have_it() -> None:
    typed, spoken = report(words_result(1, words=60)), whole(2)
    found = build(answers(typed, spoken))
    assert found.overall.traits
    assert found.overall.emotions
    assert next(iter(found.overall.traits.values())).answers == 2
    assert next(iter(found.overall.emotions.values())).answers == 1
    assert [row.share_of_seconds for row in found.answers] == [None, 1.0]
    assert (found.overall.questions, found.overall.answered, found.overall.reported) == (2, 2, 2)


def test_failed_and_missing_answers_are_counted_and_said() -> None:
    silent = ModalityResult(
        modality=Modality.AUDIO,
        status=ModalityStatus.FAILED,
        error_code=ErrorCode.NO_SPEECH,
        reason="Speak up and record again.",
    )
    failed = report(silent, silent.model_copy(update={"modality": Modality.TEXT}))
    parts = answers(whole(1), failed, None, None)
    parts[1] = QuestionReport("q_1", "Why?", status=AnswerStatus.FAILED, report=failed, assessment="asm_1")
    parts[3] = QuestionReport(
        "q_3", "Why?", status=AnswerStatus.PROCESSING, assessment="asm_3", earlier=("asm_0",)
    )
    found = build(parts)
    assert (found.overall.questions, found.overall.answered, found.overall.reported) == (4, 3, 1)
    assert found.status is InterviewStatus.OPEN
    assert [notice.code for notice in found.answers[1].notices] == ["no_speech"]
    codes = [notice.code for notice in found.warnings]
    assert codes[:5] == [
        "questions_unanswered",
        "answers_processing",
        "answers_failed",
        "answers_replaced",
        "few_answers",
    ]
    assert found.answers[3].earlier == ["asm_0"]


def test_report_is_empty_and_says_so_when_nothing_was_answered() -> None:
    found = build(answers(None, None))
    assert found.overall.model_dump(exclude_defaults=True) == {"questions": 2, "answered": 0, "reported": 0}
    assert [notice.code for notice in found.warnings] == ["questions_unanswered"]
    assert found.warnings[0].detail == "2 of 2 questions have no answer yet."
    assert found.created_at == THEN - timedelta(days=1)


def test_different_models_are_named_when_they_made_the_scores() -> None:
    same = build(answers(report(words_result(1, words=50)), report(words_result(2, words=50))))
    mixed = build(answers(report(words_result(1, words=50)), report(words_result(2, words=50, version=2))))
    assert "models_differ" not in {notice.code for notice in same.warnings}
    assert "models_differ" in {notice.code for notice in mixed.warnings}


def test_warnings_of_the_answers_come_once_and_after_those_of_the_whole() -> None:
    found = build(answers(whole(1), whole(2), whole(3)))
    assert [notice.code for notice in found.warnings] == ["compared_by_question", "traits_from_text_weak"]


def test_time_is_that_of_the_latest_report() -> None:
    parts = answers(report(words_result(1, words=9), days=3), report(words_result(2, words=9), days=1))
    assert build(parts).created_at == THEN + timedelta(days=3)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([AnswerStatus.SUCCEEDED, AnswerStatus.EXPIRED], InterviewStatus.COMPLETED),
        ([AnswerStatus.FAILED, AnswerStatus.PROCESSING], InterviewStatus.PROCESSING),
        ([AnswerStatus.PROCESSING, AnswerStatus.UNANSWERED], InterviewStatus.OPEN),
    ],
)
def test_status_follows_the_answers(states: list[AnswerStatus], expected: InterviewStatus) -> None:
    parts = [QuestionReport(f"q_{place}", "Why?", status=state) for place, state in enumerate(states)]
    assert build(parts).status is expected
