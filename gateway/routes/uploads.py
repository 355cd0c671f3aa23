"""Resumable uploads: announce, send in pieces, use in an answer. The pieces follow tus 1.0 (core)."""

from typing import Annotated

from anyio import CancelScope
from fastapi import APIRouter, Header, Path, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from gateway.dependencies import AnyCaller, Services, TheServices, Writer
from gateway.errors import RefusedError
from gateway.http.ids import Prefix, id_pattern
from gateway.openapi.problems import AUTHENTICATED, problems
from gateway.problem_codes import ProblemCode
from gateway.uploads import resumable
from gateway.uploads.multipart import BATCH_BYTES
from gateway.uploads.schemas import NewUpload, UploadStatus, UploadView
from services.common.contracts.labels import MediaKind
from services.common.contracts.media import MediaRef
from services.common.db.models_requests import Upload
from services.common.db.session import tenant_session
from services.common.storage import ObjectWriter, make_object_key

PATH = "/v1/uploads"
PIECE_TYPE = "application/offset+octet-stream"
router = APIRouter(prefix=PATH, tags=["uploads"])
UploadId = Annotated[str, Path(description="`up_…`", pattern=id_pattern(Prefix.UPLOAD))]
OFFSET_HEADERS = {
    "Upload-Offset": {
        "description": "Bytes that have come; the next piece begins here.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
        "example": "8388608",
    },
    "Tus-Resumable": {
        "description": "The version of tus that the pieces follow.",
        "schema": {"type": "string", "enum": ["1.0.0"]},
        "example": "1.0.0",
    },
}
LENGTH_HEADER = {
    "Upload-Length": {
        "description": "Bytes of the whole.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
        "example": "104857600",
    }
}
NOT_FOUND = (ProblemCode.UPLOAD_NOT_FOUND, ProblemCode.VALIDATION_FAILED)


@router.post(
    "",
    operation_id="createUpload",
    summary="Announce large media",
    status_code=201,
    responses={
        201: {
            "description": "Send the bytes to `Location`.",
            "headers": {
                "Location": {"schema": {"type": "string"}, "description": "The upload."},
                **OFFSET_HEADERS,
            },
        },
        **problems(
            *AUTHENTICATED,
            ProblemCode.BAD_REQUEST,
            ProblemCode.UPLOADS_EXHAUSTED,
            ProblemCode.BODY_TOO_LARGE,
            ProblemCode.MEDIA_TOO_LARGE,
            ProblemCode.VALIDATION_FAILED,
        ),
    },
)
def create_upload(services: TheServices, caller: Writer, new: NewUpload, response: Response) -> UploadView:
    """For recordings that one connection may not carry. What no answer uses within a day is erased."""
    with tenant_session(services.engine, caller.tenant_id) as session:
        row = resumable.begin(
            session,
            tenant_id=caller.tenant_id,
            new=new,
            max_bytes=services.settings.max_bytes(MediaKind(new.kind)),
            ttl_s=services.settings.upload_ttl_s,
            most_open=services.settings.max_open_uploads,
        )
    response.headers["Location"] = f"{PATH}/{row.id}"
    _tell_offset(response, row)
    return _view(row)


@router.get(
    "/{upload_id}",
    operation_id="getUpload",
    summary="How far one upload is",
    responses=problems(*AUTHENTICATED, *NOT_FOUND),
)
def get_upload(services: TheServices, caller: AnyCaller, upload_id: UploadId) -> UploadView:
    """Gone once an answer has used it."""
    return _view(_find(services, caller.tenant_id, upload_id))


@router.head(
    "/{upload_id}",
    operation_id="getUploadOffset",
    summary="Where to go on",
    response_class=Response,
    responses={
        200: {
            "description": "The offset, in a header.",
            "headers": {**OFFSET_HEADERS, **LENGTH_HEADER},
        },
        **problems(*AUTHENTICATED, *NOT_FOUND),
    },
)
def get_upload_offset(services: TheServices, caller: Writer, upload_id: UploadId) -> Response:
    """Ask after a connection broke; then send from there."""
    row, response = _find(services, caller.tenant_id, upload_id), Response()
    _tell_offset(response, row)
    response.headers["Upload-Length"] = str(row.size_bytes)
    return response


