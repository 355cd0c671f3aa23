"""Types of request fields that several resources share, with their limits."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
)

MAX_EXTERNAL_ID_CHARS = 200


MAX_TAGS = 20


_DATE = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]")


MAX_TAG_CHARS = 64


MAX_VERSION_CHARS = 64


CLOCK_SKEW_S = 300


class Purpose(StrEnum):
    """Why the answer is analysed."""

    SELF_PRACTICE = "self_practice"
    RESEARCH = "research"
    HIRING = "hiring"


class Scope(StrEnum):
    """What an API key may do."""

    ASSESSMENTS_WRITE = "assessments:write"
    REPORTS_READ = "reports:read"
    ADMIN = "admin"


def printable(value: str) -> str:
    """Return `value` without white space around it.

    Raises:
        ValueError: nothing is left, or it holds a control character or half a surrogate pair, which
            no database column takes.
    """
    value = value.strip()
    if not value:
        raise ValueError("must not be blank")
    if any(character < " " or "\x7f" <= character < "\xa0" for character in value.replace("\n", " ")):
        raise ValueError("must not hold control characters")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("must be valid Unicode")
    return value


def not_ahead(moment: datetime) -> datetime:
    """Return `moment`, unless it lies further in the future than clocks differ.

    Raises:
        ValueError: it does.
    """
    if (moment - datetime.now(UTC)).total_seconds() > CLOCK_SKEW_S:
        raise ValueError("must not lie in the future")
    return moment


def written_out(value: object) -> object:
    """Return `value`, unless it is a number, which would be read as seconds since 1970.

    Raises:
        ValueError: it is.
    """
    if isinstance(value, datetime) or (isinstance(value, str) and _DATE.match(value)):
        return value
    raise ValueError("must be a date and time such as 2026-03-02T09:30:00Z")


Moment = Annotated[AwareDatetime, BeforeValidator(written_out)]
"""A date and time with its offset from UTC."""


Printable = Annotated[str, AfterValidator(printable)]


ExternalId = Annotated[Printable, Field(max_length=MAX_EXTERNAL_ID_CHARS)]


Tag = Annotated[Printable, Field(max_length=MAX_TAG_CHARS)]


ConsentVersion = Annotated[Printable, Field(max_length=MAX_VERSION_CHARS)]


ConsentedAt = Annotated[Moment, AfterValidator(not_ahead)]
