"""`candor` as a person calls it: real processes, real models, no server."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.common.contracts.labels import EMOTIONS
from services.common.serving.registry import FACE_EMOTION, load_manifest
from services.common.settings import CommonSettings

REPOSITORY = Path(__file__).resolve().parents[2]
ANSWER = (
    "I have always loved to learn new things, and when our team moved to another system I read about it "
    "every evening, because I wanted to understand how it works and to help my friends at work. "
)


def candor(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command from another folder, as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "candor.cli", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def essay(tmp_path: Path) -> Path:
    path = tmp_path / "answer.txt"
    path.write_text(ANSWER * 3, encoding="utf-8")
    return path


def test_a_report_is_printed_as_json_when_asked_for(essay: Path) -> None:
    done = candor("analyze", essay, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["status"] == "succeeded"
    assert set(report["modalities"]) == {"text", "audio", "video"}
    assert report["modalities"]["audio"]["status"] == "skipped"
    assert len(report["fused"]["traits"]) == 5
    assert "peak memory text" in done.stderr


def test_a_report_is_readable_when_nothing_else_is_asked_for(essay: Path) -> None:
    done = candor("analyze", essay)
    assert "openness" in done.stdout
    assert "█" in done.stdout


def test_the_reason_is_given_when_an_earlier_recording_has_no_voice(essay: Path) -> None:
    done = candor("analyze", essay, "--enrol", essay, "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no voice in a document to compare with" in done.stderr


def test_a_voice_is_compared_with_earlier_recordings_when_they_are_named(corpora: Path) -> None:
    clips = sorted((corpora / "ravdess").glob("03-01-0[1-6]-01-01-01-04.flac"))
    alone = json.loads(candor("analyze", clips[0], "--json").stdout)
    enrolled = candor("analyze", clips[0], "--enrol", clips[1], "--enrol", clips[2], "--json")
    known = json.loads(enrolled.stdout)
    assert alone["modalities"]["audio"]["voice"]["enrolment_clips"] == 0.0
    assert known["modalities"]["audio"]["voice"]["enrolment_clips"] > 1.0
    assert known["modalities"]["audio"]["emotions"] != alone["modalities"]["audio"]["emotions"]
    assert not known["modalities"]["audio"].get("voice_summary")


def test_reports_are_written_when_a_folder_is_given(essay: Path, tmp_path: Path) -> None:
    done = candor("analyze", essay, "--json", "--out", tmp_path / "reports")
    assert (tmp_path / "reports" / "answer.txt.report.json").read_text() == done.stdout


def test_one_line_is_printed_for_each_and_one_for_all_when_they_are_an_interview(essay: Path) -> None:
    done = candor("analyze", essay, "/nowhere.mp4", essay, "--json", "--interview")
    *each, together = map(json.loads, done.stdout.splitlines())
    assert [report["status"] for report in each] == ["succeeded"] * 2
    assert (together["overall"]["questions"], together["overall"]["reported"]) == (3, 2)
    assert [answer["status"] for answer in together["answers"]] == ["succeeded", "failed", "succeeded"]
    traits = {name: score["value"] for name, score in together["overall"]["traits"].items()}
    assert traits == pytest.approx(each[0]["fused"]["traits"])


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.mp4", b"", "is empty"),
        ("picture.mp4", b"\x89PNG\r\n\x1a\n" + bytes(64), "image/png"),
        ("cut.mp4", b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00" + bytes(64), "nothing could be analysed"),
    ],
    ids=["empty", "picture", "cut"],
)
def test_the_reason_is_given_when_a_file_cannot_be_used(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    done = candor("analyze", path)
    assert done.returncode == 2
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_the_other_files_are_analysed_when_one_cannot_be_used(essay: Path) -> None:
    done = candor("analyze", "/nowhere.mp4", essay, "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["status"] == "succeeded"
    assert "/nowhere.mp4: cannot be read" in done.stderr


def test_the_fault_is_ours_when_the_models_are_missing(essay: Path, tmp_path: Path) -> None:
    done = candor("analyze", essay, CANDOR_MODELS_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "There is no model 'text_traits'" in done.stderr


@pytest.mark.corpora
def test_voice_and_face_are_combined_when_a_clip_has_both(corpora: Path) -> None:
    done = candor("analyze", corpora / "clips" / "grid_bbaf2n.mpg", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["modalities"]["audio"]["status"] == "succeeded"
    assert report["modalities"]["video"]["status"] == "succeeded"
    assert 0 < report["fused"]["congruence"] <= 1


@pytest.mark.corpora
def test_the_face_is_reported_alone_when_a_clip_has_no_speech(corpora: Path) -> None:
    done = candor("analyze", corpora / "clips" / "single_face.mp4", "--json")
    report = json.loads(done.stdout)
    assert report["status"] == "partially_succeeded"
    assert report["modalities"]["audio"]["error_code"] == "no_speech"


@pytest.mark.corpora
def test_the_served_model_is_as_good_as_its_card_says_when_it_is_scored(corpora: Path) -> None:
    """One pass over all images: the command, the code behind it, and the card."""
    done = candor("evaluate", "face", "--data", corpora, "--partition", "public", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    keys = {"model", "version", "n", "accuracy", "uar", "macro_f1", "ece", "per_class"}
    assert keys <= set(report)
    assert report["model"] == "face_emotion"
    assert report["n"] == 3589
    assert set(report["per_class"]) == {str(emotion) for emotion in EMOTIONS}
    stored = load_manifest(CommonSettings().models_dir, FACE_EMOTION).metrics[0]
    assert stored.name == "accuracy"
    assert report["accuracy"] == pytest.approx(stored.value, abs=0.001)
    assert report["accuracy"] >= 0.60


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("face", "--corpus", "ravdess"), "--partition"),
        (("text", "--partition", "public"), "--corpus"),
        (("voice", "--data", "/nowhere"), "CANDOR_DATA"),
    ],
)
def test_evaluate_says_what_to_do_when_it_is_called_wrongly(
    arguments: tuple[str, ...], advice: str, tmp_path: Path
) -> None:
    done = candor("evaluate", *arguments, CANDOR_DATA=str(tmp_path))
    assert done.returncode == 2
    assert advice in done.stderr


def test_models_are_listed_with_their_figures_when_asked() -> None:
    done = candor("models", "--json")
    names = {manifest["name"] for manifest in json.loads(done.stdout)}
    assert {"text_traits", "voice_emotion", "face_emotion", "face_detector", "face_landmarks"} <= names
    assert "uar" in candor("models").stdout


def test_help_is_quick_and_loads_no_model_when_asked() -> None:
    script = (
        "import sys\nfrom candor.cli import app\ntry: app(['--help'])\nexcept SystemExit: pass\n"
        "names = {'numpy', 'cv2', 'librosa', 'ai_edge_litert', 'tensorflow', 'fastapi', 'httpx'}\n"
        "heavy = names & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for command in ("up", "analyze", "login", "submit", "watch", "report", "export", "train", "models"):
        assert command in done.stdout
