"""Events on their way: real rows, a real receiver, a clock that is moved by changing what is due."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from standardwebhooks import Webhook, WebhookVerificationError

from gateway.settings import GatewaySettings
from gateway.webhooks.delivery import DeliveryPump
from gateway.webhooks.guarded_http import GuardedClient, SendError
from gateway.webhooks.targets import TargetRules
from services.common.db.bootstrap import DatabaseUrls
from services.common.settings import Environment
from tests.markdown_examples import examples
from tests.waiting import WITHIN_S
from tests.webhook_receiver import Receiver, Reply, receiving

REPOSITORY = Path(__file__).resolve().parents[2]
PATH = "/v1/webhook_endpoints"
LOOPBACK = ["127.0.0.0/8"]


class Scene:
    """A gateway that may reach the loopback address, and a pump that is run by hand."""

    def __init__(self, gateway: Any, admin: Engine, store_report: Callable[..., None]) -> None:
        self.gateway, self.admin, self._store_report = gateway, admin, store_report

    def register(self, receiver: Receiver, **options: Any) -> dict[str, Any]:
        answer = self.gateway.client.post(PATH, json={"url": f"{receiver.url}/hook", **options})
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def report(self, *, status: str = "succeeded") -> str:
        assessment = str(self.gateway.post().json()["id"])
        self._store_report(assessment, self.gateway.tenant.tenant, status=status)
        return assessment

    def pump(self, rules: TargetRules | None = None, **options: Any) -> DeliveryPump:
        settings = GatewaySettings(webhook_allowed_networks=LOOPBACK, **options)
        rules = rules or TargetRules.of(settings, Environment.DEVELOPMENT)
        client = GuardedClient(rules, timeout_s=settings.webhook_timeout_s)
        return DeliveryPump(
            engine=self.gateway.services.engine, client=client, settings=settings, jitter=lambda: 0.0
        )

    def deliver(self, rules: TargetRules | None = None) -> int:
        pump = self.pump(rules)
        begun = pump.run()
        assert pump.wait(timeout_s=WITHIN_S)
        return begun

    def set(self, table: str, assignments: str) -> None:
        with self.admin.begin() as connection:
            connection.execute(text(f"UPDATE {table} SET {assignments}"))

    def make_due(self) -> None:
        self.set("webhook_deliveries", "due_at = now() WHERE due_at IS NOT NULL")

    def endpoint(self, endpoint: dict[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = self.gateway.client.get(f"{PATH}/{endpoint['id']}").json()
        return body

    def deliveries(self, endpoint: dict[str, Any]) -> list[dict[str, Any]]:
        answer = self.gateway.client.get(f"{PATH}/{endpoint['id']}/deliveries")
        found: list[dict[str, Any]] = answer.json()["data"]
        return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def scene(
    make_gateway: Callable[..., Any],
    dispatcher: Any,
    admin_engine: Engine,
    store_report: Callable[..., None],
) -> Scene:
    gateway = make_gateway(dispatcher=dispatcher, webhook_allowed_networks=LOOPBACK)
    return Scene(gateway, admin_engine, store_report)


def errors(delivery: dict[str, Any]) -> list[tuple[int | None, str | None]]:
    return [(attempt["status_code"], attempt["error"]) for attempt in delivery["attempts"]]


def test_event_arrives_signed_and_thin(scene: Scene, receiver: Receiver) -> None:
    endpoint = scene.register(receiver)
    assessment = scene.report()
    assert scene.deliver() == 1
    [request] = receiver.requests
    payload = Webhook(endpoint["secret"]).verify(request.body, request.headers)
    assert payload["data"] == {"id": assessment, "status": "succeeded"}
    assert (payload["type"], set(payload)) == ("assessment.succeeded", {"type", "timestamp", "data"})
    assert request.path == "/hook"
    [event] = scene.gateway.client.get("/v1/events").json()["data"]
    assert {"id": request.headers["webhook-id"], **payload} == event
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint["secret"]).verify(request.body.replace(b"succ", b"fail"), request.headers)
    [delivery] = scene.deliveries(endpoint)
    assert (delivery["status"], delivery["next_attempt_at"]) == ("delivered", None)
    assert errors(delivery) == [(204, None)]
    assert scene.deliver() == 0


def test_receiver_of_the_documentation_takes_an_event_once_and_refuses_a_forgery(
    scene: Scene, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    [code] = [
        block
        for block in examples(REPOSITORY / "docs" / "api" / "webhooks.md", language="python")
        if "standardwebhooks" in block
    ]
    example: dict[str, Any] = {}
    exec(code, example)
    secret = scene.register(receiver)["secret"]
    assessment = scene.report()
    scene.deliver()
    [request] = receiver.requests
    for _ in range(2):
        assert example["receive"](request.headers, request.body, secret) == 204
    assert capsys.readouterr().out == f"assessment.succeeded {assessment}\n"
    with pytest.raises(WebhookVerificationError):
        example["receive"](request.headers, request.body + b" ", secret)


def test_delivery_is_retried_when_the_receiver_fails(scene: Scene, receiver: Receiver) -> None:
    endpoint = scene.register(receiver)
    receiver.replies = [Reply(500), Reply(500), Reply(200)]
    scene.report()
    waits = []
    for _ in range(3):
        assert scene.deliver() == 1
        assert scene.deliver() == 0  # not due yet
        [delivery] = scene.deliveries(endpoint)
        waits.append(seconds_to_next(delivery))
        scene.make_due()
    assert waits == [pytest.approx(5, abs=0.5), pytest.approx(300, abs=0.5), None]
    assert errors(delivery) == [(500, "http_status"), (500, "http_status"), (200, None)]
    assert delivery["status"] == "delivered"
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert len({request.body for request in receiver.requests}) == 1
    assert scene.endpoint(endpoint)["failing_since"] is None


def seconds_to_next(delivery: dict[str, Any]) -> float | None:
    if delivery["next_attempt_at"] is None:
        return None
    last = delivery["attempts"][-1]
    ended = datetime.fromisoformat(last["attempted_at"]).timestamp() + last["duration_ms"] / 1000
    return datetime.fromisoformat(delivery["next_attempt_at"]).timestamp() - ended


def test_delivery_fails_for_good_when_the_schedule_ends_and_can_be_replayed(
    scene: Scene, receiver: Receiver
) -> None:
    endpoint = scene.register(receiver)
    receiver.replies = [Reply(500), Reply(204)]
    scene.report()
    scene.set("webhook_deliveries", "attempts = 9")
    scene.deliver()
    [failed] = scene.deliveries(endpoint)
    assert (failed["status"], failed["next_attempt_at"]) == ("failed", None)
    [begun] = scene.gateway.client.post(f"/v1/events/{failed['event_id']}/replay").json()["data"]
    assert scene.deliver() == 1
    delivered, again = scene.deliveries(endpoint)
    assert (delivered["id"], delivered["status"], again) == (begun["id"], "delivered", failed)
    first, second = receiver.requests
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)


def test_endpoint_is_disabled_when_the_receiver_says_gone(scene: Scene, receiver: Receiver) -> None:
    endpoint = scene.register(receiver)
    receiver.replies = [Reply(410)]
    for _ in range(4):
        scene.report()
    scene.set(
        "webhook_deliveries",
        "due_at = now() + interval '1 h' WHERE id > (SELECT min(id) FROM webhook_deliveries)",
    )
    scene.deliver()
    assert len(receiver.requests) == 1
    gone = scene.endpoint(endpoint)
    assert (gone["status"], gone["disabled_reason"]) == ("disabled", "gone")
    scene.report()
    assert [row["status"] for row in scene.deliveries(endpoint)] == ["failed"] * 4
    assert scene.deliver() == 0


def test_endpoint_is_disabled_when_it_fails_for_days_and_to_the_last_attempt(
    scene: Scene, receiver: Receiver
) -> None:
    endpoint = scene.register(receiver)
    receiver.replies = [Reply(500)]
    scene.report()
    scene.deliver()
    assert scene.endpoint(endpoint)["failing_since"] is not None
    scene.set("webhook_endpoints", "failing_since = now() - interval '5 days 1 minute'")
    scene.make_due()
    scene.deliver()
    assert scene.endpoint(endpoint)["status"] == "enabled"
    scene.set("webhook_deliveries", "attempts = 9, due_at = now()")
    scene.deliver()
    failing = scene.endpoint(endpoint)
    assert (failing["status"], failing["disabled_reason"]) == ("disabled", "failing")


def test_nothing_is_sent_while_the_receiver_asks_for_time(scene: Scene, receiver: Receiver) -> None:
    endpoint = scene.register(receiver)
    receiver.replies = [Reply(503, {"Retry-After": "900"}), Reply(204)]
    scene.report()
    scene.deliver()
    [first] = scene.deliveries(endpoint)
    assert seconds_to_next(first) == pytest.approx(900, abs=0.5)
    scene.report()
    scene.make_due()
    assert scene.deliver() == 0
    scene.set("webhook_endpoints", "paused_until = now()")
    assert scene.deliver() == 2
    assert {row["status"] for row in scene.deliveries(endpoint)} == {"delivered"}


def test_both_secrets_verify_while_they_overlap(scene: Scene, receiver: Receiver) -> None:
    former = scene.register(receiver)["secret"]
    [endpoint] = scene.gateway.client.get(PATH).json()["data"]
    rotated = scene.gateway.client.post(f"{PATH}/{endpoint['id']}/rotate", json={"overlap_s": 3600}).json()
    assert rotated["previous_secret_until"] is not None
    scene.report()
    scene.deliver()
    scene.set("webhook_endpoints", "previous_until = now()")
    scene.report()
    scene.deliver()
    overlapping, after = receiver.requests
    assert len(overlapping.headers["webhook-signature"].split(" ")) == 2
    for secret in (former, rotated["secret"]):
        Webhook(secret).verify(overlapping.body, overlapping.headers)
    Webhook(rotated["secret"]).verify(after.body, after.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(former).verify(after.body, after.headers)


def test_test_event_goes_to_its_endpoint_alone(scene: Scene, receiver: Receiver) -> None:
    endpoint = scene.register(receiver, event_types=["candidate.erased"])
    scene.register(receiver)
    event = scene.gateway.client.post(f"{PATH}/{endpoint['id']}/test").json()
    assert scene.deliver() == 1
    [request] = receiver.requests
    assert request.headers["webhook-id"] == event["id"]
    assert json.loads(request.body)["type"] == "webhook.test"


def test_redirect_is_a_failure_and_is_not_followed(scene: Scene, receiver: Receiver) -> None:
    with receiving() as elsewhere:
        endpoint = scene.register(receiver)
        receiver.replies = [
            Reply(302, {"Location": "http://169.254.169.254/latest/meta-data"}),
            Reply(307, {"Location": elsewhere.url}),
        ]
        scene.report()
        scene.deliver()
        scene.make_due()
        scene.deliver()
        assert elsewhere.requests == []
    [delivery] = scene.deliveries(endpoint)
    assert errors(delivery) == [(302, "redirect"), (307, "redirect")]


def test_nothing_is_sent_when_a_name_was_bound_anew(scene: Scene, receiver: Receiver) -> None:
    scene.gateway.replace(
        webhook_targets=TargetRules(
            https_only=False, ports=range(65536), resolve=lambda *_: ["93.184.215.14"]
        )
    )
    port = receiver.url.rpartition(":")[2]
    receiver.url = f"http://rebound.example.com:{port}"
    endpoint = scene.register(receiver)
    scene.report()
    for now_leads_to in ("127.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"):
        scene.make_due()
        scene.deliver(
            TargetRules(https_only=False, ports=range(65536), resolve=lambda *_, to=now_leads_to: [to])
        )
    [delivery] = scene.deliveries(endpoint)
    assert errors(delivery) == [(None, "target_refused")] * 3
    assert receiver.requests == []


def test_others_are_served_while_one_receiver_is_slow(scene: Scene, receiver: Receiver) -> None:
    with receiving() as slow:
        slow.hold.clear()
        scene.register(slow)
        for _ in range(3):
            scene.report()
        scene.register(receiver)
        for _ in range(3):
            scene.report()
        pump = scene.pump(webhook_threads=3, webhook_per_endpoint=2)
        assert pump.run() == 3
        for _ in range(3):
            assert receiver.arrived.acquire(timeout=WITHIN_S)
        assert len(slow.requests) == 2
        slow.hold.set()
        assert pump.wait(timeout_s=WITHIN_S)
        assert (len(slow.requests), len(receiver.requests)) == (6, 3)


def test_two_pumps_share_what_is_due(scene: Scene, receiver: Receiver) -> None:
    scene.register(receiver)
    for _ in range(6):
        scene.report()
    pumps = [scene.pump(webhook_per_endpoint=1) for _ in range(2)]
    for pump in pumps:
        pump.run()
    assert all(pump.wait(timeout_s=WITHIN_S) for pump in pumps)
    sent = [request.headers["webhook-id"] for request in receiver.requests]
    assert len(sent) == len(set(sent)) == 6


def test_log_of_an_assessment_is_erased_though_it_is_being_sent(
    scene: Scene, receiver: Receiver, admin_engine: Engine
) -> None:
    scene.register(receiver)
    receiver.hold.clear()
    assessment = scene.report()
    pump = scene.pump()
    pump.run()
    assert receiver.arrived.acquire(timeout=WITHIN_S)
    assert scene.gateway.client.delete(f"/v1/assessments/{assessment}").status_code == 204
    receiver.hold.set()
    assert pump.wait(timeout_s=WITHIN_S)
    with admin_engine.connect() as connection:
        left = connection.execute(
            text("SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM webhook_attempts)")
        ).scalar_one()
    assert left == 0


@pytest.fixture
def worker(database: DatabaseUrls, redis_url: str, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The real delivery worker; its log is in `delivery.log`."""
    environment = {
        **os.environ,
        "GATEWAY_DATABASE_URL": database.gateway,
        "GATEWAY_WEBHOOK_ALLOWED_NETWORKS": json.dumps(LOOPBACK),
        "CANDOR_REDIS_URL": redis_url,
    }
    with (
        (tmp_path / "delivery.log").open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-m", "gateway.tasks"],
            cwd=REPOSITORY,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        yield process
        kill(process)


def kill(worker: subprocess.Popen[bytes]) -> None:
    """End a worker and its beat, which is a process of its own; one that has ended already stays so."""
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)


