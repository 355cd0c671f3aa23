"""What is kept of a person's voice beyond the answers."""

from collections import Counter
from collections.abc import Sequence

from fastapi import APIRouter, Response

from gateway.assessments.enrolment import KeptVoice, erase_voices, kept_voices
from gateway.dependencies import AnyCaller, TheServices, Writer
from gateway.openapi.document import AUTHENTICATED, problems
from gateway.problem_codes import ProblemCode
from gateway.rights.voice_schemas import EncoderView, VoiceSummaryView
from gateway.routes.candidates import CandidateName, load_candidate
from services.common.db.models import Candidate
from services.common.db.session import tenant_session

# `:path` lets a platform's own identifier hold slashes.
router = APIRouter(prefix="/v1/candidates/{candidate:path}/voice-summary", tags=["candidates"])


@router.get(
    "",
    operation_id="getVoiceSummary",
    summary="What is kept of a person's voice",
    responses=problems(*AUTHENTICATED, ProblemCode.CANDIDATE_NOT_FOUND),
)
def get_voice_summary(services: TheServices, caller: AnyCaller, candidate: CandidateName) -> VoiceSummaryView:
    """How many answers the next one's voice would be compared with, and from when; never the vectors."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        row = load_candidate(session, candidate)
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
        erase_voices(session, load_candidate(session, candidate).id, ledger=services.ledger)


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
