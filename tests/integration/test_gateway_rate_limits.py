"""Rate limits on real Redis: told in every answer, refused with the time to wait, open when Redis is out."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from gateway.http.rate_limits import Limiter
from gateway.tenancy.api_keys import create_key

MakeGateway = Callable[..., Any]


def test_answer_tells_what_remains(make_gateway: MakeGateway) -> None:
    gateway = make_gateway(rate_requests=5)
    told = [gateway.client.get("/v1/questions").headers for _ in range(2)]
    assert told[0]["ratelimit-policy"] == '"requests";q=5;w=60'
    assert told[0]["ratelimit"].startswith('"requests";r=4;t=')
    assert told[1]["ratelimit"].startswith('"requests";r=3;t=')


def test_request_is_refused_when_the_quota_is_used_up(make_gateway: MakeGateway) -> None:
    gateway = make_gateway(rate_requests=3)
    answers = [gateway.client.get("/v1/questions") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    refused = answers[-1]
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == "rate_limited"
    assert refused.json()["request_id"] == refused.headers["x-request-id"]
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit"].startswith('"requests";r=0;t=')


def test_keys_have_quotas_of_their_own(make_gateway: MakeGateway, admin_engine: Engine) -> None:
    gateway = make_gateway(rate_requests=1)
    other = create_key(admin_engine, gateway.tenant.tenant, name="other")
    assert gateway.client.get("/v1/questions").status_code == 200
    assert gateway.client.get("/v1/questions").status_code == 429
    headers = {"Authorization": f"Bearer {other.key}"}
    assert gateway.client.get("/v1/questions", headers=headers).status_code == 200


def test_uploads_are_counted_apart(make_gateway: MakeGateway) -> None:
    gateway = make_gateway(rate_requests=100, rate_uploads=1)
    first, second = gateway.post(), gateway.post()
    assert (first.status_code, second.status_code) == (202, 429)
    assert second.headers["ratelimit-policy"] == '"uploads";q=1;w=60'
    assert gateway.client.get("/v1/assessments").status_code == 200


def test_whoever_sends_no_key_is_counted_by_address(make_gateway: MakeGateway) -> None:
    gateway = make_gateway(rate_requests=1)
    bare = {"Authorization": ""}
    del gateway.client.headers["Authorization"]
    assert gateway.client.get("/v1/questions").status_code == 401
    assert gateway.client.get("/v1/questions").status_code == 429
    assert gateway.client.get("/v1/questions", headers=bare).status_code == 401


@pytest.mark.parametrize("path", ["/livez", "/openapi.json", "/"])
def test_only_the_interface_is_counted(make_gateway: MakeGateway, path: str) -> None:
    assert "ratelimit" not in make_gateway(rate_requests=1).client.get(path).headers


def test_requests_pass_when_redis_is_out(make_gateway: MakeGateway) -> None:
    gateway = make_gateway(rate_requests=1, redis="redis://127.0.0.1:1/0")
    answers = [gateway.client.get("/v1/questions") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert "ratelimit" not in answers[0].headers


def test_nothing_is_counted_when_the_quota_is_zero(redis_url: str) -> None:
    limiter = Limiter(redis_url, {"requests": 0})
    assert limiter.count("requests", "somebody") is None