def test_message_comes_twice_with_one_id_when_the_worker_is_killed_after_sending(
    scene: Scene, receiver: Receiver, worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    endpoint = scene.register(receiver)
    receiver.hold.clear()
    scene.report()
    assert receiver.arrived.acquire(timeout=WITHIN_S), (tmp_path / "delivery.log").read_text()[-3000:]
    kill(worker)
    worker.wait()
    receiver.hold.set()
    assert scene.deliver() == 0  # leased
    scene.make_due()
    assert scene.deliver() == 1
    first, second = receiver.requests
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    [delivery] = scene.deliveries(endpoint)
    assert (delivery["status"], errors(delivery)) == ("delivered", [(204, None)])


def test_message_that_is_being_sent_is_noted_when_the_worker_is_told_to_stop(
    scene: Scene, receiver: Receiver
) -> None:
    endpoint = scene.register(receiver)
    receiver.hold.clear()
    for _ in range(4):
        scene.report()
    pump = scene.pump(webhook_per_endpoint=1)
    assert pump.run() == 1
    assert receiver.arrived.acquire(timeout=WITHIN_S)
    assert not pump.stop(timeout_s=0)
    receiver.hold.set()
    assert pump.stop(timeout_s=WITHIN_S)
    assert sorted(row["status"] for row in scene.deliveries(endpoint)) == ["delivered", *["pending"] * 3]
    assert pump.run() == 0


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of its own for hooks.example.com, with its key in the same file."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    key, made, both = (tmp_path / name for name in ("key.pem", "cert.pem", "both.pem"))
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=DNS:hooks.example.com"),
            *("-keyout", str(key), "-out", str(made)),
        ],
        check=True,
        capture_output=True,
    )
    both.write_bytes(key.read_bytes() + made.read_bytes())
    return both


def test_certificate_is_checked_against_the_name_though_an_address_is_connected(certificate: Path) -> None:
    settings = GatewaySettings(webhook_allowed_networks=LOOPBACK)
    rules = TargetRules(allowed=settings.webhook_allowed_networks, resolve=lambda *_: ["127.0.0.1"])

    def post(name: str, *, ca_file: Path | None) -> int:
        client = GuardedClient(rules, timeout_s=20, ca_file=ca_file)
        return client.post(f"https://{name}:{port}/", headers={}, body=b"{}").status_code

    with receiving(certificate=certificate) as receiver:
        port = receiver.url.rpartition(":")[2]
        assert post("hooks.example.com", ca_file=certificate) == 204
        for name, ca_file in (("other.example.com", certificate), ("hooks.example.com", None)):
            with pytest.raises(SendError) as refused:
                post(name, ca_file=ca_file)
            assert refused.value.code == "tls_failed"
        [request] = receiver.requests
        assert request.headers["host"] == f"hooks.example.com:{port}"
