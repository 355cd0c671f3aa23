"""Folder and S3 behave alike; S3 is a real server (rclone's)."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from candor.embedded.servers import free_port
from services.common.contracts.results import ErrorCode
from services.common.errors import ConfigurationError, InputError, TemporaryError
from services.common.storage import PART_BYTES, FolderStore, ObjectStore, make_object_key, open_store
from tests.waiting import wait_until


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("s3")
    (folder / "candor").mkdir()
    port = free_port()
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test-secret")
    server = subprocess.Popen(
        [
            str(Path(sys.executable).with_name("rclone")),
            *("serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", "test,test-secret", str(folder)),
        ],
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: _listens(port))
    yield f"s3://candor/media?endpoint=http://127.0.0.1:{port}"
    server.terminate()
    server.wait()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "folder":
        return open_store(f"file://{tmp_path}/objects")
    return open_store(request.getfixturevalue("s3_url"))


def test_object_comes_back_when_it_was_streamed_in(store: ObjectStore) -> None:
    key = make_object_key("ten_a", ".mp4")
    block = os.urandom(1 << 20)
    with store.create(key) as writer:
        for _ in range(PART_BYTES // len(block) + 2):
            writer.write(block)
    with store.open_local(key) as path:
        assert path.stat().st_size == PART_BYTES + 2 * len(block)
        with path.open("rb") as file:
            assert file.read(len(block)) == block


def test_nothing_is_stored_when_the_upload_breaks_off(store: ObjectStore) -> None:
    key = make_object_key("ten_a", "")

    def broken_upload() -> None:
        with store.create(key) as writer:
            writer.write(b"first half")
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        broken_upload()
    with pytest.raises(InputError) as missing, store.open_local(key):
        pass
    assert missing.value.code is ErrorCode.MEDIA_MISSING


def test_empty_object_is_kept_when_nothing_was_written(store: ObjectStore) -> None:
    key = make_object_key("ten_a", "")
    with store.create(key):
        pass
    with store.open_local(key) as path:
        assert path.read_bytes() == b""


def test_object_is_gone_when_deleted_and_deleting_twice_is_no_fault(store: ObjectStore) -> None:
    key = make_object_key("ten_a", "")
    with store.create(key) as writer:
        writer.write(b"x")
    store.delete(key)
    store.delete(key)
    with pytest.raises(InputError), store.open_local(key):
        pass


def test_check_passes_when_the_store_is_there(store: ObjectStore) -> None:
    store.check()


def test_check_tells_when_the_bucket_is_out_of_reach() -> None:
    with pytest.raises(TemporaryError):
        open_store(f"s3://candor?endpoint=http://127.0.0.1:{free_port()}").check()


def test_folder_leaves_no_partial_file_when_an_upload_breaks_off(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    writer = store.create("ten_a/k")
    writer.write(b"x")
    writer.__exit__(ConnectionResetError, ConnectionResetError(), None)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("key", ["../outside", "ten_a/../../outside", "/etc/passwd", ""])
def test_key_is_refused_when_it_leaves_the_folder(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="leaves"):
        FolderStore(tmp_path / "objects").delete(key)


def test_url_is_refused_when_its_scheme_is_unknown() -> None:
    with pytest.raises(ConfigurationError, match="CANDOR_STORAGE_URL"):
        open_store("ftp://somewhere")


def test_keys_are_unguessable_and_below_their_tenant() -> None:
    keys = {make_object_key("ten_a", ".mp4") for _ in range(100)}
    assert len(keys) == 100
    assert all(key.startswith("ten_a/") and len(key) > 48 for key in keys)
