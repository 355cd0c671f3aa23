"""What is kept of a person beyond the answers."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Response
from sqlalchemy.orm import Session

from gateway import repository
from gateway.dependencies import AnyCaller, TheServices, Writer
from gateway.enrolment import KeptVoice, erase_voices, kept_voices
from gateway.errors import Problem, ProblemCode
from gateway.openapi import AUTHENTICATED, problems
from gateway.schemas import EncoderView, VoiceSummaryView
from services.common.db.models import Candidate
from services.common.db.session import tenant_session

# `:path` lets a platform's own identifier hold slashes.
router = APIRouter(prefix="/v1/candidates/{candidate:path}/voice-summary", tags=["candidates"])
CandidateName = Annotated[
    str,
    Path(
        description="The platform's own identifier, as it was handed in, or `cand_…`.",
        examples=["applicant-4711"],
    ),
]


@router.get(
    "",
    operation_id="getVoiceSummary",
    summary="What is kept of a person's voice",
    responses=problems(*AUTHENTICATED, ProblemCode.CANDIDATE_NOT_FOUND),
)
def get_voice_summary(services: TheServices, caller: AnyCaller, candidate: CandidateName) -> VoiceSummaryView:
    """How many answers the next one's voice would be compared with, and from when; never the vectors."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        row = _load(session, candidate)
        return _view(row, kept_voices(session, row.id))


@router.delete(
    "",
    operation_id="deleteVoiceSummary",
    summary="Erase what is kept of a person's voice",
    status_code=204,
    response_class=Response,
    responses=problems(*AUTHENTICATED, ProblemCode.CANDIDATE_NOT_FOUND, ProblemCode.SERVICE_UNAVAILABLE),
)
def delete_voice_summary(services: TheServices, caller: Writer, candidate: CandidateName) -> None:
    """Answers and reports stay. An answer that is analysed later, or right now, is kept anew.

    After a 503, send it again to finish.
    """
    with tenant_session(services.engine, caller.tenant_id) as session:
        erase_voices(session, _load(session, candidate).id, ledger=services.ledger)


def _load(session: Session, name: str) -> Candidate:
    """The tenant's candidate.

    Raises:
        Problem: `candidate_not_found`, for what never was as for another tenant's.
    """
    row = repository.find_candidate(session, name)
    if row is None:
        raise Problem(
            ProblemCode.CANDIDATE_NOT_FOUND,
            "Check the identifier; send the one that the answers were handed in with.",
        )
    return row


def _view(row: Candidate, kept: Sequence[KeptVoice]) -> VoiceSummaryView:
    return VoiceSummaryView(
        candidate=row.external_id,
        candidate_id=row.id,
        answers=len(kept),
        clips=sum(voice.clips for voice in kept),
        encoders=[
            EncoderView(name=model.name, version=model.version, answers=answers)
            for model, answers in Counter(voice.model for voice in kept).items()
        ],
        first_kept_at=kept[-1].created_at if kept else None,
        last_kept_at=kept[0].created_at if kept else None,
    )
