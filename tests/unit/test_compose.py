"""`docker-compose.yml`: what several services must be told alike."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.audio.settings import AudioSettings
from services.common.settings import REPOSITORY


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    document = yaml.safe_load(Path(REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))
    found: dict[str, Any] = document["services"]
    return found


def test_gateway_and_fusion_hide_the_same_cohorts_when_the_size_is_set(services: dict[str, Any]) -> None:
    told = {
        name: services[name]["environment"].get("FUSION_MIN_COHORT_SIZE") for name in ("gateway", "fusion")
    }
    assert told == dict.fromkeys(told, "${FUSION_MIN_COHORT_SIZE:-20}")


def test_speech_is_written_down_by_the_operators_model_when_a_folder_is_named(
    services: dict[str, Any],
) -> None:
    audio = services["audio"]
    assert audio["environment"]["AUDIO_TRANSCRIBER_MODEL"] == "${AUDIO_TRANSCRIBER_MODEL:+/transcriber}"
    assert "${AUDIO_TRANSCRIBER_MODEL:-transcriber}:/transcriber:ro" in audio["volumes"]


def test_own_transcriber_stays_when_the_variable_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIO_TRANSCRIBER_MODEL", "")
    assert AudioSettings().transcriber_model is None
