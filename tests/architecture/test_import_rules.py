"""import-linter's contracts hold, and each of them catches a violation that is planted for it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
COPIED = ("bench", "candor", "clients", "gateway", "services", "fusion", "tests/architecture")
IGNORED = shutil.ignore_patterns("__pycache__", "models", "web", "*.tflite", "*.pb", "requirements")


def _lint(folder: Path, *, only: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()"]
    return subprocess.run(
        [*command, "--no-cache", *(["--contract", only] if only else [])],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the code that a test may spoil."""
    for name in COPIED:
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=IGNORED)
    (tmp_path / "tests" / "__init__.py").touch()
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_rule_holds_when_the_code_is_as_it_is() -> None:
    done = _lint(REPOSITORY)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


PLANTED = [
    ("siblings", "services/text/pipeline.py", "from services.audio import features"),
    ("siblings", "fusion/combine.py", "import gateway.settings"),
    ("shared-below", "services/common/media/files.py", "import services.text.settings"),
    ("training-harness", "services/text/pipeline.py", "import services.training.metrics"),
    ("command-on-top", "gateway/main.py", "import candor.embedded.run"),
    ("layers", "services/video/features.py", "import services.video.pipeline"),
    ("layers", "services/audio/training/dataset.py", "import services.audio.tasks"),
    ("fusion-layers", "fusion/combine.py", "import fusion.repository"),
    ("gateway-layers", "gateway/http/paging.py", "import gateway.assessments.repository"),
    ("gateway-layers", "gateway/law/policy.py", "import gateway.tenancy.tenants"),
    ("gateway-layers", "gateway/benchmarks/norms.py", "import gateway.interviews.repository"),
    ("gateway-layers", "gateway/assessments/export.py", "import gateway.dependencies"),
    ("domain-without-http", "gateway/uploads/parts.py", "from gateway.http.errors import Problem"),
    ("domain-without-http", "gateway/routes/tenant.py", "from gateway.http.errors import Problem"),
    ("common-layers", "services/common/media/files.py", "import services.common.work.ledger"),
    ("common-layers", "services/common/settings.py", "import services.common.storage"),
    ("pure-core", "services/audio/features.py", "import services.common.storage"),
    ("tasks-do-io", "services/video/pipeline.py", "import celery"),
    ("workers-without-database", "services/text/tasks.py", "import services.common.db.session"),
    ("workers-without-database", "services/audio/tasks.py", "import psycopg"),
    ("no-models-in-gateway-and-fusion", "gateway/uploads/multipart.py", "import cv2"),
    ("no-models-in-gateway-and-fusion", "gateway/uploads/multipart.py", "import av"),
    ("no-models-in-gateway-and-fusion", "fusion/combine.py", "import tensorflow"),
    ("text-without-vision", "services/text/features.py", "import cv2"),
    ("audio-without-vision", "services/audio/features.py", "import cv2"),
    ("video-without-sound", "services/video/features.py", "import librosa"),
    ("tensorflow-in-training-only", "services/video/pipeline.py", "import tensorflow"),
    ("media-decoding", "services/common/media/files.py", "import services.common.media.containers"),
    (
        "media-decoding",
        "services/text/features.py",
        "import services.common.media.containers",
    ),
    ("contracts-are-pure", "services/common/contracts/labels.py", "import numpy"),
    ("contracts-are-pure", "services/common/contracts/labels.py", "import services.common.settings"),
]


@pytest.mark.parametrize(("contract", "file", "line"), PLANTED)
def test_a_violation_is_caught_when_it_is_planted(
    checkout: Path, contract: str, file: str, line: str
) -> None:
    path = checkout / file
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    done = _lint(checkout, only=contract)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 broken" in done.stdout


def test_every_contract_has_a_planted_violation_when_they_are_counted() -> None:
    import tomllib

    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    declared = {contract["id"] for contract in settings["tool"]["importlinter"]["contracts"]}
    assert declared == {contract for contract, _, _ in PLANTED}
