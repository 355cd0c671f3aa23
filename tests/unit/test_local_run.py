"""The parts of the embedded run that need no server."""

import os
import signal
import socket
from pathlib import Path

import pytest

from candor.embedded.run import LocalRun, StartError, _StopSignals, tail


class _Interrupting:
    """Whose destructor is where Ctrl-C arrives."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)


def test_a_request_to_stop_is_kept_when_it_arrives_in_a_destructor() -> None:
    stop = _StopSignals()
    with stop.watched():
        _Interrupting()
    assert stop.received


def test_the_earlier_handler_is_back_when_the_run_is_over() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with _StopSignals().watched():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:81"),
        ("0.0.0.0", "http://127.0.0.1:81"),
        ("::1", "http://[::1]:81"),
        ("example.test", "http://example.test:81"),
    ],
)
def test_the_address_is_one_that_a_browser_here_can_open_when_it_is_printed(host: str, address: str) -> None:
    assert LocalRun(home=Path("/nowhere"), host=host, port=81, report=print).address == address


def test_the_end_of_a_log_is_shown_when_it_is_long(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    assert tail(log) == "(empty)"
    log.write_text("\n".join(map(str, range(100))))
    assert tail(log, lines=2) == "98\n99"


def test_another_port_is_proposed_when_the_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f'make run ARGS="--port {port + 1}"'):
            LocalRun(home=tmp_path, host="127.0.0.1", port=port, report=print).run()
