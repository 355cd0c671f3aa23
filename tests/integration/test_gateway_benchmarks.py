"""`/v1/benchmarks` on a real Postgres, over answers stored as fusion stores them."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.fakes import FakeDispatcher
from tests.integration.test_norms import Answer, Desk


@pytest.fixture
def gateway(make_gateway: Callable[..., Any], dispatcher: FakeDispatcher) -> Any:
    return make_gateway(dispatcher=dispatcher, min_cohort_size=3)


@pytest.fixture
def desk(admin_engine: Engine, gateway_engine: Engine, fusion_engine: Engine) -> Desk:
    return Desk(admin_engine, gateway_engine, fusion_engine)


def stored(desk: Desk, *answers: Answer) -> list[Answer]:
    desk.hand_in(answers)
    for answer in answers:
        desk.store(answer)
    return list(answers)


def answers(gateway: Any, *opennesses: float, first: int = 0, **more: Any) -> list[Answer]:
    return [
        Answer(
            first + place,
            f"c{first + place}",
            scores=(value, 0.5, 0.5),
            tenant=gateway.tenant.tenant,
            **more,
        )
        for place, value in enumerate(opennesses)
    ]


def ask(gateway: Any, path: str = "", **query: Any) -> dict[str, Any]:
    answer = gateway.client.get(f"/v1/benchmarks{path}", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_figures_are_shown_when_enough_people_answered(gateway: Any, desk: Desk) -> None:
    stored(desk, *answers(gateway, 0.1, 0.2, 0.6))
    body = ask(gateway)
    assert body["cohort"] == {"kind": "tenant", "name": None}
    assert (body["min_cohort_size"], body["has_more"]) == (3, False)
    by_method = {norm["method"]: norm for norm in body["data"]}
    voice, words = by_method["logpool/1^1"], by_method[None]
    assert words["models"] == [{"name": "text_traits", "version": 1}]
    assert [model["name"] for model in voice["models"]] == ["face_emotion", "voice_emotion"]
    assert set(voice["scores"]) == {"emotion.happy", "congruence"}
    openness = words["scores"]["trait.openness"]
    assert (openness["n"], openness["reason"]) == (3, None)
    assert openness["mean"] == pytest.approx(0.3)
    assert openness["deciles"] == pytest.approx([0.12, 0.14, 0.16, 0.18, 0.2, 0.28, 0.36, 0.44, 0.52])


def test_figures_are_withheld_when_too_few_people_answered_however_often(gateway: Any, desk: Desk) -> None:
    again = [Answer(50 + repeat, "c0", tenant=gateway.tenant.tenant) for repeat in range(3)]
    stored(desk, *answers(gateway, 0.1, 0.2), *again)
    figures = ask(gateway, score="trait.openness")["data"][0]["scores"]["trait.openness"]
    assert figures == {"n": 2, "mean": None, "deciles": None, "reason": "cohort_too_small"}


def test_cohort_is_the_one_that_was_asked_for(gateway: Any, desk: Desk) -> None:
    tenant = gateway.tenant.tenant
    stored(
        desk,
        *answers(gateway, 0.1, question="q_1"),
        *answers(gateway, 0.2, 0.2, first=10, question="q_2", tags=("role:nurse",)),
        *answers(gateway, 0.3, 0.3, 0.3, first=20, question="q_2", tags=("spring",)),
    )
    for query, people in (
        ({}, 6),
        ({"question": f"{tenant}_q_1"}, 1),
        ({"question": f"{tenant}_q_2"}, 5),
        ({"role": "nurse"}, 2),
        ({"tag": "role:nurse"}, 2),
        ({"tag": "spring"}, 3),
    ):
        body = ask(gateway, score="trait.openness", **query)
        assert [norm["scores"]["trait.openness"]["n"] for norm in body["data"]] == [people], query
    for query in ({"tag": "autumn"}, {"role": "spring"}, {"score": "trait.none"}, {"question": "q_none"}):
        assert ask(gateway, **query)["data"] == [], query


def versions(body: dict[str, Any]) -> list[int]:
    return [norm["models"][0]["version"] for norm in body["data"]]


def test_norms_of_newer_models_come_first_when_paged(gateway: Any, desk: Desk) -> None:
    for models in (1, 2, 3):
        stored(desk, *answers(gateway, 0.5, first=10 * models, models=models))
    newest = ask(gateway, score="trait.openness", limit=2)
    assert versions(newest) == [3, 2]
    assert newest["has_more"]
    rest = ask(gateway, score="trait.openness", limit=2, starting_after=newest["data"][-1]["id"])
    assert (versions(rest), rest["has_more"]) == ([1], False)


def test_norms_are_as_before_when_an_answer_was_deleted(gateway: Any, desk: Desk) -> None:
    stored(desk, *answers(gateway, 0.1, 0.2, 0.3))
    before = ask(gateway)
    handed_in = gateway.post(candidate="somebody", tags=["new"]).json()["id"]
    desk.store(Answer(9, "somebody", tenant=gateway.tenant.tenant, handed_in_as=handed_in))
    assert ask(gateway, tag="new")["data"] != []
    assert ask(gateway) != before
    assert gateway.client.delete(f"/v1/assessments/{handed_in}").status_code == 204
    assert ask(gateway) == before
    assert ask(gateway, tag="new")["data"] == []


def test_another_tenants_norms_are_not_shown(gateway: Any, desk: Desk) -> None:
    stored(desk, *[Answer(n, f"c{n}", tenant="ten_other", tags=("spring",)) for n in range(5)])
    assert ask(gateway)["data"] == []
    assert ask(gateway, tag="spring")["data"] == []
    assert ask(gateway, "/drift", score="trait.openness")["data"] == []


def test_drift_parts_the_people_in_halves_when_there_are_several_months(gateway: Any, desk: Desk) -> None:
    stored(
        desk,
        *answers(gateway, 0.2, 0.2, 0.2, month=1),
        *answers(gateway, 0.2, first=10, month=2),
        *answers(gateway, 0.8, 0.8, 0.8, 0.8, first=20, month=3),
    )
    [norm] = ask(gateway, "/drift", score="trait.openness")["data"]
    first = {"first_month": "2026-01-01", "last_month": "2026-01-01", "n": 3, "mean": 0.2}
    rest = {"first_month": "2026-02-01", "last_month": "2026-03-01", "n": 5, "mean": 0.68}
    assert norm["spans"] == [first, rest]
    halves = norm["halves"]
    assert (halves["earlier"], halves["later"]) == (first, rest)
    assert halves["distance"] == pytest.approx(0.8)
    assert 0.0 < halves["p_value"] < 0.3


@pytest.mark.parametrize(("months", "reason"), [((1, 2), "cohort_too_small"), ((1, 1, 1), "too_few_months")])
def test_drift_says_why_when_there_are_no_halves(
    gateway: Any, desk: Desk, months: tuple[int, ...], reason: str
) -> None:
    for number, month in enumerate(months):
        stored(desk, *answers(gateway, 0.5, first=number, month=month))
    [norm] = ask(gateway, "/drift", score="trait.openness")["data"]
    assert (norm["halves"], norm["reason"]) == (None, reason)


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("", {"role": "nurse", "tag": "spring"}, "role"),
        ("", {"tag": "\x00"}, "tag"),
        ("", {"tag": " "}, "tag"),
        ("", {"question": "q" * 65}, "question"),
        ("", {"starting_after": "norm_x"}, "starting_after"),
        ("", {"limit": 0}, "limit"),
        ("/drift", {}, "score"),
    ],
)
def test_request_is_refused_when_it_cannot_be_answered(
    gateway: Any, path: str, query: dict[str, Any], field: str
) -> None:
    answer = gateway.client.get(f"/v1/benchmarks{path}", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert answer.json()["errors"][0]["field"] == field
