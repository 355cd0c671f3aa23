"""Erasing an assessment everywhere it has left something."""

from typing import Protocol

from redis.exceptions import RedisError
from sqlalchemy import Engine

from gateway import repository
from gateway.errors import ProblemCode, unavailable
from services.common.db.session import tenant_session
from services.common.logging import get_logger
from services.common.storage import ObjectStore

log = get_logger(__name__)


class Forgetful(Protocol):
    """What erasure asks of the work ledger."""

    def forget(self, assessment_id: str) -> None: ...


def erase_assessment(
    assessment_id: str, *, tenant_id: str, engine: Engine, store: ObjectStore, ledger: Forgetful
) -> bool:
    """Erase media, live state, results, report and row; false where there is no such assessment.

    It is canceled first, so that no worker, fusion or recovery adds to it. The row goes last: while
    anything is left, the assessment can still be named, and the call repeated. With the row go its
    scores, and the database counts them out of the norms in the same transaction.

    Raises:
        TemporaryError: the object store is out of reach.
        Problem: `service_unavailable`, the ledger is.
    """
    with tenant_session(engine, tenant_id) as session:
        media = repository.cancel(session, assessment_id)
    if media is None:
        return False
    for part in media:
        store.delete(part.key)
    try:
        ledger.forget(assessment_id)
    except RedisError as fault:
        log.warning("ledger_unreachable", detail=str(fault))
        raise unavailable(
            ProblemCode.SERVICE_UNAVAILABLE, "Kept results could not be erased yet; send the request again."
        ) from fault
    with tenant_session(engine, tenant_id) as session:
        repository.erase(session, assessment_id)
    return True
