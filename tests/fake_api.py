"""A stand-in for the gateway: the page's routes on the real page, with canned answers.

`python -m tests.fake_api` serves it on port 8099 with the key `cnd_test`, to look at the page.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from gateway.routes.pages import router
from services.common.contracts.interview import AnswerStatus
from services.common.interviews.pooling import QuestionReport, build_interview_report, derive_status
from tests.fake_reports import HOSTILE, report_of

KEY = "cnd_test"
QUESTIONS = [
    "Tell me about yourself and what brought you here.",
    "Describe a time when you had to learn something quickly. How did you go about it?",
    "Tell me about a disagreement with a colleague and how you resolved it.",
    HOSTILE,
]
KINDS: tuple[str, ...] = ("video", "audio", "document", "text")
MODALITIES = {"video": ("audio", "video"), "audio": ("audio",), "document": ("text",), "text": ("text",)}
Assessment = dict[str, Any]


class FakeGateway:
    """State of the stand-in. `events` off makes the page fall back to asking.

    `candidate_only` opens reports with the token that came with the answer alone, as in the EU, where
    `consent_required` is the rule as well.
    """

    def __init__(
        self,
        *,
        step_s: float = 0.05,
        events: bool = True,
        refuse: Response | None = None,
        candidate_only: bool = False,
        consent_required: bool = False,
    ) -> None:
        self.step_s = step_s
        self.events = events
        self.refuse = refuse
        self.candidate_only = candidate_only
        self.consent_required = consent_required
        self.tokens_are_good = True
        self.assessments: dict[str, Assessment] = {}
        self.interviews: dict[str, dict[str, Any]] = {}
        self.asked_for_events = 0
        self.last_form: dict[str, str] = {}

    def add(self, kind: str = "video", *, status: str = "succeeded", minutes_ago: int = 0) -> Assessment:
        number = len(self.assessments) + 1
        assessment: Assessment = {
            "id": f"asm_{number:03}",
            "status": status,
            "candidate": "me",
            "candidate_id": "cand_1",
            "question": f"q_{(number - 1) % 3}",
            "purpose": "self_practice",
            "tags": [],
            "media": [{"kind": kind, "content_type": "x/y", "size_bytes": 5, "sha256": "0" * 64}],
            "modalities": {},
            "created_at": (datetime.now(UTC) - timedelta(minutes=minutes_ago)).isoformat(),
        }
        self.assessments[assessment["id"]] = assessment
        return assessment

    def add_interview(self, questions: list[str]) -> dict[str, Any]:
        interview = {
            "id": f"int_{len(self.interviews) + 1:03}",
            "candidate": "me",
            "title": None,
            "questions": questions,
            "created_at": datetime.now(UTC).isoformat(),
        }
        self.interviews[interview["id"]] = interview
        return interview

    def answer(self, interview: dict[str, Any], place: int, kind: str, **options: Any) -> Assessment:
        """An answer to the question at `place` of the interview."""
        assessment = self.add(kind, **options)
        assessment |= {"question": interview["questions"][place], "interview": interview["id"]}
        return assessment

    async def progress(self, assessment: Assessment) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        kind = assessment["media"][0]["kind"]
        yield "status", {"status": "processing", "modalities": {}}
        for modality in ("text", "audio", "video"):
            if modality not in MODALITIES[kind]:
                code = "transcription_unavailable" if modality == "text" else "not_provided"
                yield "modality", {"modality": modality, "status": "skipped", "share": 1, "error_code": code}
        for share in (0.0, 0.3, 0.6, 0.9):
            for modality in MODALITIES[kind]:
                yield "modality", {"modality": modality, "status": "running", "share": share}
            await asyncio.sleep(self.step_s)
        for modality in MODALITIES[kind]:
            yield "modality", {"modality": modality, "status": "succeeded", "share": 1.0}
        assessment["status"] = "succeeded"
        yield "report", {"status": "succeeded"}


def problem(status: int, code: str, detail: str, **more: Any) -> JSONResponse:
    body = {
        "type": f"/errors/{code}",
        "title": code,
        "status": status,
        "detail": detail,
        "code": code,
    }
    return JSONResponse(
        body | {"request_id": "req_1"} | more, status_code=status, media_type="application/problem+json"
    )


def create_fake(state: FakeGateway) -> FastAPI:
    """The application around `state`."""
    app = FastAPI()
    app.include_router(router)
    _add_collections(app, state)
    _add_assessment(app, state)
    _add_interviews(app, state)

    @app.middleware("http")
    async def authenticate(request: Request, call_next: Any) -> Response:
        path, sent = request.url.path, request.headers.get("authorization", "")
        if path.startswith("/v1/") and sent.startswith("Bearer cndt_"):
            if not state.tokens_are_good:
                return problem(401, "candidate_token_expired", "Ask whoever gave it to you.")
            if sent.removeprefix("Bearer cndt_") != first_answer(state, "".join(path.split("/")[3:4])):
                return problem(403, "candidate_token_refused", "Send an API key.")
        elif path.startswith("/v1/") and sent != f"Bearer {KEY}":
            return problem(401, "api_key_unknown", "This key is not known; check it for missing characters.")
        elif state.candidate_only and path.endswith("/report"):
            return problem(403, "report_readable_by_candidate_only", "Read it with the candidate token.")
        response: Response = await call_next(request)
        return response

    return app


def first_answer(state: FakeGateway, identifier: str) -> str:
    """The answer whose token opens this one, or this interview."""
    given = [row["id"] for row in state.assessments.values() if row.get("interview") == identifier]
    return min(given, default=identifier)


def _add_collections(app: FastAPI, state: FakeGateway) -> None:
    @app.get("/v1/questions")
    async def questions() -> Any:
        now = datetime.now(UTC).isoformat()
        rows = [{"id": f"q_{i}", "text": text, "created_at": now} for i, text in enumerate(QUESTIONS)]
        return {"data": rows, "has_more": False}

    @app.get("/v1/tenant")
    async def tenant() -> Any:
        return {
            "id": "ten_1",
            "rules": [{"purpose": "self_practice", "consent_required": state.consent_required}],
        }

    @app.get("/v1/assessments")
    async def listing(limit: int = 20, starting_after: str | None = None) -> Any:
        rows = list(reversed(state.assessments.values()))
        if starting_after:
            rows = rows[[row["id"] for row in rows].index(starting_after) + 1 :]
        return {"data": rows[:limit], "has_more": len(rows) > limit}

    @app.post("/v1/assessments")
    async def create(request: Request) -> Any:
        async with request.form() as form:
            state.last_form = {
                name: value if isinstance(value, str) else "file" for name, value in form.items()
            }
        if state.refuse is not None:
            return state.refuse
        kind = next(kind for kind in KINDS if kind in state.last_form)
        assessment = state.add(kind, status="queued")
        assessment["question"] = state.last_form["question"]
        assessment["interview"] = state.last_form.get("interview")
        return JSONResponse(assessment | {"candidate_token": f"cndt_{assessment['id']}"}, status_code=202)


def _add_assessment(app: FastAPI, state: FakeGateway) -> None:
    @app.get("/v1/assessments/{assessment_id}")
    async def one(assessment_id: str) -> Any:
        found = state.assessments.get(assessment_id)
        if found and not state.events and found["status"] == "queued":
            found = found | {"status": "processing"}
            state.assessments[assessment_id]["status"] = "succeeded"
        return found or problem(404, "assessment_not_found", "There is no such assessment.")

    @app.delete("/v1/assessments/{assessment_id}", status_code=204)
    async def delete(assessment_id: str) -> None:
        state.assessments.pop(assessment_id, None)

    @app.get("/v1/assessments/{assessment_id}/report")
    async def report(assessment_id: str) -> Any:
        found = state.assessments.get(assessment_id)
        if not found:
            return problem(404, "assessment_not_found", "There is no such assessment.")
        return report_of(found).model_dump(mode="json")

    @app.get("/v1/assessments/{assessment_id}/events")
    async def events(assessment_id: str) -> Response:
        state.asked_for_events += 1
        if not state.events:
            return problem(503, "service_unavailable", "Try again in a moment.")

        async def stream() -> AsyncIterator[str]:
            yield ": hello\r\n\r\n"
            number = 0
            async for name, data in state.progress(state.assessments[assessment_id]):
                number += 1
                yield f"id: 1-{number}\r\nevent: {name}\r\ndata: {json.dumps(data)}\r\n\r\n"

        return StreamingResponse(stream(), media_type="text/event-stream")


def _add_interviews(app: FastAPI, state: FakeGateway) -> None:
    @app.get("/v1/interviews")
    async def listing() -> Any:
        rows = [view_of(state, interview) for interview in reversed(state.interviews.values())]
        return {"data": rows, "has_more": False}

    @app.post("/v1/interviews", status_code=201)
    async def create(request: Request) -> Any:
        body = await request.json()
        return view_of(state, state.add_interview(body["questions"]))

    @app.get("/v1/interviews/{interview_id}")
    async def one(interview_id: str) -> Any:
        found = state.interviews.get(interview_id)
        return view_of(state, found) if found else problem(404, "interview_not_found", "It is not there.")

    @app.delete("/v1/interviews/{interview_id}", status_code=204)
    async def delete(interview_id: str) -> None:
        state.interviews.pop(interview_id, None)

    @app.get("/v1/interviews/{interview_id}/report")
    async def report(interview_id: str) -> Any:
        interview = state.interviews[interview_id]
        made = build_interview_report(
            [answer_of(state, interview, question) for question in interview["questions"]],
            interview_id=interview_id,
            created_at=datetime.now(UTC),
        )
        return made.model_dump(mode="json")


def answer_of(state: FakeGateway, interview: dict[str, Any], question: str) -> QuestionReport:
    """One question of the interview with the answer that counts. One that waits is done when asked again."""
    text = QUESTIONS[int(question.removeprefix("q_"))]
    given = [
        row
        for row in reversed(state.assessments.values())
        if row.get("interview") == interview["id"] and row["question"] == question
    ]
    if not given:
        return QuestionReport(question, text)
    latest, *earlier = given
    waiting = latest["status"] == "queued"
    if waiting:
        latest["status"] = "succeeded"
    return QuestionReport(
        question,
        text,
        status=AnswerStatus.PROCESSING if waiting else AnswerStatus(latest["status"]),
        report=None if waiting else report_of(latest),
        assessment=latest["id"],
        path=f"/v1/assessments/{latest['id']}/report",
        earlier=tuple(row["id"] for row in earlier),
        answered_at=datetime.fromisoformat(latest["created_at"]),
    )


def view_of(state: FakeGateway, interview: dict[str, Any]) -> dict[str, Any]:
    answers = [answer_of(state, interview, question) for question in interview["questions"]]
    return interview | {
        "status": derive_status(answer.status for answer in answers),
        "answered": sum(answer.assessment is not None for answer in answers),
        "questions": [
            {
                "question": answer.question,
                "text": answer.text,
                "status": answer.status,
                "assessment": answer.assessment,
                "earlier": answer.earlier,
            }
            for answer in answers
        ],
    }


def main() -> None:
    state = FakeGateway(step_s=1.5)
    interview = state.add_interview(["q_0", "q_1", "q_2"])
    state.answer(interview, 0, "video", minutes_ago=30)
    state.answer(interview, 1, "audio", minutes_ago=20)
    for number, kind in enumerate(("text", "audio", "video")):
        state.add(kind, minutes_ago=3000 - 900 * number)
    state.add("video", status="partially_succeeded", minutes_ago=12)
    uvicorn.run(create_fake(state), port=8099, log_level="warning")


if __name__ == "__main__":
    main()
