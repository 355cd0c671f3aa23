"""`candor up`, as a person starts it: a free port, a new folder, real processes."""

import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from candor.embedded.servers import free_port
from tests.waiting import WITHIN_S, has_ended, wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


class Running:
    """A `candor up` of the test's own, and what it said."""

    def __init__(self, home: Path, *, port: int | None = None) -> None:
        self.home, self.port = home, port or free_port()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "candor.cli", "up", "--port", str(self.port), "--data-dir", str(home)],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_ready(self) -> None:
        wait_until(lambda: self.get("/readyz") == 200 or self.process.poll() is not None)
        assert self.process.poll() is None, self.process.communicate()[0]

    def wait_for_workers(self) -> None:
        """Until all five run (the gateway comes first), each with its pool."""
        wait_until(lambda: len(self.family("tasks")) >= 10, tell=lambda: f"only {self.family('tasks')}")

    def get(self, path: str, *, key: str = "") -> int:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {key}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=WITHIN_S) as response:
                return response.status
        except urllib.error.HTTPError as fault:
            return fault.code
        except OSError:
            return 0

    @property
    def key(self) -> str:
        return (self.home / "api-key").read_text().strip()

    def family(self, word: str = "") -> list[psutil.Process]:
        """Every process below ours whose command line holds `word`."""
        found = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if word in " ".join(process.cmdline()):
                    found.append(process)
            except psutil.NoSuchProcess:
                continue
        return found

    def stop(self, number: signal.Signals = signal.SIGINT) -> str:
        self.process.send_signal(number)
        return self.process.communicate(timeout=WITHIN_S)[0]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """One instance for all tests that leave it as it is."""
    with tempfile.TemporaryDirectory(prefix="candor-test-") as folder:
        instance = Running(Path(folder) / "home")
        try:
            instance.wait_ready()
            instance.wait_for_workers()
            yield instance
        finally:
            instance.stop()


def test_the_key_opens_the_api_when_it_is_the_one_in_the_folder(running: Running) -> None:
    assert running.get("/v1/questions", key=running.key) == 200
    assert running.get("/v1/questions", key="cnd_wrong") == 401


def test_keys_and_recordings_are_for_their_owner_only_when_it_runs(running: Running) -> None:
    for name in ("api-key", "key-secret"):
        assert stat.S_IMODE((running.home / name).stat().st_mode) == 0o600
    for name in ("objects", "logs", "redis"):
        assert stat.S_IMODE((running.home / name).stat().st_mode) == 0o700


def test_workers_know_no_database_when_everything_runs(running: Running) -> None:
    for service in ("text", "audio", "video"):
        for worker in running.family(f"services.{service}.tasks"):
            assert not [name for name in worker.environ() if "DATABASE" in name or "KEY_SECRET" in name]
    assert all("FUSION_DATABASE_URL" not in gateway.environ() for gateway in running.family("gateway.main"))


def test_a_second_instance_is_refused_with_advice_when_the_folder_is_in_use(running: Running) -> None:
    second = Running(running.home)
    said = second.process.communicate(timeout=WITHIN_S)[0]
    assert second.process.returncode == 1
    assert f"http://127.0.0.1:{running.port}" in said
    assert "--data-dir" in said


def test_a_worker_comes_back_when_it_is_killed(running: Running) -> None:
    before = {process.pid for process in running.family("services.text.tasks")}
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: {process.pid for process in running.family("services.text.tasks")} - before != set())


def test_nothing_is_lost_or_left_behind_when_it_is_stopped_and_started(home: Path) -> None:
    first = Running(home)
    first.wait_ready()
    first.wait_for_workers()
    family, key = first.family(), first.key
    said = first.stop()
    assert first.process.returncode == 0
    assert f"http://127.0.0.1:{first.port}/#key={key}" in said
    wait_until(lambda: all(has_ended(process.pid) for process in family))
    again = Running(home)
    try:
        again.wait_ready()
        assert again.key == key
        assert again.get("/v1/questions", key=key) == 200
    finally:
        again.stop(signal.SIGTERM)


def test_nothing_is_left_behind_when_it_is_killed(home: Path) -> None:
    instance = Running(home)
    instance.wait_ready()
    instance.wait_for_workers()
    family = instance.family()
    instance.process.kill()
    instance.process.wait()
    wait_until(lambda: all(has_ended(process.pid) for process in family))


def test_a_busy_port_is_refused_with_advice_when_someone_listens_there(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        late = Running(home, port=port)
        said = late.process.communicate(timeout=WITHIN_S)[0]
    assert late.process.returncode == 1
    assert f"candor up --port {port + 1}" in said
