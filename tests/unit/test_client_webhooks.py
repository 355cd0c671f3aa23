"""A receiver believes only what was signed."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from candor_client import SignatureError, verify_webhook

SECRET, FORMER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
BODY = json.dumps(
    {
        "type": "assessment.succeeded",
        "timestamp": "2026-03-02T09:31:07Z",
        "data": {"id": "asm_1", "status": "succeeded"},
    }
)


def headers(*, secret: str = SECRET, body: str = BODY, age_s: int = 0) -> dict[str, str]:
    at = datetime.now(UTC) - timedelta(seconds=age_s)
    signature = Webhook(secret).sign(msg_id="evt_1", timestamp=at, data=body)
    return {
        "Webhook-Id": "evt_1",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": signature,
    }


@pytest.mark.parametrize("body", [BODY, BODY.encode()], ids=["text", "bytes"])
def test_the_event_is_read_when_it_was_signed(body: str | bytes) -> None:
    event = verify_webhook(body, headers(), SECRET)
    assert (event.id, event.type, event.data.id) == ("evt_1", "assessment.succeeded", "asm_1")


def test_one_secret_is_enough_when_another_is_being_replaced() -> None:
    assert verify_webhook(BODY, headers(secret=FORMER), [SECRET, FORMER]).id == "evt_1"


@pytest.mark.parametrize(
    "changed",
    [
        {"Webhook-Id": "evt_2"},
        {"Webhook-Timestamp": "1"},
        {"Webhook-Timestamp": "soon"},
        {"Webhook-Signature": ""},
        {"Webhook-Signature": "v1"},
        {"Webhook-Signature": "v1,###"},
        {"Webhook-Signature": "v1a,c2lnbmF0dXJl"},
    ],
)
def test_it_is_refused_when_a_header_was_changed(changed: dict[str, str]) -> None:
    with pytest.raises(SignatureError):
        verify_webhook(BODY, headers() | changed, SECRET)


def test_it_is_refused_when_the_body_was_changed() -> None:
    with pytest.raises(SignatureError):
        verify_webhook(BODY.replace("asm_1", "asm_2"), headers(), SECRET)


def test_it_is_refused_when_it_is_old() -> None:
    with pytest.raises(SignatureError):
        verify_webhook(BODY, headers(age_s=3600), SECRET)


def test_it_is_refused_when_no_secret_is_given() -> None:
    with pytest.raises(SignatureError):
        verify_webhook(BODY, headers(), [])


@pytest.mark.parametrize("body", ["[]", "null", "{}", '"text"'])
def test_it_is_refused_when_it_is_signed_but_no_event(body: str) -> None:
    with pytest.raises(SignatureError):
        verify_webhook(body, headers(body=body), SECRET)
