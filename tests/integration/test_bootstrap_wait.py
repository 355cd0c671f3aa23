"""The migration job may start before its server does."""

import threading
import time
from pathlib import Path

import psycopg
import pytest

from candor.embedded.servers import Postgres
from candor.embedded.supervisor import running
from services.common.db.bootstrap import wait_for_server


def test_the_server_is_waited_for_when_it_is_still_starting(home: Path) -> None:
    home.mkdir()
    server = Postgres(home / "data", durable=False)
    server.prepare()
    answered: list[float] = []

    def wait() -> None:
        wait_for_server(server.url(), wait_s=60)
        answered.append(time.monotonic())

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(1)
    assert not answered
    with running(server.child(log_folder=home)):
        waiting.join()
        assert answered


def test_the_job_gives_up_when_the_server_stays_away(tmp_path: Path) -> None:
    with pytest.raises(psycopg.OperationalError):
        wait_for_server(f"postgresql://postgres@/postgres?host={tmp_path}", wait_s=0.1)
