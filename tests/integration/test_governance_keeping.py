"""What is kept: for how long, shown to whom it is about, and counted by group."""

import base64
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError

from gateway.rights.retention import Sweep
from services.common.db.models import AnswerScores, Assessment, AuditEventRow, VoiceSummaryRow
from services.common.db.session import tenant_session
from tests.fakes import FaultyStore


@pytest.fixture
def sweep(gateway: Any) -> Sweep:
    services = gateway.services
    return Sweep(engine=services.engine, store=services.store, ledger=services.ledger, batch=2)


def age(admin: Engine, assessment_id: str, *, days: int) -> None:
    with admin.begin() as connection:
        for table, column in (("assessments", "id"), ("voice_summaries", "assessment_id")):
            connection.execute(
                text(
                    f"UPDATE {table} SET created_at = now() - make_interval(days => :days)"
                    f" WHERE {column} = :id"
                ),
                {"days": days, "id": assessment_id},
            )


def keep_voice(engine: Engine, *, tenant: str, answer: dict[str, Any]) -> None:
    with tenant_session(engine, tenant) as session:
        session.add(
            VoiceSummaryRow(
                assessment_id=answer["id"],
                tenant_id=tenant,
                candidate_id=answer["candidate_id"],
                model_name="voice",
                model_version=1,
                clips=1.0,
                mean=b"\0\1",
            )
        )


def test_media_goes_and_the_report_stays_and_says_so(
    gateway: Any, sweep: Sweep, admin_engine: Engine, store_report: Callable[..., None]
) -> None:
    old, *others = [gateway.post().json()["id"] for _ in range(4)]
    for assessment_id in (old, *others[:2]):
        store_report(assessment_id, gateway.tenant.tenant)
        age(admin_engine, assessment_id, days=31)
    assert sweep.run() == {"media": 3}
    assert len(gateway.stored_files()) == 1
    shown = gateway.client.get(f"/v1/assessments/{old}").json()
    assert shown["media_erased_at"] is not None
    assert [part["kind"] for part in shown["media"]] == ["text"]
    report = gateway.client.get(f"/v1/assessments/{old}/report").json()
    assert report["warnings"][-1]["code"] == "media_erased"
    assert sweep.run() == {}
    with tenant_session(gateway.services.engine, gateway.tenant.tenant) as session:
        entries = session.scalars(select(AuditEventRow).where(AuditEventRow.action == "retention.applied"))
        assert [(entry.actor, entry.details) for entry in entries] == [("system", {"media": 3})]


def test_each_kind_has_its_own_retention(
    gateway: Any, sweep: Sweep, admin_engine: Engine, fusion_engine: Engine
) -> None:
    gateway.client.patch(
        "/v1/tenant", json={"retention": {"media_days": None, "features_days": 5, "report_days": 50}}
    )
    answers = [gateway.post(candidate=f"person-{number}").json() for number in range(3)]
    for answer, days in zip(answers, (60, 10, 1), strict=True):
        keep_voice(fusion_engine, tenant=gateway.tenant.tenant, answer=answer)
        age(admin_engine, answer["id"], days=days)
    assert sweep.run() == {"answers": 1, "features": 1}
    with tenant_session(gateway.services.engine, gateway.tenant.tenant) as session:
        assert session.scalars(select(Assessment.id).order_by(Assessment.id)).all() == [
            answers[1]["id"],
            answers[2]["id"],
        ]
        assert session.scalars(select(VoiceSummaryRow.assessment_id)).all() == [answers[2]["id"]]
    assert len(gateway.stored_files()) == 2


def test_sweep_finishes_what_a_withdrawal_left_behind(gateway: Any, sweep: Sweep) -> None:
    answer = gateway.post(consent_version="1", consented_at="2026-03-02T09:20:00Z").json()
    store = gateway.services.store
    gateway.replace(store=FaultyStore.down(gateway.media))
    refused = gateway.client.post(f"/v1/consents/{answer['consent']}/withdraw")
    assert refused.json()["code"] == "storage_unavailable"
    assert gateway.client.get(f"/v1/assessments/{answer['id']}").json()["status"] == "canceled"
    gateway.replace(store=store)
    assert sweep.run() == {"withdrawn": 1}
    assert gateway.client.get(f"/v1/assessments/{answer['id']}").status_code == 404
    assert gateway.stored_files() == []


def test_sweep_waits_when_the_store_is_down(gateway: Any, admin_engine: Engine) -> None:
    answer = gateway.post().json()["id"]
    age(admin_engine, answer, days=31)
    services = gateway.services
    down = Sweep(engine=services.engine, store=FaultyStore.down(gateway.media), ledger=services.ledger)
    assert down.run() == {}
    assert gateway.client.get(f"/v1/assessments/{answer}").json()["media_erased_at"] is None


