"""What is kept of a candidate, for the candidate to have."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from gateway.assessments.report_access import readable_purposes
from gateway.dependencies import Administrator, TheServices
from gateway.openapi.document import AUTHENTICATED, problems
from gateway.problem_codes import ProblemCode
from gateway.rights.access_export import access_export, record_access_export
from gateway.routes.candidates import CandidateName, load_candidate
from services.common.db.session import tenant_session

router = APIRouter(prefix="/v1/candidates/{candidate:path}/access_export", tags=["governance"])
EXAMPLE = {
    "candidate_id": "cand_01kajb3z6v8m2q4n7x9r5t1w3z",
    "created_at": "2026-03-09T10:00:00+00:00",
    "explanations": {"what_this_system_does": "Candor estimates how an interview answer comes across."},
    "models": [
        {
            "modality": "text",
            "name": "text_traits",
            "version": 1,
            "assessments": ["asm_01kajb3z6v8m2q4n7x9r5t1w3y"],
        }
    ],
    "withheld": [],
    "data": {"candidates": [{"id": "cand_01kajb3z6v8m2q4n7x9r5t1w3z", "external_id": "applicant-4711"}]},
    "media": [],
}


@router.get(
    "",
    operation_id="exportCandidate",
    summary="Everything that is kept of a candidate, explained",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Every row by table, models and explanations in plain words; as a stream.",
            "content": {"application/json": {"schema": {"type": "object"}, "example": EXAMPLE}},
        },
        **problems(*AUTHENTICATED, ProblemCode.CANDIDATE_NOT_FOUND, ProblemCode.VALIDATION_FAILED),
    },
)
def export_candidate(
    services: TheServices,
    caller: Administrator,
    candidate: CandidateName,
    include_media: Annotated[
        bool, Query(description="With recordings, documents and typed answers, in base64.")
    ] = False,
) -> StreamingResponse:
    """For the candidate to have (GDPR, Article 15; AI Act, Article 86). Each export is audited.

    Results that only the candidate may read are left out and named under `withheld`.
    """
    with tenant_session(services.engine, caller.tenant_id) as session:
        person = load_candidate(session, candidate).id
        readable = readable_purposes(session, caller)
        record_access_export(session, person, tenant_id=caller.tenant_id, actor=caller.actor)
    document = access_export(
        services.engine,
        services.store,
        tenant_id=caller.tenant_id,
        candidate_id=person,
        readable=readable,
        with_media=include_media,
    )
    return StreamingResponse(document, media_type="application/json")
