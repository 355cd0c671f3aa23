"""The work ledger on a real Redis."""

import pytest
from redis import Redis
from redis.exceptions import LockNotOwnedError

from services.common.contracts.labels import Modality, ModalityStatus
from services.common.contracts.results import ErrorCode, ModalityResult
from services.common.work.ledger import ModalityProgress, Stall, WorkLedger, events_key, open_ledger

ID = "asm_test"
LEASE = f"candor:lease:{ID}:video"
RUNNING = ModalityProgress(status=ModalityStatus.RUNNING, share=0.5)


@pytest.fixture
def ledger(redis_url: str) -> WorkLedger:
    return open_ledger(redis_url)


def _result(modality: Modality) -> ModalityResult:
    return ModalityResult(
        modality=modality, status=ModalityStatus.FAILED, error_code=ErrorCode.NO_FACE, reason="No face."
    )


def test_work_is_unknown_until_it_was_sent(ledger: WorkLedger) -> None:
    assert not ledger.is_known(ID)
    assert ledger.find_stall(ID) is Stall.UNKNOWN
    ledger.record_queued(ID, [Modality.TEXT, Modality.AUDIO])
    assert ledger.is_known(ID)
    assert ledger.find_stall(ID) is Stall.VANISHED, "it waits, but there is no message"
    assert {m: p.status for m, p in ledger.read_progress(ID).items()} == {
        Modality.TEXT: ModalityStatus.QUEUED,
        Modality.AUDIO: ModalityStatus.QUEUED,
    }


def test_work_is_going_on_when_its_message_waits(ledger: WorkLedger, redis_url: str) -> None:
    ledger.record_queued(ID, [Modality.TEXT])
    with Redis.from_url(redis_url) as client:
        client.lpush("text", "a message")
    assert ledger.find_stall(ID) is None


def test_work_is_lost_when_its_worker_goes_silent(ledger: WorkLedger, redis_url: str) -> None:
    ledger.record_queued(ID, [Modality.VIDEO])
    lease = ledger.take_lease(ID, Modality.VIDEO, lease_s=60)
    assert lease is not None
    ledger.report_progress(ID, Modality.VIDEO, RUNNING)
    assert ledger.find_lost(ID) == []
    with Redis.from_url(redis_url) as client:
        assert 0 < client.pttl(LEASE) <= 60_000
        client.delete(LEASE)  # as its end does
    assert ledger.find_lost(ID) == [Modality.VIDEO]
    assert ledger.find_stall(ID) is Stall.LOST
    with pytest.raises(LockNotOwnedError):
        lease.reacquire()


def test_lease_lasts_as_long_again_when_it_is_renewed(ledger: WorkLedger, redis_url: str) -> None:
    lease = ledger.take_lease(ID, Modality.VIDEO, lease_s=600)
    assert lease is not None
    with Redis.from_url(redis_url) as client:
        client.pexpire(LEASE, 60_000)
        lease.reacquire()
        assert 60_000 < client.pttl(LEASE) <= 600_000


def test_work_is_not_lost_when_a_retry_is_announced(ledger: WorkLedger) -> None:
    ledger.record_queued(ID, [Modality.VIDEO])
    ledger.report_progress(ID, Modality.VIDEO, RUNNING)
    ledger.announce_retry(ID, Modality.VIDEO, wait_s=600)
    assert ledger.find_lost(ID) == []


def test_lease_has_one_holder_when_two_workers_want_it(ledger: WorkLedger) -> None:
    first = ledger.take_lease(ID, Modality.TEXT, lease_s=600)
    assert first is not None
    assert ledger.take_lease(ID, Modality.TEXT, lease_s=600) is None
    first.release()
    assert ledger.take_lease(ID, Modality.TEXT, lease_s=600) is not None


def test_lease_stays_with_its_holder_when_one_that_has_lost_it_lets_go(
    ledger: WorkLedger, redis_url: str
) -> None:
    first = ledger.take_lease(ID, Modality.VIDEO, lease_s=600)
    with Redis.from_url(redis_url) as client:
        client.delete(LEASE)  # as its end does
    assert first is not None
    assert ledger.take_lease(ID, Modality.VIDEO, lease_s=600) is not None
    with pytest.raises(LockNotOwnedError):
        first.release()
    assert ledger.take_lease(ID, Modality.VIDEO, lease_s=600) is None


def test_result_is_kept_when_the_analysis_ended(ledger: WorkLedger) -> None:
    ledger.record_queued(ID, [Modality.VIDEO])
    ledger.keep_result(ID, _result(Modality.VIDEO))
    assert ledger.read_result(ID, Modality.VIDEO) == _result(Modality.VIDEO)
    assert ledger.read_progress(ID)[Modality.VIDEO].error_code is ErrorCode.NO_FACE
    assert ledger.find_stall(ID) is Stall.UNFUSED


def test_ended_state_stays_when_the_work_is_sent_again(ledger: WorkLedger) -> None:
    ledger.record_queued(ID, [Modality.TEXT, Modality.VIDEO])
    ledger.keep_result(ID, _result(Modality.VIDEO))
    ledger.record_queued(ID, [Modality.TEXT, Modality.VIDEO])
    assert ledger.read_progress(ID)[Modality.VIDEO].status is ModalityStatus.FAILED
    assert ledger.read_progress(ID)[Modality.TEXT].status is ModalityStatus.QUEUED


def test_nothing_is_left_when_an_assessment_is_forgotten(ledger: WorkLedger, redis_url: str) -> None:
    ledger.record_queued(ID, [Modality.VIDEO])
    ledger.take_lease(ID, Modality.VIDEO, lease_s=60)
    ledger.count_attempt(ID, Modality.VIDEO)
    ledger.announce_retry(ID, Modality.VIDEO, wait_s=60)
    ledger.keep_result(ID, _result(Modality.VIDEO))
    ledger.erase(ID)
    with Redis.from_url(redis_url) as client:
        assert [key for key in client.scan_iter() if not key.startswith(b"candor:forgotten:")] == []
        assert ID.encode() not in b" ".join(client.scan_iter())


def test_erased_assessment_stays_erased_when_a_worker_still_reports(
    ledger: WorkLedger, redis_url: str
) -> None:
    ledger.record_queued(ID, [Modality.VIDEO])
    ledger.erase(ID)
    assert not ledger.report_progress(ID, Modality.VIDEO, RUNNING)
    ledger.keep_result(ID, _result(Modality.VIDEO))
    with Redis.from_url(redis_url) as client:
        assert [key for key in client.scan_iter() if not key.startswith(b"candor:forgotten:")] == []
        assert ID.encode() not in b" ".join(client.scan_iter())


def test_events_follow_in_order_when_work_goes_on(ledger: WorkLedger, redis_url: str) -> None:
    ledger.record_queued(ID, [Modality.VIDEO])
    ledger.report_progress(ID, Modality.VIDEO, RUNNING)
    ledger.publish_event(ID, "report", {"status": "succeeded"})
    with Redis.from_url(redis_url, decode_responses=True) as client:
        events = [fields["event"] for _, fields in client.xrange(events_key(ID))]
    assert events == ["status", "modality", "report"]


def test_attempts_count_until_they_are_cleared(ledger: WorkLedger) -> None:
    assert [ledger.count_attempt(ID, Modality.VIDEO) for _ in range(3)] == [1, 2, 3]
    ledger.clear_attempts(ID, Modality.VIDEO)
    assert ledger.count_attempt(ID, Modality.VIDEO) == 1
