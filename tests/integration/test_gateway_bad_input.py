"""Each bad input has a problem code of its own, leaves nothing behind, and is never a 500."""

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from tests.integration.test_gateway_api import MP4, WAV

PDF = b"%PDF-1.7\n" + b"x" * 5000
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
LIMITS = {
    "max_video_bytes": 20_000,
    "max_audio_bytes": 20_000,
    "max_document_bytes": 20_000,
    "max_text_bytes": 2_000,
}


@pytest.fixture
def small(make_gateway: Callable[..., Any], dispatcher: Any) -> Any:
    return make_gateway(dispatcher=dispatcher, **LIMITS)


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code), body
    assert set(body) == {"type", "title", "status", "detail", "code", "request_id", "errors"}
    assert body["type"] == f"/errors/{code}"
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


@pytest.mark.parametrize(
    ("files", "status", "code"),
    [
        ({"video": ("a.png", PNG)}, 415, "unsupported_media_type"),
        ({"document": ("answer", MP4)}, 415, "unsupported_media_type"),
        ({"video": ("a.mp4", PDF)}, 415, "media_type_mismatch"),
        ({"document": ("a.pdf", b"just words")}, 415, "media_type_mismatch"),
        ({"audio": ("a.mp3", WAV)}, 415, "media_type_mismatch"),
        ({"video": ("a.mp4", b"")}, 422, "media_empty"),
        ({"video": ("a.mp4", MP4 + bytes(20_000))}, 413, "media_too_large"),
        ({"text": (None, "x" * 2_001)}, 413, "text_too_long"),
        ({"text": (None, "")}, 422, "answer_empty"),
        ({"text": (None, " \n\t ")}, 422, "answer_empty"),
        ({"text": (None, b"\xff\xfe\xfa")}, 422, "text_not_utf8"),
        ({"text": (None, "a\x00b")}, 422, "text_not_utf8"),
        ({"tags": (None, "x")}, 422, "media_required"),
        ({"text": (None, "words"), "document": ("a.pdf", PDF)}, 422, "media_conflict"),
        ({"surprise": (None, "words")}, 422, "validation_failed"),
        ([("video", ("a.mp4", MP4)), ("video", ("b.mp4", MP4))], 422, "validation_failed"),
        ([("tags", (None, "x"))] * 65, 422, "validation_failed"),
    ],
)
def test_upload_is_refused_with_its_own_code(
    files: Any, status: int, code: str, small: Any, dispatcher: Any
) -> None:
    assert_problem(small.post(files=files), status, code)
    assert small.stored_files() == []
    assert dispatcher.sent == []
    assert small.client.get("/v1/assessments").json()["data"] == []


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"candidate": ""}, "candidate"),
        ({"candidate": "x" * 201}, "candidate"),
        ({"candidate": "tab\x01"}, "candidate"),
        ({"candidate": "nul\x00"}, "candidate"),
        ({"question": ""}, "question"),
        ({"purpose": "espionage"}, "purpose"),
        ({"tags": ["x" * 65]}, "tags.0"),
        ({"tags": [str(n) for n in range(21)]}, "tags"),
        ({"candidate": ["a", "b"]}, "candidate"),
        ({"candidate": "x" * 5000}, "candidate"),
    ],
)
def test_field_at_fault_is_named(fields: dict[str, Any], at_fault: str, small: Any) -> None:
    body = assert_problem(small.post(files={"video": ("a.mp4", MP4)}, **fields), 422, "validation_failed")
    assert at_fault in [error["field"] for error in body["errors"]]
    assert small.stored_files() == []


@pytest.mark.parametrize("question", ["q_nope", "q_01kajb3z6v8m2q4n7x9r5t1w3y", "'; DROP TABLE", "q\x00"])
def test_unknown_question_is_refused(question: str, small: Any) -> None:
    answer = small.post(files={"video": ("a.mp4", MP4)}, question=question)
    assert answer.status_code == 422
    assert answer.json()["code"] in ("unknown_question", "validation_failed")
    assert ("\x00" in question) == (answer.json()["code"] == "validation_failed")
    assert small.stored_files() == []


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "api_key_missing"),
        ("", "api_key_missing"),
        ("Basic abc", "api_key_missing"),
        ("Bearer ", "api_key_missing"),
        ("Bearer cnd_wrong", "api_key_unknown"),
        ("Bearer \xff\xfe", "api_key_unknown"),
    ],
)
def test_key_is_refused_before_the_body_is_taken(header: str | None, code: str, small: Any) -> None:
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    client = TestClient(small.app, raise_server_exceptions=True)
    answer = client.post("/v1/assessments", headers=headers, files={"video": ("a.mp4", MP4)})
    assert_problem(answer, 401, code)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert small.stored_files() == []


def raw(small: Any, body: bytes, content_type: str = "multipart/form-data; boundary=b") -> httpx.Response:
    answer: httpx.Response = small.client.post(
        "/v1/assessments", content=body, headers={"Content-Type": content_type}
    )
    return answer


