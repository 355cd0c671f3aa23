"""The examples of a Markdown file, as a reader would copy them."""

import re
from pathlib import Path

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(path: Path, *, language: str) -> list[str]:
    """The blocks of `language` in the file, in order."""
    return [body for found, body in FENCE.findall(path.read_text(encoding="utf-8")) if found == language]
