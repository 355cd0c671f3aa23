"""The page's files: nothing inline or foreign, no markup out of strings, legible colours."""

import itertools
import json
import re

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from gateway.main import create_app
from gateway.routes.pages import WEB
from gateway.settings import GatewaySettings
from services.common.contracts.labels import EMOTIONS
from services.common.contracts.results import ErrorCode
from services.common.settings import REPOSITORY, CommonSettings

Color = NDArray[np.float64]


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(create_app(GatewaySettings(), CommonSettings()))


def test_policy_allows_nothing_inline_or_foreign_when_the_page_is_served(client: TestClient) -> None:
    response = client.get("/")
    policy = response.headers["content-security-policy"]
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert response.headers["x-frame-options"] == "DENY"


def assets(suffix: str = "") -> list[str]:
    """Return the paths below `/assets/` of all files of the page whose names end in `suffix`."""
    files = (path.relative_to(WEB).as_posix() for path in WEB.rglob("*") if path.is_file())
    return sorted(path for path in files if path != "index.html" and path.endswith(suffix))


@pytest.mark.parametrize("path", assets())
def test_asset_has_type_and_policy_when_served(client: TestClient, path: str) -> None:
    response = client.get(f"/assets/{path}")
    assert response.status_code == 200
    assert response.headers["x-content-type-options"] == "nosniff"
    expected = {
        "js": "text/javascript",
        "css": "text/css",
        "svg": "image/svg+xml",
        "txt": "text/plain",
        "woff2": "font/woff2",
    }
    assert response.headers["content-type"].startswith(expected[path.rpartition(".")[2]])


@pytest.mark.parametrize(
    "path",
    [
        *("nope.js", "lib/nope.js", "lib", "lib/", "index.html", "api.js", "lib//api.js", "LIB/api.js"),
        *("../settings.py", "..%2fsettings.py", "%2e%2e%2fmain.py", "lib/../../main.py", "lib/%2e%2e/app.js"),
        *("lib/..%2f..%2fmain.py", "/etc/passwd", "%2fetc%2fpasswd", "lib%5c..%5capp.js", "app.js%00"),
    ],
)
def test_asset_is_not_found_when_it_is_not_on_the_list(client: TestClient, path: str) -> None:
    response = client.get(f"/assets/{path}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/", "/assets/app.js", "/assets/lib/api.js"])
def test_unchanged_file_is_not_sent_again_when_the_browser_has_it(client: TestClient, path: str) -> None:
    first = client.get(path)
    assert first.headers["cache-control"] == "no-cache"
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"].removeprefix("W/") == first.headers["etag"].removeprefix("W/")
    assert client.get(path, headers={"If-None-Match": '"another"'}).content == first.content
    assert client.head(path).status_code == 200


@pytest.mark.parametrize("path", assets(".woff2"))
def test_font_is_kept_for_good_when_a_browser_has_it(client: TestClient, path: str) -> None:
    response = client.get(f"/assets/{path}")
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "content-encoding" not in response.headers
    assert response.content[:4] == b"wOF2"


def test_fonts_are_those_of_the_locked_packages_when_the_page_names_them() -> None:
    css = (WEB / "style.css").read_text()
    locked = json.loads((REPOSITORY / "package.json").read_text())["devDependencies"]
    versions = {name.rpartition("/")[2]: at for name, at in locked.items() if name.startswith("@fontsource")}
    expected = {
        f"fonts/{font}-{subset}-{version}.woff2"
        for font, version in versions.items()
        for subset in ("latin", "latin-ext")
    }
    assert set(assets(".woff2")) == expected
    assert set(re.findall(r'url\("([^"]+)"\)', css)) == expected
    assert css.count("font-display: swap") == len(expected)
    assert sum((WEB / path).stat().st_size for path in expected if "latin-ext" not in path) < 100_000


@pytest.mark.parametrize("path", ["/", "/errors"])
def test_policy_lets_the_pages_own_fonts_in_when_a_page_is_served(client: TestClient, path: str) -> None:
    policy = client.get(path).headers["content-security-policy"].split("; ")
    assert "font-src 'self'" in policy


def test_page_loads_only_its_own_files_when_parsed() -> None:
    html = (WEB / "index.html").read_text()
    references = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert references
    assert all(reference.startswith(("/assets/", "#", "/openapi.json")) for reference in references)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", html)


