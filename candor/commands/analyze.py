"""`candor analyze`: reports on the terminal, with no server."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from candor.exits import EXIT_UNUSABLE, unusable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.common.contracts.results import Report
    from services.common.contracts.voice import VoiceSummary


def analyze(
    files: Annotated[
        list[Path],
        typer.Argument(help="Videos, sound recordings, PDF, Word (.docx) or text files; one answer each."),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each report as one line of JSON instead.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Also write each report to this folder as NAME.report.json.")
    ] = None,
    enrol: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="An earlier recording of the same person; repeat it for several, the most recent first "
            "(the first 20 count). Their voice is analysed beforehand, and each answer is then compared with "
            "how this person usually sounds. Nothing is kept.",
        ),
    ] = None,
    interview: Annotated[
        bool,
        typer.Option(
            "--interview",
            help="The files are answers of one person: put them together in one report at the end "
            "(with --json its last line, with --out interview.report.json).",
        ),
    ] = False,
) -> None:
    """Analyse each file as one answer. Exit code 2 if a file cannot be used at all."""
    from candor.analysis import UnusableFileError

    reports: list[Report | None] = []
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    enrolment = _enrolment(enrol or [])
    for path in files:
        try:
            reports.append(_analyze_one(path, as_json=as_json, out=out, enrolment=enrolment))
        except UnusableFileError as fault:
            typer.echo(f"candor: {fault}", err=True)
            reports.append(None)
    if interview:
        _put_together(files, reports, as_json=as_json, out=out)
    if None in reports:
        raise typer.Exit(EXIT_UNUSABLE)


def _enrolment(paths: "Sequence[Path]") -> "VoiceSummary | None":
    """Return the mean voice of earlier recordings, null where there are none."""
    from candor.analysis import UnusableFileError, probe, summarise_voice
    from candor.views.progress import modality_bars
    from services.common.statistics.voice_summary import merge_summaries

    summaries = []
    for path in paths:
        try:
            with modality_bars(path.name, visible=sys.stderr.isatty()) as progress:
                summaries.append(summarise_voice(probe(path), progress=progress))
        except UnusableFileError as fault:
            raise unusable(f"--enrol {fault}") from fault
    return merge_summaries(summaries)


def _analyze_one(
    path: Path, *, as_json: bool, out: Path | None, enrolment: "VoiceSummary | None" = None
) -> "Report":
    from candor.analysis import analyze_file, probe
    from candor.views.progress import modality_bars
    from candor.views.report import print_report

    media = probe(path)
    began = time.monotonic()
    with modality_bars(path.name, visible=sys.stderr.isatty()) as progress:
        analysis = analyze_file(media, progress=progress, enrolment=enrolment)
    elapsed_s = time.monotonic() - began
    report = analysis.report
    document = report.model_dump_json()
    if out is not None:
        (out / f"{path.name}.report.json").write_text(document + "\n", encoding="utf-8")
    if as_json:
        typer.echo(document)
    else:
        print_report(report, title=path.name)
    for modality, log in analysis.logs.items():
        typer.echo(f"--- log of {modality} ---\n{log}", err=True)
    peaks = ", ".join(f"{name} {peak / 2**20:.0f} MiB" for name, peak in analysis.peak_bytes.items())
    typer.echo(f"{path.name}: {elapsed_s:.1f} s; peak memory {peaks}", err=True)
    raise_if_nothing_came_out(report, path)
    return report


def _put_together(
    files: "Sequence[Path]", reports: "Sequence[Report | None]", *, as_json: bool, out: Path | None
) -> None:
    """Print the report of an interview whose questions are the files."""
    from datetime import UTC, datetime

    from candor.views.interview import print_interview
    from services.common.contracts.interview import AnswerStatus
    from services.common.interviews.pooling import QuestionReport, build_interview_report

    answers = [
        QuestionReport(
            question=f"file:{path.name}",
            text=path.name,
            status=AnswerStatus(report.status) if report else AnswerStatus.FAILED,
            report=report,
            assessment=report.assessment_id if report else None,
        )
        for path, report in zip(files, reports, strict=True)
    ]
    together = build_interview_report(answers, interview_id="files", created_at=datetime.now(UTC))
    document = together.model_dump_json()
    if out is not None:
        (out / "interview.report.json").write_text(document + "\n", encoding="utf-8")
    if as_json:
        typer.echo(document)
    else:
        print_interview(together)


def raise_if_nothing_came_out(report: "Report", path: Path) -> None:
    """Raise where every modality failed.

    Raises:
        UnusableFileError: because of the file.
        AnalysisError: because of this installation.
    """
    from candor.analysis import OUR_FAULT, AnalysisError, UnusableFileError
    from services.common.contracts.labels import AssessmentStatus, ModalityStatus

    if report.status is not AssessmentStatus.FAILED:
        return
    failures = [result for result in report.modalities.values() if result.status is ModalityStatus.FAILED]
    ours = all(result.error_code in OUR_FAULT for result in failures)
    reasons = " ".join(f"{result.modality}: {result.reason}" for result in failures)
    error = AnalysisError if ours else UnusableFileError
    raise error(f"{path}: nothing could be analysed. {reasons}")
