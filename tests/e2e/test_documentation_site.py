"""The documentation as a site: built strictly, and read in a browser that asks no other host."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from gateway.main import create_app
from gateway.settings import GatewaySettings
from tests.conftest import REPOSITORY
from tests.e2e.serving import serving

pytestmark = [pytest.mark.slow, pytest.mark.browser]
INLINE = re.compile(r"<script>|<style\b|\sstyle=\"|\son\w+=\"", re.IGNORECASE)
LOADED = re.compile(r"<(?:script|link|img)\b[^>]*?(?:src|href)=\"?(?:https?:)?//", re.IGNORECASE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site as `make docs` builds it; a link that leads nowhere ends the build."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)],
        cwd=REPOSITORY,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.strip()) == (0, ""), done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with serving(create_app(GatewaySettings(docs_dir=site))) as found:
        yield f"{found}/docs"


def test_every_page_is_without_inline_code_and_without_other_hosts(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 50
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert INLINE.findall(text) == [], page
        assert LOADED.findall(text) == [], page


def test_no_page_names_the_machine_that_built_it(site: Path) -> None:
    for page in site.rglob("*.html"):
        assert str(REPOSITORY) not in page.read_text(encoding="utf-8"), page


@pytest.mark.parametrize("path", ["", "api/reference/assessments/", "operate/settings/", "models/voice/"])
@pytest.mark.parametrize("width", [1280, 360])
def test_a_page_is_read_without_complaints_when_it_is_opened(
    browser: Browser, address: str, path: str, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    complaints: list[str] = []
    hosts: set[str] = set()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(f"{address}/{path}")
    expect(page.locator("h1")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert complaints == []
    assert hosts == {address.split("/")[2]}
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_an_operation_is_found_when_it_is_searched_for(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/")
    page.get_by_role("textbox", name="Search").fill("withdraw consent")
    expect(page.locator(".md-search-result__item").first).to_be_visible()
    expect(page.locator(".md-search-result")).to_contain_text("Consents")
    page.close()
