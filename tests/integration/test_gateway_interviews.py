"""Interviews and the question bank on real Postgres: what a platform does with them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.exc import IntegrityError

from gateway.http.fields import Scope
from gateway.provisioning import create_tenant
from gateway.tenancy.api_keys import create_key
from services.common.contracts.labels import TRAITS, AssessmentStatus, Modality, ModalityStatus, Trait
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.results import BenchmarkEntry, Fused, ModalityResult, Report
from services.common.contracts.text import TextMeasures, Transcript, WordCount
from services.common.db.models import Assessment, Interview, ReportRow
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
    for method, place in (("GET", path), ("DELETE", path), ("GET", f"{path}/report")):
        assert ask(method, place) == (404, "interview_not_found")
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


def scored_report(assessment_id: str, *, words: int, openness: float) -> Report:
    """What fusion would write of typed words, with a long timeline-like part that interviews leave out."""
    words_result = ModalityResult(
        modality=Modality.TEXT,
        status=ModalityStatus.SUCCEEDED,
        traits=dict.fromkeys(TRAITS, 0.5) | {Trait.OPENNESS: openness},
        text=TextMeasures(words=words, sentences=2, frequent_words=[WordCount(term="learn", count=2)]),
        transcript=Transcript(
            text="so", duration_s=1.0, model=ModelRef(name="whisper", version=1), confidence=0.9
        ),
    )
    return Report(
        assessment_id=assessment_id,
        status=AssessmentStatus.SUCCEEDED,
        fused=Fused(traits=words_result.traits),
        modalities={Modality.TEXT: words_result},
        benchmark={"trait.openness": BenchmarkEntry(value=openness, n=3, reason="cohort_too_small")},
        created_at=datetime.now(UTC),
    )


@pytest.fixture
def store_scores(fusion_engine: Engine) -> Callable[..., None]:
    def store(report: Report, tenant_id: str) -> None:
        with tenant_session(fusion_engine, tenant_id) as session:
            session.add(
                ReportRow(
                    assessment_id=report.assessment_id,
                    tenant_id=tenant_id,
                    status=report.status,
                    report=report.model_dump(mode="json"),
                )
            )

    return store


def test_interview_report_weighs_its_answers_by_words(
    gateway: Any, store_scores: Callable[..., None], store_report: Callable[..., None]
) -> None:
    made = new_interview(gateway)
    ids = [give(gateway, made, place).json()["id"] for place in range(3)]
    path = f"/v1/interviews/{made['id']}/report"
    before = gateway.client.get(path).json()
    assert (before["status"], before["overall"]["reported"]) == ("processing", 0)
    for place, (words, openness) in enumerate(((30, 0.2), (90, 0.6))):
        report = scored_report(ids[place], words=words, openness=openness)
        store_scores(report, gateway.tenant.tenant)
    store_report(ids[2], gateway.tenant.tenant, status="failed")
    found = gateway.client.get(path).json()
    assert (found["status"], found["interview_id"]) == ("completed", made["id"])
    openness = found["overall"]["traits"]["openness"]
    assert openness["value"] == pytest.approx(0.25 * 0.2 + 0.75 * 0.6)
    assert (openness["lowest"], openness["highest"], openness["answers"]) == (0.2, 0.6, 2)
    assert found["overall"]["emotions"] is None
    assert [row["share_of_words"] for row in found["answers"]] == [0.25, 0.75, None]
    assert [row["status"] for row in found["answers"]] == ["succeeded", "succeeded", "failed"]
    assert found["answers"][0]["benchmark"]["trait.openness"]["reason"] == "cohort_too_small"
    assert {notice["code"] for notice in found["answers"][2]["notices"]} == {"no_speech"}
    assert "compared_by_question" in {notice["code"] for notice in found["warnings"]}
    assert gateway.client.get(found["answers"][0]["report"]).json()["assessment_id"] == ids[0]
    assert gateway.client.get(path).json() == found


def test_candidate_token_opens_its_own_practice_interview_only(gateway: Any, admin_engine: Engine) -> None:
    made, theirs = new_interview(gateway), new_interview(gateway, candidate="person-2")
    research = new_interview(gateway, purpose="research")
    first, second = (give(gateway, made, place).json()["candidate_token"] for place in (0, 1))

    def ask(interview: dict[str, Any], token: str, *, tail: str = "/report") -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {token}"}
        answer = gateway.client.get(f"/v1/interviews/{interview['id']}{tail}", headers=headers)
        return answer.status_code, answer.json().get("code", "")

    assert ask(made, first) == ask(made, first, tail="") == (200, "")
    assert ask(made, second) == (403, "candidate_token_refused")
    assert ask(research, first) == (403, "candidate_token_refused")
    assert ask(theirs, first) == (404, "interview_not_found")
    with admin_engine.begin() as connection:
        connection.execute(text("UPDATE tenants SET jurisdiction = 'eu'"))
    refused = gateway.client.get(f"/v1/interviews/{made['id']}/report")
    assert (refused.status_code, refused.json()["code"]) == (403, "report_readable_by_candidate_only")
    assert ask(made, first) == (200, "")
