"""What the interface shows of interviews."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gateway.http.fields import MAX_TAGS, ExternalId, Printable, Purpose, Tag
from gateway.http.ids import Prefix, id_pattern
from services.common.contracts.interview import AnswerStatus, InterviewStatus

MAX_QUESTIONS = 20
MAX_TITLE_CHARS = 200

QuestionId = Annotated[str, Field(pattern=id_pattern(Prefix.QUESTION))]


class NewInterview(BaseModel):
    """Which questions to put to whom."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "candidate": "applicant-4711",
                    "questions": ["q_01kajb3z6v8m2q4n7x9r5t1w40", "q_01kajb3z6v8m2q4n7x9r5t1w41"],
                    "title": "Ward nurse, first round",
                    "tags": ["role:nurse"],
                }
            ]
        },
    )

    candidate: ExternalId = Field(
        description="The platform's own identifier of the person; a new one creates the candidate."
    )
    questions: list[QuestionId] = Field(
        min_length=1,
        max_length=MAX_QUESTIONS,
        description="Of the bank, each once, in the order to ask them.",
    )
    title: Annotated[Printable, Field(max_length=MAX_TITLE_CHARS)] | None = None
    purpose: Purpose = Field(
        default=Purpose.SELF_PRACTICE, description="Of every answer; it cannot be changed later."
    )
    tags: list[Tag] = Field(
        default=[], max_length=MAX_TAGS, description="Cohorts that every answer is compared with."
    )

    @field_validator("questions")
    @classmethod
    def _each_once(cls, questions: list[str]) -> list[str]:
        if len(set(questions)) < len(questions):
            raise ValueError("must name each question once")
        return questions


class AskedQuestionView(BaseModel):
    """A question of an interview, and the answer that counts: the latest."""

    question: str
    text: str
    status: AnswerStatus
    assessment: str | None = None
    earlier: list[str] = Field(
        default=[], description="Answers to it that a later one replaced here, the latest first."
    )


INTERVIEW_EXAMPLE: dict[str, Any] = {
    "id": "int_01kajb3z6v8m2q4n7x9r5t1w50",
    "status": "open",
    "candidate": "applicant-4711",
    "candidate_id": "cand_01kajb3z6v8m2q4n7x9r5t1w3z",
    "title": "Ward nurse, first round",
    "purpose": "self_practice",
    "tags": ["role:nurse"],
    "answered": 1,
    "questions": [
        {
            "question": "q_01kajb3z6v8m2q4n7x9r5t1w40",
            "text": "Tell me about a time when you had to learn something quickly.",
            "status": "succeeded",
            "assessment": "asm_01kajb3z6v8m2q4n7x9r5t1w3y",
            "earlier": [],
        },
        {
            "question": "q_01kajb3z6v8m2q4n7x9r5t1w41",
            "text": "What would your last team say about you?",
            "status": "unanswered",
            "assessment": None,
            "earlier": [],
        },
    ],
    "created_at": "2026-03-02T09:25:00Z",
}


class InterviewView(BaseModel):
    """An interview, and how far its answers are. Its report says what they come to."""

    model_config = ConfigDict(json_schema_extra={"examples": [INTERVIEW_EXAMPLE]}, title="Interview")

    id: str
    status: InterviewStatus
    candidate: str = Field(description="The platform's own identifier of the person.")
    candidate_id: str
    title: str | None
    purpose: Purpose
    tags: list[str]
    answered: int = Field(ge=0, description="Questions with an answer, whatever its analysis came to.")
    questions: list[AskedQuestionView]
    created_at: datetime


class InterviewList(BaseModel):
    """A page of interviews, newest first."""

    data: list[InterviewView]
    has_more: bool = Field(description="Whether there are more in the direction that was asked for.")
