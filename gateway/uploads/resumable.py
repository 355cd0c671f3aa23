"""Resumable uploads: each piece an object of its own, put together when all have come.

Two pieces at the same offset may arrive at once; the row decides which one counts. Memory stays flat:
pieces are streamed in, and streamed once more when they are put together, hashed and looked at.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from gateway.errors import RefusedError
from gateway.http.ids import Prefix, new_id
from gateway.problem_codes import ProblemCode
from gateway.uploads.parts import MediaPart
from gateway.uploads.schemas import NewUpload
from services.common.contracts.labels import MediaKind
from services.common.contracts.media import MediaRef
from services.common.db.models_requests import Upload, UploadPart
from services.common.db.session import tenant_session
from services.common.errors import CandorError
from services.common.logging import get_logger
from services.common.storage import ObjectStore

log = get_logger(__name__)
CHUNK_BYTES = 256 * 1024
MAX_PIECES = 2000


def begin(
    session: Session, *, tenant_id: str, new: NewUpload, max_bytes: int, ttl_s: float, most_open: int
) -> Upload:
    """Announce an upload.

    Raises:
        RefusedError: `media_too_large` or `uploads_exhausted`.
    """
    if new.size_bytes > max_bytes:
        raise RefusedError(
            ProblemCode.MEDIA_TOO_LARGE,
            f"`{new.kind}` may have at most {max_bytes} bytes; shorten or compress it.",
        )
    unfinished = session.scalar(select(func.count()).select_from(Upload)) or 0
    if unfinished >= most_open:
        raise RefusedError(
            ProblemCode.UPLOADS_EXHAUSTED,
            f"Finish, use or delete one of the {unfinished} uploads, or wait until they expire.",
        )
    row = Upload(
        id=new_id(Prefix.UPLOAD),
        tenant_id=tenant_id,
        kind=new.kind,
        filename=new.filename,
        size_bytes=new.size_bytes,
        sha256=new.sha256,
        expires_at=datetime.now(UTC) + timedelta(seconds=ttl_s),
    )
    session.add(row)
    session.flush()
    session.refresh(row)
    return row


def find(session: Session, upload_id: str) -> Upload:
    """Find the tenant's upload.

    Raises:
        RefusedError: `upload_not_found`.
    """
    row = session.get(Upload, upload_id)
    if row is None or row.expires_at <= datetime.now(UTC):
        raise RefusedError(
            ProblemCode.UPLOAD_NOT_FOUND,
            "Check the identifier; it may have expired, been used, or be another tenant's.",
        )
    return row


def require_offset(row: Upload, offset: int) -> None:
    """Raise unless a piece may begin at `offset`."""
    if row.media is not None or row.problem is not None:
        raise RefusedError(
            ProblemCode.UPLOAD_ENDED, "Use it in an answer, or begin another one where it has failed."
        )
    if offset != row.received_bytes:
        raise RefusedError(
            ProblemCode.UPLOAD_OFFSET_MISMATCH, f"Go on at byte {row.received_bytes}; HEAD tells the offset."
        )


def record(engine: Engine, row: Upload, *, key: str, offset: int, size_bytes: int) -> Upload:
    """Count a stored piece in.

    Raises:
        RefusedError: `upload_offset_mismatch`, another piece was counted first; delete this one.
    """
    with tenant_session(engine, row.tenant_id) as session:
        counted = session.execute(
            update(Upload)
            .where(Upload.id == row.id, Upload.received_bytes == offset, Upload.media.is_(None))
            .values(received_bytes=offset + size_bytes)
            .returning(Upload.id)
        )
        if counted.one_or_none() is None:
            require_offset(find(session, row.id), -1)
        part = UploadPart(upload_id=row.id, offset_bytes=offset, tenant_id=row.tenant_id, key=key)
        session.add(part)
        session.flush()
        pieces = session.scalar(
            select(func.count()).select_from(UploadPart).where(UploadPart.upload_id == row.id)
        )
        if (pieces or 0) > MAX_PIECES:
            raise RefusedError(
                ProblemCode.UPLOAD_ENDED, f"Begin again with larger pieces: {MAX_PIECES} are allowed."
            )
        return session.get_one(Upload, row.id, populate_existing=True)


def complete(engine: Engine, store: ObjectStore, row: Upload) -> None:
    """Put the pieces together, look at what they are, and drop them.

    Raises:
        RefusedError: the media is refused, and the upload has failed for good.
        TemporaryError: the store is out of reach; send an empty piece at the end to try again.
    """
    with tenant_session(engine, row.tenant_id) as session:
        keys = _keys(session, row.id)
    try:
        media = _put_together(store, row, keys)
    except RefusedError as problem:
        _settle(engine, row, problem=problem.code)
        drop(store, keys)
        raise
    try:
        settled = _settle(engine, row, media=media)
    except BaseException:
        drop(store, [media.key])
        raise
    if settled:
        drop(store, keys)
    else:
        drop(store, [media.key])


def _put_together(store: ObjectStore, row: Upload, keys: list[str]) -> MediaRef:
    part = MediaPart(
        MediaKind(row.kind),
        filename=row.filename,
        store=store,
        tenant_id=row.tenant_id,
        max_bytes=row.size_bytes,
    )
    try:
        for key in keys:
            for chunk in _chunks(store, key):
                part.write(chunk)
        media = part.close()
    except BaseException:
        part.abort()
        raise
    if media is None:
        raise RefusedError(ProblemCode.MEDIA_EMPTY, "The upload has no bytes; begin another one.")
    if row.sha256 not in (None, media.sha256):
        store.delete(media.key)
        raise RefusedError(
            ProblemCode.UPLOAD_CHECKSUM_MISMATCH, "Begin another upload and send the bytes again."
        )
    return media


def _chunks(store: ObjectStore, key: str) -> Iterator[bytes]:
    with store.open_local(key) as path, path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk


def _settle(
    engine: Engine, row: Upload, *, media: MediaRef | None = None, problem: str | None = None
) -> bool:
    """Note the outcome; false where the upload has one already, or is gone."""
    with tenant_session(engine, row.tenant_id) as session:
        noted = session.execute(
            update(Upload)
            .where(Upload.id == row.id, Upload.media.is_(None), Upload.problem.is_(None))
            .values(media=media and media.model_dump(mode="json"), problem=problem)
            .returning(Upload.id)
        )
        if noted.one_or_none() is None:
            return False
        session.execute(delete(UploadPart).where(UploadPart.upload_id == row.id))
        return True


def claim_uploads(session: Session, upload_ids: list[str]) -> list[MediaRef]:
    """Claim complete uploads for the answer that `session` stores; they can be used once.

    Raises:
        RefusedError: `unknown_upload` or `upload_incomplete`.
    """
    taken = []
    for upload_id in dict.fromkeys(upload_ids):
        row = session.get(Upload, upload_id, with_for_update=True)
        if row is None or row.expires_at <= datetime.now(UTC):
            raise RefusedError(
                ProblemCode.UNKNOWN_UPLOAD, "Check the identifier; it may have expired or been used before."
            )
        if row.media is None:
            raise RefusedError(ProblemCode.UPLOAD_INCOMPLETE, f"Send the rest of {upload_id} first.")
        taken.append(MediaRef.model_validate(row.media))
        session.delete(row)
    return taken


def erase(engine: Engine, store: ObjectStore, *, tenant_id: str, upload_id: str) -> bool:
    """Remove an upload with all its objects; false where there is none, or an answer is taking it.

    Raises:
        TemporaryError: the store is out of reach, and the upload still there.
    """
    with tenant_session(engine, tenant_id) as session:
        row = session.get(Upload, upload_id, with_for_update={"skip_locked": True})
        if row is None:
            return False
        keys = _keys(session, upload_id)
        for key in keys if row.media is None else [*keys, MediaRef.model_validate(row.media).key]:
            store.delete(key)
        session.delete(row)
        return True


def _keys(session: Session, upload_id: str) -> list[str]:
    statement = (
        select(UploadPart.key).where(UploadPart.upload_id == upload_id).order_by(UploadPart.offset_bytes)
    )
    return list(session.scalars(statement))


def drop(store: ObjectStore, keys: list[str]) -> None:
    """Remove objects that nothing names any more. Never raises: what cannot be removed is logged."""
    for key in keys:
        try:
            store.delete(key)
        except CandorError as fault:
            log.error("orphaned_object", key=key, detail=str(fault))
