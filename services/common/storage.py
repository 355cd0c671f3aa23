"""The object store: a folder or an S3 bucket behind one protocol. Keys are opaque and cannot be guessed."""

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
"""Size of the parts of a multipart upload; S3 requires at least 5 MiB for all but the last."""


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
    """The store that keeps media from upload to erasure."""

    def create(self, key: str) -> ObjectWriter:
        """Open `key` for streaming writes.

        The object appears, complete, when the context ends without an error.
        """
        ...

    def open_local(self, key: str) -> AbstractContextManager[Path]:
        """Provide a local path to read `key` from while the context lasts.

        Raises:
            InputError: `media_missing`, there is no such object (because it was erased, for example).
            TemporaryError: the store is out of reach.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove `key`; do nothing if it is gone already."""
        ...

    def check(self) -> None:
        """Raise `TemporaryError` if the store cannot be used."""
        ...


def make_object_key(tenant_id: str, suffix: str) -> str:
    """Return a fresh key under the tenant's own prefix, with 256 random bits, so that nobody can guess it."""
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


def _make_missing_error() -> InputError:
    return InputError(ErrorCode.MEDIA_MISSING, "The media is no longer stored; upload the answer again.")


class _FolderWriter:
    def __init__(self, target: Path) -> None:
        self._target = target
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".partial-")
        self._file: BinaryIO = os.fdopen(descriptor, "wb")
        self._partial = Path(name)

    def write(self, data: bytes, /) -> None:
        with _translate_os_errors():
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
            with _translate_os_errors():
                self._file.close()
                if error is None:
                    self._partial.replace(self._target)
        finally:
            self._partial.unlink(missing_ok=True)


@contextmanager
def _translate_os_errors() -> Iterator[None]:
    """Raise the operating system's errors as `TemporaryError`, and a full disk as `StorageFullError`."""
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
        with _translate_os_errors():
            return _FolderWriter(self._path(key))

    @contextmanager
    def open_local(self, key: str) -> Iterator[Path]:
        path = self._path(key)
        if not path.is_file():
            raise _make_missing_error()
        yield path

    def delete(self, key: str) -> None:
        with _translate_os_errors():
            self._path(key).unlink(missing_ok=True)

    def check(self) -> None:
        with _translate_os_errors():
            self._root.mkdir(parents=True, exist_ok=True)
            if not os.access(self._root, os.R_OK):
                raise TemporaryError(ErrorCode.STORAGE_UNAVAILABLE, "The object folder is not readable.")


class _DiscardingWriter:
    def write(self, data: bytes, /) -> None:
        """Discard `data`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Return at once: no file was opened."""


class DiscardingStore:
    """A store that keeps nothing. It serves to read what an upload holds without storing it."""

    def create(self, key: str) -> ObjectWriter:  # noqa: ARG002
        return _DiscardingWriter()

    def open_local(self, key: str) -> AbstractContextManager[Path]:  # noqa: ARG002
        raise _make_missing_error()

    def delete(self, key: str) -> None:
        """Return at once: no object was kept."""

    def check(self) -> None:
        """Return at once: this store is always in reach."""


class _S3Writer:
    """A multipart upload that is aborted unless the context ends well."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client, self._address = client, {"Bucket": bucket, "Key": key}
        self._buffer = bytearray()
        self._parts: list[dict[str, Any]] = []
        with _translate_s3_errors():
            self._upload_id = client.create_multipart_upload(**self._address)["UploadId"]

    def write(self, data: bytes, /) -> None:
        self._buffer += data
        while len(self._buffer) >= PART_BYTES:
            self._send(bytes(self._buffer[:PART_BYTES]))
            del self._buffer[:PART_BYTES]

    def _send(self, part: bytes) -> None:
        number = len(self._parts) + 1
        with _translate_s3_errors():
            answer = self._client.upload_part(
                **self._address, UploadId=self._upload_id, PartNumber=number, Body=part
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
            with _translate_s3_errors():
                self._client.complete_multipart_upload(
                    **self._address, UploadId=self._upload_id, MultipartUpload={"Parts": self._parts}
                )
        except TemporaryError:
            self._abort()
            raise

    def _abort(self) -> None:
        with suppress(TemporaryError), _translate_s3_errors():
            self._client.abort_multipart_upload(**self._address, UploadId=self._upload_id)


@contextmanager
def _translate_s3_errors() -> Iterator[None]:
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
            with _translate_s3_errors():
                try:
                    self._client.download_file(self._bucket, self._key(key), str(path))
                except ClientError as fault:
                    if fault.response["Error"]["Code"] in ("404", "NoSuchKey"):
                        raise _make_missing_error() from fault
                    raise
            yield path
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def delete(self, key: str) -> None:
        with _translate_s3_errors():
            self._client.delete_object(Bucket=self._bucket, Key=self._key(key))

    def check(self) -> None:
        with _translate_s3_errors():
            self._client.head_bucket(Bucket=self._bucket)
