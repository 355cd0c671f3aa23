import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fusion.combine import (
    Channel,
    combine,
    complete,
    congruence,
    effective_exponent,
    overall_status,
    pool_emotions,
    reliability_from_uar,
)
from services.common.contracts.labels import (
    EMOTIONS,
    AssessmentStatus,
    Emotion,
    Modality,
    ModalityStatus,
    Trait,
)
from services.common.contracts.results import EmotionScores, ErrorCode, ModalityResult, Quality

weights = st.floats(min_value=0.01, max_value=1.0)
exponents = st.floats(min_value=1.0, max_value=2.0)


def distribution(values: list[float]) -> EmotionScores:
    total = math.fsum(values)
    return {label: value / total for label, value in zip(EMOTIONS, values, strict=True)}


distributions = (
    st.lists(st.floats(min_value=0.0, max_value=1.0), min_size=len(EMOTIONS), max_size=len(EMOTIONS))
    .filter(lambda values: math.fsum(values) > 1e-3)
    .map(distribution)
)
positive_distributions = st.lists(
    st.floats(min_value=0.01, max_value=1.0), min_size=len(EMOTIONS), max_size=len(EMOTIONS)
).map(distribution)


def peaked(label: Emotion, share: float = 0.88) -> EmotionScores:
    rest = (1.0 - share) / (len(EMOTIONS) - 1)
    return {emotion: share if emotion is label else rest for emotion in EMOTIONS}


def succeeded(
    modality: Modality, emotions: EmotionScores | None = None, *, coverage: float = 1.0
) -> ModalityResult:
    traits = dict.fromkeys(Trait, 0.6) if modality is Modality.TEXT else None
    return ModalityResult(
        modality=modality,
        status=ModalityStatus.SUCCEEDED,
        emotions=emotions,
        traits=traits,
        quality=Quality(coverage=coverage),
    )


def failed(modality: Modality, code: ErrorCode = ErrorCode.MEDIA_CORRUPT) -> ModalityResult:
    return ModalityResult(modality=modality, status=ModalityStatus.FAILED, error_code=code)


def skipped(modality: Modality) -> ModalityResult:
    return ModalityResult(modality=modality, status=ModalityStatus.SKIPPED, error_code=ErrorCode.NOT_PROVIDED)


@given(distributions, distributions, weights, weights, exponents)
def test_pool_is_a_distribution_when_channels_are(
    voice: EmotionScores, face: EmotionScores, w_voice: float, w_face: float, exponent: float
) -> None:
    pooled = pool_emotions(
        [Channel(Modality.AUDIO, voice, w_voice), Channel(Modality.VIDEO, face, w_face)], exponent=exponent
    )
    assert set(pooled) == set(EMOTIONS)
    assert all(0.0 <= value <= 1.0 for value in pooled.values())
    assert math.fsum(pooled.values()) == pytest.approx(1.0)


@given(distributions, distributions, weights, weights)
def test_pool_is_the_same_when_channels_swap(
    voice: EmotionScores, face: EmotionScores, w_voice: float, w_face: float
) -> None:
    first, second = Channel(Modality.AUDIO, voice, w_voice), Channel(Modality.VIDEO, face, w_face)
    assert pool_emotions([first, second]) == pytest.approx(pool_emotions([second, first]))


@given(positive_distributions, weights, weights)
def test_pool_keeps_the_opinion_when_channels_agree(
    opinion: EmotionScores, w_voice: float, w_face: float
) -> None:
    channels = [Channel(Modality.AUDIO, opinion, w_voice), Channel(Modality.VIDEO, opinion, w_face)]
    assert pool_emotions(channels) == pytest.approx(opinion, abs=1e-9)


@given(positive_distributions, positive_distributions, positive_distributions, weights, weights)
def test_pool_is_externally_bayesian_when_both_channels_see_the_same_evidence(
    voice: EmotionScores, face: EmotionScores, likelihood: EmotionScores, w_voice: float, w_face: float
) -> None:
    def update(prior: EmotionScores) -> EmotionScores:
        return distribution([prior[label] * likelihood[label] for label in EMOTIONS])

    assume(all(min(update(p).values()) > 1e-5 for p in (voice, face)))
    channels = [Channel(Modality.AUDIO, voice, w_voice), Channel(Modality.VIDEO, face, w_face)]
    updated = [Channel(c.modality, update(c.emotions), c.weight) for c in channels]
    assert pool_emotions(updated) == pytest.approx(update(pool_emotions(channels)), abs=1e-9)


