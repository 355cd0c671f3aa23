"""The examples in Python of every page, those with curl, and the commands for a remote server."""

import json
import os
import shutil
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.conftest import REPOSITORY
from tests.e2e.conftest import Installation
from tests.markdown_examples import documentation, examples

CLIENTS = REPOSITORY / "clients"
PYTHON_EXAMPLES = [
    pytest.param(code, id=f"{path.relative_to(REPOSITORY)}-{number}")
    for path in documentation()
    for number, code in enumerate(examples(path, language="python"), start=1)
]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ANSWER = "I have always loved to learn new things, because I want to understand how they work. " * 4
pytestmark = pytest.mark.slow


@pytest.fixture
def environment(installation: Installation, tmp_path: Path) -> dict[str, str]:
    """A user's, who has a server, a key and an answer in the folder they stand in."""
    (tmp_path / "answer.txt").write_text(ANSWER)
    return {
        **os.environ,
        "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{CLIENTS / 'python'}",
        "CANDOR_API_URL": installation.address,
        "CANDOR_API_KEY": installation.key,
        "API": installation.address,
        "KEY": installation.key,
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }


def run(command: list[str], environment: dict[str, str], folder: Path, **options: Any) -> str:
    done = attempt(command, environment, folder, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def attempt(
    command: list[str], environment: dict[str, str], folder: Path, **options: Any
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def signed_webhook() -> dict[str, object]:
    at = datetime.now(UTC)
    event = {"type": "assessment.succeeded", "timestamp": at.isoformat()}
    body = json.dumps({**event, "data": {"id": "asm_1", "status": "succeeded"}})
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(msg_id="evt_1", timestamp=at, data=body),
    }
    return {"body": body, "headers": headers, "secret": SECRET}


@pytest.mark.parametrize("code", PYTHON_EXAMPLES)
def test_the_example_runs_when_it_is_copied(code: str, environment: dict[str, str], tmp_path: Path) -> None:
    received = signed_webhook() if "secret" in code else {}
    given = "".join(f"{name} = {value!r}\n" for name, value in received.items())
    called = "receive(headers, body, secret)" if "def receive(" in code else ""
    said = run([sys.executable, "-c", given + code + called], environment, tmp_path)
    assert said.strip()
    assert ("asm_1" in said) == bool(received)
    assert "failed" not in said


def test_the_curl_examples_run_from_top_to_bottom(environment: dict[str, str], tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    script = "\n".join(examples(CLIENTS / "curl" / "README.md", language="sh"))
    said = run(["bash", "-euo", "pipefail", "-c", script], environment, tmp_path)
    assert "event: report" in said
    assert '"status":"succeeded"' in said
    assert "unknown_question" in said


class Terminal:
    """`candor`, as somebody types it on another machine."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.environment, self.folder = environment, folder

    def __call__(self, *arguments: str, stdin: str = "") -> str:
        command = [sys.executable, "-m", "candor.cli", *arguments]
        return run(command, self.environment, self.folder, input=stdin)


def test_an_answer_is_submitted_watched_and_reported_when_somebody_signed_in(
    installation: Installation, environment: dict[str, str], tmp_path: Path
) -> None:
    signed_out = {k: v for k, v in environment.items() if not k.startswith("CANDOR_API")}
    candor = Terminal(signed_out, tmp_path)
    candor("login", installation.address, stdin=installation.key + "\n")
    kept = tmp_path / "config" / "candor" / "credentials.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    question = installation.questions()[0]["id"]
    told = ("--candidate", "applicant-4711", "--question", question, "--tag", "role:nurse")
    first, second = candor("submit", "answer.txt", "answer.txt", *told).split()
    assert "succeeded" in candor("watch", first)
    assert "openness" in candor("report", first)
    assert json.loads(candor("report", first, "--json"))["assessment_id"] == first
    waited = json.loads(candor("submit", "answer.txt", *told, "--wait", "--json"))
    assert waited["modalities"]["text"]["status"] == "succeeded"
    lines = candor("export", "--format", "jsonl", "--tag", "role:nurse").splitlines()
    assert {json.loads(line)["id"] for line in lines} >= {first, second, waited["assessment_id"]}
    candor("export", "--out", "answers.csv", "--question", question)
    assert (tmp_path / "answers.csv").read_text(encoding="utf-8").startswith("id,status,candidate,")


def test_it_is_said_what_to_do_when_the_server_refuses(environment: dict[str, str], tmp_path: Path) -> None:
    candor = [sys.executable, "-m", "candor.cli"]
    submit = [*candor, "submit", "answer.txt", "--candidate", "a", "--question", "q_unknown"]
    done = attempt(submit, environment, tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "unknown_question" in done.stderr
    done = attempt([*candor, "report", "asm_1"], environment | {"CANDOR_API_KEY": "cnd_wrong"}, tmp_path)
    assert done.returncode == 1
    assert "candor login" in done.stderr
    assert "cnd_wrong" not in done.stderr
