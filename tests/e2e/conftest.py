"""One running installation for all end-to-end tests: `candor up`, as a person starts it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from candor.embedded.servers import free_port
from tests.conftest import REPOSITORY
from tests.waiting import WITHIN_S, wait_until

RECEIVER = "127.0.0.7"
"""An address that is not public and that webhooks may go to all the same; nobody answers there."""
ENDED = {"succeeded", "partially_succeeded", "failed"}


@dataclass(frozen=True)
class Installation:
    """A running Candor: where it answers, with which key, and where its data lies."""

    address: str
    key: str
    home: Path
    client: httpx.Client

    def submit(self, path: Path | None = None, *, part: str = "video", **fields: str) -> httpx.Response:
        """POST one answer to the first question of the bank."""
        form = {"candidate": "me", "question": self.questions()[0]["id"]} | fields
        if path is None:
            return self.client.post("/v1/assessments", files={k: (None, v) for k, v in form.items()})
        with path.open("rb") as file:
            return self.client.post("/v1/assessments", data=form, files={part: (path.name, file)})

    def questions(self) -> list[dict[str, Any]]:
        return list(self.client.get("/v1/questions").json()["data"])

    def report(self, answer: httpx.Response) -> dict[str, Any]:
        """Wait for the report of an accepted assessment."""
        assert answer.status_code == 202, answer.text
        location = answer.headers["Location"]
        wait_until(lambda: self.client.get(location).json()["status"] in ENDED)
        report = self.client.get(f"{location}/report")
        assert report.status_code == 200, report.text
        return dict(report.json())


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "candor.cli", "up", "--port", str(free_port()), "--data-dir", str(home)]
    with (home / "console.log").open("w") as console:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=os.environ | {"GATEWAY_WEBHOOK_ALLOWED_NETWORKS": f'["{RECEIVER}/32"]'},
            stdout=console,
            stderr=subprocess.STDOUT,
        )
    try:
        address, key = _wait_for_address(process, home / "console.log")
        with httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=WITHIN_S
        ) as client:
            yield Installation(address=address, key=key, home=home, client=client)
    finally:
        process.terminate()
        process.wait()


def _wait_for_address(process: "subprocess.Popen[bytes]", console: Path) -> tuple[str, str]:
    def said() -> re.Match[str] | None:
        return re.search(r"(http://\S+?)/#key=(\S+)", console.read_text())

    wait_until(lambda: said() is not None or process.poll() is not None, tell=console.read_text)
    found = said()
    assert found is not None, f"candor up did not start:\n{console.read_text()}"
    return found[1], found[2]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return a browser for all tests; each opens a context of its own."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("CANDOR_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("no Chromium; install one or set CANDOR_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
