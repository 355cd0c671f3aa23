"""What MkDocs calls while it builds the site: generated pages, tables within pages, scripts set apart."""

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from docs.generate import command_line, cost, decisions, floor_plan, results, settings
from docs.generate.interface import Interface
from services.common.settings import REPOSITORY

REFERENCE = "api/reference"
CARDS = "models/cards"
SCRIPTS = "assets/javascripts/inline"
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_LINK_IN_REPOSITORY = re.compile(r"\]\((?!https?:|#|/)([^)\s]+)\)")


@cache
def _interface() -> Interface:
    return Interface(REPOSITORY / "deploy" / "openapi.json")


def _included(path: str) -> str:
    """Return a Markdown file of the repository without its title and without links to its neighbours."""
    text = (REPOSITORY / path).read_text(encoding="utf-8")
    body = text.split("\n", 1)[1] if text.startswith("# ") else text
    return _LINK_IN_REPOSITORY.sub("]", body)


MACROS: dict[str, Any] = {
    "bench_origin": cost.bench_origin,
    "cards_table": results.cards_table,
    "cohorts_table": cost.cohorts_table,
    "command_line_reference": command_line.command_line_reference,
    "cost_table": cost.cost_table,
    "decisions_table": decisions.decisions_table,
    "default": settings.default,
    "events_table": lambda: _interface().events_table(),
    "exports_table": cost.exports_table,
    "figure": results.figure,
    "folders_table": floor_plan.folders_table,
    "headline_table": results.headline_table,
    "included": _included,
    "memory_table": cost.memory_table,
    "problems_table": lambda: _interface().problems_table(),
    "python_versions": floor_plan.python_versions,
    "results_tables": results.results_tables,
    "settings_tables": settings.settings_tables,
}
"""What a page may write between `{{` and `}}`."""

_PAGES = Environment(  # noqa: S701 - Markdown, not HTML
    undefined=StrictUndefined,
    comment_start_string="{##",
    comment_end_string="##}",
    keep_trailing_newline=True,
)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the pages that come of themselves in the navigation: API reference, cards, decisions."""
    chapters = {
        "Reference": [*_reference_pages(), f"{REFERENCE}/schemas.md"],
        "Cards": [f"{CARDS}/{name}.md" for name in results.model_names()],
        "Decisions": [f"{decisions.FOLDER}/{path.name}" for path in decisions.records()],
    }
    for section in config.nav or []:
        for part in next(iter(section.values())):
            if isinstance(part, dict) and (title := next(iter(part))) in chapters:
                part[title] += chapters[title]
    return config


def _reference_pages() -> dict[str, str]:
    """Return the subject of each page of the reference, by the path of the page."""
    return {f"{REFERENCE}/{subject.replace(' ', '-')}.md": subject for subject in _interface().subjects}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the API reference and the models' cards."""
    interface = _interface()
    pages = {
        f"{REFERENCE}/index.md": interface.index_page(),
        f"{REFERENCE}/schemas.md": interface.schemas_page(),
        **{path: interface.subject_page(subject) for path, subject in _reference_pages().items()},
        **{f"{CARDS}/{name}.md": results.card(name) for name in results.model_names()},
    }
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Fill in what a page writes between `{{` and `}}`. Generated pages hold nothing to fill in."""
    if page.file.generated_by is not None:
        return markdown
    return _PAGES.from_string(markdown).render(MACROS)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Move inline scripts into files, so that the gateway need not allow any (Content-Security-Policy)."""

    def moved(found: re.Match[str]) -> str:
        script = found[1]
        name = f"{SCRIPTS}-{hashlib.sha256(script.encode()).hexdigest()[:12]}.js"
        path = Path(config.site_dir) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script, encoding="utf-8")
        return f'<script src="{get_relative_url(name, page.url)}"></script>'

    return _INLINE_SCRIPT.sub(moved, output)


def on_post_build(config: MkDocsConfig) -> None:
    """Take away what needs to know the address of the site: its own page for lost links, and its map."""
    for name in ("404.html", "sitemap.xml", "sitemap.xml.gz"):
        (Path(config.site_dir) / name).unlink(missing_ok=True)
