"""Purpose, jurisdiction and consent, where answers come in."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, select

from gateway.tenancy import audit
from services.common.contracts.labels import MediaKind, Modality
from services.common.db.models import Assessment, AuditEventRow, Consent
from services.common.db.session import tenant_session
from tests.fakes import FakeDispatcher
from tests.integration.test_gateway_api import MP4, WAV

WHEN = "2026-03-02T09:20:00Z"
CONSENTED = {"consent_version": "2026-03", "consented_at": WHEN}
TEXT = (None, "I like to learn.")


@pytest.fixture
def under(gateway: Any) -> Callable[[str], Any]:
    """The gateway, with its tenant under a jurisdiction."""

    def change(jurisdiction: str) -> Any:
        answer = gateway.client.patch("/v1/tenant", json={"jurisdiction": jurisdiction})
        assert answer.status_code == 200, answer.text
        return gateway

    return change


def consent(gateway: Any, **changes: Any) -> Any:
    body = {"candidate": "person-1", "purpose": "self_practice", "version": "1", "consented_at": WHEN}
    return gateway.client.post("/v1/consents", json=body | changes)


@pytest.mark.parametrize(
    "files", [{"audio": ("a.wav", WAV)}, {"video": ("v.mp4", MP4), "audio": ("a.wav", WAV)}]
)
def test_recording_alone_is_refused_when_hiring_in_the_eu(
    under: Callable[[str], Any], dispatcher: FakeDispatcher, files: Any
) -> None:
    gateway = under("eu")
    answer = gateway.post(files=files, purpose="hiring", **CONSENTED)
    assert (answer.status_code, answer.json()["code"]) == (403, "emotion_inference_not_permitted")
    assert "Article 5(1)(f)" in answer.json()["detail"]
    assert gateway.stored_files() == []
    assert dispatcher.sent == []
    assert gateway.client.get("/v1/assessments").json()["data"] == []


def test_text_beside_a_recording_is_analysed_alone_when_hiring_in_the_eu(
    under: Callable[[str], Any], dispatcher: FakeDispatcher
) -> None:
    gateway = under("eu")
    answer = gateway.post(files={"video": ("v.mp4", MP4), "text": TEXT}, purpose="hiring", **CONSENTED)
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert [part["kind"] for part in body["media"]] == ["text"]
    for modality in ("audio", "video"):
        assert body["modalities"][modality]["status"] == "skipped"
        assert body["modalities"][modality]["error_code"] == "emotion_inference_not_permitted"
    assert body["modalities"]["text"]["status"] == "queued"
    (work,) = dispatcher.sent
    assert [part.kind for part in work.media] == [MediaKind.TEXT]
    assert work.refused == [Modality.AUDIO, Modality.VIDEO]
    assert [path.read_bytes() for path in gateway.stored_files()] == [TEXT[1].encode()]


def test_video_is_analysed_when_the_eu_purpose_is_not_hiring(
    under: Callable[[str], Any], dispatcher: FakeDispatcher
) -> None:
    gateway = under("eu")
    for purpose in ("self_practice", "research"):
        answer = gateway.post(files={"video": ("v.mp4", MP4)}, purpose=purpose, **CONSENTED)
        assert answer.status_code == 202
    assert [work.refused for work in dispatcher.sent] == [[], []]


def test_video_is_analysed_with_a_warning_when_the_installation_is_fresh(
    gateway: Any, dispatcher: FakeDispatcher
) -> None:
    answer = gateway.post(files={"video": ("v.mp4", MP4)}, purpose="hiring")
    assert answer.status_code == 202
    assert [part.kind for part in dispatcher.sent[0].media] == [MediaKind.VIDEO]
    assert notices_of(gateway, answer.json()["id"]) == ["emotion_inference_restricted"]


def notices_of(gateway: Any, assessment_id: str) -> list[str]:
    with tenant_session(gateway.services.engine, gateway.tenant.tenant) as session:
        return [notice["code"] for notice in session.get_one(Assessment, assessment_id).notices]


def test_notices_of_the_jurisdiction_are_kept_with_the_answer(under: Callable[[str], Any]) -> None:
    for jurisdiction, codes in (
        ("us-il", ["illinois_video_interview_act"]),
        ("us-ny", ["new_york_local_law_144"]),
        ("other", []),
    ):
        gateway = under(jurisdiction)
        answer = gateway.post(files={"video": ("v.mp4", MP4)}, purpose="hiring", **CONSENTED)
        assert answer.status_code == 202
        assert notices_of(gateway, answer.json()["id"]) == codes


def test_answer_is_refused_when_a_consent_is_asked_for_and_missing(
    under: Callable[[str], Any], dispatcher: FakeDispatcher
) -> None:
    gateway = under("eu")
    answer = gateway.post()
    assert (answer.status_code, answer.json()["code"]) == (403, "consent_required")
    assert gateway.stored_files() == []
    assert dispatcher.sent == []
    with tenant_session(gateway.services.engine, gateway.tenant.tenant) as session:
        assert session.scalars(select(Consent)).all() == []


def test_answer_names_its_consent_when_one_was_recorded_before(under: Callable[[str], Any]) -> None:
    gateway = under("eu")
    given = consent(gateway)
    assert given.status_code == 201
    assert gateway.client.get(given.headers["location"]).json() == given.json()
    assert gateway.post().json()["consent"] == given.json()["id"]
    assert gateway.post(consent=given.json()["id"]).json()["consent"] == given.json()["id"]


def test_consent_covers_its_own_candidate_and_purpose_only(under: Callable[[str], Any]) -> None:
    gateway = under("eu")
    for changes in ({"candidate": "person-2"}, {"purpose": "research"}):
        other = consent(gateway, **changes).json()["id"]
        assert gateway.post().json()["code"] == "consent_required"
        answer = gateway.post(consent=other)
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_consent")


def test_inline_consent_is_one_when_several_answers_bring_it(under: Callable[[str], Any]) -> None:
    gateway = under("us-il")
    first, second = gateway.post(**CONSENTED).json(), gateway.post(**CONSENTED).json()
    assert first["consent"] == second["consent"]
    listed = gateway.client.get("/v1/consents", params={"candidate": "person-1"}).json()["data"]
    assert [item["id"] for item in listed] == [first["consent"]]
    assert listed[0]["version"] == "2026-03"


def test_half_a_consent_is_refused(gateway: Any) -> None:
    for fields in (
        {"consent_version": "1"},
        {"consented_at": WHEN},
        {"consent_version": "1", "consented_at": "2026-03-02T09:20:00"},
        {"consent_version": "1", "consented_at": "2999-01-01T00:00:00Z"},
        {"consent": "cons_x", **CONSENTED},
    ):
        answer = gateway.post(**fields)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), fields


def test_withdrawal_erases_what_rests_on_the_consent_and_covers_nothing_more(
    under: Callable[[str], Any], store_report: Callable[..., None]
) -> None:
    gateway = under("eu")
    resting, other = gateway.post(**CONSENTED).json(), gateway.post(candidate="person-2", **CONSENTED).json()
    store_report(resting["id"], gateway.tenant.tenant)
    answer = gateway.client.post(f"/v1/consents/{resting['consent']}/withdraw")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["withdrawn_at"] is not None) == ("withdrawn", True)
    assert gateway.client.get(f"/v1/assessments/{resting['id']}").status_code == 404
    assert gateway.client.get(f"/v1/assessments/{other['id']}").status_code == 200
    assert len(gateway.stored_files()) == 1
    refused = gateway.post(**CONSENTED)
    assert (refused.status_code, refused.json()["code"]) == (403, "consent_required")
    assert gateway.post(**CONSENTED | {"consented_at": "2026-03-03T09:20:00Z"}).status_code == 202
    again = gateway.client.post(f"/v1/consents/{resting['consent']}/withdraw")
    assert again.json()["withdrawn_at"] == answer.json()["withdrawn_at"]


def test_a_person_withdraws_their_own_consent_with_their_token_and_nobody_elses(
    under: Callable[[str], Any],
) -> None:
    gateway = under("eu")
    own, other = gateway.post(**CONSENTED).json(), gateway.post(candidate="person-2", **CONSENTED).json()
    token = {"Authorization": f"Bearer {own['candidate_token']}"}
    strangers = gateway.client.post(f"/v1/consents/{other['consent']}/withdraw", headers=token)
    assert (strangers.status_code, strangers.json()["code"]) == (404, "consent_not_found")
    answer = gateway.client.post(f"/v1/consents/{own['consent']}/withdraw", headers=token)
    assert (answer.status_code, answer.json()["status"]) == (200, "withdrawn")
    assert gateway.client.get(f"/v1/assessments/{own['id']}").status_code == 404
    assert gateway.client.get(f"/v1/assessments/{other['id']}").status_code == 200
    [entry] = gateway.client.get("/v1/audit_events", params={"action": "consent.withdrawn"}).json()["data"]
    assert entry["actor"] == "candidate"


def test_unknown_consent_is_not_found(gateway: Any) -> None:
    for name in ("cons_x", "cons_01kajb3z6v8m2q4n7x9r5t1w41", "a%00b"):
        assert gateway.client.get(f"/v1/consents/{name}").json()["code"] == "consent_not_found"
        assert gateway.client.post(f"/v1/consents/{name}/withdraw").json()["code"] == "consent_not_found"


def test_consents_are_listed_in_pages(gateway: Any) -> None:
    made = [consent(gateway, version=str(number)).json()["id"] for number in range(3)]
    newest_first = sorted(made, reverse=True)
    page = gateway.client.get("/v1/consents", params={"limit": 2}).json()
    assert ([item["id"] for item in page["data"]], page["has_more"]) == (newest_first[:2], True)
    page = gateway.client.get("/v1/consents", params={"starting_after": newest_first[1]}).json()
    assert [item["id"] for item in page["data"]] == newest_first[2:]
    page = gateway.client.get("/v1/consents", params={"ending_before": newest_first[2], "limit": 1}).json()
    assert [item["id"] for item in page["data"]] == [newest_first[1]]


def test_change_of_jurisdiction_is_audited(gateway: Any, gateway_engine: Engine) -> None:
    tenant = gateway.client.patch(
        "/v1/tenant", json={"jurisdiction": "eu", "retention": {"media_days": 7}}
    ).json()
    assert (tenant["jurisdiction"], tenant["retention"]["media_days"]) == ("eu", 7)
    hiring = next(rule for rule in tenant["rules"] if rule["purpose"] == "hiring")
    assert hiring["channels"] == ["text"]
    assert gateway.client.get("/v1/tenant").json() == tenant
    gateway.client.patch("/v1/tenant", json={"jurisdiction": "eu"})
    with tenant_session(gateway_engine, gateway.tenant.tenant) as session:
        entries = session.scalars(select(AuditEventRow).order_by(AuditEventRow.sequence)).all()
        assert [(entry.action, entry.details) for entry in entries] == [
            ("jurisdiction.changed", {"from": "unspecified", "to": "eu"}),
            ("retention.changed", {"media_days": [30, 7]}),
        ]
        assert all(entry.actor.startswith("key_") for entry in entries)
    assert audit.verify(gateway_engine, gateway.tenant.tenant).fault is None


def test_tenant_refuses_what_it_does_not_know(gateway: Any) -> None:
    for body in ({"jurisdiction": "mars"}, {"retention": {"media_days": 0}}, {"name": "x"}):
        assert gateway.client.patch("/v1/tenant", json=body).json()["code"] == "validation_failed", body
