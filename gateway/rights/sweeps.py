"""What has had its time: idempotency keys after a day, uploads that no answer took."""

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gateway.http import idempotency_store
from gateway.uploads import resumable
from services.common.errors import CandorError
from services.common.logging import get_logger
from services.common.storage import ObjectStore

log = get_logger(__name__)
BATCH = 500


def sweep_requests(engine: Engine, store: ObjectStore) -> None:
    """Sweep over all tenants once, bounded; what is left comes in the next sweep.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database is out of reach.
    """
    keys = idempotency_store.sweep(engine, most=BATCH)
    uploads = sum(_erased(engine, store, *expired) for expired in _expired_uploads(engine))
    if keys or uploads:
        log.info("swept", idempotency_keys=keys, uploads=uploads)


def _expired_uploads(engine: Engine) -> list[tuple[str, str]]:
    with Session(engine) as session, session.begin():
        rows = session.execute(
            text("SELECT upload_id, tenant_id FROM candor_expired_uploads(:most)"), {"most": BATCH}
        )
        return [(row.upload_id, row.tenant_id) for row in rows]


def _erased(engine: Engine, store: ObjectStore, upload_id: str, tenant_id: str) -> bool:
    try:
        return resumable.erase(engine, store, tenant_id=tenant_id, upload_id=upload_id)
    except CandorError as fault:
        log.warning("upload_not_swept", upload_id=upload_id, detail=str(fault))
        return False
