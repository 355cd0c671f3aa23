"""The table of README: `python -m docs.generate.readme` writes it again from the manifests."""

import re

from docs.generate.results import headline_table
from services.common.settings import REPOSITORY

README = REPOSITORY / "README.md"
_TABLE = re.compile(r"(<!-- headline table -->\n).*?(<!-- end of headline table -->)", re.DOTALL)


def with_table(text: str) -> str:
    """Return `text` with the headline table between its marks."""
    return _TABLE.sub(lambda marks: f"{marks[1]}{headline_table()}\n{marks[2]}", text)


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
