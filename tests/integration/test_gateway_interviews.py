"""Interviews and the question bank on real Postgres: what a platform does with them."""

from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError

from gateway.keys import create_key, create_tenant
from gateway.schemas import Scope
from services.common.db.models import Assessment, Interview
from services.common.db.session import tenant_session
from tests.fakes import FaultyStore

UNKNOWN = "int_01kajb3z6v8m2q4n7x9r5t1w50"


def bank(gateway: Any) -> list[str]:
    return [item["id"] for item in gateway.client.get("/v1/questions").json()["data"]]


def new_interview(gateway: Any, **fields: Any) -> dict[str, Any]:
    body = {"candidate": "person-1", "questions": bank(gateway)[:3], **fields}
    answer = gateway.client.post("/v1/interviews", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/interviews/{answer.json()['id']}"
    made: dict[str, Any] = answer.json()
    return made


def give(gateway: Any, interview: dict[str, Any], place: int, /, **fields: Any) -> httpx.Response:
    """Answer the question at `place` of the interview."""
    named = {"interview": interview["id"], "question": interview["questions"][place]["question"]}
    answer: httpx.Response = gateway.post(**{**named, **fields})
    return answer


def now(gateway: Any, interview: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = gateway.client.get(f"/v1/interviews/{interview['id']}").json()
    return found


def test_interview_keeps_its_questions_in_order_when_it_is_made(gateway: Any) -> None:
    asked = bank(gateway)[:3][::-1]
    made = new_interview(gateway, questions=asked, title="First round", tags=["role:nurse", "role:nurse"])
    assert [item["question"] for item in made["questions"]] == asked
    assert {item["status"] for item in made["questions"]} == {"unanswered"}
    assert (made["status"], made["answered"], made["title"]) == ("open", 0, "First round")
    assert (made["purpose"], made["tags"], made["candidate"]) == ("self_practice", ["role:nurse"], "person-1")
    assert now(gateway, made) == made


def test_interview_is_refused_when_it_makes_no_sense(gateway: Any) -> None:
    known = bank(gateway)[:1]
    for change, code in (
        ({"questions": []}, "validation_failed"),
        ({"questions": ["nonsense"]}, "validation_failed"),
        ({"questions": known * 2}, "validation_failed"),
        ({"questions": ["q_01kajb3z6v8m2q4n7x9r5t1w40"]}, "unknown_question"),
        ({"candidate": " "}, "validation_failed"),
        ({"verdict": "hire"}, "validation_failed"),
    ):
        body = {"candidate": "person-1", "questions": known, **change}
        answer = gateway.client.post("/v1/interviews", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code), change
    assert gateway.client.get("/v1/interviews").json() == {"data": [], "has_more": False}


def test_answer_takes_purpose_and_tags_of_its_interview(gateway: Any) -> None:
    made = new_interview(gateway, purpose="research", tags=["role:nurse", "spring"])
    body = give(gateway, made, 1, tags=["spring", "night"]).json()
    assert (body["interview"], body["purpose"]) == (made["id"], "research")
    assert body["tags"] == ["role:nurse", "spring", "night"]
    asked = now(gateway, made)["questions"]
    assert [item["status"] for item in asked] == ["unanswered", "processing", "unanswered"]
    assert asked[1]["assessment"] == body["id"]


def test_answer_is_refused_when_it_does_not_fit_the_interview(gateway: Any) -> None:
    made = new_interview(gateway)
    for change, code in (
        ({"candidate": "person-2"}, "interview_mismatch"),
        ({"question": bank(gateway)[5]}, "interview_mismatch"),
        ({"purpose": "research"}, "interview_mismatch"),
        ({"interview": UNKNOWN}, "unknown_interview"),
        ({"interview": "nonsense"}, "unknown_interview"),
    ):
        answer = give(gateway, made, 0, **change)
        assert (answer.status_code, answer.json()["code"]) == (422, code), change
    assert gateway.stored_files() == []


def test_latest_answer_counts_when_a_question_is_answered_again(gateway: Any, store_report: Any) -> None:
    made = new_interview(gateway)
    first, second = (give(gateway, made, 0).json()["id"] for _ in range(2))
    store_report(first, gateway.tenant.tenant)
    latest, earlier = max(first, second), min(first, second)
    asked = now(gateway, made)["questions"][0]
    assert (asked["assessment"], asked["earlier"]) == (latest, [earlier])
    assert gateway.client.delete(f"/v1/assessments/{latest}").status_code == 204
    asked = now(gateway, made)["questions"][0]
    assert (asked["assessment"], asked["earlier"]) == (earlier, [])


def test_status_follows_the_answers(gateway: Any, store_report: Any) -> None:
    made = new_interview(gateway, questions=bank(gateway)[:2])
    other = new_interview(gateway, candidate="person-2")

    def listed(status: str) -> list[str]:
        data = gateway.client.get("/v1/interviews", params={"status": status}).json()["data"]
        assert {item["status"] for item in data} <= {status}
        return [item["id"] for item in data]

    assert listed("open") == [other["id"], made["id"]]
    answers = [give(gateway, made, place).json()["id"] for place in (0, 1)]
    assert (listed("open"), listed("processing")) == ([other["id"]], [made["id"]])
    for answer in answers:
        store_report(answer, gateway.tenant.tenant)
    assert (listed("processing"), listed("completed")) == ([], [made["id"]])
    again = give(gateway, made, 1).json()["id"]
    assert listed("processing") == [made["id"]]
    with tenant_session(gateway.services.engine, gateway.tenant.tenant) as session:
        session.execute(update(Assessment).where(Assessment.id == again).values(state="expired"))
    assert listed("completed") == [made["id"]]
    assert now(gateway, made)["questions"][1]["status"] == "expired"


def test_list_walks_both_ways_and_filters_by_candidate(gateway: Any) -> None:
    made = [new_interview(gateway, candidate=f"person-{place % 2}") for place in range(4)]
    newest_first = sorted((item["id"] for item in made), reverse=True)

    def page(**query: Any) -> tuple[list[str], bool]:
        body = gateway.client.get("/v1/interviews", params=query).json()
        return [item["id"] for item in body["data"]], body["has_more"]

    assert page(limit=3) == (newest_first[:3], True)
    assert page(starting_after=newest_first[2]) == (newest_first[3:], False)
    assert page(limit=1, ending_before=newest_first[2]) == (newest_first[1:2], True)
    theirs = [item["id"] for item in reversed(made) if item["candidate"] == "person-1"]
    assert sorted(page(candidate="person-1")[0], reverse=True) == sorted(theirs, reverse=True)
    assert page(candidate=made[1]["candidate_id"])[0] == page(candidate="person-1")[0]
    assert page(candidate="nobody") == ([], False)
    both = {"starting_after": newest_first[0], "ending_before": newest_first[2]}
    assert gateway.client.get("/v1/interviews", params=both).json()["code"] == "validation_failed"


def test_delete_erases_every_answer_with_the_interview(gateway: Any) -> None:
    made, kept = new_interview(gateway), gateway.post().json()
    for place in (0, 0, 2):
        assert give(gateway, made, place).status_code == 202
    path = f"/v1/interviews/{made['id']}"
    assert gateway.client.delete(path).status_code == 204
    assert [item["id"] for item in gateway.client.get("/v1/assessments").json()["data"]] == [kept["id"]]
    assert len(gateway.stored_files()) == 1
    for method in ("GET", "DELETE"):
        assert gateway.client.request(method, path).json()["code"] == "interview_not_found"
    with tenant_session(gateway.services.engine, gateway.tenant.tenant) as session:
        assert session.scalars(select(Interview)).all() == []


def test_delete_can_be_repeated_and_lets_nothing_in_when_the_store_was_down(gateway: Any) -> None:
    made = new_interview(gateway)
    give(gateway, made, 0)
    store = FaultyStore.down(gateway.media)
    whole = gateway.services.store
    gateway.replace(store=store)
    path = f"/v1/interviews/{made['id']}"
    assert gateway.client.delete(path).json()["code"] == "storage_unavailable"
    gateway.replace(store=whole)
    assert give(gateway, made, 1).json()["code"] == "unknown_interview"
    assert gateway.client.delete(path).status_code == 204
    assert gateway.stored_files() == []


def test_database_refuses_an_answer_when_the_interview_is_somebody_elses(gateway: Any) -> None:
    made = new_interview(gateway)
    answer = gateway.post(candidate="person-2", question=made["questions"][0]["question"]).json()
    with tenant_session(gateway.services.engine, gateway.tenant.tenant) as session:
        row = session.get_one(Assessment, answer["id"])
        copy = {name: getattr(row, name) for name in ("tenant_id", "candidate_id", "question_id", "purpose")}
        session.add(Assessment(id="asm_planted", media=[], interview_id=made["id"], **copy))
        with pytest.raises(IntegrityError, match="fk_assessments_interviews"):
            session.flush()
        session.rollback()


def test_other_tenant_sees_no_interview_and_no_question(gateway: Any, admin_engine: Engine) -> None:
    made = new_interview(gateway)
    other = create_tenant(admin_engine, "other")
    headers = {"Authorization": f"Bearer {other.key}"}

    def ask(method: str, path: str, **options: Any) -> tuple[int, str]:
        answer = gateway.client.request(method, path, headers=headers, **options)
        return answer.status_code, answer.json()["code"]

    path = f"/v1/interviews/{made['id']}"
    for method in ("GET", "DELETE"):
        assert ask(method, path) == (404, "interview_not_found")
    question = f"/v1/questions/{made['questions'][0]['question']}"
    assert ask("GET", question) == (404, "question_not_found")
    assert ask("PATCH", question, json={"archived": True}) == (404, "question_not_found")
    theirs = {"candidate": "x", "questions": [made["questions"][0]["question"]]}
    assert ask("POST", "/v1/interviews", json=theirs) == (422, "unknown_question")
    own = gateway.client.get("/v1/questions", headers=headers).json()["data"][0]["id"]
    data = {"candidate": "person-1", "question": own, "interview": made["id"]}
    answer = gateway.client.post(
        "/v1/assessments", headers=headers, data=data, files={"text": (None, "I like to learn.")}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_interview")
    assert gateway.client.get("/v1/interviews", headers=headers).json()["data"] == []
    assert now(gateway, made) == made


def test_reader_may_see_and_not_make_interviews(gateway: Any, admin_engine: Engine) -> None:
    made = new_interview(gateway)
    reader = create_key(admin_engine, gateway.tenant.tenant, name="r", scopes=[Scope.REPORTS_READ])
    headers = {"Authorization": f"Bearer {reader.key}"}
    path = f"/v1/interviews/{made['id']}"
    assert gateway.client.get(path, headers=headers).status_code == 200
    assert gateway.client.delete(path, headers=headers).json()["code"] == "scope_missing"


def test_question_can_be_reworded_until_it_is_answered(gateway: Any) -> None:
    question = gateway.client.post("/v1/questions", json={"text": "Why now?"}).json()
    path = f"/v1/questions/{question['id']}"
    changed = gateway.client.patch(path, json={"text": "Why this post?"}).json()
    assert changed == question | {"text": "Why this post?"} == gateway.client.get(path).json()
    gateway.post(question=question["id"])
    refused = gateway.client.patch(path, json={"text": "Why?", "archived": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "question_answered")
    assert gateway.client.get(path).json() == changed
    assert gateway.client.patch(path, json={"text": "Why this post?"}).status_code == 200


def test_archived_question_keeps_its_interviews_and_takes_no_new_ones(gateway: Any) -> None:
    made = new_interview(gateway)
    question = made["questions"][0]["question"]
    path = f"/v1/questions/{question}"
    archived = gateway.client.patch(path, json={"archived": True}).json()
    assert archived["archived_at"] is not None
    assert gateway.client.patch(path, json={"archived": True}).json() == archived
    assert question not in bank(gateway)
    listed = gateway.client.get("/v1/questions", params={"archived": True}).json()["data"]
    assert listed == [archived]
    assert gateway.post(question=question).json()["code"] == "question_archived"
    body = {"candidate": "person-1", "questions": [question]}
    assert gateway.client.post("/v1/interviews", json=body).json()["code"] == "question_archived"
    assert give(gateway, made, 0).status_code == 202
    assert gateway.client.patch(path, json={"archived": False}).json()["archived_at"] is None
    assert question in bank(gateway)


def test_questions_are_paged_both_ways(gateway: Any) -> None:
    oldest_first = sorted(bank(gateway))

    def page(**query: Any) -> tuple[list[str], bool]:
        body = gateway.client.get("/v1/questions", params=query).json()
        return [item["id"] for item in body["data"]], body["has_more"]

    assert page(limit=3, starting_after=oldest_first[1]) == (oldest_first[2:5], True)
    assert page(limit=3, ending_before=oldest_first[5]) == (oldest_first[2:5], True)
    assert page(limit=3, ending_before=oldest_first[3]) == (oldest_first[:3], False)
