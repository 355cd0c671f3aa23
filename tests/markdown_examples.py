"""The examples of a Markdown file, as a reader would copy them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.conftest import REPOSITORY

_BLOCK = re.compile(
    r"(?:^[ ]*<!-- not run: (?P<reason>.+?) -->\n)?"
    r"^(?P<indent>[ ]*)```(?P<language>\w+)\n(?P<body>.*?)^[ ]*```$",
    re.MULTILINE | re.DOTALL,
)


class Example(NamedTuple):
    """One code block.

    Attributes:
        language: as the fence names it.
        body: the code.
        reason: why no test runs it; None for a block that is run.
    """

    language: str
    body: str
    reason: str | None


def blocks(path: Path) -> list[Example]:
    """Return the code blocks of the file, in order."""
    return [
        Example(
            found["language"],
            re.sub(rf"^{found['indent']}", "", found["body"], flags=re.MULTILINE),
            found["reason"],
        )
        for found in _BLOCK.finditer(path.read_text(encoding="utf-8"))
    ]


def examples(path: Path, *, language: str) -> list[str]:
    """Return the blocks of `language` in the file that are run, in order."""
    return [block.body for block in blocks(path) if block.language == language and block.reason is None]


def documentation() -> Sequence[Path]:
    """Return every Markdown file that readers follow; the records of decisions tell of their day."""
    pages = sorted((REPOSITORY / "docs").rglob("*.md"))
    return [
        REPOSITORY / "README.md",
        REPOSITORY / "CONTRIBUTING.md",
        *sorted((REPOSITORY / "clients").glob("*/README.md")),
        *(page for page in pages if not {"decisions", "templates"} & set(page.parts)),
    ]