@router.patch(
    "/{upload_id}",
    operation_id="sendUploadPiece",
    summary="Send the next piece",
    status_code=204,
    response_class=Response,
    responses={
        204: {
            "description": "The piece is stored; `Upload-Offset` says how much.",
            "headers": OFFSET_HEADERS,
        },
        **problems(
            *AUTHENTICATED,
            *NOT_FOUND,
            ProblemCode.UPLOAD_OFFSET_MISMATCH,
            ProblemCode.UPLOAD_ENDED,
            ProblemCode.MEDIA_TOO_LARGE,
            ProblemCode.UNSUPPORTED_MEDIA_TYPE,
            ProblemCode.MEDIA_TYPE_MISMATCH,
            ProblemCode.UPLOAD_CHECKSUM_MISMATCH,
            ProblemCode.STORAGE_UNAVAILABLE,
            ProblemCode.STORAGE_FULL,
        ),
    },
    openapi_extra={
        "requestBody": {
            "description": "The bytes from `Upload-Offset` on, as many as one likes.",
            "required": True,
            "content": {PIECE_TYPE: {"schema": {"type": "string", "format": "binary"}, "example": "…"}},
        }
    },
)
async def send_upload_piece(
    request: Request,
    services: TheServices,
    caller: Writer,
    upload_id: UploadId,
    upload_offset: Annotated[int, Header(ge=0, lt=2**53, description="Where the piece begins.")],
) -> Response:
    """What came before a connection broke is kept. With the last byte the media is looked at and hashed;
    a 503 then means: send an empty piece at the end to try again.
    """
    row = await run_in_threadpool(_find, services, caller.tenant_id, upload_id)
    resumable.require_offset(row, upload_offset)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != PIECE_TYPE:
        raise RefusedError(ProblemCode.UNSUPPORTED_MEDIA_TYPE, f"Send the piece as `{PIECE_TYPE}`.")
    piece = Piece(services, row, offset=upload_offset)
    row = await piece.receive(request)
    if row.received_bytes == row.size_bytes:
        await run_in_threadpool(resumable.complete, services.engine, services.store, row)
    response = Response(status_code=204)
    _tell_offset(response, row)
    return response


@router.delete(
    "/{upload_id}",
    operation_id="deleteUpload",
    summary="Give up one upload",
    status_code=204,
    response_class=Response,
    responses=problems(*AUTHENTICATED, *NOT_FOUND, ProblemCode.STORAGE_UNAVAILABLE),
)
def delete_upload(services: TheServices, caller: Writer, upload_id: UploadId) -> None:
    """Erases what has come."""
    _find(services, caller.tenant_id, upload_id)
    resumable.erase(services.engine, services.store, tenant_id=caller.tenant_id, upload_id=upload_id)


class Piece:
    """One piece on its way into the store.

    Args:
        services: where it goes.
        row: its upload.
        offset: where it begins.
    """

    def __init__(self, services: Services, row: Upload, *, offset: int) -> None:
        self._services, self._row, self._offset = services, row, offset
        self._key = make_object_key(row.tenant_id, ".part")
        self._size_bytes = 0
        self._writer: ObjectWriter | None = None

    async def receive(self, request: Request) -> Upload:
        """Store the body as far as it comes, and count it in.

        Raises:
            RefusedError: it is longer than what is missing, or came second; nothing of it is kept.
            ClientDisconnect: the client went away; what came is kept.
        """
        try:
            try:
                await self._stream(request)
            except ClientDisconnect:
                with CancelScope(shield=True):
                    await run_in_threadpool(self._count)
                raise
            return await run_in_threadpool(self._count)
        except ClientDisconnect:
            raise
        except BaseException as fault:
            with CancelScope(shield=True):
                await run_in_threadpool(self._abort, fault)
            raise

    async def _stream(self, request: Request) -> None:
        batch = bytearray()
        try:
            async for chunk in request.stream():
                batch += chunk
                if len(batch) >= BATCH_BYTES:
                    await run_in_threadpool(self._write, bytes(batch))
                    batch.clear()
        finally:
            if batch:
                await run_in_threadpool(self._write, bytes(batch))

    def _write(self, data: bytes) -> None:
        self._size_bytes += len(data)
        if self._offset + self._size_bytes > self._row.size_bytes:
            raise RefusedError(
                ProblemCode.MEDIA_TOO_LARGE, f"{self._row.size_bytes} bytes were announced; send no more."
            )
        if self._writer is None:
            self._writer = self._services.store.create(self._key)
            self._writer.__enter__()
        self._writer.write(data)

    def _count(self) -> Upload:
        if self._writer is None:
            return self._row
        writer, self._writer = self._writer, None
        writer.__exit__(None, None, None)
        return resumable.record(
            self._services.engine, self._row, key=self._key, offset=self._offset, size_bytes=self._size_bytes
        )

    def _abort(self, fault: BaseException) -> None:
        if self._writer is not None:
            self._writer.__exit__(type(fault), fault, fault.__traceback__)
        else:
            resumable.drop(self._services.store, [self._key])


def _find(services: Services, tenant_id: str, upload_id: str) -> Upload:
    with tenant_session(services.engine, tenant_id) as session:
        return resumable.find(session, upload_id)


def _tell_offset(response: Response, row: Upload) -> None:
    response.headers["Upload-Offset"] = str(row.received_bytes)
    response.headers["Tus-Resumable"] = "1.0.0"


def _view(row: Upload) -> UploadView:
    media = None if row.media is None else MediaRef.model_validate(row.media)
    ended = UploadStatus.FAILED if row.problem else UploadStatus.COMPLETE
    return UploadView(
        id=row.id,
        kind=MediaKind(row.kind),
        status=ended if row.problem or media else UploadStatus.OPEN,
        size_bytes=row.size_bytes,
        offset=row.received_bytes,
        content_type=media and media.content_type,
        sha256=media and media.sha256,
        problem=row.problem,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
