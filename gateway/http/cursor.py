"""The place in a list where a page begins."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: after or before an identifier that need not exist any more."""

    limit: int
    starting_after: str | None = None
    ending_before: str | None = None
