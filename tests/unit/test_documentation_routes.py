"""`/docs`: the built site under a policy of its own, or one sentence that says how to build it."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from gateway.main import create_app
from gateway.settings import GatewaySettings
from services.common.settings import CommonSettings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site of two pages, and a file beside it that nobody may read."""
    site = tmp_path / "site"
    (site / "guide").mkdir(parents=True)
    (site / "assets").mkdir()
    (site / "index.html").write_text("<h1>Candor</h1>")
    (site / "guide" / "index.html").write_text("<h1>Guide</h1>")
    (site / "assets" / "site.css").write_text("h1 { color: teal }")
    (site / "assets" / "search.js").write_text("let index;")
    (tmp_path / "secret.txt").write_text("secret")
    return site


def client_for(folder: Path) -> TestClient:
    return TestClient(create_app(GatewaySettings(docs_dir=folder), CommonSettings()), follow_redirects=False)


def test_it_is_said_how_to_build_the_site_when_nobody_has(tmp_path: Path) -> None:
    response = client_for(tmp_path).get("/docs/")
    assert response.status_code == 404
    assert "make docs" in response.text
    assert response.headers["content-type"].startswith("text/plain")


def test_the_first_page_is_led_to_when_the_slash_is_missing(folder: Path) -> None:
    client = client_for(folder)
    assert client.get("/docs").headers["location"] == "/docs/"
    assert client.get("/docs/guide").headers["location"].endswith("/docs/guide/")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("", "text/html; charset=utf-8"),
        ("guide/", "text/html; charset=utf-8"),
        ("assets/site.css", "text/css; charset=utf-8"),
        ("assets/search.js", "text/javascript; charset=utf-8"),
    ],
)
def test_a_file_has_type_and_policy_when_it_is_served(folder: Path, path: str, kind: str) -> None:
    response = client_for(folder).get(f"/docs/{path}")
    assert response.status_code == 200
    assert response.headers["content-type"].replace("application/javascript", "text/javascript") == kind
    assert response.headers["x-content-type-options"] == "nosniff"
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_nothing_is_sent_again_when_the_browser_has_it(folder: Path) -> None:
    client = client_for(folder)
    tag = client.get("/docs/").headers["etag"]
    assert client.get("/docs/", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    "path",
    ["nope/", "nope.js", "../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "/etc/passwd", "a%00b"],
)
def test_a_page_is_not_found_when_it_is_not_of_the_site(folder: Path, path: str) -> None:
    response = client_for(folder).get(f"/docs/{path}")
    assert response.status_code == 404
    assert "secret" not in response.text
    assert response.json()["code"] == "not_found"


def test_the_promised_interface_does_not_name_it(folder: Path) -> None:
    assert not [path for path in client_for(folder).get("/openapi.json").json()["paths"] if "docs" in path]
