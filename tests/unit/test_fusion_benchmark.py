import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.benchmark import benchmark, benchmark_entry, mid_rank_percentile, model_keys, scores_of
from fusion.combine import combine
from services.common.contracts.labels import EMOTIONS, TRAITS, Modality, ModalityStatus
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.results import EmotionScores, Fused, ModalityResult

UNIFORM: EmotionScores = dict.fromkeys(EMOTIONS, 1 / 7)
values = st.floats(min_value=0.0, max_value=1.0)
cohorts = st.lists(values, min_size=1, max_size=60)


@given(values, cohorts)
def test_percentile_stays_in_range_when_anything_is_ranked(value: float, others: list[float]) -> None:
    assert 0.0 <= mid_rank_percentile(value, others) <= 100.0


@given(values, cohorts)
def test_percentile_mirrors_when_the_scale_is_turned(value: float, others: list[float]) -> None:
    turned = mid_rank_percentile(-value, [-other for other in others])
    assert mid_rank_percentile(value, others) + turned == pytest.approx(100.0)


@given(values, values, cohorts)
def test_percentile_never_falls_when_the_value_rises(a: float, b: float, others: list[float]) -> None:
    low, high = sorted((a, b))
    assert mid_rank_percentile(low, others) <= mid_rank_percentile(high, others)


@given(values, st.integers(min_value=1, max_value=60))
def test_percentile_is_fifty_when_all_are_equal(value: float, n: int) -> None:
    assert mid_rank_percentile(value, [value] * n) == 50.0


def test_percentile_counts_ties_half_when_some_are_equal() -> None:
    assert mid_rank_percentile(0.5, [0.1, 0.5, 0.5, 0.9]) == 50.0
    assert mid_rank_percentile(0.9, [0.1, 0.5, 0.5, 0.9]) == 87.5


def test_percentile_refuses_when_there_are_no_others() -> None:
    with pytest.raises(ValueError, match="at least one other"):
        mid_rank_percentile(0.5, [])


def test_entry_shows_no_person_when_the_cohort_is_too_small() -> None:
    entry = benchmark_entry(0.5, [0.2] * 19, min_cohort_size=20)
    assert (entry.percentile, entry.cohort_mean, entry.n) == (None, None, 19)
    assert entry.reason == "cohort_too_small"


def test_entry_has_percentile_and_mean_when_the_cohort_is_large_enough() -> None:
    entry = benchmark_entry(0.5, [0.2] * 10 + [0.8] * 10, min_cohort_size=20)
    assert (entry.percentile, entry.n, entry.reason) == (50.0, 20, None)
    assert entry.cohort_mean == pytest.approx(0.5)


def test_benchmark_counts_nobody_when_a_score_is_new() -> None:
    entries = benchmark({"congruence": 0.7}, {}, min_cohort_size=2)
    assert entries["congruence"].n == 0


def test_scores_name_everything_once_when_all_channels_answered() -> None:
    fused = Fused(emotions=UNIFORM, traits=dict.fromkeys(TRAITS, 0.5), congruence=0.9)
    names = set(scores_of(fused))
    assert names == {f"trait.{t}" for t in TRAITS} | {f"emotion.{e}" for e in EMOTIONS} | {"congruence"}


def test_scores_are_empty_when_nothing_was_found() -> None:
    assert scores_of(Fused()) == {}


def result(modality: Modality, *models: tuple[str, int]) -> ModalityResult:
    return ModalityResult(
        modality=modality,
        status=ModalityStatus.SUCCEEDED,
        emotions=UNIFORM if modality is not Modality.TEXT else None,
        traits=dict.fromkeys(TRAITS, 0.5) if modality is Modality.TEXT else None,
        models=[ModelRef(name=name, version=version) for name, version in models],
    )


def test_keys_differ_when_channels_versions_or_exponent_differ() -> None:
    def key(results: dict[Modality, ModalityResult], exponent: float = 1.0) -> str:
        fused = combine(results, reliability={Modality.AUDIO: 0.5, Modality.VIDEO: 0.5})
        return model_keys(results, fused, exponent=exponent)["emotion.happy"]

    voice = result(Modality.AUDIO, ("voice_emotion", 1))
    face = result(Modality.VIDEO, ("face_emotion", 1), ("face_detector", 1))
    newer = result(Modality.VIDEO, ("face_emotion", 2), ("face_detector", 1))
    keys = [
        key({Modality.AUDIO: voice}),
        key({Modality.VIDEO: face}),
        key({Modality.AUDIO: voice, Modality.VIDEO: face}),
        key({Modality.AUDIO: voice, Modality.VIDEO: newer}),
        key({Modality.AUDIO: voice, Modality.VIDEO: face}, 1.2),
    ]
    assert len(set(keys)) == len(keys)


def test_trait_key_is_the_text_model_when_other_channels_answered_too() -> None:
    results = {
        Modality.TEXT: result(Modality.TEXT, ("text_traits", 3)),
        Modality.AUDIO: result(Modality.AUDIO, ("voice_emotion", 1)),
    }
    fused = combine(results, reliability={Modality.AUDIO: 0.5})
    assert model_keys(results, fused)["trait.openness"] == "text_traits:3"
