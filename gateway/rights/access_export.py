"""Everything that is kept of a candidate, with an explanation of the scores, as one JSON document.

GDPR, Article 15: access and a copy. AI Act, Article 86: how the system came to its results and what part
they play in a decision. Written row by row, so that a long history needs no more memory than a short one.
"""

import base64
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from gateway.http.fields import Purpose
from gateway.rights.explanations import EXPLANATIONS
from gateway.rights.personal_data import PersonalTable, personal_tables
from gateway.tenancy import audit
from services.common.contracts.media import MediaRef
from services.common.db.models import Assessment, ReportRow
from services.common.db.session import tenant_session
from services.common.errors import InputError
from services.common.storage import ObjectStore

BATCH = 200
CHUNK_BYTES = 3 * 64 * 1024
"""A multiple of three, so that each chunk is whole base64."""
OF_RESULTS = frozenset({"reports", "modality_results", "answer_scores"})
"""Tables that hold what only some readers may see."""

WITHHELD = "Only the candidate may read the results of practice; the candidate token opens them."


def record_access_export(session: Session, candidate_id: str, *, tenant_id: str, actor: str) -> None:
    """Note in the audit log that everything about a candidate was exported."""
    audit.record(session, tenant_id=tenant_id, actor=actor, action="candidate.exported", subject=candidate_id)


def access_export(
    engine: Engine,
    store: ObjectStore,
    *,
    tenant_id: str,
    candidate_id: str,
    readable: Collection[Purpose],
    with_media: bool = False,
) -> Iterator[str]:
    """Yield the document in pieces.

    Args:
        engine: connected as `candor_gateway`.
        store: where media lies.
        tenant_id: whose candidate it is.
        candidate_id: `cand_…`.
        readable: purposes whose results the caller may read; the others are said to be withheld.
        with_media: whether recordings and texts are part of it, in base64.
    """
    with tenant_session(engine, tenant_id) as session:
        head = {"candidate_id": candidate_id, "created_at": datetime.now(UTC), "explanations": EXPLANATIONS}
        yield _json(head)[:-1] + ',"models":' + _json(_models(session, candidate_id))
        withheld = _withheld(session, candidate_id, readable)
        yield ',"withheld":' + _json([{"assessment_id": each, "reason": WITHHELD} for each in withheld])
        yield ',"data":{'
        for number, personal in enumerate(personal_tables(session)):
            yield ("," if number else "") + _json(personal.name) + ":["
            yield from _separated(_rows(session, personal, candidate_id, withheld))
            yield "]"
        yield '},"media":['
        if with_media:
            yield from _media(session, store, candidate_id)
        yield "]}"


def _models(session: Session, candidate_id: str) -> list[dict[str, Any]]:
    """Return which models, in which version, made the scores of which answers."""
    rows = session.execute(
        select(ReportRow.assessment_id, ReportRow.report["modalities"])
        .join(Assessment, Assessment.id == ReportRow.assessment_id)
        .where(Assessment.candidate_id == candidate_id)
        .order_by(ReportRow.assessment_id)
        .execution_options(yield_per=BATCH)
    )
    used: dict[tuple[str, str, int], list[str]] = {}
    for assessment_id, modalities in rows:
        for modality, result in modalities.items():
            for model in result.get("models", []):
                used.setdefault((modality, model["name"], model["version"]), []).append(assessment_id)
    return [
        {"modality": modality, "name": name, "version": version, "assessments": ids}
        for (modality, name, version), ids in sorted(used.items())
    ]


def _withheld(session: Session, candidate_id: str, readable: Collection[Purpose]) -> Sequence[str]:
    return session.scalars(
        select(Assessment.id)
        .where(Assessment.candidate_id == candidate_id, Assessment.purpose.not_in([*readable]))
        .order_by(Assessment.id)
    ).all()


def _rows(
    session: Session, personal: PersonalTable, candidate_id: str, withheld: Sequence[str]
) -> Iterator[str]:
    statement = select(*personal.columns).where(personal.of_candidate(candidate_id))
    if personal.name in OF_RESULTS:
        statement = statement.where(personal.table.c.assessment_id.not_in(withheld))
    for row in session.execute(statement.execution_options(yield_per=BATCH)).mappings():
        yield _json({str(name): value for name, value in row.items()})


def _media(session: Session, store: ObjectStore, candidate_id: str) -> Iterator[str]:
    rows = session.execute(
        select(Assessment.id, Assessment.media)
        .where(Assessment.candidate_id == candidate_id, Assessment.media_erased_at.is_(None))
        .order_by(Assessment.id)
    ).all()
    parts = [(row.id, MediaRef.model_validate(part)) for row in rows for part in row.media]
    for number, (assessment_id, part) in enumerate(parts):
        head = {"assessment_id": assessment_id, "kind": part.kind, "content_type": part.content_type}
        yield ("," if number else "") + _json(head)[:-1] + ',"content_base64":"'
        yield from _content(store, part)
        yield '"}'


def _content(store: ObjectStore, part: MediaRef) -> Iterator[str]:
    """Empty where the object has gone meanwhile."""
    try:
        with store.open_local(part.key) as path, path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield base64.b64encode(chunk).decode("ascii")
    except InputError:
        return


def _separated(rows: Iterator[str]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield ("," if number else "") + row


def _json(value: Any) -> str:
    return json.dumps(value, default=_plain, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
