"""What is kept of a candidate, table by table, read off the schema so that no later table is forgotten."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, func, or_, select, text
from sqlalchemy.orm import Session

from services.common.db.models import Assessment, Base, Candidate

_READABLE = text(
    "SELECT c.relname, a.attname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid "
    "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 "
    "AND NOT a.attisdropped AND has_column_privilege(c.oid, a.attnum, 'SELECT')"
)


@dataclass(frozen=True, slots=True)
class PersonalTable:
    """A table whose rows belong to a candidate or to an answer.

    Attributes:
        table: of the schema.
        columns: those that this role may read; hashes of secrets are none of them.
    """

    table: Table
    columns: Sequence[Column[Any]]

    @property
    def name(self) -> str:
        return self.table.name

    def of_candidate(self, candidate_id: str) -> ColumnElement[bool]:
        """Return the condition for a candidate's rows, by the candidate or by the answer that they name."""
        if self.table is Candidate.__table__:
            return self.table.c.id == candidate_id
        own = [self.table.c.candidate_id == candidate_id] if "candidate_id" in self.table.c else []
        if "assessment_id" in self.table.c:
            answers = select(Assessment.id).where(Assessment.candidate_id == candidate_id)
            own.append(self.table.c.assessment_id.in_(answers))
        return or_(*own)

    def of_answers(self, assessment_ids: Sequence[str]) -> ColumnElement[bool] | None:
        """Return the condition for the rows of some answers; null where the table does not tell answers
        apart.
        """
        if self.table is Assessment.__table__:
            return self.table.c.id.in_(assessment_ids)
        return self.table.c.assessment_id.in_(assessment_ids) if "assessment_id" in self.table.c else None


def personal_tables(session: Session) -> Iterator[PersonalTable]:
    """Yield every table with personal data that this role may read."""
    return personal_among({(table, column) for table, column in session.execute(_READABLE)})


def personal_among(readable: Collection[tuple[str, str]]) -> Iterator[PersonalTable]:
    """Yield the schema's tables that lead to a candidate, with those of their columns that are readable.

    Args:
        readable: names of a table and a column each.
    """
    for table in Base.metadata.sorted_tables:
        is_personal = "candidate_id" in table.c or "assessment_id" in table.c
        columns = [column for column in table.c if (table.name, column.name) in readable]
        if columns and (is_personal or table is Candidate.__table__):
            yield PersonalTable(table, columns)


def count_of_candidate(session: Session, candidate_id: str) -> dict[str, int]:
    """Count a candidate's rows by table; tables without any are left out."""
    return _counted(
        session, ((personal, personal.of_candidate(candidate_id)) for personal in personal_tables(session))
    )


def count_of_answers(session: Session, assessment_ids: Sequence[str]) -> dict[str, int]:
    """Count the rows of some answers by table; tables without any are left out."""
    picked = ((personal, personal.of_answers(assessment_ids)) for personal in personal_tables(session))
    return _counted(session, ((personal, which) for personal, which in picked if which is not None))


def _counted(session: Session, picked: Iterator[tuple[PersonalTable, ColumnElement[bool]]]) -> dict[str, int]:
    counts = {
        personal.name: session.execute(
            select(func.count()).select_from(personal.table).where(which)
        ).scalar_one()
        for personal, which in picked
    }
    return {name: number for name, number in counts.items() if number}