PART = b'--b\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n'


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{}", "application/json", 415, "unsupported_content_type"),
        (b"", "multipart/form-data; boundary=b", 400, "malformed_multipart"),
        (PART + MP4, "multipart/form-data; boundary=b", 400, "malformed_multipart"),
        (b"no multipart at all", "multipart/form-data; boundary=b", 400, "malformed_multipart"),
        (PART + MP4, "multipart/form-data", 400, "malformed_multipart"),
        (PART + MP4, f"multipart/form-data; boundary={'b' * 71}", 400, "malformed_multipart"),
        (b"--b--\r\n", "multipart/form-data; boundary=b", 422, "media_required"),
        (b"--b\r\nX: y\r\n\r\nz\r\n--b--\r\n", "multipart/form-data; boundary=b", 422, "validation_failed"),
    ],
)
def test_broken_body_is_refused(body: bytes, content_type: str, status: int, code: str, small: Any) -> None:
    assert_problem(raw(small, body, content_type), status, code)
    assert small.stored_files() == []


def test_declared_length_is_refused_before_anything_is_read(small: Any) -> None:
    answer = small.client.post(
        "/v1/assessments",
        content=b"",
        headers={"Content-Type": "multipart/form-data; boundary=b", "Content-Length": "9" * 12},
    )
    assert_problem(answer, 413, "media_too_large")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 422, "validation_failed"),
        (b"[1]", 422, "validation_failed"),
        (b"{}", 422, "validation_failed"),
        (b'{"text": ""}', 422, "validation_failed"),
        (b'{"text": "a\\u0000"}', 422, "validation_failed"),
        (b'{"text": "\\ud800"}', 422, "validation_failed"),
        (b'{"text": "ok", "extra": 1}', 422, "validation_failed"),
        (json.dumps({"text": "x" * 2001}).encode(), 422, "validation_failed"),
        (b'{"text": "' + b"x" * 70_000 + b'"}', 413, "body_too_large"),
        (b"[" * 60_000, None, None),
        (b"\xff\xfe{", None, None),
    ],
)
def test_question_is_refused_when_it_is_not_valid(
    body: bytes, status: int | None, code: str | None, gateway: Any
) -> None:
    answer = gateway.client.post("/v1/questions", content=body, headers={"Content-Type": "application/json"})
    assert_problem(answer, status or answer.status_code, code or answer.json()["code"])
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/nothing/here", "not_found"),
        ("/v1/assessments/", "assessment_not_found"),
        ("/v1/assessments/asm_x", "assessment_not_found"),
        ("/v1/assessments/%00", "assessment_not_found"),
        ("/v1/assessments/%ff%fe/report", "assessment_not_found"),
        ("/v1/assessments/'%20OR%201=1/events", "assessment_not_found"),
    ],
)
def test_unknown_address_is_a_problem(path: str, code: str, gateway: Any) -> None:
    answer = gateway.client.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] in (code, "not_found")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "starting_after=asm_nope",
        "starting_after=%00",
        "ending_before=%ff",
        "starting_after=asm_01kajb3z6v8m2q4n7x9r5t1w3y&ending_before=asm_01kajb3z6v8m2q4n7x9r5t1w3y",
    ],
)
def test_list_is_refused_when_its_query_is_not_valid(query: str, gateway: Any) -> None:
    assert_problem(gateway.client.get(f"/v1/assessments?{query}"), 422, "validation_failed")


def test_method_is_refused_with_all_that_are_allowed(gateway: Any) -> None:
    answer = gateway.client.put("/v1/questions")
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, POST"


def test_last_event_id_is_refused_when_it_is_not_one(gateway: Any) -> None:
    path = f"/v1/assessments/{gateway.post().json()['id']}/events"
    assert_problem(gateway.client.get(path, headers={"Last-Event-ID": "$"}), 422, "validation_failed")


def test_unexpected_error_is_a_problem_without_particulars(gateway: Any) -> None:
    class Broken:
        def send(self, work: object) -> None:
            raise RuntimeError("secret particulars")

    gateway.replace(dispatcher=Broken())
    answer = gateway.post()
    assert_problem(answer, 500, "internal")
    assert "secret" not in answer.text


def test_nothing_breaks_when_an_identifier_or_a_filter_holds_what_no_column_takes(gateway: Any) -> None:
    """NUL in every path parameter, NUL and half a surrogate pair in every query parameter, one at a time."""
    broken = []
    for path, operations in gateway.client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            parameters = operation.get("parameters", [])
            queries = [one["name"] for one in parameters if one["in"] == "query"]
            plain = re.sub(r"{\w+}", "none", path)
            urls = [f"{plain}?{name}={value}" for name in queries for value in ("a%00b", "%ED%A0%80")]
            if "{" in path:
                urls.append(re.sub(r"{\w+}", "a%00b", path))
            broken += [
                (method, url) for url in urls if gateway.client.request(method, url).status_code >= 500
            ]
    assert broken == []
