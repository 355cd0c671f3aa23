"""The shell around analysis tasks, with real Redis, real Celery workers and real kills.

`tests/workers/trial.py` is a worker process whose analysis does what the media's text says.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from services.common.contracts.labels import MediaKind, Modality, ModalityStatus
from services.common.contracts.media import MediaRef
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.results import ErrorCode
from services.common.contracts.tasks import AnalyzeTask, CombineTask
from services.common.contracts.voice import VoiceSummary
from services.common.settings import CommonSettings
from services.common.storage import open_store
from services.common.work.ledger import Stall, WorkLedger, open_ledger
from services.common.work.messaging import create_celery, send_analyses
from services.common.work.presence import OK
from tests.traces import in_redis
from tests.waiting import wait_until

LEASE_S = 1.5


@pytest.fixture
def settings(redis_url: str, tmp_path: Path) -> CommonSettings:
    return CommonSettings(
        redis_url=redis_url, storage_url=f"file://{tmp_path}/objects", lease_s=LEASE_S, result_ttl_s=600
    )


@pytest.fixture
def ledger(settings: CommonSettings) -> WorkLedger:
    return open_ledger(settings.redis_url.get_secret_value())


@contextmanager
def worker(settings: CommonSettings, log: Path, *, role: str = "") -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "CANDOR_REDIS_URL": settings.redis_url.get_secret_value(),
        "CANDOR_STORAGE_URL": settings.storage_url,
        "CANDOR_LEASE_S": str(settings.lease_s),
        "TRIAL_FOLDER": str(log.parent),
        "TRIAL_ROLE": role,
    }
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.workers.trial"], env=environment, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def send(
    settings: CommonSettings,
    ledger: WorkLedger,
    command: str,
    *,
    assessment_id: str = "asm_1",
    modality: Modality = Modality.VIDEO,
    enrolment: VoiceSummary | None = None,
) -> None:
    """Send an assessment whose analysis will obey `command`. The words of its video are spoken."""
    key = f"ten_a/{assessment_id}"
    with open_store(settings.storage_url).create(key) as writer:
        writer.write(command.encode())
    media = MediaRef(
        kind=MediaKind.VIDEO, key=key, sha256="0" * 64, size_bytes=len(command), content_type="video/mp4"
    )
    ledger.record_queued(assessment_id, [modality], spoken=modality is Modality.TEXT)
    send_analyses(
        create_celery(settings),
        [AnalyzeTask(assessment_id=assessment_id, modality=modality, media=media, enrolment=enrolment)],
        CombineTask(assessment_id=assessment_id, tenant_id="ten_a"),
    )


def reports(folder: Path) -> list[str]:
    """What the trial's fusion wrote: a line per run."""
    path = folder / "reports"
    return path.read_text().splitlines() if path.exists() else []


def started(folder: Path) -> int:
    path = folder / "starts"
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_result_reaches_fusion_when_all_is_well(
    settings: CommonSettings, ledger: WorkLedger, tmp_path: Path
) -> None:
    send(settings, ledger, "succeed")
    with worker(settings, tmp_path / "log"):
        wait_until(lambda: len(reports(tmp_path)) == 1)
    assert reports(tmp_path) == ["asm_1 video:succeeded:None"]
    assert ledger.read_progress("asm_1")[Modality.VIDEO].status is ModalityStatus.SUCCEEDED


def test_only_the_pool_warms_up_when_the_worker_starts_and_nothing_waits(
    settings: CommonSettings, tmp_path: Path
) -> None:
    warm = tmp_path / "warm"
    with worker(settings, tmp_path / "log") as process:
        wait_until(lambda: warm.exists() and warm.read_text().endswith("\n"))
    assert len(warm.read_text().splitlines()) == 1
    assert int(warm.read_text()) != process.pid
    assert started(tmp_path) == 0


def test_enrolment_reaches_the_analysis_when_it_is_sent_along(
    settings: CommonSettings, ledger: WorkLedger, tmp_path: Path
) -> None:
    enrolment = VoiceSummary(model=ModelRef(name="voice_encoder", version=1), clips=2.0, mean="ADwAPA==")
    send(settings, ledger, "tell-enrolment", enrolment=enrolment)
    with worker(settings, tmp_path / "log"):
        wait_until(lambda: len(reports(tmp_path)) == 1)
    assert (tmp_path / "enrolments").read_text() == "ADwAPA==\n"


