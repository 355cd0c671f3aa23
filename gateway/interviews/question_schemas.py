"""Schemas of the question bank."""

from datetime import datetime
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
)

from gateway.http.fields import Printable

MAX_QUESTION_CHARS = 2000


class QuestionView(BaseModel):
    """A question of the bank."""

    model_config = ConfigDict(
        title="Question",
        json_schema_extra={
            "examples": [
                {
                    "id": "q_01kajb3z6v8m2q4n7x9r5t1w40",
                    "text": "Tell me about a time when you had to learn something quickly.",
                    "created_at": "2026-03-02T09:00:00Z",
                    "archived_at": None,
                }
            ]
        },
    )

    id: str
    text: str
    created_at: datetime
    archived_at: datetime | None = Field(
        default=None, description="Since when it is kept out of new answers and interviews."
    )


class QuestionList(BaseModel):
    """A page of questions, oldest first."""

    data: list[QuestionView]
    has_more: bool


class NewQuestion(BaseModel):
    """A question to add."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"text": "What would your last team say about you?"}]},
    )

    text: Annotated[Printable, Field(max_length=MAX_QUESTION_CHARS)]


class QuestionChange(BaseModel):
    """What to change of a question; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"archived": True}, {"text": "Why this post?"}]}
    )

    text: Annotated[Printable, Field(max_length=MAX_QUESTION_CHARS)] | None = Field(
        default=None, description="Another wording; only while nobody has answered."
    )
    archived: StrictBool | None = Field(
        default=None, description="Keeps it out of new answers and interviews, or lets it in again."
    )
