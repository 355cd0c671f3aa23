"""What each process really loads, seen from inside it: lazy and dynamic imports count too."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.loaded_modules import ENTRY_POINT, forbidden_modules

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("loaded_modules.py")
RUNTIME = {
    "text": ["services.common.serving.litert", "services.common.serving.tf_serving"],
    "audio": ["services.common.serving.litert", "services.common.serving.tf_serving"],
    "video": ["services.common.serving.litert", "services.common.serving.tf_serving"],
}
"""Modules that a process imports once it works, beside its entry point."""


def _load(process: str, *further: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), process, *further],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("process", ENTRY_POINT)
def test_nothing_forbidden_loads_when_a_process_starts(process: str) -> None:
    done = _load(process, *RUNTIME.get(process, []))
    assert done.stdout == ""
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("process", "planted"),
    [("text", "cv2"), ("video", "librosa"), ("gateway", "services.text"), ("fusion", "cv2")],
)
def test_the_check_notices_when_a_forbidden_module_loads(process: str, planted: str) -> None:
    done = _load(process, planted)
    assert f"{process} loaded {planted}" in done.stdout
    assert done.returncode >= 1


@pytest.mark.parametrize("process", ENTRY_POINT)
def test_every_forbidden_name_exists_when_it_is_looked_up(process: str) -> None:
    """A misspelt name would forbid nothing."""
    missing = [name for name in forbidden_modules(process) if importlib.util.find_spec(name) is None]
    assert missing == []
