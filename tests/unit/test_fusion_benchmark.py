import pytest

from fusion.benchmark import (
    Others,
    benchmark,
    benchmark_entry,
    model_keys,
    percentile_words,
    reference_caution,
    scores_of,
)
from fusion.combine import combine
from services.common.contracts.labels import EMOTIONS, TRAITS, Modality, ModalityStatus
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.norms import Cohort, CohortKind, NormSource, ReferenceNorm, Standing
from services.common.contracts.results import EmotionScores, Fused, ModalityResult
from services.common.statistics.histogram import Histogram

UNIFORM: EmotionScores = dict.fromkeys(EMOTIONS, 1 / 7)
NURSES = Cohort(kind=CohortKind.ROLE, name="nurse")
EVERYBODY = Cohort(kind=CohortKind.TENANT)


def test_entry_shows_no_person_when_the_cohort_is_too_small() -> None:
    entry = benchmark_entry(0.5, Histogram.from_scores([0.2] * 19), min_cohort_size=20)
    assert (entry.percentile, entry.cohort_mean, entry.deciles, entry.n) == (None, None, None, 19)
    assert (entry.reason, entry.summary) == ("cohort_too_small", None)


def test_entry_has_all_figures_when_the_cohort_is_large_enough() -> None:
    entry = benchmark_entry(0.5, Histogram.from_scores([0.2] * 10 + [0.8] * 10), min_cohort_size=20)
    assert (entry.percentile, entry.n, entry.reason) == (50.0, 20, None)
    assert entry.summary == "above 50 of 100"
    assert entry.cohort_mean == pytest.approx(0.5)
    assert entry.deciles == pytest.approx([0.2] * 4 + [0.5] + [0.8] * 4)


def test_benchmark_counts_nobody_when_a_score_is_new() -> None:
    entry = benchmark({"congruence": 0.7}, Others(wider={EVERYBODY: {}}), min_cohort_size=2)["congruence"]
    assert entry.n == 0
    assert [standing.n for standing in entry.others] == [0]


def test_benchmark_gives_each_cohort_its_own_standing_when_there_are_several() -> None:
    others = Others(
        same_question={"congruence": Histogram.from_scores([0.1, 0.2])},
        wider={
            NURSES: {"congruence": Histogram.from_scores([0.9, 0.8]).rank(0.5)},
            EVERYBODY: {"congruence": Histogram.from_scores([0.1]).rank(0.5)},
        },
    )
    entry = benchmark({"congruence": 0.5}, others, min_cohort_size=2)["congruence"]
    assert entry.percentile == 100.0
    assert entry.others == [
        Standing(cohort=NURSES, percentile=0.0, cohort_mean=0.85, n=2, summary="above none"),
        Standing(cohort=EVERYBODY, n=1, reason="cohort_too_small"),
    ]


def test_benchmark_shows_a_built_in_norm_apart_when_nobody_else_has_answered() -> None:
    source = NormSource(corpus="C", description="Actors.", protocol="Out of fold.", licence="CC0")
    norm = ReferenceNorm(score="congruence", model_key="m:1", counts={400: 3, 600: 1}, source=source)
    entry = benchmark({"congruence": 0.5}, Others(), min_cohort_size=2, references={"congruence": norm})[
        "congruence"
    ]
    assert (entry.percentile, entry.n, entry.reason) == (None, 0, "cohort_too_small")
    assert entry.reference is not None
    assert (entry.reference.percentile, entry.reference.n) == (75.0, 4)
    assert entry.reference.summary == "above 75 of 100"
    assert entry.reference.caution == reference_caution(4)
    assert entry.reference.mean == pytest.approx(0.45)
    assert entry.reference.source == source


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


def test_key_names_the_learned_weights_when_two_channels_are_pooled() -> None:
    pool = ModelRef(name="fusion", version=7)
    voice, face = result(Modality.AUDIO, ("voice_emotion", 1)), result(Modality.VIDEO, ("face_emotion", 1))
    trust = {Modality.AUDIO: 0.5, Modality.VIDEO: 0.5}
    both = {Modality.AUDIO: voice, Modality.VIDEO: face}
    alone = {Modality.AUDIO: voice}
    pooled = model_keys(both, combine(both, reliability=trust), exponent=1.5, pool=pool)
    passed_on = model_keys(alone, combine(alone, reliability=trust), exponent=1.5, pool=pool)
    assert pooled["emotion.happy"] == "logpool/2^1.5:face_emotion:1+fusion:7+voice_emotion:1"
    assert passed_on["emotion.happy"] == "voice_emotion:1"


def test_trait_key_is_the_text_model_when_other_channels_answered_too() -> None:
    results = {
        Modality.TEXT: result(Modality.TEXT, ("text_traits", 3), ("text_impression", 1)),
        Modality.AUDIO: result(Modality.AUDIO, ("voice_emotion", 1)),
    }
    fused = combine(results, reliability={Modality.AUDIO: 0.5})
    assert model_keys(results, fused)["trait.openness"] == "text_traits:3"


@pytest.mark.parametrize(
    ("percentile", "words"),
    [(0.0, "none"), (0.2, "1 of 100"), (63.4, "63 of 100"), (99.8, "99 of 100"), (100.0, "all")],
)
def test_percentile_is_never_everybody_when_somebody_scored_higher(percentile: float, words: str) -> None:
    assert percentile_words(percentile) == f"above {words}"


@pytest.mark.parametrize(
    ("value", "width", "same"), [(0.005, 0.01, True), (0.005, 0.1, False), (0.2, 0.01, False)]
)
def test_no_percentile_is_named_when_nearly_everybody_scores_alike(
    value: float, width: float, same: bool
) -> None:
    deciles = [width * tenth / 8 for tenth in range(9)]
    assert (percentile_words(50.0, value=value, deciles=deciles) == "like the others") is same


def test_a_norm_is_called_rough_when_it_has_few_people() -> None:
    assert "With 28 people this is rough: about 19 of 100 either way." in reference_caution(28)
    assert "rough" not in reference_caution(100)
    assert "no candidates" in reference_caution(100)
