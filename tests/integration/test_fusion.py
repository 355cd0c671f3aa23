"""Fusion on a real Postgres with its own role and row-level security, and as a real worker."""

import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from fusion.repository import AssessmentGoneError, transaction
from fusion.settings import FusionSettings
from fusion.tasks import FusionRuntime
from services.common.contracts.labels import (
    EMOTIONS,
    TRAITS,
    AssessmentStatus,
    Emotion,
    Modality,
    ModalityStatus,
)
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.notices import EMOTION_RESTRICTED
from services.common.contracts.results import ErrorCode, ModalityResult, Quality, Report
from services.common.contracts.tasks import FUSION_COMBINE, CombineTask
from services.common.db.bootstrap import DatabaseUrls, prepare_database
from services.common.errors import TemporaryError
from services.common.settings import CommonSettings
from services.common.work.ledger import events_key, open_ledger
from services.common.work.messaging import create_celery
from tests.waiting import wait_until

TENANT, OTHER_TENANT = "ten_a", "ten_b"


@dataclass
class House:
    """A migrated database with two tenants, and a way to fill it."""

    urls: DatabaseUrls
    admin: Engine

    def assessment(
        self,
        assessment_id: str,
        *,
        candidate: str = "cand_1",
        question: str = "q_1",
        tenant: str = TENANT,
        state: str = "queued",
    ) -> CombineTask:
        with self.admin.begin() as connection:
            for table, values in (
                ("candidates", {"id": candidate, "tenant_id": tenant, "external_id": candidate}),
                ("questions", {"id": question, "tenant_id": tenant, "text": "Why this post?"}),
            ):
                columns = ", ".join(values)
                marks = ", ".join(f":{name}" for name in values)
                connection.execute(
                    text(f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING"), values
                )
            connection.execute(
                text(
                    "INSERT INTO assessments"
                    " (id, tenant_id, candidate_id, question_id, purpose, media, state, notices)"
                    " VALUES (:id, :tenant, :candidate, :question, 'self_practice', '[]', :state, :notices)"
                ),
                {
                    "id": assessment_id,
                    "tenant": tenant,
                    "candidate": candidate,
                    "question": question,
                    "state": state,
                    "notices": f"[{EMOTION_RESTRICTED.model_dump_json()}]",
                },
            )
        return CombineTask(assessment_id=assessment_id, tenant_id=tenant)

    def count(self, table: str) -> int:
        with self.admin.connect() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


@pytest.fixture
def house(postgres_admin_url: str) -> Iterator[House]:
    database = make_url(postgres_admin_url).database or ""
    urls = prepare_database(
        postgres_admin_url, gateway_password="gateway-test", fusion_password="fusion-test", database=database
    )
    admin = create_engine(postgres_admin_url)
    with admin.begin() as connection:
        for tenant in (TENANT, OTHER_TENANT):
            connection.execute(text("INSERT INTO tenants (id, name) VALUES (:id, :id)"), {"id": tenant})
    yield House(urls=urls, admin=admin)
    admin.dispose()


@pytest.fixture
def common(redis_url: str, tmp_path: Path) -> CommonSettings:
    return CommonSettings(redis_url=redis_url, models_dir=tmp_path / "models")


@pytest.fixture
def runtime(house: House, common: CommonSettings) -> Iterator[FusionRuntime]:
    settings = FusionSettings(database_url=house.urls.fusion, min_cohort_size=3)
    runtime = FusionRuntime(common, settings)
    yield runtime
    runtime.engine.dispose()


def words(openness: float = 0.6, *, version: int = 1) -> ModalityResult:
    return ModalityResult(
        modality=Modality.TEXT,
        status=ModalityStatus.SUCCEEDED,
        traits=dict.fromkeys(TRAITS, openness),
        models=[ModelRef(name="text_traits", version=version)],
    )


def channel(modality: Modality, label: Emotion = Emotion.HAPPY) -> ModalityResult:
    model = "voice_emotion" if modality is Modality.AUDIO else "face_emotion"
    return ModalityResult(
        modality=modality,
        status=ModalityStatus.SUCCEEDED,
        emotions={emotion: 0.7 if emotion is label else 0.05 for emotion in EMOTIONS},
        quality=Quality(coverage=0.9),
        models=[ModelRef(name=model, version=1)],
    )


def all_three() -> list[ModalityResult]:
    return [words(), channel(Modality.AUDIO), channel(Modality.VIDEO)]


def rows_of_reports(house: House) -> tuple[int, int, int]:
    return house.count("reports"), house.count("modality_results"), house.count("answer_scores")


def fuse(runtime: FusionRuntime, task: CombineTask, *results: ModalityResult) -> Report:
    report = runtime.fuse(task, results)
    assert report is not None
    return report


def test_report_results_and_scores_are_stored_when_all_channels_answered(
    house: House, runtime: FusionRuntime
) -> None:
    report = fuse(runtime, house.assessment("asm_1"), *all_three())
    assert report.status is AssessmentStatus.SUCCEEDED
    assert report.warnings[0].code == "emotion_inference_restricted"
    assert rows_of_reports(house) == (1, 3, 2)
    with transaction(runtime.engine, TENANT) as work:
        assert work.stored("asm_1") == report


def test_report_says_what_the_law_forbids_when_channels_were_refused(
    house: House, runtime: FusionRuntime
) -> None:
    task = house.assessment("asm_1").model_copy(update={"refused": [Modality.AUDIO, Modality.VIDEO]})
    report = fuse(runtime, task, words())
    assert report.status is AssessmentStatus.SUCCEEDED
    for modality in task.refused:
        assert report.modalities[modality].status is ModalityStatus.SKIPPED
        assert report.modalities[modality].error_code is ErrorCode.EMOTION_INFERENCE_NOT_PERMITTED
    assert [notice.code for notice in report.warnings] == ["traits_from_text_weak"]


def test_second_run_returns_the_first_report_when_delivered_twice(
    house: House, runtime: FusionRuntime
) -> None:
    task = house.assessment("asm_1")
    first = fuse(runtime, task, *all_three())
    again = fuse(runtime, task, words(0.1))
    assert again == first
    assert rows_of_reports(house) == (1, 3, 2)


def test_one_report_is_stored_when_two_workers_combine_at_once(house: House, common: CommonSettings) -> None:
    task = house.assessment("asm_1")
    settings = FusionSettings(database_url=house.urls.fusion)
    runtimes = [FusionRuntime(common, settings) for _ in range(6)]
    start = threading.Barrier(len(runtimes))
    stored: list[Report] = []

    def race(runtime: FusionRuntime) -> None:
        start.wait()
        stored.append(fuse(runtime, task, *all_three()))

    threads = [threading.Thread(target=race, args=(runtime,)) for runtime in runtimes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for runtime in runtimes:
        runtime.engine.dispose()
    assert len(stored) == len(runtimes)
    assert all(report == stored[0] for report in stored)
    assert (house.count("reports"), house.count("answer_scores")) == (1, 2)


def test_nothing_is_stored_when_the_assessment_was_deleted(house: House, runtime: FusionRuntime) -> None:
    task = CombineTask(assessment_id="asm_gone", tenant_id=TENANT)
    assert runtime.fuse(task, all_three()) is None
    assert house.count("reports") == 0


def test_nothing_is_stored_when_the_assessment_was_canceled(house: House, runtime: FusionRuntime) -> None:
    assert runtime.fuse(house.assessment("asm_1", state="canceled"), all_three()) is None


def test_nothing_is_stored_when_the_tenant_is_another(house: House, runtime: FusionRuntime) -> None:
    house.assessment("asm_1")
    assert runtime.fuse(CombineTask(assessment_id="asm_1", tenant_id=OTHER_TENANT), all_three()) is None


def test_deletion_in_between_is_no_fault_when_the_report_is_about_to_be_written(
    house: House, runtime: FusionRuntime
) -> None:
    task = house.assessment("asm_1")
    report = fuse(runtime, task, *all_three())
    with house.admin.begin() as connection:
        connection.execute(text("DELETE FROM reports"))

    def delete_and_write() -> None:
        with transaction(runtime.engine, TENANT) as work:
            subject = work.subject("asm_1")
            assert subject is not None
            with house.admin.begin() as connection:
                connection.execute(text("DELETE FROM assessments"))
            work.add(report, subject, scores={}, model_keys={})

    with pytest.raises(AssessmentGoneError):
        delete_and_write()
    assert house.count("reports") == 0


def test_failed_report_is_stored_when_every_channel_failed(house: House, runtime: FusionRuntime) -> None:
    failed = [
        ModalityResult(modality=m, status=ModalityStatus.FAILED, error_code=ErrorCode.MEDIA_CORRUPT)
        for m in Modality
    ]
    report = fuse(runtime, house.assessment("asm_1"), *failed)
    assert report.status is AssessmentStatus.FAILED
    assert report.benchmark == {}
    assert house.count("answer_scores") == 0


def test_percentile_counts_each_other_candidate_once_when_they_practised_often(
    house: House, runtime: FusionRuntime
) -> None:
    for attempt, openness in enumerate((0.1, 0.2, 0.9)):
        fuse(runtime, house.assessment(f"asm_a{attempt}", candidate="cand_a"), words(openness))
    fuse(runtime, house.assessment("asm_b", candidate="cand_b"), words(0.3))
    fuse(runtime, house.assessment("asm_c", candidate="cand_c"), words(0.5))
    fuse(runtime, house.assessment("asm_me0", candidate="cand_me"), words(0.01))
    entry = fuse(runtime, house.assessment("asm_me1", candidate="cand_me"), words(0.6)).benchmark[
        "trait.openness"
    ]
    # the others' latest: 0.9, 0.3 and 0.5; the own earlier answer does not count
    assert entry.n == 3
    assert entry.percentile == pytest.approx(100 * 2 / 3)
    assert entry.cohort_mean == pytest.approx((0.9 + 0.3 + 0.5) / 3)


def counts_of(house: House, tenant: str) -> dict[tuple[str, str, str, int], list[int]]:
    with house.admin.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT cohort, model_key, score, block, counts FROM norms JOIN norm_blocks ON norm_id = id"
                " WHERE norms.tenant_id = :tenant"
            ),
            {"tenant": tenant},
        ).all()
    return {(cohort, model_key, score, block): counts for cohort, model_key, score, block, counts in rows}


