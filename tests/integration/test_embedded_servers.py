"""The embedded servers that `make run` and every integration test use."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy import create_engine, text

from candor.embedded.servers import Redis
from candor.embedded.supervisor import Child, Supervisor, describe_exit, running
from tests.waiting import WITHIN_S, has_ended, wait_until


def test_postgres_answers_and_speaks_utf8_when_started_from_the_wheel(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.connect() as connection:
        assert connection.execute(text("SHOW server_encoding")).scalar_one() == "UTF8"
        assert int(connection.execute(text("SHOW server_version_num")).scalar_one()) >= 150000
    engine.dispose()


def test_postgres_listens_on_no_network_when_embedded(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.connect() as connection:
        assert connection.execute(text("SHOW listen_addresses")).scalar_one() == ""
    engine.dispose()


def test_redis_refuses_a_client_when_it_has_no_password(redis_url: str) -> None:
    port = redis.Redis.from_url(redis_url).connection_pool.connection_kwargs["port"]
    with pytest.raises(redis.AuthenticationError), redis.Redis(port=port) as stranger:
        stranger.ping()


def test_redis_keeps_what_it_was_told_when_it_is_killed(tmp_path: Path) -> None:
    server = Redis(tmp_path / "redis")
    server.prepare()
    child = server.child(log_folder=tmp_path)
    with running(child) as process:
        server.wait_ready(timeout_s=WITHIN_S)
        with redis.Redis.from_url(server.url()) as client:
            client.rpush("queue", "one", "two")
        process.send_signal(signal.SIGKILL)
        process.wait()
    with running(child):
        server.wait_ready(timeout_s=WITHIN_S)
        with redis.Redis.from_url(server.url()) as client:
            assert client.lrange("queue", 0, -1) == [b"one", b"two"]


def _poll_until(supervisor: Supervisor, condition: Callable[[], bool]) -> None:
    def polled() -> bool:
        supervisor.poll()
        return condition()

    wait_until(polled)


def test_a_child_comes_back_with_longer_pauses_when_it_dies(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    script = f"open({str(marks)!r}, 'a').write('x'); raise SystemExit(3)"
    lines: list[str] = []
    supervisor = Supervisor(report=lines.append)
    supervisor.start(Child("flaky", (sys.executable, "-c", script), tmp_path / "flaky.log"))
    _poll_until(supervisor, lambda: len(lines) == 2)
    supervisor.stop()
    assert marks.read_text() == "xx"
    assert "exit status 3" in lines[0]
    assert "in 1 s" in lines[0]
    assert "in 2 s" in lines[1]


def test_grandchildren_die_too_when_a_child_ignores_the_request_to_stop(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    script = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])\n"
        f"open({str(pid_file)!r}, 'w').write(str(p.pid))\n"
        "time.sleep(300)\n"
    )
    supervisor = Supervisor(report=lambda line: None)
    supervisor.start(Child("deaf", (sys.executable, "-c", script), tmp_path / "deaf.log", grace_s=0.5))
    _poll_until(supervisor, lambda: pid_file.exists() and pid_file.read_text() != "")
    supervisor.stop()
    grandchild = int(pid_file.read_text())
    wait_until(lambda: has_ended(grandchild))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="PR_SET_PDEATHSIG is Linux's")
def test_children_die_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    script = (
        "import time, sys; from pathlib import Path\n"
        "from candor.embedded.supervisor import Child, spawn\n"
        "sleep = (sys.executable, '-c', 'import time; time.sleep(300)')\n"
        f"p = spawn(Child('c', sleep, Path({str(tmp_path)!r}) / 'c.log'))\n"
        "print(p.pid, flush=True); time.sleep(300)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    os.kill(child, 0)
    parent.kill()
    parent.wait()
    wait_until(lambda: has_ended(child))


def test_an_exit_is_put_into_words_when_it_was_a_signal() -> None:
    assert describe_exit(-9) == "signal SIGKILL"
    assert describe_exit(1) == "exit status 1"


def test_postgres_databases_are_separate_when_two_tests_ask_for_one(postgres_url: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        tables = connection.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchone()
    assert tables == (0,)
