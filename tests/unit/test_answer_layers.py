"""Tags, compression and deprecation: what the layers around the routes do to an answer."""

import gzip
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from fastapi import FastAPI
from sse_starlette import EventSourceResponse
from starlette.responses import FileResponse, StreamingResponse
from starlette.testclient import TestClient

from gateway.http.compression import CompressedAnswers
from gateway.http.deprecation import deprecated
from gateway.http.etags import EntityTags, entity_tag, matches


def make_app(folder: Any) -> FastAPI:
    app = FastAPI()
    (folder / "page.js").write_text("x" * 4000)

    @app.get("/v1/large")
    def large() -> dict[str, str]:
        return {"text": "word " * 1000}

    @app.get("/v1/small")
    def small() -> dict[str, str]:
        return {"text": "word"}

    @app.post("/v1/secrets")
    def secret() -> dict[str, str]:
        return {"text": "word " * 1000}

    @app.get("/v1/events")
    async def events() -> EventSourceResponse:
        async def stream() -> Any:
            yield {"data": "word " * 1000}

        return EventSourceResponse(stream())

    @app.get("/v1/export")
    def export() -> StreamingResponse:
        return StreamingResponse(iter(["line\n"] * 2000), media_type="text/csv")

    @app.get("/page.js")
    def page() -> FileResponse:
        return FileResponse(folder / "page.js")

    old = deprecated(since=date(2026, 3, 2), sunset=date(2026, 12, 1), successor="/v1/small")

    @app.get("/v1/old", **old)
    def old_operation() -> dict[str, str]:
        return {}

    app.add_middleware(EntityTags)
    app.add_middleware(CompressedAnswers)
    return app


@pytest.fixture
def client(tmp_path: Any) -> Iterator[TestClient]:
    with TestClient(make_app(tmp_path)) as client:
        yield client


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_tag_is_the_same_when_the_answer_is_compressed(client: TestClient, encoding: str) -> None:
    answer = client.get("/v1/large", headers={"Accept-Encoding": encoding})
    assert answer.headers["etag"] == entity_tag(b'{"text":"' + b"word " * 1000 + b'"}')
    assert answer.headers.get("content-encoding") == (None if encoding == "identity" else "gzip")
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/v1/large", "/v1/small"])
def test_answer_is_304_without_body_when_the_client_holds_it(client: TestClient, path: str) -> None:
    tag = client.get(path).headers["etag"]
    answer = client.get(path, headers={"If-None-Match": f'"other", {tag}'})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == tag
    assert "content-type" not in answer.headers


def test_answer_comes_whole_when_the_client_holds_another(client: TestClient) -> None:
    answer = client.get("/v1/small", headers={"If-None-Match": 'W/"other"'})
    assert answer.json() == {"text": "word"}


@pytest.mark.parametrize(
    ("known", "same"), [("*", True), ('"a"', True), ('W/"a", "b"', True), ('"b"', False), ("", False)]
)
def test_tags_are_compared_weakly(known: str, same: bool) -> None:
    assert matches(known, 'W/"a"') is same


@pytest.mark.parametrize(
    ("method", "path", "compressed"),
    [
        ("GET", "/v1/large", True),
        ("GET", "/v1/export", True),
        ("GET", "/v1/small", False),
        ("GET", "/v1/events", False),
        ("POST", "/v1/secrets", False),
    ],
)
def test_answer_is_compressed_when_it_is_long_and_shows_no_secret(
    client: TestClient, method: str, path: str, compressed: bool
) -> None:
    answer = client.request(method, path, headers={"Accept-Encoding": "gzip"})
    assert ("content-encoding" in answer.headers) is compressed


def test_strong_tag_becomes_weak_when_a_file_is_compressed(client: TestClient) -> None:
    whole = client.get("/page.js", headers={"Accept-Encoding": "identity"})
    packed = client.get("/page.js", headers={"Accept-Encoding": "gzip"})
    assert whole.headers["etag"].startswith('"')
    assert packed.headers["etag"] == f"W/{whole.headers['etag']}"


def test_compressed_bytes_are_gzip(client: TestClient) -> None:
    with client.stream("GET", "/v1/export", headers={"Accept-Encoding": "gzip"}) as answer:
        assert gzip.decompress(b"".join(answer.iter_raw())) == b"line\n" * 2000


def test_every_answer_says_so_when_the_operation_is_deprecated(client: TestClient) -> None:
    answer = client.get("/v1/old")
    assert answer.headers["deprecation"] == "@1772409600"
    assert answer.headers["sunset"] == "Tue, 01 Dec 2026 00:00:00 GMT"
    assert answer.headers["link"] == '</v1/small>; rel="successor-version"'
    assert client.get("/openapi.json").json()["paths"]["/v1/old"]["get"]["deprecated"] is True


def test_deprecation_is_refused_when_clients_have_no_time_to_move() -> None:
    with pytest.raises(ValueError, match="half a year"):
        deprecated(since=date(2026, 3, 2), sunset=date(2026, 4, 2), successor="/v1/small")
