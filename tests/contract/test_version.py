"""The version is written once; what carries it elsewhere says the same."""

import json
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import candor_client
from candor_client.client import USER_AGENT
from clients.client_models import version_module
from gateway.main import create_app
from services.common.version import VERSION
from tests.conftest import REPOSITORY

CLIENT = REPOSITORY / "clients" / "python"


def test_the_promised_interface_carries_the_version() -> None:
    promised = json.loads((REPOSITORY / "deploy" / "openapi.json").read_text(encoding="utf-8"))
    assert promised["info"]["version"] == VERSION
    assert create_app().version == VERSION


def test_the_client_carries_the_version_of_the_interface_that_it_was_made_for() -> None:
    made = (CLIENT / "candor_client" / "version.py").read_text(encoding="utf-8")
    assert made == version_module(create_app().openapi())
    assert candor_client.__version__ == VERSION
    assert USER_AGENT.startswith(f"candor-client-python/{VERSION} ")


def test_the_package_takes_its_version_from_the_code() -> None:
    for project in (REPOSITORY, CLIENT):
        metadata = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
        assert metadata["project"]["dynamic"] == ["version"]
    assert version("candor") == VERSION, "the environment is older than the code: make venv-dev"


def test_the_command_says_the_version_when_it_is_asked(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "candor.cli", "--version"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(REPOSITORY)}, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"candor {VERSION}\n"