def test_export_holds_everything_and_explains_it(
    gateway: Any, fusion_engine: Engine, store_report: Callable[..., None]
) -> None:
    typed = "Only in the media store."
    answer = gateway.post(
        purpose="research",
        consent_version="1",
        consented_at="2026-03-02T09:20:00Z",
        files={"text": (None, typed)},
    ).json()
    store_report(answer["id"], gateway.tenant.tenant)
    keep_voice(fusion_engine, tenant=gateway.tenant.tenant, answer=answer)
    gateway.client.put("/v1/candidates/person-1/demographics", json={"sex": "female"})
    gateway.post(candidate="somebody-else")
    answered = gateway.client.get("/v1/candidates/person-1/access_export", params={"include_media": True})
    exported = answered.json()
    assert {name: len(rows) for name, rows in exported["data"].items() if rows} | {"audit_subjects": 0} == {
        "audit_subjects": 0,
        "candidates": 1,
        "assessments": 1,
        "consents": 1,
        "candidate_demographics": 1,
        "reports": 1,
        "modality_results": 3,
        "voice_summaries": 1,
        "events": 1,
    }
    assert exported["data"]["candidate_demographics"][0]["sex"] == "female"
    assert base64.b64decode(exported["media"][0]["content_base64"]).decode() == typed
    assert {"text", "audio", "video", "part_in_decisions", "rights"} <= set(exported["explanations"])
    assert exported["withheld"] == []
    assert "somebody-else" not in answered.text


def test_export_withholds_practice_results_when_only_the_candidate_may_read_them(
    gateway: Any, store_report: Callable[..., None]
) -> None:
    gateway.client.patch("/v1/tenant", json={"jurisdiction": "eu"})
    answer = gateway.post(consent_version="1", consented_at="2026-03-02T09:20:00Z").json()["id"]
    store_report(answer, gateway.tenant.tenant)
    exported = gateway.client.get("/v1/candidates/person-1/access_export").json()
    assert (exported["data"]["reports"], exported["data"]["modality_results"]) == ([], [])
    assert [each["assessment_id"] for each in exported["withheld"]] == [answer]
    assert exported["media"] == []


def score(engine: Engine, *, tenant: str, answer: dict[str, Any], value: float) -> None:
    with tenant_session(engine, tenant) as session:
        session.add(
            AnswerScores(
                assessment_id=answer["id"],
                tenant_id=tenant,
                candidate_id=answer["candidate_id"],
                model_key="k",
                month=date(2026, 3, 1),
                cohorts=["tenant"],
                scores=["trait.openness"],
                score_values=[value],
            )
        )


def test_impact_ratios_come_from_the_latest_scores_by_group(gateway: Any, fusion_engine: Engine) -> None:
    tenant = gateway.tenant.tenant
    for number in range(24):
        name, woman = f"person-{number}", number % 2 == 0
        answers = [gateway.post(candidate=name, purpose="hiring").json() for _ in range(1 + (number == 0))]
        for answer in answers:
            above = number < 12 if woman else number < 6
            score(fusion_engine, tenant=tenant, answer=answer, value=0.9 if above else 0.1)
        if number < 22:
            said = {"sex": "female" if woman else "male"}
            assert gateway.client.put(f"/v1/candidates/{name}/demographics", json=said).status_code == 204
    found = gateway.client.get("/v1/impact_ratios", params={"score": "trait.openness"}).json()
    assert (found["n"], found["unknown"]) == (24, 2)
    women, men = found["sex"]
    assert (women["sex"], women["n"], women["above_median"], women["ratio"]) == ("female", 11, 6, 1.0)
    assert (men["sex"], men["n"], men["above_median"], men["below_four_fifths"]) == ("male", 11, 3, True)
    assert men["ratio"] == pytest.approx(0.5)
    none = gateway.client.get("/v1/impact_ratios", params={"score": "trait.openness", "purpose": "research"})
    assert none.json()["sex"] == []
    gateway.client.delete("/v1/candidates/person-1/demographics")
    fewer = gateway.client.get("/v1/impact_ratios", params={"score": "trait.openness"}).json()
    assert fewer["sex"][1]["n"] == 10
    gateway.client.delete("/v1/candidates/person-3/demographics")
    hidden = gateway.client.get("/v1/impact_ratios", params={"score": "trait.openness"}).json()["sex"][1]
    assert (hidden["reason"], hidden["n"], hidden["rate"]) == ("group_too_small", None, None)


def test_demographics_are_out_of_reach_of_what_makes_scores(fusion_engine: Engine, gateway: Any) -> None:
    with (
        pytest.raises(DBAPIError, match="permission denied"),
        tenant_session(fusion_engine, gateway.tenant.tenant) as session,
    ):
        session.execute(text("SELECT * FROM candidate_demographics"))
    assert "demographics" not in json.dumps(gateway.client.get("/v1/candidates").json())
