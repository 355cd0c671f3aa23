"""The decision records, as a list."""

from pathlib import Path

from services.common.settings import REPOSITORY

FOLDER = "develop/decisions"


def records() -> list[Path]:
    """Return the records in the order of their numbers."""
    return sorted((REPOSITORY / "docs" / FOLDER).glob("[0-9]*.md"))


def decisions_table() -> str:
    """Return a line per record: its number, and its title with a link."""
    rows = [
        f"| {number} | [{title}]({path.name}) |" for path in records() for number, title in [_heading(path)]
    ]
    return "\n".join(["| number | what was decided |", "|---|---|", *rows])


def _heading(path: Path) -> tuple[str, str]:
    """Return number and title of a record, from its first line: `# 0012. Norms are exact counts`."""
    first = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
    return first[:4], first[4:].lstrip(".: ")