def two_hundred_answers(house: House, tenant: str) -> list[tuple[CombineTask, list[ModalityResult]]]:
    """Of 150 people, some of whom answer twice; the same for every tenant."""
    draw = random.Random(4)
    work = []
    for number in range(200):
        task = house.assessment(
            f"asm_{tenant}_{number:03}",
            candidate=f"cand_{tenant}_{number if number < 100 else draw.randrange(150)}",
            question=f"q_{tenant}",
            tenant=tenant,
        )
        label = draw.choice(list(EMOTIONS))
        work.append((task, [words(draw.random()), channel(Modality.AUDIO, label), channel(Modality.VIDEO)]))
    return work


@pytest.mark.slow
def test_norms_equal_the_serial_ones_when_four_workers_fuse_two_hundred_reports(
    house: House, common: CommonSettings, runtime: FusionRuntime
) -> None:
    settings = FusionSettings(database_url=house.urls.fusion, min_cohort_size=3)
    runtimes = [FusionRuntime(common, settings) for _ in range(4)]
    at_once = two_hundred_answers(house, TENANT)

    def work(number: int) -> list[Report]:
        return [fuse(runtimes[number], task, *results) for task, results in at_once[number::4]]

    with ThreadPoolExecutor(4) as pool:
        reports = [report for part in pool.map(work, range(4)) for report in part]
    for each in runtimes:
        each.engine.dispose()
    for task, results in two_hundred_answers(house, OTHER_TENANT):
        fuse(runtime, task, *results)
    assert len(reports) == 200
    parallel = {
        (cohort.replace(TENANT, OTHER_TENANT), *rest): counts
        for (cohort, *rest), counts in counts_of(house, TENANT).items()
    }
    assert parallel == counts_of(house, OTHER_TENANT)
    counted = sum(
        sum(counts)
        for (cohort, _, score, _), counts in parallel.items()
        if (cohort, score) == ("tenant", "congruence")
    )
    with house.admin.connect() as connection:
        answered = "SELECT count(DISTINCT candidate_id) FROM assessments WHERE tenant_id = :tenant"
        assert counted == connection.execute(text(answered), {"tenant": TENANT}).scalar_one() < 200


