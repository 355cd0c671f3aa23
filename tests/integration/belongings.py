"""One of everything that a tenant can own, and how each operation names it.

Whoever adds an operation adds here what its path, its query and its body refer to; until then
`test_tenant_isolation` fails and says what is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from gateway.webhooks.targets import TargetRules
from services.common.db.models import Erasure
from services.common.db.session import tenant_session

NAME = "applicant-of-the-first-tenant"
"""The platform's own identifier of the person; no other tenant may ever read it."""
TAG = "role:tag-of-the-first-tenant"
CONSENT = {"candidate": "c", "purpose": "research", "version": "1", "consented_at": "2026-03-02T09:20:00Z"}
URL = "https://hooks.example.com/of-the-first-tenant"


@dataclass
class Belongings:
    """What the first tenant has, by name of path parameter. Built through the interface."""

    gateway: Any
    ids: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=lambda: [NAME, TAG, URL])

    def make(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.gateway.client.post(path, json=body)
        assert answer.status_code in (201, 202), (path, answer.text)
        made: dict[str, Any] = answer.json()
        return made

    def keep(self, parameter: str, identifier: str) -> None:
        self.ids[parameter] = identifier
        self.secrets.append(identifier)


def _assessment(mine: Belongings, store_report: Callable[..., None]) -> None:
    answer = mine.gateway.post(candidate=NAME, tags=[TAG], purpose="research").json()
    mine.keep("assessment_id", answer["id"])
    mine.secrets.append(answer["candidate_id"])
    store_report(answer["id"], mine.gateway.tenant.tenant)
    mine.ids["candidate"] = NAME


def _question(mine: Belongings, _: Any) -> None:
    mine.keep("question_id", mine.make("/v1/questions", text="Asked by the first tenant only?")["id"])


def _interview(mine: Belongings, _: Any) -> None:
    made = mine.make("/v1/interviews", candidate=NAME, questions=[mine.ids["question_id"]])
    mine.keep("interview_id", made["id"])


def _webhooks(mine: Belongings, _: Any) -> None:
    rules = TargetRules(resolve=lambda *_: ["93.184.215.14"])
    mine.gateway.replace(webhook_targets=rules)
    mine.keep("endpoint_id", mine.make("/v1/webhook_endpoints", url=URL)["id"])
    answer = mine.gateway.client.post(f"/v1/webhook_endpoints/{mine.ids['endpoint_id']}/test")
    assert answer.status_code == 202, answer.text
    mine.keep("event_id", mine.gateway.client.get("/v1/events").json()["data"][0]["id"])


def _key(mine: Belongings, _: Any) -> None:
    made = mine.make("/v1/api_keys", name="key of the first tenant", scopes=["reports:read"])
    mine.keep("key_id", made["id"])


def _governance(mine: Belongings, _: Any) -> None:
    consent = mine.make("/v1/consents", **CONSENT | {"candidate": NAME})
    mine.keep("consent_id", consent["id"])
    passing = mine.make("/v1/consents", **CONSENT | {"candidate": "passing"})
    with_consent = mine.gateway.post(candidate="passing", purpose="research", consent=passing["id"])
    assert with_consent.status_code == 202, with_consent.text
    mine.gateway.client.post(f"/v1/consents/{passing['id']}/withdraw")
    with tenant_session(mine.gateway.services.engine, mine.gateway.tenant.tenant) as session:
        mine.keep("erasure_id", session.scalars(select(Erasure.id)).one())


def _upload(mine: Belongings, _: Any) -> None:
    mine.keep("upload_id", mine.make("/v1/uploads", kind="video", size_bytes=3)["id"])


MAKERS: tuple[Callable[[Belongings, Any], None], ...] = (
    _question,
    _webhooks,
    _assessment,
    _interview,
    _key,
    _upload,
    _governance,
)
"""In this order; each puts its path parameters into `ids` and what nobody may read into `secrets`."""

QUERIES: dict[str, Callable[[Belongings], str] | None] = {
    "limit": None,
    "include_media": None,
    "purpose": None,
    "archived": None,
    "status": None,
    "type": None,
    "expand": None,
    "actor": None,
    "action": None,
    "subject": lambda mine: mine.ids["key_id"],
    "created_from": None,
    "created_before": None,
    "score": lambda _: "trait.openness",
    "starting_after": None,
    "ending_before": None,
    "candidate": lambda _: NAME,
    "external_id": lambda _: NAME,
    "interview": lambda mine: mine.ids["interview_id"],
    "question": lambda mine: mine.ids["question_id"],
    "assessment": lambda mine: mine.ids["assessment_id"],
    "role": lambda _: TAG.removeprefix("role:"),
    "tag": lambda _: TAG,
}
"""Query parameters: what of the first tenant they can name, null where they name nothing."""

BODIES: dict[str, Callable[[Belongings], dict[str, Any]]] = {
    "createAssessment": lambda mine: {
        "data": {"candidate": "c", "question": mine.ids["question_id"]},
        "files": {"text": (None, "I like to learn.")},
    },
    "createCandidate": lambda _: {"json": {"external_id": "c"}},
    "createUpload": lambda _: {"json": {"kind": "video", "size_bytes": 3}},
    "sendUploadPiece": lambda _: {
        "content": b"abc",
        "headers": {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"},
    },
    "createInterview": lambda mine: {"json": {"candidate": "c", "questions": [mine.ids["question_id"]]}},
    "createQuestion": lambda _: {"json": {"text": "Why?"}},
    "changeQuestion": lambda _: {"json": {"archived": True}},
    "createWebhookEndpoint": lambda _: {"json": {"url": "https://hooks.example.com/other"}},
    "updateWebhookEndpoint": lambda _: {"json": {"description": "taken over"}},
    "rotateWebhookSecret": lambda _: {"json": {"overlap_s": 0}},
    "replayEvent": lambda mine: {"json": {"endpoint_id": mine.ids["endpoint_id"]}},
    "createApiKey": lambda _: {"json": {"name": "other", "scopes": ["reports:read"]}},
    "keepDemographics": lambda _: {"json": {"sex": "female"}},
    "createConsent": lambda _: {"json": CONSENT},
    "updateTenant": lambda _: {"json": {"jurisdiction": "other"}},
    "rotateApiKey": lambda _: {"json": {"overlap_s": 0}},
}
"""A valid body of each operation that takes one, naming what belongs to the first tenant."""

REFUSED_BODIES = frozenset({"createAssessment", "createInterview"})
"""Operations without identifiers in the path whose body names another tenant's things."""
