"""What a spreadsheet may make of an exported cell."""

import csv
import io

import pytest

from gateway.assessments.export import COLUMNS, _lines, harmless


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "＝1"])
def test_text_gets_an_apostrophe_when_it_begins_like_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("cell", ["applicant-4711", "a=b", -0.25, 3, None])
def test_cell_stays_as_it_is_when_it_is_harmless(cell: object) -> None:
    assert harmless(cell) == cell


def test_line_reads_back_when_cells_hold_quotes_commas_and_line_breaks() -> None:
    nasty = 'a "b", c\nd'
    [row] = csv.DictReader(io.StringIO(_lines([{"candidate": nasty}])), fieldnames=COLUMNS)
    assert row["candidate"] == nasty
    assert row["id"] == ""


def test_columns_are_unique() -> None:
    assert len(set(COLUMNS)) == len(COLUMNS)
