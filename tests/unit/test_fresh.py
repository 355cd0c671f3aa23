"""`deploy/fresh.sh` with a container tool that only pretends: what it is told, and what is printed of it."""

import os
import subprocess
from pathlib import Path

import pytest

from services.common.settings import REPOSITORY

CONTAINER = """#!/bin/bash
if [ "$1" = image ]; then exit {missing}; fi
printf '%s\\n' "$@" >"{folder}/told"
echo "the last words"
[[ "{outcome}" != dead && "${{*: -1}}" =~ /results/([^ ]+) ]] || exit 1
printf 'make run\\t3.13.5\\t75\\t{outcome}\\tReady after 8.1 s\\n' >"{folder}/logs/${{BASH_REMATCH[1]}}"
[ {outcome} = ok ]
"""


class Fresh:
    """A container tool whose every container ends alike, and the folder in which results are kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "logs").mkdir()
        self.tool = folder / "container"
        self.ends()

    def ends(self, outcome: str = "ok", *, missing: int = 0) -> None:
        """Let containers end with `outcome` ("dead": before any command), or let no image be there."""
        script = CONTAINER.format(folder=self.folder, outcome=outcome, missing=missing)
        self.tool.write_text(script, encoding="utf-8")
        self.tool.chmod(0o755)

    def run(self, *images: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Try `images`, with nothing of this machine's settings but `variables`."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "CONTAINER": str(self.tool),
            "LOGS": str(self.folder / "logs"),
        } | variables
        command = [REPOSITORY / "deploy" / "fresh.sh", *images]
        return subprocess.run(command, env=environment, text=True, capture_output=True, check=False)

    def told(self) -> list[str]:
        """Return the arguments of the last container."""
        return (self.folder / "told").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def fresh(tmp_path: Path) -> Fresh:
    return Fresh(tmp_path)


def test_every_image_has_a_line_when_all_goes_well(fresh: Fresh) -> None:
    run = fresh.run("new:one", "new:two")

    lines = [line.split() for line in run.stdout.splitlines()]
    assert run.returncode == 0
    assert [line[:6] for line in lines[1:3]] == [
        [image, "3.13.5", "make", "run", "1:15", "ok"] for image in ("new:one", "new:two")
    ]


@pytest.mark.parametrize(
    ("outcome", "words"), [("failed", ["1:15", "failed"]), ("dead", ["failed", "the", "last", "words"])]
)
def test_run_fails_and_says_where_when_a_command_did(fresh: Fresh, outcome: str, words: list[str]) -> None:
    fresh.ends(outcome)

    run = fresh.run("new:one")

    assert run.returncode == 1
    assert set(words) <= set(run.stdout.splitlines()[1].split())


def test_image_is_asked_for_when_it_is_missing(fresh: Fresh) -> None:
    fresh.ends(missing=1)

    run = fresh.run("new:one")

    assert run.returncode == 1
    assert "There is no image new:one here" in run.stderr


def test_settings_of_the_registries_are_passed_when_the_machine_has_some(
    fresh: Fresh, tmp_path: Path
) -> None:
    (tmp_path / ".npmrc").touch()
    corpora = tmp_path / "corpora"
    corpora.mkdir()

    fresh.run("new:one", PIP_INDEX_URL="https://index.test/simple", CANDOR_DATA=str(corpora))

    told = fresh.told()
    assert "PIP_INDEX_URL" in told
    assert "https://index.test/simple" not in told  # the tool takes it from its own environment
    assert f"{tmp_path}/.npmrc:/root/.npmrc:ro" in told
    assert f"{corpora}:/newcomer/shared/data:ro" in told


def test_nothing_is_passed_when_the_machine_has_no_settings(fresh: Fresh, tmp_path: Path) -> None:
    fresh.run("new:one", CANDOR_DATA=str(tmp_path / "none"))

    told = fresh.told()
    assert not [word for word in told if "PIP" in word or "npmrc" in word or "shared/data" in word]
