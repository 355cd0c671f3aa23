"""Erasing a person: nothing of them is found anywhere afterwards."""

import hashlib
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import LockNotOwnedError
from sqlalchemy import Engine, select

from gateway.tenancy import audit
from gateway.webhooks.targets import TargetRules
from services.common.contracts.labels import AssessmentStatus, Modality, ModalityStatus
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.results import Fused, ModalityResult, Report
from services.common.contracts.text import Transcript
from services.common.db.models import (
    AnswerScores,
    Candidate,
    Erasure,
    ModalityResultRow,
    NormBlock,
    ReportRow,
    VoiceSummaryRow,
)
from services.common.db.session import tenant_session
from services.common.work.ledger import ModalityProgress
from tests.fakes import FaultyStore
from tests.integration.test_gateway_api import MP4
from tests.traces import in_folder, in_postgres, in_redis

NAME = "applicant-who-leaves"
TYPED = "typed words of the one who leaves"
SPOKEN = "spoken words of the one who leaves"
CONSENT = {"candidate": NAME, "purpose": "research", "version": "1", "consented_at": "2026-03-02T09:20:00Z"}
STAYS = "applicant-who-stays"


def report_of(assessment_id: str, spoken: str = SPOKEN) -> Report:
    words = ModalityResult(
        modality=Modality.TEXT,
        status=ModalityStatus.SUCCEEDED,
        transcript=Transcript(text=spoken, duration_s=2.0, model=ModelRef(name="transcriber", version=1)),
    )
    return Report(
        assessment_id=assessment_id,
        status=AssessmentStatus.SUCCEEDED,
        fused=Fused(),
        modalities={Modality.TEXT: words},
        created_at="2026-03-02T09:30:00Z",
    )


def fuse(engine: Engine, *, tenant: str, assessment_id: str, candidate_id: str, spoken: str = SPOKEN) -> None:
    """What fusion leaves of an answer."""
    report = report_of(assessment_id, spoken)
    own = {"assessment_id": assessment_id, "tenant_id": tenant}
    with tenant_session(engine, tenant) as session:
        session.add(ReportRow(**own, status=report.status, report=report.model_dump(mode="json")))
        session.add(
            ModalityResultRow(
                **own,
                modality="text",
                status="succeeded",
                result=report.modalities[Modality.TEXT].model_dump(mode="json"),
            )
        )
        session.add(
            VoiceSummaryRow(
                **own, candidate_id=candidate_id, model_name="voice", model_version=1, clips=2.0, mean=b"\0\1"
            )
        )
        session.add(
            AnswerScores(
                **own,
                candidate_id=candidate_id,
                model_key="k",
                month=date(2026, 3, 1),
                cohorts=["tenant"],
                scores=["trait.openness"],
                score_values=[0.5],
            )
        )


@pytest.fixture
def lived(make_gateway: Callable[..., Any], fusion_engine: Engine) -> tuple[Any, list[str]]:
    """A gateway with everything that a person can leave behind, and all that would lead to them."""
    gateway = make_gateway()
    gateway.replace(webhook_targets=TargetRules(resolve=lambda *_: ["93.184.215.14"]))
    client, tenant = gateway.client, gateway.tenant.tenant
    client.post("/v1/webhook_endpoints", json={"url": "https://hooks.example.com/in"})
    consent = client.post("/v1/consents", json=CONSENT, headers={"Idempotency-Key": "consent-1"}).json()
    question = gateway.question()
    interview = client.post(
        "/v1/interviews", json={"candidate": NAME, "questions": [question], "purpose": "research"}
    ).json()
    ended = gateway.post(candidate=NAME, interview=interview["id"], files={"text": (None, TYPED)}).json()
    fuse(fusion_engine, tenant=tenant, assessment_id=ended["id"], candidate_id=ended["candidate_id"])
    data = {"candidate": NAME, "question": question, "purpose": "self_practice"}
    going_on = client.post(
        "/v1/assessments",
        data=data,
        files={"video": ("v.mp4", MP4)},
        headers={"Idempotency-Key": "assessment-1"},
    ).json()
    spoken = report_of(going_on["id"]).modalities[Modality.TEXT]
    gateway.services.ledger.keep_result(going_on["id"], spoken)
    other = gateway.post(candidate=STAYS, files={"text": (None, "what stays")}).json()
    fuse(
        fusion_engine,
        tenant=tenant,
        assessment_id=other["id"],
        candidate_id=other["candidate_id"],
        spoken="what is said and stays",
    )
    media = [path.name for path in gateway.stored_files() if path.read_bytes() != b"what stays"]
    ids = [consent["id"], interview["id"], ended["id"], going_on["id"], ended["candidate_id"]]
    return gateway, [NAME, TYPED, SPOKEN, going_on["candidate_token"], *ids, *media]


def found_in(traces: bytes, leads: list[str]) -> list[str]:
    return [lead for lead in leads if lead.encode() in traces]


