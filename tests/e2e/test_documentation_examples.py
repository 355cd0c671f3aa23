"""README and documentation do what they say: every block of commands, against `candor up`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.e2e.conftest import RECEIVER, Installation
from tests.markdown_examples import documentation, examples
from tests.media_text import make_pdf

SENTENCE = "I have always loved to learn new things, because I want to understand how they work. "
WORDS = SENTENCE * 4
FIRST_REQUEST = REPOSITORY / "docs" / "api" / "index.md"
ON_THEIR_OWN = {FIRST_REQUEST, REPOSITORY / "README.md"}
"""Pages that do not go on from the first request."""
CURL_THAT_FAILS = 'curl() { command curl --fail-with-body "$@"; }'
"""A refusal has to end a script, as it would stop a reader."""
ADDRESS = "http://127.0.0.1:8000"
RECORDINGS = ("answer.mp4", "first.mp4", "second.mp4", "new.wav", "earlier.wav")
PAGES = [
    pytest.param(path, id=str(path.relative_to(REPOSITORY)))
    for path in documentation()
    if examples(path, language="sh") and path.parent.parent.name != "clients"
]
pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path, installation: Installation) -> Path:
    """Return the folder that a reader stands in: answers, a key, and the environment that `make` made."""
    for name in ("answer.txt", "first.txt", "second.txt"):
        (tmp_path / name).write_text(WORDS)
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / "first.txt").write_text(WORDS)
    (tmp_path / "letter.pdf").write_bytes(make_pdf([SENTENCE] * 4))
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "api-key").write_text(installation.key)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


@pytest.fixture
def recordings(folder: Path, request: pytest.FixtureRequest) -> None:
    """Lay real recordings beside, where the page needs them; without the corpora the page is skipped."""
    from bench.recordings import join_speech

    corpora: Path = request.getfixturevalue("corpora")
    for name in ("answer.mp4", "first.mp4", "second.mp4"):
        shutil.copy(corpora / "clips" / "single_face.mp4", folder / name)
    for name in ("new.wav", "earlier.wav"):
        join_speech(corpora / "ravdess", folder / name, duration_s=6.0)


@pytest.fixture
def tenant_as_before(installation: Installation) -> Iterator[None]:
    """Give the tenant its jurisdiction and retention back: the other tests share it."""
    before = installation.client.get("/v1/tenant").json()
    yield
    kept = {name: before[name] for name in ("jurisdiction", "retention")}
    installation.client.patch("/v1/tenant", json=kept).raise_for_status()


def script_of(page: Path, installation: Installation) -> str:
    """Return all commands of a page, after those of the first request where the page goes on from it."""
    commands = examples(page, language="sh")
    if page not in ON_THEIR_OWN:
        commands.insert(0, examples(FIRST_REQUEST, language="sh")[0])
    text = "\n".join([CURL_THAT_FAILS, *commands])
    return text.replace(ADDRESS, installation.address).replace("hooks.example.com", RECEIVER)


@pytest.mark.parametrize("page", PAGES)
def test_commands_of_a_page_run_from_top_to_bottom(
    page: Path,
    installation: Installation,
    folder: Path,
    tenant_as_before: None,
    request: pytest.FixtureRequest,
) -> None:
    missing = [tool for tool in ("bash", "curl", "jq") if shutil.which(tool) is None]
    assert not missing, f"the documentation's examples need {missing}: apt-get install curl jq"
    script = script_of(page, installation)
    if any(name in script for name in RECORDINGS):
        request.getfixturevalue("recordings")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={
            **os.environ,
            "KEY": installation.key,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "XDG_CONFIG_HOME": str(folder / "config"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n---\n{done.stdout[-4000:]}\n---\n{done.stderr[-4000:]}"
    assert done.stdout.strip()