@pytest.mark.parametrize("name", assets(".js"))
def test_module_never_makes_markup_from_text_when_it_builds_elements(name: str) -> None:
    source = (WEB / name).read_text()
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|https?://(?!www\.w3\.org/2000/svg)"
    assert not re.search(forbidden, source)
    imported = re.findall(r'(?:from |import\()"([^"#]+)"', source)  # types, in comments, are from "#api"
    assert [path for path in imported if not (WEB / name).parent.joinpath(path).is_file()] == []


def test_every_error_code_has_words_when_the_page_shows_it() -> None:
    labels = (WEB / "lib" / "labels.js").read_text()
    assert [code for code in ErrorCode if not re.search(rf"^  {code}: ", labels, re.MULTILINE)] == []


# Colours: WCAG 2.2 contrast, and distances in OKLab under simulated colour blindness.

BLINDNESS = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
"""Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB."""


def tokens(scheme: str) -> dict[str, Color]:
    css = (WEB / "style.css").read_text()
    light, dark = (block for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL))
    values = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    if scheme == "dark":
        values |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark))
    return {name: linear(value) for name, value in values.items()}


def linear(color: str) -> Color:
    srgb = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def contrast(a: Color, b: Color) -> float:
    """WCAG 2.2, "contrast ratio"."""
    low, high = sorted(float(np.dot([0.2126, 0.7152, 0.0722], color)) for color in (a, b))
    return (high + 0.05) / (low + 0.05)


def oklab(rgb: Color) -> Color:
    """Ottosson 2020."""
    to_lms = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return np.asarray(to_lab @ np.cbrt(to_lms @ rgb))


TEXT_PAIRS = [
    *itertools.product(("ink", "soft", "accent", "accent-strong"), ("ground", "card", "sunken")),
    ("ink", "accent-wash"),
    ("soft", "accent-wash"),
    ("accent", "accent-wash"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("danger", "card"),
    ("danger", "ground"),
    ("danger", "danger-wash"),
    ("card", "danger"),
    ("on-sign", "for"),
    ("on-sign", "against"),
    ("amber-ink", "amber-wash"),
    ("amber-ink", "card"),
    ("amber-ink", "ground"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS)
def test_text_has_aa_contrast_when_it_lies_on_its_ground(scheme: str, text: str, ground: str) -> None:
    colors = tokens(scheme)
    assert contrast(colors[text], colors[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "graphic", ["edge", "accent", "for", "against", *(f"emotion-{label}" for label in EMOTIONS)]
)
def test_graphic_has_aa_contrast_when_it_lies_on_a_card(scheme: str, graphic: str) -> None:
    colors = tokens(scheme)
    assert contrast(colors[graphic], colors["card"]) >= 3.0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("vision", BLINDNESS)
def test_emotions_stay_apart_when_seen_with_a_colour_vision_deficiency(scheme: str, vision: str) -> None:
    colors = tokens(scheme)
    seen = [oklab(np.clip(BLINDNESS[vision] @ colors[f"emotion-{label}"], 0, 1)) for label in EMOTIONS]
    assert min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2)) >= 0.1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("side", ["for", "against"])
@pytest.mark.parametrize("strength", [0.5, 0.75, 1.0])
def test_sign_has_aa_contrast_when_it_lies_on_a_cell_of_the_salience(
    scheme: str, side: str, strength: float
) -> None:
    colors = tokens(scheme)
    cell = painted(colors[side], colors["card"], strength)
    assert contrast(colors["ink"], cell) >= 3.0


def painted(color: Color, ground: Color, opacity: float) -> Color:
    """What a browser paints: opacity mixes in sRGB."""
    encode = [np.where(c <= 0.0031308, 12.92 * c, 1.055 * c ** (1 / 2.4) - 0.055) for c in (color, ground)]
    srgb = opacity * encode[0] + (1 - opacity) * encode[1]
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("vision", BLINDNESS)
def test_salience_colours_diverge_when_seen_with_a_colour_vision_deficiency(scheme: str, vision: str) -> None:
    colors = tokens(scheme)
    against, ground, side = (
        oklab(np.clip(BLINDNESS[vision] @ colors[name], 0, 1)) for name in ("against", "card", "for")
    )
    assert np.linalg.norm(side - against) >= 0.2
    assert min(np.linalg.norm(side - ground), np.linalg.norm(against - ground)) >= 0.2
