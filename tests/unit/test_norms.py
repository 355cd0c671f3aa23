from pathlib import Path

import pytest
from pydantic import ValidationError

from fusion.references import load_references, references_for, write_references
from services.common.contracts.norms import (
    Cohort,
    CohortKind,
    NormSource,
    ReferenceNorm,
    ReferenceNorms,
    list_cohorts,
)

SOURCE = NormSource(corpus="C", description="Actors.", protocol="Out of fold.", licence="CC0")


def norm(score: str = "congruence", model_key: str = "m:1", people: int = 2) -> ReferenceNorm:
    return ReferenceNorm(score=score, model_key=model_key, counts={500: people}, source=SOURCE)


def test_answer_belongs_to_question_role_tags_and_tenant_when_it_has_all() -> None:
    found = list_cohorts(question_id="q_1", tags=["spring", "role:nurse", "spring", "role:"])
    assert found == [
        Cohort(kind=CohortKind.QUESTION, name="q_1"),
        Cohort(kind=CohortKind.ROLE, name="nurse"),
        Cohort(kind=CohortKind.TAG, name="spring"),
        Cohort(kind=CohortKind.TAG, name="role:"),
        Cohort(kind=CohortKind.TENANT),
    ]


def test_keys_are_distinct_when_names_look_like_other_kinds() -> None:
    found = list_cohorts(
        question_id="tenant", tags=["tenant", "question:tenant", "tag:tenant", "role:tenant"]
    )
    assert len({cohort.key for cohort in found}) == len(found)


def test_role_is_the_tag_that_names_it_when_asked_for_either_way() -> None:
    as_tag = Cohort(kind=CohortKind.TAG, name="role:nurse")
    assert Cohort(kind=CohortKind.ROLE, name="nurse").key == as_tag.key


@pytest.mark.parametrize(("kind", "name"), [(CohortKind.TAG, None), (CohortKind.TENANT, "x")])
def test_cohort_is_refused_when_its_name_does_not_fit_its_kind(kind: CohortKind, name: str | None) -> None:
    with pytest.raises(ValidationError):
        Cohort(kind=kind, name=name)


def test_norms_are_read_back_when_they_were_written(tmp_path: Path) -> None:
    write_references([norm("trait.openness"), norm()], tmp_path / "norms" / "corpus.json")
    assert load_references(tmp_path / "norms") == [norm(), norm("trait.openness")]


def test_there_are_no_norms_when_there_is_no_folder(tmp_path: Path) -> None:
    assert load_references(tmp_path / "none") == []


def test_broken_file_is_passed_over_when_others_are_sound(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"norms": [')
    write_references([norm()], tmp_path / "b.json")
    write_references([norm(people=9)], tmp_path / "c.json")
    assert load_references(tmp_path) == [norm()]


def test_norm_is_found_only_when_the_models_are_the_same() -> None:
    norms = [norm(model_key="m:1"), norm("trait.openness", "t:2")]
    keys = {"congruence": "m:2", "trait.openness": "t:2"}
    assert references_for(keys, norms) == {"trait.openness": norms[1]}


def test_file_is_refused_when_a_score_has_two_norms_for_the_same_models() -> None:
    with pytest.raises(ValidationError, match="two norms"):
        ReferenceNorms(norms=[norm(), norm(people=3)])