@pytest.mark.parametrize("difference", ["question", "version", "tenant"])
def test_cohort_is_empty_when_the_others_are_not_comparable(
    house: House, runtime: FusionRuntime, difference: str
) -> None:
    for number in range(3):
        fuse(
            runtime,
            house.assessment(
                f"asm_{number}",
                candidate=f"cand_x{number}",
                question="q_2" if difference in ("question", "tenant") else "q_1",
                tenant=OTHER_TENANT if difference == "tenant" else TENANT,
            ),
            words(version=2 if difference == "version" else 1),
        )
    entry = fuse(runtime, house.assessment("asm_me", candidate="cand_me"), words()).benchmark[
        "trait.openness"
    ]
    assert (entry.n, entry.percentile, entry.reason) == (0, None, "cohort_too_small")


def test_database_out_of_reach_is_temporary_when_nobody_listens(
    common: CommonSettings, tmp_path: Path
) -> None:
    url = f"postgresql+psycopg://candor_fusion@/candor?host={quote(str(tmp_path))}"
    runtime = FusionRuntime(common, FusionSettings(database_url=url))
    with pytest.raises(TemporaryError) as fault:
        runtime.fuse(CombineTask(assessment_id="asm_1", tenant_id=TENANT), all_three())
    assert fault.value.code is ErrorCode.STORAGE_UNAVAILABLE


