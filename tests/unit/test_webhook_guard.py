"""What webhooks may reach: decided on addresses, before a connection, and never after a second look."""

import ssl
from collections.abc import Iterable
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

import httpcore
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.settings import GatewaySettings
from gateway.webhooks.addresses import reason_to_refuse
from gateway.webhooks.guarded_http import GuardedClient, SendError
from gateway.webhooks.schedule import (
    RETRY_DELAYS_S,
    delay_before_next,
    parse_retry_after,
    pause_asked_for,
)
from gateway.webhooks.secrets import SECRET_PREFIX, secret_of, signature_header
from gateway.webhooks.targets import NameUnresolvedError, TargetRefusedError, TargetRules, system_resolve
from services.common.settings import Environment

PUBLIC = "93.184.215.14"
HIDDEN = (
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.8.8.8",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:93.184.215.14",
    "::ffff:0:127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2606:4700::5efe:7f00:1",
    "2606:4700::200:5efe:7f00:1",
    "3fff::1",
    "4000::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1%eth0",
    "fec0::1",
    "ff02::1",
)


@pytest.mark.parametrize("address", HIDDEN)
def test_address_is_refused_when_it_is_not_plainly_public(address: str) -> None:
    assert reason_to_refuse(ip_address(address)) is not None


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "172.15.0.1", "172.32.0.1", "2606:4700::1111"])
def test_address_is_taken_when_it_is_public(address: str) -> None:
    assert reason_to_refuse(ip_address(address)) is None


def test_address_is_taken_when_the_operator_allowed_its_network() -> None:
    allowed = [ip_network("10.1.0.0/16")]
    assert reason_to_refuse(ip_address("10.1.2.3"), allowed=allowed) is None
    assert reason_to_refuse(ip_address("10.2.2.3"), allowed=allowed) is not None


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost.",
        "127.1",
        "0x7f.0.0.1",
        "2130706433",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:7f00:1]",
    ],
)
def test_loopback_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises((TargetRefusedError, NameUnresolvedError)):
        TargetRules(ports=[443]).check(f"https://{host}/")


def test_name_is_refused_when_one_of_its_addresses_is_private() -> None:
    rules = TargetRules(resolve=lambda *_: [PUBLIC, "10.0.0.1"])
    with pytest.raises(TargetRefusedError, match="private"):
        rules.check("https://two-faced.example.com/")


def test_name_without_an_address_is_told_apart() -> None:
    with pytest.raises(NameUnresolvedError):
        TargetRules(resolve=lambda *_: []).check("https://nowhere.example.com/")
    with pytest.raises(NameUnresolvedError):
        system_resolve("does-not-exist.invalid", 20.0)


@given(url=st.one_of(st.text(max_size=40).map("https://{}".format), st.text(max_size=40)))
@example(url="https://xn--/")
@example(url="https://[::1%25eth0]/")
@example(url="https://hooks.example.com:99999/")
@example(url="https://hooks.example.com:0/")
@example(url=f"https://{'a' * 300}.example.com/")
def test_url_is_refused_and_nothing_worse_whatever_it_is(url: str) -> None:
    with pytest.raises((TargetRefusedError, NameUnresolvedError)):
        TargetRules(resolve=lambda *_: ["127.0.0.1"]).check(url)


def test_plain_http_is_for_development_only() -> None:
    settings = GatewaySettings(webhook_allowed_networks=["127.0.0.0/8"])
    assert TargetRules.of(settings, Environment.DEVELOPMENT).check("http://127.0.0.1:9/").port == 9
    with pytest.raises(TargetRefusedError, match="https"):
        TargetRules.of(settings, Environment.PRODUCTION).check("http://127.0.0.1:9/")


class RecordingNetwork(httpcore.NetworkBackend):
    """Plays a server that answers with `script`, and remembers which addresses were connected to."""

    def __init__(self, *script: bytes, refusing: Iterable[str] = ()) -> None:
        self.connected: list[tuple[str, int]] = []
        self.sni: list[str | None] = []
        self.sent = b""
        self._script, self._refusing = list(script), set(refusing)

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.NetworkStream:
        self.connected.append((host, port))
        if host in self._refusing:
            raise httpcore.ConnectError("refused")
        return _Stream(self, self._script)


class _Stream(httpcore.NetworkStream):
    def __init__(self, network: RecordingNetwork, script: list[bytes]) -> None:
        self._network, self._script = network, script

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._script.pop(0) if self._script else b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._network.sent += buffer

    def close(self) -> None:
        return None

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        assert ssl_context.verify_mode is ssl.CERT_REQUIRED
        assert ssl_context.check_hostname
        self._network.sni.append(server_hostname)
        return self

    def get_extra_info(self, info: str) -> Any:
        return None


class Rebinding:
    """A resolver that answers with one address first, and with another one ever after."""

    def __init__(self, first: str, later: str) -> None:
        self.answers, self.asked = [[first], [later]], 0

    def __call__(self, host: str, timeout_s: float) -> list[str]:
        self.asked += 1
        return self.answers[min(self.asked, 2) - 1]


