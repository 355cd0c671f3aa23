"""Real recordings through every process: upload, analyses, fusion, report, erasure."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bench.recordings import read_sound
from services.audio.features import SAMPLE_RATE_HZ
from services.common.contracts.labels import EMOTIONS, TRAITS
from services.common.contracts.results import Report
from tests.e2e.conftest import Installation
from tests.waiting import WITHIN_S, wait_until

ANSWER = (
    "In my last position I was asked to rebuild a reporting system that nobody trusted any more. "
    "I began by talking to the people who used it every week, wrote down what they were missing, and "
    "agreed with my manager on three numbers that had to be right. We found the errors together, fixed "
    "them one after another, and I learned how much calmer work becomes when everybody can see progress. "
    "I still enjoy that kind of slow and careful repair more than starting something from nothing."
)


def _clip(corpora: Path, name: str) -> Path:
    return corpora / "clips" / name


def _sums_to_one(emotions: dict[str, float]) -> bool:
    return set(emotions) == set(EMOTIONS) and abs(sum(emotions.values()) - 1) < 1e-3


def _statuses(report: dict[str, Any]) -> dict[str, str]:
    return {name: result["status"] for name, result in report["modalities"].items()}


def test_video_gets_voice_face_and_fused_view_when_uploaded(
    installation: Installation, corpora: Path
) -> None:
    report = installation.report(installation.submit(_clip(corpora, "grid_bbaf2n.mpg")))
    Report.model_validate(report)
    assert report["status"] == "partially_succeeded"
    assert _statuses(report) == {"text": "failed", "audio": "succeeded", "video": "succeeded"}
    assert report["modalities"]["text"]["error_code"] in ("text_too_short", "unsupported_language")
    assert report["timeline"]["steps"][1]["congruence"] is not None
    assert _sums_to_one(report["fused"]["emotions"])
    assert 0 <= report["fused"]["congruence"] <= 1
    assert report["modalities"]["video"]["face"]["max_faces"] == 1
    assert report["modalities"]["audio"]["timeline"]
    assert report["benchmark"]["emotion.happy"]["reason"] == "cohort_too_small"


def test_report_is_partial_when_nobody_speaks(installation: Installation, corpora: Path) -> None:
    report = installation.report(installation.submit(_clip(corpora, "single_face.mp4")))
    assert report["status"] == "partially_succeeded"
    assert report["modalities"]["audio"]["error_code"] == "no_speech"
    assert report["modalities"]["audio"]["reason"]
    assert report["fused"]["congruence"] is None
    assert _sums_to_one(report["fused"]["emotions"])


def test_report_says_why_when_nobody_is_in_the_picture(installation: Installation, corpora: Path) -> None:
    report = installation.report(installation.submit(_clip(corpora, "no_face.mp4")))
    assert report["status"] == "failed"
    assert report["modalities"]["video"]["error_code"] == "no_face"


def test_typed_answer_gets_trait_estimates(installation: Installation) -> None:
    report = installation.report(installation.submit(text=ANSWER))
    assert report["status"] == "succeeded"
    assert set(report["fused"]["traits"]) == set(TRAITS)
    assert report["fused"]["emotions"] is None
    assert report["modalities"]["text"]["text"]["words"] == len(ANSWER.split())


def test_few_words_are_kept_but_not_scored_when_a_sentence_is_spoken(
    installation: Installation, corpora: Path
) -> None:
    clip = corpora / "ravdess" / "03-01-01-01-01-01-05.flac"
    report = installation.report(installation.submit(clip, part="audio"))
    assert _statuses(report) == {"text": "failed", "audio": "succeeded", "video": "skipped"}
    words = report["modalities"]["text"]
    assert words["error_code"] == "text_too_short"
    assert words["traits"] is None
    assert words["transcript"]["text"] == "Kids are talking by the door."
    assert [word["text"] for word in words["transcript"]["words"]][-1] == "door."
    assert report["timeline"]["sentences"][0]["voice"] is not None


def test_spoken_words_get_trait_estimates_when_there_are_enough(
    installation: Installation, corpora: Path, tmp_path: Path
) -> None:
    sounds = [read_sound(clip) for clip in sorted((corpora / "clips").glob("grid_*.mpg"))]
    spoken = tmp_path / "ten sentences.wav"
    soundfile.write(spoken, np.concatenate(sounds), SAMPLE_RATE_HZ)
    report = installation.report(installation.submit(spoken, part="audio"))
    assert _statuses(report) == {"text": "succeeded", "audio": "succeeded", "video": "skipped"}
    words = report["modalities"]["text"]
    assert set(report["fused"]["traits"]) == set(TRAITS)
    assert words["text"]["source"] == "speech"
    assert words["text"]["words"] >= 40, "sixty were said"
    assert words["transcript"]["fluency"]["words_per_minute"] > 60


def test_events_lead_to_the_report_when_followed(installation: Installation, corpora: Path) -> None:
    answer = installation.submit(_clip(corpora, "WolfgangLanger_Pexels.mp4"))
    seen: list[tuple[str, dict[str, Any]]] = []
    with installation.client.stream(
        "GET", f"{answer.headers['Location']}/events", timeout=WITHIN_S
    ) as stream:
        event = ""
        for line in stream.iter_lines():
            if line.startswith("event:"):
                event = line.removeprefix("event:").strip()
            elif line.startswith("data:"):
                seen.append((event, json.loads(line.removeprefix("data:"))))
            if event == "report" and line.startswith("data:"):
                break
    assert seen[-1][1]["status"] == "partially_succeeded", "the clip has music only"
    shares = [data["share"] for name, data in seen if name == "modality" and data["modality"] == "video"]
    assert len(shares) > 2, "a long analysis tells how far it is"
    assert shares == sorted(shares)


def test_nothing_is_left_when_an_assessment_is_erased(installation: Installation, corpora: Path) -> None:
    answer = installation.submit(_clip(corpora, "grid_lbbc2a.mpg"))
    installation.report(answer)
    stored = {p for p in (installation.home / "objects").rglob("*") if p.is_file()}
    location = answer.headers["Location"]
    assert installation.client.delete(location).status_code == 204
    assert installation.client.get(location).status_code == 404
    assert installation.client.get(f"{location}/report").status_code == 404
    assert len({p for p in (installation.home / "objects").rglob("*") if p.is_file()}) == len(stored) - 1


def test_every_answer_gets_its_report_when_many_come_at_once(
    installation: Installation, corpora: Path
) -> None:
    clips = sorted((corpora / "clips").glob("grid_*.mpg"))[:4]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda clip: installation.submit(clip, candidate=clip.stem), clips))
    reports = [installation.report(answer) for answer in answers]
    assert len({report["assessment_id"] for report in reports}) == len(clips)
    assert {tuple(_statuses(report).values())[1:] for report in reports} == {("succeeded", "succeeded")}


@pytest.mark.parametrize("victim", ["services.video.tasks", "fusion.tasks"])
def test_one_report_comes_when_a_worker_is_killed(
    installation: Installation, corpora: Path, victim: str
) -> None:
    from tests.e2e.processes import kill_all

    answer = installation.submit(_clip(corpora, "WolfgangLanger_Pexels.mp4"))
    location = answer.headers["Location"]
    if victim == "services.video.tasks":
        wait_until(
            lambda: installation.client.get(location).json()["modalities"]["video"]["status"] == "running"
        )
    assert kill_all(victim, below=installation.home) > 0
    report = installation.report(answer)
    assert report["modalities"]["video"]["status"] == "succeeded"
    assert report["modalities"]["video"]["face"]["frames_decoded"] > 400
    assert report["modalities"]["audio"]["error_code"] == "no_speech", "the clip has music only"


def test_every_answer_gets_its_report_when_redis_is_restarted(installation: Installation) -> None:
    from tests.e2e.processes import kill_all

    answers = [installation.submit(text=ANSWER, candidate=f"queued-{n}") for n in range(10)]
    persisted = installation.home / "redis"
    assert kill_all("valkey-server", below=installation.home) > 0
    assert persisted.exists()
    reports = [installation.report(answer) for answer in answers]
    assert [report["status"] for report in reports] == ["succeeded"] * 10
    assert len({report["assessment_id"] for report in reports}) == 10


def test_every_answer_gets_its_report_when_redis_is_emptied(installation: Installation) -> None:
    from tests.e2e.processes import kill_all

    answers = [installation.submit(text=ANSWER, candidate=f"emptied-{n}") for n in range(10)]
    for path in (installation.home / "redis").rglob("*.aof*"):
        if path.is_file():
            path.unlink()
    assert kill_all("valkey-server", below=installation.home) > 0
    wait_until(lambda: installation.client.get("/readyz").status_code == 200)
    reports = [installation.report(answer) for answer in answers]
    assert [report["status"] for report in reports] == ["succeeded"] * 10
