"""Pages of a list: where they begin, in which order, and whether more follow."""

import pytest
from sqlalchemy import select
from sqlalchemy.dialects import postgresql

from gateway.errors import RefusedError
from gateway.http.cursor import Cursor
from gateway.http.paging import cursor_of, page_of, page_statement
from gateway.problem_codes import ProblemCode
from services.common.db.models import Consent


@pytest.mark.parametrize(
    ("rows", "page", "has_more"),
    [([], [], False), ([1], [1], False), ([1, 2], [1, 2], False), ([1, 2, 3], [1, 2], True)],
    ids=str,
)
def test_more_follow_when_there_is_a_row_beyond_the_page(
    rows: list[int], page: list[int], has_more: bool
) -> None:
    assert page_of(rows, Cursor(limit=2)) == (page, has_more)
    assert page_of(rows, Cursor(limit=2, starting_after="x")) == (page, has_more)
    assert page_of(rows, Cursor(limit=2, ending_before="x")) == (page[::-1], has_more)


@pytest.mark.parametrize(
    ("cursor", "newest_first", "expected"),
    [
        (Cursor(limit=2), True, "ORDER BY consents.id DESC LIMIT 3"),
        (Cursor(limit=2), False, "ORDER BY consents.id LIMIT 3"),
        (Cursor(limit=2, starting_after="c"), True, "consents.id < 'c' ORDER BY consents.id DESC LIMIT 3"),
        (Cursor(limit=2, starting_after="c"), False, "consents.id > 'c' ORDER BY consents.id LIMIT 3"),
        (Cursor(limit=2, ending_before="c"), True, "consents.id > 'c' ORDER BY consents.id LIMIT 3"),
        (Cursor(limit=2, ending_before="c"), False, "consents.id < 'c' ORDER BY consents.id DESC LIMIT 3"),
    ],
)
def test_page_begins_beside_the_cursor_and_runs_away_from_it(
    cursor: Cursor, newest_first: bool, expected: str
) -> None:
    statement = page_statement(select(Consent.id), Consent.id, cursor, newest_first=newest_first)
    sql = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    assert " ".join(str(sql).split()).endswith(expected)


def test_both_directions_at_once_are_refused() -> None:
    with pytest.raises(RefusedError) as caught:
        cursor_of(limit=2, starting_after="a", ending_before="b")
    assert caught.value.code == ProblemCode.VALIDATION_FAILED
    assert [fault.field for fault in caught.value.faults] == ["starting_after", "ending_before"]
    assert cursor_of(limit=2, starting_after="a", ending_before=None) == Cursor(limit=2, starting_after="a")
