"""What people and attackers really send: each gets its own code, and the workers live on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Installation
from tests.media_audio import (
    make_audio_file,
    make_audio_silence,
    make_audio_truncated,
    make_audio_video_without_sound,
)
from tests.media_text import make_bomb_pdf, make_encrypted_pdf, make_pdf

Make = Callable[[Path, Path], Path]
"""(folder of the clips, empty folder) → the file to upload."""


def _bytes(name: str, content: bytes) -> Make:
    def make(clips: Path, folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return make


def _silent_wav(clips: Path, folder: Path) -> Path:
    return make_audio_file(folder / "silence.wav", make_audio_silence(3.0))


def _mute_video(clips: Path, folder: Path) -> Path:
    return make_audio_video_without_sound(folder / "mute.mp4")


def _truncated_mp4(clips: Path, folder: Path) -> Path:
    return make_audio_truncated(clips / "single_face.mp4", folder / "cut.mp4", share=0.3)


def _lying_mp4(clips: Path, folder: Path) -> Path:
    path = folder / "interview.mp4"
    path.write_bytes(make_pdf(["I am not a video."]))
    return path


REFUSED: dict[str, tuple[str, Make, int, str]] = {
    "wrong type": ("video", _bytes("song.txt", b"just some words " * 20), 415, "unsupported_media_type"),
    "lying extension": ("video", _lying_mp4, 415, "media_type_mismatch"),
    "program": ("video", _bytes("run.mp4", b"MZ" + bytes(4096)), 415, "media_type_mismatch"),
    "empty": ("video", _bytes("empty.mp4", b""), 422, "media_empty"),
}

FAILED: dict[str, tuple[str, Make, dict[str, str]]] = {
    "video without sound": ("video", _mute_video, {"audio": "no_audio_stream", "video": "no_face"}),
    "sound without speech": ("audio", _silent_wav, {"audio": "no_speech"}),
    "nobody in the picture": ("video", lambda clips, _: clips / "no_face.mp4", {"video": "no_face"}),
    "truncated video": ("video", _truncated_mp4, {"audio": "media_corrupt", "video": "media_corrupt"}),
    "header without a body": (
        "video",
        _bytes("head.mp4", b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(64)),
        {"audio": "media_corrupt", "video": "media_corrupt"},
    ),
    "encrypted document": (
        "document",
        _bytes("secret.pdf", make_encrypted_pdf("private " * 50, password="p")),
        {"text": "document_encrypted"},
    ),
    "document without text": ("document", _bytes("scan.pdf", make_pdf([""])), {"text": "no_text"}),
    "bomb": ("document", _bytes("bomb.pdf", make_bomb_pdf(size_bytes=2**30)), {"text": ""}),
    "broken document": ("document", _bytes("broken.pdf", b"%PDF-1.7\n" + bytes(500)), {"text": ""}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_upload_is_refused_with_a_problem(
    installation: Installation, corpora: Path, tmp_path: Path, name: str
) -> None:
    part, make, status, code = REFUSED[name]
    answer = installation.submit(make(corpora / "clips", tmp_path), part=part)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code or not code
    assert answer.json()["detail"]


@pytest.mark.parametrize("name", FAILED)
def test_modality_fails_with_a_reason(
    installation: Installation, corpora: Path, tmp_path: Path, name: str
) -> None:
    part, make, codes = FAILED[name]
    report = installation.report(installation.submit(make(corpora / "clips", tmp_path), part=part))
    for modality, code in codes.items():
        result = report["modalities"][modality]
        assert result["status"] == "failed"
        assert result["error_code"] == code or (not code and result["error_code"] != "internal")
        assert result["reason"]


def test_short_answer_is_said_not_scored_when_there_is_little_to_read(installation: Installation) -> None:
    report = installation.report(installation.submit(text="I like people."))
    assert report["modalities"]["text"]["error_code"] == "text_too_short"
    assert report["fused"]["traits"] is None


def test_request_is_refused_when_text_is_empty(installation: Installation) -> None:
    assert installation.submit(text="").json()["code"] == "answer_empty"


def test_request_is_refused_when_the_question_is_unknown(installation: Installation) -> None:
    answer = installation.submit(text="word " * 60, question="q_nobody_asked")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_question")


@pytest.mark.parametrize("authorization", ["", "Bearer cnd_wrong", "Basic bWU6bWU="])
def test_request_is_refused_when_the_key_is_wrong(installation: Installation, authorization: str) -> None:
    answer = installation.client.get("/v1/assessments", headers={"Authorization": authorization})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def test_no_worker_died_of_any_of_it(installation: Installation) -> None:
    """Runs last in this module. A pool child that died would be named in its worker's log."""
    logs = {
        path.name: path.read_text()
        for path in (installation.home / "logs").glob("*.log")
        if path.stem not in {"gateway", "postgres", "redis"}
    }
    assert len(logs) == 5, sorted(logs)
    assert [name for name, text in logs.items() if "WorkerLostError" in text or "Traceback" in text] == []
    assert installation.client.get("/readyz").status_code == 200
