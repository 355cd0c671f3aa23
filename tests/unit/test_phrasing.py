"""Numbers in sentences."""

import pytest

from services.common.phrasing import counted, listed, moment, percent


@pytest.mark.parametrize(
    ("share", "written"), [(0.0, "0%"), (0.125, "13%"), (0.285, "29%"), (0.494, "49%"), (1.0, "100%")]
)
def test_halves_are_rounded_up_when_a_share_is_written(share: float, written: str) -> None:
    assert percent(share) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0.0, "0.0 s"), (7.25, "7.3 s"), (59.94, "59.9 s"), (59.95, "1:00.0"), (3541.3, "59:01.3")],
)
def test_minutes_are_written_when_a_moment_is_late(seconds: float, written: str) -> None:
    assert moment(seconds) == written


def test_one_is_singular_and_thousands_are_parted_when_things_are_counted() -> None:
    assert counted(1, "person", "people") == "1 person"
    assert counted(0, "person", "people") == "0 people"
    assert counted(1234, "person", "people") == "1,234 people"


@pytest.mark.parametrize(
    ("items", "written"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_the_last_is_joined_by_and_when_things_are_listed(items: list[str], written: str) -> None:
    assert listed(items) == written