def test_nothing_of_a_person_is_found_when_they_were_erased(
    lived: tuple[Any, list[str]], admin_engine: Engine, gateway_engine: Engine, redis_url: str
) -> None:
    gateway, leads = lived
    with Redis.from_url(redis_url) as redis:
        before = in_postgres(admin_engine) + in_redis(redis) + in_folder(gateway.media)
        assert [lead for lead in leads if lead not in found_in(before, leads)] == [
            lead for lead in leads if lead.startswith("cndt_")
        ], "the search finds what is there"

        answer = gateway.client.delete(f"/v1/candidates/{NAME}")
        assert answer.status_code == 200, answer.text

        assert found_in(in_postgres(admin_engine), leads) == []
        assert found_in(in_redis(redis), leads) == []
        assert found_in(in_folder(gateway.media), leads) == []
    assert len(gateway.stored_files()) == 1, "what others handed in stays"
    with tenant_session(gateway_engine, gateway.tenant.tenant) as session:
        assert session.scalars(select(Candidate.external_id)).all() == [STAYS]
        assert session.scalars(select(NormBlock.n)).all() == [1], "the norm counts those who stay"
    assert audit.verify(gateway_engine, gateway.tenant.tenant).fault is None


def test_receipt_counts_what_went_and_can_be_checked(lived: tuple[Any, list[str]]) -> None:
    gateway, _ = lived
    answer = gateway.client.delete(f"/v1/candidates/{NAME}").json()
    counted = {
        name: answer["erased"][name]
        for name in (
            "assessments", "media_objects", "reports", "voice_summaries", "answer_scores", "interviews",
            "consents", "candidate_tokens", "candidates", "idempotency_keys",
        )
    }  # fmt: skip
    assert counted == {
        "assessments": 2,
        "media_objects": 2,
        "reports": 1,
        "voice_summaries": 1,
        "answer_scores": 1,
        "interviews": 1,
        "consents": 1,
        "candidate_tokens": 1,
        "candidates": 1,
        "idempotency_keys": 2,
    }
    assert gateway.client.get(f"/v1/erasures/{answer['id']}").json() == answer
    own_hash = answer.pop("sha256")
    answer["finished_at"] = answer["finished_at"].replace("Z", "+00:00")
    canonical = json.dumps(answer, sort_keys=True, separators=(",", ":")).encode()
    assert hashlib.sha256(canonical).hexdigest() == own_hash
    assert gateway.client.delete(f"/v1/candidates/{NAME}").json()["code"] == "candidate_not_found"


def test_erasure_can_be_repeated_when_the_object_store_was_down(lived: tuple[Any, list[str]]) -> None:
    gateway, leads = lived
    gateway.replace(store=FaultyStore.down(gateway.media))
    refused = gateway.client.delete(f"/v1/candidates/{NAME}")
    assert (refused.status_code, refused.json()["code"]) == (503, "storage_unavailable")
    assert gateway.client.get(f"/v1/candidates/{NAME}").status_code == 200
    store = gateway.services.store
    store.fault = None
    done = gateway.client.delete(f"/v1/candidates/{NAME}").json()
    assert done["erased"]["assessments"] == 2
    assert found_in(in_folder(gateway.media), leads) == []


def test_erasure_is_told_by_receipt_when_webhooks_are_sent(
    lived: tuple[Any, list[str]], gateway_engine: Engine
) -> None:
    gateway, _ = lived
    receipt = gateway.client.delete(f"/v1/candidates/{NAME}").json()["id"]
    events = gateway.client.get("/v1/events").json()["data"]
    assert [event["type"] for event in events if event["type"] == "candidate.erased"] == ["candidate.erased"]
    assert receipt in json.dumps(events)
    with tenant_session(gateway_engine, gateway.tenant.tenant) as session:
        assert session.scalars(select(Erasure.id)).all() == [receipt]


def test_withdrawal_during_the_analysis_stops_it_and_leaves_nothing(
    make_gateway: Callable[..., Any], admin_engine: Engine, redis_url: str
) -> None:
    gateway = make_gateway()
    gateway.client.patch("/v1/tenant", json={"jurisdiction": "eu"})
    answer = gateway.post(
        files={"video": ("v.mp4", MP4)}, consent_version="1", consented_at="2026-03-02T09:20:00Z"
    ).json()
    ledger, running = gateway.services.ledger, answer["id"]
    lease = ledger.take_lease(running, Modality.VIDEO, lease_s=60)
    ledger.report_progress(
        running, Modality.VIDEO, ModalityProgress(status=ModalityStatus.RUNNING, share=0.4)
    )
    assert gateway.client.get(f"/v1/assessments/{running}").json()["status"] == "processing"
    with Redis.from_url(redis_url) as redis:
        assert found_in(in_redis(redis), [running]) == [running]

        withdrawn = gateway.client.post(f"/v1/consents/{answer['consent']}/withdraw")
        assert withdrawn.json()["status"] == "withdrawn"

        assert ledger.is_erased(running), "the worker is told at its next progress report"
        ledger.keep_result(running, report_of(running).modalities[Modality.TEXT])
        with pytest.raises(LockNotOwnedError):  # it went with the rest; the runtime lets that pass
            lease.release()
        assert found_in(in_redis(redis), [running, SPOKEN]) == []
        assert redis.llen("video") == redis.llen("audio") == redis.llen("text") == 0
    assert gateway.stored_files() == []
    assert found_in(in_postgres(admin_engine), [running]) == []
    assert gateway.client.get(f"/v1/assessments/{running}").status_code == 404
    assert gateway.client.get("/v1/events").json()["data"][0]["type"] == "consent.withdrawn"
