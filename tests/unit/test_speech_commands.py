"""`candor evaluate speech` and the benchmark's part of it, as far as they refuse."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench import paths, recordings
from candor.cli import app
from tests.media_audio import make_audio_file


def test_the_corpora_are_named_when_speech_is_scored_on_an_unknown_one(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["evaluate", "speech", "--data", str(tmp_path), "--corpus", "librispeech"])
    assert done.exit_code == 2
    assert "ravdess" in done.output
    assert "synthesiser" in done.output


def test_the_reason_is_told_when_speech_is_scored_and_transcription_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIO_TRANSCRIPTION", "off")
    done = CliRunner().invoke(app, ["evaluate", "speech", "--data", str(tmp_path), "--corpus", "grid"])
    assert done.exit_code == 2
    assert "not written down" in done.output


def test_speech_is_pointed_to_scoring_when_it_is_to_be_trained(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["train", "speech", "--data", str(tmp_path)])
    assert done.exit_code == 2
    assert "candor evaluate speech" in done.output


def test_the_benchmark_refuses_when_transcription_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIO_TRANSCRIPTION", "off")
    with pytest.raises(ValueError, match="not written down"):
        paths.measure_speech(make_audio_file(tmp_path / "tone.wav"), runs=3)


def test_only_the_named_files_are_joined_when_a_folder_holds_others(tmp_path: Path) -> None:
    make_audio_file(tmp_path / "grid_a.wav")
    with pytest.raises(FileNotFoundError, match=r"no \*\.flac"):
        recordings.join_speech(tmp_path, tmp_path / "joined.wav", duration_s=1.0)
    recordings.join_speech(tmp_path, tmp_path / "joined.wav", duration_s=1.5, files=recordings.SENTENCE_FILES)
    assert recordings.decode_sound(tmp_path / "joined.wav") == 24_000