def test_no_copy_of_a_result_is_left_when_the_assessment_is_forgotten(
    settings: CommonSettings, ledger: WorkLedger, redis_url: str, tmp_path: Path
) -> None:
    send(settings, ledger, "succeed")
    with worker(settings, tmp_path / "log"), Redis.from_url(redis_url, decode_responses=True) as client:
        wait_until(lambda: len(reports(tmp_path)) == 1)
        wait_until(lambda: not client.exists("unacked"))
        ledger.erase("asm_1")
        keys = list(client.scan_iter())
        values = [str(client.get(key)) for key in keys if client.type(key) == "string"]
    assert not [value for value in values if "emotions" in value]
    assert not [key for key in keys if key.endswith(".j")], "what the chord counts"


def test_work_ends_and_leaves_nothing_when_the_assessment_is_forgotten_meanwhile(
    settings: CommonSettings, ledger: WorkLedger, redis_url: str, tmp_path: Path
) -> None:
    send(settings, ledger, "until-erased")
    with worker(settings, tmp_path / "log"), Redis.from_url(redis_url) as client:
        wait_until(lambda: started(tmp_path) == 1)
        send(settings, ledger, "succeed")
        ledger.erase("asm_1")
        assert b"asm_1" not in in_redis(client)
        wait_until(lambda: reports(tmp_path) == ["asm_1 video:failed:erased"])
        wait_until(lambda: not client.exists("unacked"))
        assert b"asm_1" not in in_redis(client)
        assert started(tmp_path) == 1


def test_worker_is_known_to_be_there_while_it_lives(
    settings: CommonSettings, ledger: WorkLedger, tmp_path: Path
) -> None:
    assert ledger.read_workers()["video"] is None
    with worker(settings, tmp_path / "log"):
        wait_until(lambda: ledger.read_workers()["video"] == OK)
    assert ledger.read_workers()["text"] is None
    wait_until(lambda: ledger.read_workers()["video"] is None)


def test_permanent_fault_is_a_result_when_the_input_is_bad(
    settings: CommonSettings, ledger: WorkLedger, tmp_path: Path
) -> None:
    send(settings, ledger, "corrupt")
    with worker(settings, tmp_path / "log"):
        wait_until(lambda: len(reports(tmp_path)) == 1)
    assert reports(tmp_path) == ["asm_1 video:failed:media_corrupt"]
    assert started(tmp_path) == 1, "a permanent fault is not tried again"


def test_unforeseen_fault_is_a_result_when_the_code_is_wrong(
    settings: CommonSettings, ledger: WorkLedger, tmp_path: Path
) -> None:
    send(settings, ledger, "bug")
    with worker(settings, tmp_path / "log"):
        wait_until(lambda: len(reports(tmp_path)) == 1)
    assert reports(tmp_path) == ["asm_1 video:failed:internal"]


def test_analysis_retries_when_the_fault_is_temporary(
    settings: CommonSettings, ledger: WorkLedger, tmp_path: Path
) -> None:
    send(settings, ledger, "unavailable-once")
    with worker(settings, tmp_path / "log"):
        wait_until(lambda: len(reports(tmp_path)) == 1)
    assert reports(tmp_path) == ["asm_1 video:succeeded:None"]
    assert started(tmp_path) == 2


def test_media_is_given_up_when_it_kills_three_workers(
    settings: CommonSettings, ledger: WorkLedger, tmp_path: Path
) -> None:
    send(settings, ledger, "crash")
    with worker(settings, tmp_path / "log"):
        wait_until(lambda: len(reports(tmp_path)) == 1)
    assert reports(tmp_path) == ["asm_1 video:failed:worker_lost"]
    assert started(tmp_path) == 3


