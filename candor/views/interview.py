"""Several answers of one person on a terminal: the whole, and how each answer compares with it."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from candor.views.report import bar
from services.common.contracts.interview import InterviewAnswer, InterviewReport, InterviewScore
from services.common.contracts.labels import EMOTIONS, TRAITS

LabelT = TypeVar("LabelT", bound=StrEnum)
MOST_COLUMNS = 6
"""Answers shown one by one; with more, the lowest and the highest stand for them."""


def print_interview(report: InterviewReport, *, console: Console | None = None) -> None:
    """Write `report` to `console` (stdout by default)."""
    console = console or Console()
    overall = report.overall
    console.rule(Text(f"all answers together: {overall.reported} of {overall.questions}"))
    console.print(Padding(_answers(report.answers), (0, 0, 1, 0)))
    emotions, traits = overall.emotions or {}, overall.traits or {}
    for title, scores, own in (
        ("perceived emotion", _in_order(EMOTIONS, emotions), _emotions),
        ("trait (estimate)", _in_order(TRAITS, traits), _traits),
    ):
        if scores:
            console.print(Padding(_scores(title, scores, report.answers, own=own), (0, 0, 1, 0)))
    if overall.congruence is not None:
        console.print(Text(f"voice and face agree to {overall.congruence.value:.2f} on average"))
    for notice in report.warnings:
        console.print(Text(f"! {notice.detail}", style="dim"))


def _in_order(labels: Sequence[LabelT], scores: Mapping[LabelT, InterviewScore]) -> dict[str, InterviewScore]:
    return {str(label): scores[label] for label in labels if label in scores}


def _emotions(answer: InterviewAnswer) -> dict[str, float]:
    return {str(label): value for label, value in (answer.emotions or {}).items()}


def _traits(answer: InterviewAnswer) -> dict[str, float]:
    return {str(trait): value for trait, value in (answer.traits or {}).items()}


def _answers(answers: Sequence[InterviewAnswer]) -> Table:
    table = Table("", "answer", "", "words", "speech", "face", "of traits", "of emotions", box=None)
    for place, answer in enumerate(answers, start=1):
        table.add_row(
            str(place),
            Text(answer.text),
            answer.status.replace("_", " "),
            "" if answer.words is None else str(answer.words),
            "" if answer.speech_s is None else f"{answer.speech_s:.1f} s",
            "" if answer.face_s is None else f"{answer.face_s:.1f} s",
            "" if answer.share_of_words is None else f"{answer.share_of_words:.0%}",
            "" if answer.share_of_seconds is None else f"{answer.share_of_seconds:.0%}",
        )
    return table


def _scores(
    title: str,
    scores: Mapping[str, InterviewScore],
    answers: Sequence[InterviewAnswer],
    *,
    own: Callable[[InterviewAnswer], Mapping[str, float]],
) -> Table:
    """Return one row per score: the mean, how much answers differ, and each answer's own."""
    each = range(1, len(answers) + 1) if len(answers) <= MOST_COLUMNS else ("lowest", "highest")
    table = Table(title, "", "all", "95 of 100", *map(str, each), box=None)
    for name, score in scores.items():
        if len(answers) <= MOST_COLUMNS:
            values = [own(answer).get(name) for answer in answers]
        else:
            values = [score.lowest, score.highest]
        table.add_row(
            name,
            bar(score.value),
            f"{score.value:.2f}",
            "" if score.low is None or score.high is None else f"{score.low:.2f} to {score.high:.2f}",
            *("" if value is None else f"{value:.2f}" for value in values),
        )
    return table