def test_pool_leans_to_the_heavier_channel_when_they_disagree() -> None:
    pooled = pool_emotions(
        [
            Channel(Modality.AUDIO, peaked(Emotion.HAPPY), 0.8),
            Channel(Modality.VIDEO, peaked(Emotion.SAD), 0.2),
        ]
    )
    assert max(pooled, key=pooled.__getitem__) is Emotion.HAPPY
    assert pooled[Emotion.SAD] > pooled[Emotion.FEAR]


def test_pool_gives_no_veto_when_one_channel_says_zero() -> None:
    certain = {label: 1.0 if label is Emotion.SAD else 0.0 for label in EMOTIONS}
    pooled = pool_emotions(
        [Channel(Modality.AUDIO, certain, 0.1), Channel(Modality.VIDEO, peaked(Emotion.HAPPY), 0.9)]
    )
    assert max(pooled, key=pooled.__getitem__) is Emotion.HAPPY


def test_pool_sharpens_when_the_exponent_grows() -> None:
    channels = [
        Channel(Modality.AUDIO, peaked(Emotion.HAPPY, 0.4), 0.5),
        Channel(Modality.VIDEO, peaked(Emotion.HAPPY, 0.5), 0.5),
    ]
    assert pool_emotions(channels, exponent=1.5)[Emotion.HAPPY] > pool_emotions(channels)[Emotion.HAPPY]


@pytest.mark.parametrize(
    ("shares", "expected"), [((0.5, 0.5), 1.8), ((1.0, 0.0), 1.0), ((0.8, 0.2), 1.0 + 0.8 * (1 / 0.68 - 1))]
)
def test_exponent_falls_to_one_when_one_channel_has_all_the_weight(
    shares: tuple[float, float], expected: float
) -> None:
    assert effective_exponent(shares, exponent=1.8) == pytest.approx(expected)


def test_pool_is_the_other_channel_when_one_weighs_nothing_and_channels_sharpen() -> None:
    voice = peaked(Emotion.HAPPY, 0.5)
    channels = [Channel(Modality.AUDIO, voice, 0.6), Channel(Modality.VIDEO, peaked(Emotion.SAD), 0.0)]
    assert pool_emotions(channels, exponent=1.8) == pytest.approx(voice)


def test_pool_refuses_when_there_is_no_channel() -> None:
    with pytest.raises(ValueError, match="at least one channel"):
        pool_emotions([])


@given(distributions, distributions)
def test_congruence_is_symmetric_and_bounded_when_channels_differ(
    voice: EmotionScores, face: EmotionScores
) -> None:
    value = congruence(voice, face)
    assert 0.0 <= value <= 1.0
    assert value == pytest.approx(congruence(face, voice), abs=1e-12)


@given(distributions)
def test_congruence_is_one_when_channels_are_equal(opinion: EmotionScores) -> None:
    assert congruence(opinion, opinion) == pytest.approx(1.0)


def test_congruence_is_one_when_a_probability_is_so_small_that_it_underflows() -> None:
    happy = {label: float(label is Emotion.HAPPY) for label in EMOTIONS}
    assert congruence(happy, happy | {Emotion.SAD: 5e-324}) == pytest.approx(1.0)


def test_congruence_is_zero_when_channels_share_no_label() -> None:
    happy = {label: float(label is Emotion.HAPPY) for label in EMOTIONS}
    angry = {label: float(label is Emotion.ANGRY) for label in EMOTIONS}
    assert congruence(happy, angry) == pytest.approx(0.0)


def test_congruence_matches_the_definition_when_computed_by_entropies() -> None:
    p, q = peaked(Emotion.HAPPY, 0.7), peaked(Emotion.FEAR, 0.4)

    def entropy(values: list[float]) -> float:
        return -math.fsum(v * math.log2(v) for v in values if v > 0)

    middle = [(p[label] + q[label]) / 2 for label in EMOTIONS]
    divergence = entropy(middle) - (entropy(list(p.values())) + entropy(list(q.values()))) / 2
    assert congruence(p, q) == pytest.approx(1.0 - divergence)


