"""The object store: a folder or S3 behind one interface. Keys are opaque and unguessable."""

import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol, Self
from urllib.parse import parse_qs, urlsplit

from services.common.contracts.results import ErrorCode
from services.common.errors import ConfigurationError, InputError, TemporaryError

PART_BYTES = 8 * 1024 * 1024
"""S3 wants parts of at least 5 MiB (all but the last)."""


class StorageFullError(TemporaryError):
    """No space is left in the object store."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.STORAGE_UNAVAILABLE, "The object store is full.")


class ObjectWriter(Protocol):
    """A write in progress. Leaving the context with an exception leaves no object behind."""

    def write(self, data: bytes, /) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...


class ObjectStore(Protocol):
    """Where media lies between upload and erasure."""

    def create(self, key: str) -> ObjectWriter:
        """Open `key` for streaming writes; it appears, complete, when the context ends well."""
        ...

    def open_local(self, key: str) -> AbstractContextManager[Path]:
        """A local path to read `key` from while the context lasts.

        Raises:
            InputError: `media_missing`, there is no such object (erased, say).
            TemporaryError: the store is out of reach.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove `key`; no error where it is gone already."""
        ...

    def check(self) -> None:
        """Raise `TemporaryError` if the store cannot be used."""
        ...


def new_key(tenant_id: str, suffix: str) -> str:
    """A fresh unguessable key under the tenant's own prefix (256 random bits)."""
    return f"{tenant_id}/{secrets.token_urlsafe(32)}{suffix}"


def open_store(url: str) -> ObjectStore:
    """Build the store that `url` names (`file:///folder` or `s3://bucket/prefix?endpoint=…`)."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FolderStore(Path(parts.path))
    if parts.scheme == "s3":
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return S3Store(
            bucket=parts.netloc,
            prefix=parts.path.strip("/"),
            endpoint=query.get("endpoint"),
            region=query.get("region", "us-east-1"),
        )
    raise ConfigurationError(f"CANDOR_STORAGE_URL must start with file:// or s3://, not {parts.scheme!r}")


def _missing() -> InputError:
    return InputError(ErrorCode.MEDIA_MISSING, "The media is no longer stored; upload the answer again.")


class _FolderWriter:
    def __init__(self, target: Path) -> None:
        self._target = target
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".partial-")
        self._file: BinaryIO = os.fdopen(descriptor, "wb")
        self._partial = Path(name)

    def write(self, data: bytes, /) -> None:
        with _storage_faults():
            self._file.write(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        try:
            with _storage_faults():
                self._file.close()
                if error is None:
                    self._partial.replace(self._target)
        finally:
            self._partial.unlink(missing_ok=True)


@contextmanager
def _storage_faults() -> Iterator[None]:
    """Turn the operating system's errors into ours; a full disk has its own."""
    try:
        yield
    except OSError as fault:
        if fault.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFullError from fault
        raise TemporaryError(ErrorCode.STORAGE_UNAVAILABLE, f"The object store failed: {fault}") from fault


class FolderStore:
    """Objects as files below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def _path(self, key: str) -> Path:
        path = (self._root / key).resolve()
        if not path.is_relative_to(self._root) or path == self._root:
            raise ValueError(f"key {key!r} leaves the store")
        return path

    def create(self, key: str) -> ObjectWriter:
        with _storage_faults():
            return _FolderWriter(self._path(key))

    @contextmanager
    def open_local(self, key: str) -> Iterator[Path]:
        path = self._path(key)
        if not path.is_file():
            raise _missing()
        yield path

    def delete(self, key: str) -> None:
        with _storage_faults():
            self._path(key).unlink(missing_ok=True)

    def check(self) -> None:
        with _storage_faults():
            self._root.mkdir(parents=True, exist_ok=True)
            if not os.access(self._root, os.R_OK):
                raise TemporaryError(ErrorCode.STORAGE_UNAVAILABLE, "The object folder is not readable.")


class _NowhereWriter:
    def write(self, data: bytes, /) -> None:
        """Drop it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was opened."""


class NowhereStore:
    """Takes everything and keeps nothing: for reading what an upload holds."""

    def create(self, key: str) -> ObjectWriter:  # noqa: ARG002
        return _NowhereWriter()

    def open_local(self, key: str) -> AbstractContextManager[Path]:  # noqa: ARG002
        raise _missing()

    def delete(self, key: str) -> None:
        """Nothing was kept."""

    def check(self) -> None:
        """Always at hand."""


class _S3Writer:
    """A multipart upload that is aborted unless the context ends well."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client, self._where = client, {"Bucket": bucket, "Key": key}
        self._buffer = bytearray()
        self._parts: list[dict[str, Any]] = []
        with _s3_faults():
            self._upload_id = client.create_multipart_upload(**self._where)["UploadId"]

    def write(self, data: bytes, /) -> None:
        self._buffer += data
        while len(self._buffer) >= PART_BYTES:
            self._send(bytes(self._buffer[:PART_BYTES]))
            del self._buffer[:PART_BYTES]

    def _send(self, part: bytes) -> None:
        number = len(self._parts) + 1
        with _s3_faults():
            answer = self._client.upload_part(
                **self._where, UploadId=self._upload_id, PartNumber=number, Body=part
            )
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        if error is not None:
            self._abort()
            return
        try:
            if self._buffer or not self._parts:
                self._send(bytes(self._buffer))
            with _s3_faults():
                self._client.complete_multipart_upload(
                    **self._where, UploadId=self._upload_id, MultipartUpload={"Parts": self._parts}
                )
        except TemporaryError:
            self._abort()
            raise

    def _abort(self) -> None:
        with suppress(TemporaryError), _s3_faults():
            self._client.abort_multipart_upload(**self._where, UploadId=self._upload_id)


@contextmanager
def _s3_faults() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as fault:
        raise TemporaryError(ErrorCode.STORAGE_UNAVAILABLE, f"The object store failed: {fault}") from fault


class S3Store:
    """Objects in one S3 bucket. Credentials come from the usual AWS environment variables."""

    def __init__(self, *, bucket: str, prefix: str, endpoint: str | None, region: str) -> None:
        import boto3
        from botocore.config import Config

        self._bucket, self._prefix = bucket, f"{prefix}/" if prefix else ""
        self._client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name=region,
            config=Config(
                retries={"max_attempts": 3, "mode": "standard"}, connect_timeout=3, read_timeout=30
            ),
        )

    def _key(self, key: str) -> str:
        return self._prefix + key

    def create(self, key: str) -> ObjectWriter:
        return _S3Writer(self._client, self._bucket, self._key(key))

    @contextmanager
    def open_local(self, key: str) -> Iterator[Path]:
        from botocore.exceptions import ClientError

        folder = Path(tempfile.mkdtemp(prefix="candor-"))
        path = folder / "object"
        try:
            with _s3_faults():
                try:
                    self._client.download_file(self._bucket, self._key(key), str(path))
                except ClientError as fault:
                    if fault.response["Error"]["Code"] in ("404", "NoSuchKey"):
                        raise _missing() from fault
                    raise
            yield path
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def delete(self, key: str) -> None:
        with _s3_faults():
            self._client.delete_object(Bucket=self._bucket, Key=self._key(key))

    def check(self) -> None:
        with _s3_faults():
            self._client.head_bucket(Bucket=self._bucket)
