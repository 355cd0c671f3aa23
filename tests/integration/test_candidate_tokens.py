"""What a candidate token opens, and everything that it does not."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from gateway.provisioning import create_tenant
from gateway.tenancy.authentication import find_holder
from services.common.db.models import CandidateToken
from services.common.db.session import tenant_session


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def practise(gateway: Any, **fields: Any) -> tuple[str, dict[str, str]]:
    """Path of an answer that was handed in for practice, and the header that opens it."""
    body = gateway.post(**fields).json()
    return f"/v1/assessments/{body['id']}", bearer(body["candidate_token"])


def outcome(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_token_opens_state_events_and_report_of_its_answer(
    gateway: Any, store_report: Callable[..., None]
) -> None:
    path, token = practise(gateway)
    assert gateway.client.get(path, headers=token).json()["status"] == "queued"
    assert outcome(gateway.client.get(f"{path}/report", headers=token)) == (404, "report_not_ready")
    store_report(path.rpartition("/")[2], gateway.tenant.tenant)
    assert gateway.client.get(f"{path}/report", headers=token).status_code == 200
    assert "event: report" in gateway.client.get(f"{path}/events", headers=token).text


def test_token_deletes_its_own_answer(gateway: Any) -> None:
    path, token = practise(gateway)
    assert gateway.client.delete(path, headers=token).status_code == 204
    assert outcome(gateway.client.get(path)) == (404, "assessment_not_found")
    [entry] = gateway.client.get("/v1/audit_events", params={"action": "assessment.erased"}).json()["data"]
    assert (entry["actor"], entry["about"]) == ("candidate", path.rpartition("/")[2])


@pytest.mark.parametrize(
    ("method", "part"), [("GET", ""), ("GET", "/events"), ("GET", "/report"), ("DELETE", "")]
)
def test_answer_of_somebody_else_is_not_there_for_a_token(gateway: Any, method: str, part: str) -> None:
    path, _ = practise(gateway, candidate="person-1")
    _, stranger = practise(gateway, candidate="person-2")
    answer = gateway.client.request(method, path + part, headers=stranger)
    assert outcome(answer) == (404, "assessment_not_found")
    assert gateway.client.get(path).status_code == 200


def test_token_opens_later_answers_but_not_earlier_ones(gateway: Any) -> None:
    earlier, first = practise(gateway)
    later, second = practise(gateway)
    assert gateway.client.get(later, headers=first).status_code == 200
    assert outcome(gateway.client.get(earlier, headers=second)) == (403, "candidate_token_refused")


def test_token_does_not_open_what_was_not_for_practice(gateway: Any) -> None:
    _, token = practise(gateway)
    body = gateway.post(purpose="research").json()
    assert body["candidate_token"] is None
    answer = gateway.client.get(f"/v1/assessments/{body['id']}", headers=token)
    assert outcome(answer) == (403, "candidate_token_refused")


def test_every_other_operation_refuses_a_token(gateway: Any) -> None:
    path, token = practise(gateway)
    document = gateway.client.get("/openapi.json").json()
    opened = set()
    for template, methods in document["paths"].items():
        for method, operation in methods.items():
            if not template.startswith("/v1/"):
                continue
            if {"CandidateToken": []} in [{name: [] for name in way} for way in operation["security"]]:
                opened.add(operation["operationId"])
                continue
            concrete = template
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path":
                    concrete = concrete.replace(f"{{{parameter['name']}}}", path.rpartition("/")[2])
            answer = gateway.client.request(method, concrete, headers=token, json={})
            assert answer.status_code == 403, (method, template)
            if method != "head":
                assert outcome(answer) == (403, "candidate_token_refused"), (method, template)
    assert opened == {
        "getAssessment",
        "followAssessment",
        "getReport",
        "deleteAssessment",
        "getInterview",
        "getInterviewReport",
        "withdrawConsent",
    }


def test_token_is_kept_as_a_hash_only(gateway: Any, admin_engine: Engine) -> None:
    _, token = practise(gateway)
    secret = token["Authorization"].removeprefix("Bearer ")
    with admin_engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM candidate_tokens")).one()
    assert secret.startswith("cndt_")
    assert secret not in map(str, row)


def test_refusal_names_why_when_a_token_is_unknown_expired_or_revoked(
    gateway: Any, admin_engine: Engine
) -> None:
    path, token = practise(gateway)
    unknown = gateway.client.get(path, headers=bearer("cndt_nope"))
    assert outcome(unknown) == (401, "candidate_token_unknown")
    for column, code in (
        ("expires_at", "candidate_token_expired"),
        ("revoked_at", "candidate_token_revoked"),
    ):
        with admin_engine.begin() as connection:
            connection.execute(text(f"UPDATE candidate_tokens SET {column} = now()"))
        assert outcome(gateway.client.get(path, headers=token)) == (401, code)


def test_tokens_go_with_their_candidate(gateway: Any, admin_engine: Engine) -> None:
    path, _ = practise(gateway)
    gateway.client.delete(path)
    with admin_engine.begin() as connection:
        connection.execute(text("DELETE FROM candidates"))
        assert connection.execute(text("SELECT count(*) FROM candidate_tokens")).scalar_one() == 0


def test_token_of_another_tenant_opens_nothing(gateway: Any, admin_engine: Engine) -> None:
    path, _ = practise(gateway)
    other = create_tenant(admin_engine, "other")
    question = gateway.client.get("/v1/questions", headers=bearer(other.key)).json()["data"][0]["id"]
    theirs = gateway.client.post(
        "/v1/assessments",
        data={"candidate": "person-1", "question": question},
        files={"text": (None, "I like to learn.")},
        headers=bearer(other.key),
    ).json()
    answer = gateway.client.get(path, headers=bearer(theirs["candidate_token"]))
    assert outcome(answer) == (404, "assessment_not_found")
    with tenant_session(gateway.services.engine, gateway.tenant.tenant) as session:
        assert len(session.scalars(select(CandidateToken.id)).all()) == 1


def test_holder_names_the_candidate_as_actor(gateway: Any) -> None:
    body = gateway.post().json()
    secret = gateway.services.settings.key_secret.get_secret_value()
    holder = find_holder(gateway.services.engine, body["candidate_token"], key_secret=secret)
    assert holder is not None
    assert (holder.actor, holder.scopes) == ("candidate", frozenset())
    assert holder.candidate is not None
    assert holder.candidate.candidate_id == body["candidate_id"]