@pytest.mark.parametrize(("uar", "expected"), [(1.0, 1.0), (1 / 7, 0.0), (0.05, 0.0), (4 / 7, 0.5)])
def test_reliability_is_corrected_for_chance_when_seven_classes(uar: float, expected: float) -> None:
    assert reliability_from_uar(uar) == pytest.approx(expected)


def test_combine_returns_the_channel_itself_when_the_other_is_missing() -> None:
    voice = peaked(Emotion.FEAR)
    fused = combine({Modality.AUDIO: succeeded(Modality.AUDIO, voice)}, reliability={Modality.AUDIO: 0.3})
    assert fused.emotions == voice
    assert fused.congruence is None
    assert [(c.modality, c.weight) for c in fused.channels] == [(Modality.AUDIO, 1.0)]


def test_combine_weighs_by_reliability_and_coverage_when_both_channels_are_there() -> None:
    fused = combine(
        {
            Modality.AUDIO: succeeded(Modality.AUDIO, peaked(Emotion.HAPPY), coverage=0.5),
            Modality.VIDEO: succeeded(Modality.VIDEO, peaked(Emotion.SAD), coverage=1.0),
        },
        reliability={Modality.AUDIO: 0.6, Modality.VIDEO: 0.3},
    )
    assert [c.weight for c in fused.channels] == pytest.approx([0.5, 0.5])
    assert fused.congruence is not None
    assert fused.congruence < 0.6


def test_combine_weighs_equally_when_no_channel_can_be_trusted() -> None:
    fused = combine(
        {
            Modality.AUDIO: succeeded(Modality.AUDIO, peaked(Emotion.HAPPY), coverage=0.0),
            Modality.VIDEO: succeeded(Modality.VIDEO, peaked(Emotion.SAD), coverage=0.0),
        },
        reliability={Modality.AUDIO: 0.6, Modality.VIDEO: 0.3},
    )
    assert [c.weight for c in fused.channels] == pytest.approx([0.5, 0.5])


def test_combine_takes_traits_from_the_words_when_there_are_no_other_channels() -> None:
    fused = combine({Modality.TEXT: succeeded(Modality.TEXT)}, reliability={})
    assert fused.traits == dict.fromkeys(Trait, 0.6)
    assert fused.emotions is None
    assert fused.channels == []


def test_combine_is_empty_when_every_channel_failed() -> None:
    fused = combine({m: failed(m) for m in Modality}, reliability={})
    assert (fused.emotions, fused.traits, fused.congruence) == (None, None, None)


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([succeeded(Modality.TEXT), skipped(Modality.AUDIO)], AssessmentStatus.SUCCEEDED),
        ([succeeded(Modality.TEXT), failed(Modality.AUDIO)], AssessmentStatus.PARTIALLY_SUCCEEDED),
        ([skipped(Modality.TEXT), failed(Modality.AUDIO)], AssessmentStatus.FAILED),
        ([skipped(Modality.TEXT)], AssessmentStatus.FAILED),
        ([], AssessmentStatus.FAILED),
    ],
)
def test_overall_status_ignores_what_was_skipped_when_judging(
    results: list[ModalityResult], expected: AssessmentStatus
) -> None:
    assert overall_status(results) is expected


def test_complete_marks_as_not_provided_when_a_modality_was_not_dispatched() -> None:
    results = complete([succeeded(Modality.TEXT)])
    assert list(results) == list(Modality)
    assert results[Modality.VIDEO].status is ModalityStatus.SKIPPED
    assert results[Modality.VIDEO].error_code is ErrorCode.NOT_PROVIDED


def test_complete_prefers_scores_when_a_modality_answers_twice() -> None:
    good = succeeded(Modality.AUDIO, peaked(Emotion.HAPPY))
    bad = failed(Modality.AUDIO, ErrorCode.WORKER_LOST)
    assert complete([good, bad])[Modality.AUDIO] is good
    assert complete([bad, good])[Modality.AUDIO] is good
