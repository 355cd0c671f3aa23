"""The receiver of multipart bodies, fed in whatever pieces the network makes of them."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import RefusedError
from gateway.settings import GatewaySettings
from gateway.uploads.multipart import Received, UploadReceiver
from services.common.contracts.labels import MediaKind
from services.common.errors import TemporaryError
from services.common.storage import FolderStore, StorageFullError
from tests.fakes import FaultyStore

PDF = b"%PDF-1.7\n" + b"\r\n--not-the-boundary\r\n" * 300
LIMITS = GatewaySettings(max_document_bytes=10_000, max_text_bytes=100)


def part(name: str, data: bytes, filename: str | None = None) -> bytes:
    tail = "" if filename is None else f'; filename="{filename}"'
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{tail}\r\n\r\n'.encode() + data + b"\r\n"


BODY = part("candidate", "Zoë".encode()) + part("document", PDF, "a.pdf") + part("tags", b"x") + b"--b--\r\n"


def receiver(folder: Path, store: FolderStore | FaultyStore | None = None) -> UploadReceiver:
    return UploadReceiver(boundary=b"b", store=store or FolderStore(folder), tenant_id="ten_x", limits=LIMITS)


def feed_all(receiver: UploadReceiver, pieces: Iterator[bytes]) -> Received:
    for piece in pieces:
        receiver.feed(piece)
    return receiver.finish()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@settings(max_examples=40)
@given(cuts=st.lists(st.integers(0, len(BODY)), max_size=12))
def test_outcome_is_the_same_however_the_body_is_cut(
    cuts: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("objects")
    edges = [0, *sorted(cuts), len(BODY)]
    received = feed_all(receiver(folder), (BODY[start:end] for start, end in pairwise(edges)))
    assert received.fields == {"candidate": ["Zoë"], "tags": ["x"]}
    [media] = received.media
    assert (media.kind, media.size_bytes, media.content_type) == (
        MediaKind.DOCUMENT,
        len(PDF),
        "application/pdf",
    )
    assert (folder / media.key).read_bytes() == PDF


def test_outcome_is_the_same_when_fed_byte_by_byte(tmp_path: Path) -> None:
    received = feed_all(receiver(tmp_path), (BODY[at : at + 1] for at in range(len(BODY))))
    assert (tmp_path / received.media[0].key).read_bytes() == PDF


def test_key_is_unguessable_and_below_the_tenant(tmp_path: Path) -> None:
    keys = {feed_all(receiver(tmp_path), iter([BODY])).media[0].key for _ in range(3)}
    assert len(keys) == 3
    assert all(key.startswith("ten_x/") and len(key) > 45 for key in keys)


def test_nothing_is_written_before_the_type_is_known(tmp_path: Path) -> None:
    upload = receiver(tmp_path)
    upload.feed(part("document", b"", "a.pdf")[:-2] + b"%PDF-" + b"x" * 100)
    assert files(tmp_path) == []
    upload.feed(b"x" * 5000)
    assert len(files(tmp_path)) == 1
    upload.discard()
    assert files(tmp_path) == []


def test_complete_parts_go_too_when_a_later_one_is_refused(tmp_path: Path) -> None:
    upload = receiver(tmp_path)
    with pytest.raises(RefusedError) as caught:
        upload.feed(part("document", PDF, "a.pdf") + part("video", PDF, "a.mp4"))
    assert caught.value.code == "media_type_mismatch"
    assert len(files(tmp_path)) == 1
    upload.discard()
    assert files(tmp_path) == []


def test_discard_never_raises_when_the_store_is_down(tmp_path: Path) -> None:
    store = FaultyStore(tmp_path, fault=None)
    upload = receiver(tmp_path, store)
    upload.feed(part("document", PDF, "a.pdf") + part("candidate", b"c"))
    store.fault = lambda: TemporaryError("storage_unavailable", "gone")  # type: ignore[arg-type]
    upload.discard()
    assert len(files(tmp_path)) == 1


def test_full_store_is_reported_when_it_fills_up_midway(tmp_path: Path) -> None:
    upload = receiver(tmp_path, FaultyStore.full(tmp_path, room_bytes=5000))
    with pytest.raises(StorageFullError):
        upload.feed(BODY)
    upload.discard()
    assert files(tmp_path) == []


def test_body_that_ends_early_is_refused(tmp_path: Path) -> None:
    upload = receiver(tmp_path)
    upload.feed(BODY[:-4])
    with pytest.raises(RefusedError) as caught:
        upload.finish()
    assert caught.value.code == "malformed_multipart"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a.pdf\x00.exe", "…", "a" * 300 + ".pdf"])
def test_file_name_never_reaches_the_store(name: str, tmp_path: Path) -> None:
    received = feed_all(receiver(tmp_path), iter([part("document", PDF, name) + b"--b--\r\n"]))
    assert received.media[0].key.endswith(".pdf")
    assert len(files(tmp_path / "ten_x")) == 1
