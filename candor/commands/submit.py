"""`candor submit`: hand answers in to a server."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from candor.exits import unusable

if TYPE_CHECKING:
    from candor_client import Client
    from candor_client.models import AcceptedAssessment

CANDIDATE_ONLY = "report_readable_by_candidate_only"


def submit(
    files: Annotated[
        list[Path],
        typer.Argument(help="Videos, sound recordings, PDF, Word (.docx) or text files; one answer each."),
    ],
    candidate: Annotated[str, typer.Option(help="Your own identifier of the person.")],
    question: Annotated[str, typer.Option(help="Identifier of a question of the bank: q_…")],
    purpose: Annotated[
        str | None, typer.Option(help="self_practice (the server's default), research or hiring.")
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(help="A cohort to compare with, such as role:nurse; repeat it for several."),
    ] = None,
    interview: Annotated[str | None, typer.Option(help="The interview that it belongs to: int_…")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for each report and print it.")] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print each assessment, with the candidate's token, or each report as JSON."
        ),
    ] = False,
) -> None:
    """Hand each file in as one answer, and print the identifier of each. Exit code 2 for an unusable file."""
    from candor.commands.watch import follow
    from candor.remote import remote_client

    kinds = [(path, _part_of(path)) for path in files]
    with remote_client() as client:
        for path, part in kinds:
            accepted = _send(
                client,
                path,
                part,
                candidate=candidate,
                question=question,
                purpose=purpose,
                tags=tag or [],
                interview=interview,
            )
            if not wait:
                typer.echo(accepted.model_dump_json() if as_json else accepted.id)
                continue
            typer.echo(f"{path.name}: {accepted.id}", err=True)
            follow(client, accepted.id)
            _show(client, accepted, title=path.name, as_json=as_json)


def _show(client: "Client", accepted: "AcceptedAssessment", *, title: str, as_json: bool) -> None:
    """Print the report, by the candidate's token where the law gives practice results to the candidate
    alone.
    """
    from candor.commands.report import show_report
    from candor_client import Client, PermissionDeniedError

    try:
        show_report(client, accepted.id, title=title, as_json=as_json)
    except PermissionDeniedError as fault:
        if fault.code != CANDIDATE_ONLY or accepted.candidate_token is None:
            raise
        with Client(str(client.http.base_url), accepted.candidate_token) as candidate:
            show_report(candidate, accepted.id, title=title, as_json=as_json)


def _part_of(path: Path) -> str:
    """Return which part of the form the file is: found out before anything is sent."""
    from candor.analysis import UnusableFileError, probe
    from services.common.contracts.labels import MediaKind

    try:
        kind = probe(path).kind
    except UnusableFileError as fault:
        raise unusable(fault) from fault
    return str(MediaKind.DOCUMENT if kind is MediaKind.TEXT else kind)


def _send(
    client: "Client", path: Path, part: str, *, candidate: str, question: str, **options: object
) -> "AcceptedAssessment":
    from typing import Any

    from candor.views.progress import add_bar, progress_display

    given: dict[str, Any] = {**options, part: path}
    with progress_display(visible=sys.stderr.isatty()) as display:
        show = add_bar(display, f"sending {path.name}", total=path.stat().st_size)
        return client.assessments.create(
            candidate=candidate,
            question=question,
            progress=lambda sent, _: show(sent),
            **given,
        )
