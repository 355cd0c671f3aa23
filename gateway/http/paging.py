"""Pages of a list by cursor: after an identifier, or before one, that need not exist any more."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

from gateway.errors import FieldFault, RefusedError
from gateway.http.cursor import Cursor
from gateway.problem_codes import ProblemCode

StatementT = TypeVar("StatementT", bound=Select[*tuple[Any, ...]])
ItemT = TypeVar("ItemT")


def cursor_of(*, limit: int, starting_after: str | None, ending_before: str | None) -> Cursor:
    """Return the cursor of a request.

    Raises:
        RefusedError: `validation_failed`, both directions were given.
    """
    if starting_after is not None and ending_before is not None:
        raise RefusedError(
            ProblemCode.VALIDATION_FAILED,
            "Send either `starting_after` or `ending_before`, not both.",
            faults=[
                FieldFault(field=name, detail="Excludes the other.")
                for name in ("starting_after", "ending_before")
            ],
        )
    return Cursor(limit=limit, starting_after=starting_after, ending_before=ending_before)


def page_statement(
    statement: StatementT, identifier: InstrumentedAttribute[str], cursor: Cursor, *, newest_first: bool
) -> StatementT:
    """Narrow `statement` to one page and one row more, which `page_of` takes off again."""
    after, before = cursor.starting_after, cursor.ending_before
    if after is not None:
        statement = statement.where(identifier < after if newest_first else identifier > after)
    if before is not None:
        statement = statement.where(identifier > before if newest_first else identifier < before)
    descending = newest_first == (before is None)
    return statement.order_by(identifier.desc() if descending else identifier).limit(cursor.limit + 1)


def page_of(rows: Sequence[ItemT], cursor: Cursor) -> tuple[list[ItemT], bool]:
    """Return the page in its own order, and whether more follow in the direction of the cursor."""
    page = list(rows[: cursor.limit])
    return (page if cursor.ending_before is None else page[::-1]), len(rows) > cursor.limit