def through(url: str, folder: Path) -> tuple[str, Path, Path]:
    """`url` by way of a socket in `folder`, and the link that connects or cuts the two."""
    sockets = Path(str(make_url(url).query["host"]))
    detour = make_url(url).update_query_dict({"host": str(folder)})
    name = ".s.PGSQL.5432"
    return detour.render_as_string(hide_password=False), folder / name, sockets / name


def test_report_is_stored_and_announced_when_the_database_comes_back(
    house: House, common: CommonSettings, tmp_path: Path
) -> None:
    detour = tmp_path / "sockets"
    detour.mkdir()
    url, link, socket = through(house.urls.fusion, detour)
    redis_url = common.redis_url.get_secret_value()
    environment = os.environ | {
        "CANDOR_REDIS_URL": redis_url,
        "FUSION_DATABASE_URL": url,
        "FUSION_RETRY_BASE_S": "0.5",
        "FUSION_RETRY_CAP_S": "0.5",
    }
    task = house.assessment("asm_1")
    ledger = open_ledger(redis_url)
    with (tmp_path / "log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "fusion.tasks"], env=environment, stdout=log, stderr=log
        )
        try:
            results = [result.model_dump(mode="json") for result in all_three()]
            create_celery(common).send_task(
                FUSION_COMBINE, args=[results], kwargs={"payload": task.model_dump(mode="json")}
            )
            said = (tmp_path / "log").read_text
            wait_until(lambda: "storage_unavailable" in said(), tell=said)
            assert house.count("reports") == 0
            link.symlink_to(socket)
            wait_until(lambda: ledger._redis.xlen(events_key("asm_1")) > 0, tell=said)
        finally:
            worker.terminate()
            worker.wait()
    [(_, event)] = ledger._redis.xrange(events_key("asm_1"))
    assert event == {"event": "report", "data": '{"status": "succeeded"}'}
    assert house.count("reports") == 1
