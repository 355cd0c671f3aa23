"""Hand-written stand-ins for what a test does not want to be real."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.assessments.dispatch import DispatchError, Work
from services.common.contracts.labels import Modality
from services.common.contracts.results import ErrorCode
from services.common.errors import TemporaryError
from services.common.storage import FolderStore, ObjectWriter, StorageFullError
from services.common.work.ledger import Stall


class FakeDispatcher:
    """Remembers what was sent; `down` makes it refuse."""

    def __init__(self, *, down: bool = False) -> None:
        self.down = down
        self.sent: list[Work] = []

    def send(self, work: Work) -> None:
        if self.down:
            raise DispatchError("the broker is down")
        self.sent.append(work)


class FakeLedger:
    """Answers with the stalls that a test set, and remembers what was asked of it."""

    def __init__(self) -> None:
        self.stalls: dict[str, Stall | None] = {}
        self.published: list[tuple[str, str, dict[str, Any]]] = []

    def find_stall(self, assessment_id: str) -> Stall | None:
        return self.stalls.get(assessment_id)

    def publish_event(self, assessment_id: str, event: str, data: dict[str, Any]) -> None:
        self.published.append((assessment_id, event, data))

    def record_queued(self, assessment_id: str, modalities: list[Modality]) -> None:
        self.stalls[assessment_id] = None


class FakeSession:
    """Remembers what was added to it; there is no database behind it."""

    def __init__(self) -> None:
        self.added: list[object] = []

    def add(self, row: object) -> None:
        self.added.append(row)

    def flush(self) -> None:
        pass


class FakeClock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class FaultyStore:
    """A folder store whose writes fail after `room_bytes`, with `fault`; `fault=None` mends it."""

    def __init__(
        self, folder: Path, *, fault: Callable[[], TemporaryError] | None, room_bytes: int = 0
    ) -> None:
        self._inner = FolderStore(folder)
        self.fault = fault
        self.room_bytes = room_bytes

    @classmethod
    def full(cls, folder: Path, *, room_bytes: int = 0) -> "FaultyStore":
        return cls(folder, fault=StorageFullError, room_bytes=room_bytes)

    @classmethod
    def down(cls, folder: Path) -> "FaultyStore":
        return cls(folder, fault=lambda: TemporaryError(ErrorCode.STORAGE_UNAVAILABLE, "gone"))

    @contextmanager
    def create(self, key: str) -> Iterator[ObjectWriter]:
        with self._inner.create(key) as writer:
            yield _FaultyWriter(writer, self)

    def open_local(self, key: str) -> Any:
        return self._inner.open_local(key)

    def delete(self, key: str) -> None:
        if self.fault is not None and self.room_bytes == 0:
            raise self.fault()
        self._inner.delete(key)

    def check(self) -> None:
        if self.fault is not None:
            raise self.fault()


class _FaultyWriter:
    def __init__(self, inner: ObjectWriter, store: FaultyStore) -> None:
        self._inner, self._store, self._written = inner, store, 0

    def write(self, data: bytes, /) -> None:
        self._written += len(data)
        if self._store.fault is not None and self._written > self._store.room_bytes:
            raise self._store.fault()
        self._inner.write(data)

    def __enter__(self) -> "_FaultyWriter":
        return self

    def __exit__(self, *_: object) -> None:
        return None