def client(network: httpcore.NetworkBackend, rules: TargetRules, **options: Any) -> GuardedClient:
    return GuardedClient(rules, timeout_s=5.0, network=network, **options)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
URL = "https://hooks.example.com/candor?x=1"


def post(sender: GuardedClient, url: str = URL) -> int:
    return sender.post(url, headers={"webhook-id": "evt_1"}, body=b"{}").status_code


def test_connection_goes_to_the_address_that_was_checked_under_its_name() -> None:
    network, resolve = RecordingNetwork(OK), Rebinding(PUBLIC, "127.0.0.1")
    assert post(client(network, TargetRules(resolve=resolve))) == 200
    assert (network.connected, network.sni, resolve.asked) == ([(PUBLIC, 443)], ["hooks.example.com"], 1)
    assert network.sent.startswith(b"POST /candor?x=1 HTTP/1.1\r\n")
    assert b"Host: hooks.example.com\r\n" in network.sent


def test_nothing_is_connected_when_the_name_was_bound_anew_since_it_was_registered() -> None:
    network, resolve = RecordingNetwork(OK), Rebinding(PUBLIC, "169.254.169.254")
    rules = TargetRules(resolve=resolve)
    rules.check(URL)
    with pytest.raises(SendError) as refused:
        post(client(network, rules))
    assert (refused.value.code, network.connected) == ("target_refused", [])


def test_redirect_is_an_answer_and_is_not_followed() -> None:
    network = RecordingNetwork(
        b"HTTP/1.1 307 Moved\r\nLocation: https://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    )
    assert post(client(network, TargetRules(resolve=lambda *_: [PUBLIC]))) == 307
    assert network.connected == [(PUBLIC, 443)]


def test_second_address_is_tried_when_the_first_does_not_answer() -> None:
    network = RecordingNetwork(OK, refusing=["8.8.8.8"])
    assert post(client(network, TargetRules(resolve=lambda *_: ["8.8.8.8", PUBLIC]))) == 200
    assert [host for host, _ in network.connected] == ["8.8.8.8", PUBLIC]


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:3128")
    network = RecordingNetwork(OK)
    assert post(client(network, TargetRules(resolve=lambda *_: [PUBLIC]))) == 200
    assert network.connected == [(PUBLIC, 443)]


def test_body_of_an_answer_is_not_read() -> None:
    network = RecordingNetwork(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 9)
    assert post(client(network, TargetRules(resolve=lambda *_: [PUBLIC]))) == 200
    assert len(network._script) == 9


def test_attempt_ends_when_the_answer_trickles_for_longer_than_the_limit() -> None:
    ticks = iter(range(1000))
    network = RecordingNetwork(*[b"HTTP/1.1 100 Continue\r\n\r\n"] * 100)
    sender = client(network, TargetRules(resolve=lambda *_: [PUBLIC]), clock=lambda: float(next(ticks)))
    with pytest.raises(SendError) as slow:
        post(sender)
    assert slow.value.code == "timeout"
    assert len(network._script) > 90


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.6\r\n", b""])
def test_answer_that_is_not_http_is_an_error(answer: bytes) -> None:
    with pytest.raises(SendError) as odd:
        post(client(RecordingNetwork(answer), TargetRules(resolve=lambda *_: [PUBLIC])))
    assert odd.value.code == "bad_response"


def test_attempts_follow_the_schedule_of_the_scheme() -> None:
    delays = [delay_before_next(made, pause_s=0.0, jitter=0.0) for made in range(1, 11)]
    assert delays == [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400, None]
    assert sum(RETRY_DELAYS_S) == 75 * 3600 + 35 * 60 + 5
    assert delay_before_next(2, pause_s=0.0, jitter=1.0) == pytest.approx(330)


def test_receiver_is_given_the_time_that_it_asks_for() -> None:
    assert delay_before_next(1, pause_s=pause_asked_for(503, 900.0), jitter=0.0) == 900
    assert delay_before_next(1, pause_s=pause_asked_for(429, None), jitter=0.0) == 60
    assert delay_before_next(1, pause_s=pause_asked_for(500, None), jitter=0.0) == 5
    assert pause_asked_for(503, 1e9) == 86_400


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("9" * 400, 86_400.0),
        ("Sat, 07 Mar 2026 09:00:30 GMT", 30.0),
        ("Sat, 07 Mar 2026 08:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float | None) -> None:
    now = datetime(2026, 3, 7, 9, 0, tzinfo=UTC)
    assert parse_retry_after({"retry-after": value}, now=now) == seconds


def test_signature_agrees_with_the_example_of_the_scheme() -> None:
    signature = signature_header(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        webhook_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1_614_265_330,
        body='{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_secrets_are_long_enough_and_differ_with_salt_and_key() -> None:
    made = {secret_of(salt * 32, key_secret=key) for salt in ("aa", "bb") for key in ("one", "two")}
    assert len(made) == 4
    assert all(len(secret) == len(SECRET_PREFIX) + 44 for secret in made)