def test_work_shows_as_lost_when_the_whole_worker_is_killed(
    settings: CommonSettings, ledger: WorkLedger, tmp_path: Path
) -> None:
    send(settings, ledger, "hang-once")
    with worker(settings, tmp_path / "log") as process:
        wait_until(lambda: started(tmp_path) == 1)
        process.kill()
        process.wait()
    wait_until(lambda: ledger.find_stall("asm_1") is Stall.LOST)
    send(settings, ledger, "hang-once")  # as the delivery worker does
    with worker(settings, tmp_path / "log"):
        wait_until(lambda: len(reports(tmp_path)) == 1)
    assert reports(tmp_path) == ["asm_1 video:succeeded:None"]


def test_analysis_runs_once_when_the_message_comes_twice(
    settings: CommonSettings, ledger: WorkLedger, tmp_path: Path
) -> None:
    send(settings, ledger, "succeed")
    send(settings, ledger, "succeed")
    with worker(settings, tmp_path / "log"):
        wait_until(lambda: len(reports(tmp_path)) == 2)
    assert started(tmp_path) == 1


def test_reason_names_the_storage_when_the_media_is_gone(
    settings: CommonSettings, ledger: WorkLedger, tmp_path: Path
) -> None:
    send(settings, ledger, "succeed")
    open_store(settings.storage_url).delete("ten_a/asm_1")
    with worker(settings, tmp_path / "log"):
        wait_until(lambda: len(reports(tmp_path)) == 1)
    assert reports(tmp_path) == [f"asm_1 video:failed:{ErrorCode.MEDIA_MISSING}"]


def test_words_reach_fusion_when_the_answer_is_spoken(
    settings: CommonSettings, ledger: WorkLedger, redis_url: str, tmp_path: Path
) -> None:
    send(settings, ledger, "succeed", modality=Modality.TEXT)
    assert ledger.find_stall("asm_1") is None, "it waits in the queue of the audio service"
    with worker(settings, tmp_path / "log", role="words"):
        wait_until(lambda: len(reports(tmp_path)) == 1)
    assert reports(tmp_path) == ["asm_1 text:succeeded:None"]
    assert (tmp_path / "words").read_text() == "a wise sentence\n"
    ledger.erase("asm_1")
    with Redis.from_url(redis_url, decode_responses=True) as client:
        keys = [key for key in client.scan_iter() if client.type(key) == "string"]
        assert not [key for key in keys if "wise" in str(client.get(key))], "an erasure takes the words along"


def test_reason_reaches_fusion_when_nothing_could_be_transcribed(
    settings: CommonSettings, ledger: WorkLedger, tmp_path: Path
) -> None:
    send(settings, ledger, "mumble", modality=Modality.TEXT)
    with worker(settings, tmp_path / "log", role="words"):
        wait_until(lambda: len(reports(tmp_path)) == 1)
    assert reports(tmp_path) == ["asm_1 text:failed:no_speech"]


@pytest.mark.parametrize(
    ("command", "expected", "starts"),
    [
        ("corrupt", "failed:media_corrupt", 1),
        ("unavailable-once", "succeeded:None", 2),
        ("crash", "failed:worker_lost", 3),
    ],
)
def test_one_report_comes_when_transcription_goes_wrong(
    command: str, expected: str, starts: int, settings: CommonSettings, ledger: WorkLedger, tmp_path: Path
) -> None:
    send(settings, ledger, command, modality=Modality.TEXT)
    with worker(settings, tmp_path / "log", role="words"):
        wait_until(lambda: len(reports(tmp_path)) == 1)
    assert reports(tmp_path) == [f"asm_1 text:{expected}"]
    assert started(tmp_path) == starts


def test_words_show_as_lost_when_the_transcribing_worker_is_killed(
    settings: CommonSettings, ledger: WorkLedger, tmp_path: Path
) -> None:
    send(settings, ledger, "hang-once", modality=Modality.TEXT)
    with worker(settings, tmp_path / "log", role="words") as process:
        wait_until(lambda: started(tmp_path) == 1)
        process.kill()
        process.wait()
    wait_until(lambda: ledger.find_stall("asm_1") is Stall.LOST)
    send(settings, ledger, "hang-once", modality=Modality.TEXT)
    with worker(settings, tmp_path / "log", role="words"):
        wait_until(lambda: len(reports(tmp_path)) == 1)
    assert reports(tmp_path) == ["asm_1 text:succeeded:None"]
