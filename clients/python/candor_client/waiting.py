"""Waiting for an assessment to end: by its events where they come through, by asking where they do not."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
from pydantic import ValidationError

from candor_client.errors import ConnectionFailedError, RateLimitedError, ServerError, WaitTimeoutError
from candor_client.flow import Flow, Receive, Request, Sleep, exchange
from candor_client.models import Assessment, AssessmentStatus, Modality, ModalityState, ModalityStatus
from candor_client.operation import Core
from candor_client.retry import RetryPolicy
from candor_client.sse import EventParser, ServerSentEvent

SILENCE_S = 45.0
"""The server sends something every 15 s or so; after this long without, the connection is dead."""

ONE_ATTEMPT = RetryPolicy(attempts=1)
UNFINISHED = (AssessmentStatus.QUEUED, AssessmentStatus.PROCESSING)


@dataclass(slots=True)
class Progress:
    """How far an assessment is, as far as has been heard."""

    status: AssessmentStatus = AssessmentStatus.QUEUED
    modalities: dict[Modality, ModalityState] = field(default_factory=dict)

    def take(self, assessment: Assessment) -> None:
        self.status, self.modalities = assessment.status, dict(assessment.modalities)

    def hear(self, event: ServerSentEvent) -> None:
        """Note what `event` tells; one that is not understood tells nothing.

        Raises:
            ValueError: its data is not what it should be.
        """
        told: dict[str, Any] = json.loads(event.data)
        if event.name == "status":
            self.take(Assessment.model_validate(told))
        elif event.name == "modality":
            modality = Modality(told["modality"])
            status = ModalityStatus(told["status"])
            share = told.get("share", 1.0)
            state = ModalityState(status=status, progress=share, error_code=told.get("error_code"))
            self.modalities[modality] = state
            self.status = AssessmentStatus.PROCESSING


ProgressCallback = Callable[[Progress], None]


@dataclass(slots=True)
class Wait:
    """One wait.

    Attributes:
        core: of the client.
        path: of the assessment.
        deadline_s: on the core's clock; null for no end.
        poll_s: time between two questions.
        tell: called at every change.
    """

    core: Core
    path: str
    deadline_s: float | None
    poll_s: float
    tell: ProgressCallback | None
    progress: Progress = field(default_factory=Progress)
    _parser: EventParser = field(default_factory=EventParser)

    def run(self) -> Flow[Assessment]:
        """Wait.

        Raises:
            WaitTimeoutError: the time was up.
            ApiError: the assessment is not there (any more), or the key may not see it.
        """
        while True:
            yield from self._listen()
            assessment = yield from self.core.fetch(Assessment, Request("GET", self.path))
            self._tell(assessment)
            if assessment.status not in UNFINISHED:
                return assessment
            yield Sleep(min(self.poll_s, self._left_s()))

    def _listen(self) -> Flow[None]:
        """Follow the events until they end or break off. One attempt: asking is the second."""
        headers = {"Accept": "text/event-stream"}
        if self._parser.last_id:
            headers["Last-Event-ID"] = self._parser.last_id
        silence_s = min(SILENCE_S, self._left_s())
        request = Request("GET", f"{self.path}/events", headers=headers, timeout_s=silence_s)
        self._parser = EventParser(last_id=self._parser.last_id)
        try:
            yield from exchange(request, retry=ONE_ATTEMPT, streamed=True)
            while piece := (yield Receive()):
                for event in self._parser.feed(cast(bytes, piece)):
                    if event.name == "report":
                        return
                    self._hear(event)
                self._left_s()
        except (httpx.TransportError, ConnectionFailedError, RateLimitedError, ServerError):
            return

    def _hear(self, event: ServerSentEvent) -> None:
        try:
            self.progress.hear(event)
        except (ValueError, KeyError, ValidationError):
            return
        if self.tell is not None:
            self.tell(self.progress)

    def _tell(self, assessment: Assessment) -> None:
        self.progress.take(assessment)
        if self.tell is not None:
            self.tell(self.progress)

    def _left_s(self) -> float:
        """Time that is left, in seconds.

        Raises:
            WaitTimeoutError: none.
        """
        if self.deadline_s is None:
            return float("inf")
        left_s = self.deadline_s - self.core.clock()
        if left_s <= 0:
            raise WaitTimeoutError(f"{self.path} is still {self.progress.status}; wait again, or ask later")
        return left_s
