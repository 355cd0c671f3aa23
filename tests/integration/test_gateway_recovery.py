"""Accepted work that stands still is sent again, whatever lost it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Engine, text

from gateway.assessments.recovery import Recovered, Recovery
from gateway.settings import GatewaySettings
from services.common.db.bootstrap import DatabaseUrls
from services.common.db.models import Assessment
from services.common.db.session import tenant_session
from services.common.work.ledger import Stall
from tests.fakes import FakeClock, FakeDispatcher, FakeLedger
from tests.waiting import wait_until

REPOSITORY = Path(__file__).resolve().parents[2]


class Scene:
    """A recovery over fakes for broker and ledger, and real rows."""

    def __init__(self, gateway: Any, admin: Engine) -> None:
        self.gateway, self.admin = gateway, admin
        self.dispatcher, self.ledger, self.clock = FakeDispatcher(), FakeLedger(), FakeClock()
        self.recovery = self.another()

    def another(self, **options: Any) -> Recovery:
        return Recovery(
            engine=self.gateway.services.engine,
            dispatcher=self.dispatcher,
            ledger=self.ledger,
            settings=GatewaySettings(**options),
            clock=self.clock,
        )

    def accept(self, *, dispatched: bool) -> str:
        assessment_id = str(self.gateway.post().json()["id"])
        if not dispatched:
            self.set(assessment_id, "dispatched_at = NULL, dispatches = 0")
        self.make_due()
        return assessment_id

    def set(self, assessment_id: str, assignments: str) -> None:
        with self.admin.begin() as connection:
            connection.execute(
                text(f"UPDATE assessments SET {assignments} WHERE id = :id"), {"id": assessment_id}
            )

    def make_due(self) -> None:
        with self.admin.begin() as connection:
            connection.execute(
                text("UPDATE assessments SET check_at = now() - interval '1s' WHERE check_at IS NOT NULL")
            )

    def row(self, assessment_id: str) -> Assessment:
        with tenant_session(self.gateway.services.engine, self.gateway.tenant.tenant) as session:
            return session.get_one(Assessment, assessment_id)


@pytest.fixture
def scene(gateway: Any, admin_engine: Engine) -> Scene:
    return Scene(gateway, admin_engine)


def test_work_is_sent_when_the_gateway_died_before_dispatch(scene: Scene) -> None:
    assessment_id = scene.accept(dispatched=False)
    assert scene.recovery.run() == Recovered(looked_at=1, sent=1)
    [work] = scene.dispatcher.sent
    assert (work.assessment_id, work.tenant_id) == (assessment_id, scene.gateway.tenant.tenant)
    assert [part.kind for part in work.media] == ["text"]
    assert scene.row(assessment_id).dispatches == 1


@pytest.mark.parametrize("stall", [Stall.UNKNOWN, Stall.LOST])
def test_work_is_sent_again_when_the_ledger_finds_it_stalled(stall: Stall, scene: Scene) -> None:
    assessment_id = scene.accept(dispatched=True)
    scene.ledger.stalls[assessment_id] = stall
    assert scene.recovery.run().sent == 1
    assert scene.row(assessment_id).dispatches == 2


def test_work_is_left_alone_while_it_goes_on(scene: Scene) -> None:
    scene.accept(dispatched=True)
    assert scene.recovery.run() == Recovered(looked_at=1)
    assert scene.recovery.run() == Recovered(looked_at=0)
    assert scene.dispatcher.sent == []


def test_work_that_waits_for_fusion_is_sent_only_after_a_while(scene: Scene) -> None:
    assessment_id = scene.accept(dispatched=True)
    scene.ledger.stalls[assessment_id] = Stall.UNFUSED
    assert scene.recovery.run().sent == 0
    scene.make_due()
    scene.clock.now_s += 11
    assert scene.recovery.run().sent == 1


def test_stale_work_is_sent_again_with_growing_patience(scene: Scene) -> None:
    assessment_id = scene.accept(dispatched=True)
    scene.set(assessment_id, "dispatched_at = now() - interval '15 minutes', dispatches = 1")
    assert scene.recovery.run().sent == 0
    scene.set(assessment_id, "dispatched_at = now() - interval '25 minutes'")
    scene.make_due()
    assert scene.recovery.run().sent == 1


def test_work_expires_when_it_never_comes_to_a_report(scene: Scene) -> None:
    assessment_id = scene.accept(dispatched=True)
    scene.set(assessment_id, "created_at = now() - interval '25 hours'")
    assert scene.recovery.run() == Recovered(looked_at=1, expired=1)
    assert scene.row(assessment_id).state == "expired"
    assert scene.ledger.published == [(assessment_id, "status", {"status": "expired"})]
    body = scene.gateway.client.get(f"/v1/assessments/{assessment_id}").json()
    assert body["status"] == "expired"
    scene.make_due()
    assert scene.recovery.run() == Recovered()


def test_reported_work_is_never_looked_at_again(scene: Scene, store_report: Callable[..., None]) -> None:
    assessment_id = scene.accept(dispatched=True)
    store_report(assessment_id, scene.gateway.tenant.tenant)
    scene.ledger.stalls[assessment_id] = Stall.UNKNOWN
    assert scene.recovery.run() == Recovered()
    assert scene.row(assessment_id).check_at is None


def test_work_waits_for_the_next_run_when_the_broker_is_down(scene: Scene) -> None:
    assessment_id = scene.accept(dispatched=False)
    scene.dispatcher.down = True
    assert scene.recovery.run() == Recovered(looked_at=1)
    assert scene.row(assessment_id).dispatched_at is None
    scene.dispatcher.down = False
    scene.make_due()
    assert scene.recovery.run().sent == 1


def test_each_assessment_is_sent_once_when_runs_overlap(scene: Scene) -> None:
    accepted = {scene.accept(dispatched=False) for _ in range(12)}
    recoveries = [scene.another(recover_batch=4, recheck_after_s=60) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda recovery: recovery.run(), recoveries))
    scene.another(recheck_after_s=60).run()
    sent = [work.assessment_id for work in scene.dispatcher.sent]
    assert sorted(sent) == sorted(accepted)


def test_one_run_is_bounded(scene: Scene) -> None:
    for _ in range(5):
        scene.accept(dispatched=False)
    assert scene.another(recover_batch=2).run().looked_at == 2


@pytest.fixture
def delivery_worker(database: DatabaseUrls, redis_url: str, tmp_path: Path) -> Iterator[Path]:
    """The real worker process with its beat; yields its log."""
    log = tmp_path / "delivery.log"
    environment = {
        **os.environ,
        "GATEWAY_DATABASE_URL": database.gateway,
        "GATEWAY_RECOVER_EVERY_S": "1",
        "GATEWAY_RECHECK_AFTER_S": "1",
        "CANDOR_REDIS_URL": redis_url,
        "CANDOR_LOG_LEVEL": "INFO",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway.tasks"],
            cwd=REPOSITORY,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        yield log
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_ten_answers_are_queued_again_when_redis_is_emptied(
    make_gateway: Callable[..., Any], redis_url: str, delivery_worker: Path
) -> None:
    gateway = make_gateway()
    for _ in range(10):
        assert gateway.post().status_code == 202
    with Redis.from_url(redis_url) as client:
        assert client.llen("text") == 10
        client.flushall()
        wait_until(lambda: client.llen("text") == 10, tell=delivery_worker.read_text)
