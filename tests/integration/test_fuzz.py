"""A few hundred generated requests against the real gateway; `make fuzz` sends thousands."""

import os
import subprocess
from pathlib import Path

import pytest

from services.common.db.bootstrap import DatabaseUrls
from tests.fuzz.__main__ import command_for
from tests.fuzz.server import served

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_no_generated_request_finds_a_fault(database: DatabaseUrls, redis_url: str, tmp_path: Path) -> None:
    with served(database, redis_url, tmp_path / "objects") as gateway:
        command, environment = command_for(gateway, examples=3, seed=7)
        finished = subprocess.run(
            [*command, "--phases", "fuzzing", "--no-shrink"],
            env={**os.environ, **environment},
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
    assert finished.returncode == 0, finished.stdout[-8000:] + finished.stderr[-2000:]
