"""Receipts of what was erased."""

from typing import Annotated

from fastapi import APIRouter, Path

from gateway.dependencies import AnyCaller, TheServices
from gateway.errors import RefusedError
from gateway.http.ids import Prefix, is_id
from gateway.openapi.document import AUTHENTICATED, problems
from gateway.problem_codes import ProblemCode
from gateway.rights.receipts import erasure_view
from gateway.rights.schemas import ErasureView
from services.common.db.models import Erasure
from services.common.db.session import tenant_session

router = APIRouter(prefix="/v1/erasures", tags=["governance"])
ErasureId = Annotated[str, Path(description="`era_…`", examples=["era_01kajb3z6v8m2q4n7x9r5t1w42"])]


@router.get(
    "/{erasure_id}",
    operation_id="getErasure",
    summary="The receipt of an erasure",
    responses=problems(*AUTHENTICATED, ProblemCode.ERASURE_NOT_FOUND),
)
def get_erasure(services: TheServices, caller: AnyCaller, erasure_id: ErasureId) -> ErasureView:
    """What was erased and when. It does not say whose it was; nobody can tell any more."""
    if is_id(erasure_id, Prefix.ERASURE):
        with tenant_session(services.engine, caller.tenant_id) as session:
            row = session.get(Erasure, erasure_id)
        if row is not None:
            return erasure_view(row)
    raise RefusedError(
        ProblemCode.ERASURE_NOT_FOUND, "Check the identifier that the erasure was answered with."
    )
